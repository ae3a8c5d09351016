"""What an agent may call: whatever comes of it is told to the model, and no more than fits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from hotagents_k8s_monitor.analysis.functions import Function, FunctionError
from hotagents_k8s_monitor.testing.model import ModelServer, structured, text, tool_use
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hotagents_k8s_monitor.testing.model import Reply

CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=NOW - timedelta(days=1))
DONE: Final = structured({"remarks": [{"incident": "incident-1", "summary": "One is missing."}]})


class Odd:
    """A cluster whose events are of no shape that they may have."""

    def events(self, kind: str, namespace: str, name: str, uid: str = "") -> Sequence[Mapping[str, Any]]:
        del kind, namespace, name, uid
        return cast("list[Mapping[str, Any]]", [None])

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False, lines: int = 100) -> str:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is open."""


def looks(request: Any) -> Reply:
    if "k8s-analyzer" in request.tools:
        asked = tool_use(("k8s-analyzer", {"incident": "incident-1", "task": "look"}))
        return asked if len(request.messages) == 1 else DONE
    named = {"resource": "deployments.apps", "namespace": "shop", "name": "cart"}
    return tool_use(("events", named)) if len(request.messages) == 1 else text("Seen.")


def test_what_a_call_stumbles_over_is_told_to_the_model_and_ends_nothing(
    asking: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with ModelServer(looks) as server:
        assert asking(server, reads=Odd).look(CART).data["analysis"]["remarks"] == 1
        assert server.surprises == ()
        (result,) = server.requests[2].results
    assert "it could not be done" in result["content"]
    assert "events could not be done for a model: unexpected " in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "name is missing"),
        ({"name": "x", "more": 1}, r"no such argument: more"),
        ({"name": ["x"]}, "name should be of type string"),
        ({"name": "x", "kind": "z"}, "kind should be one of a, b"),
        ({"name": "x", "number": True}, "number should be of type integer"),
        ({"name": "x", "is_old": "yes"}, "is_old should be of type boolean"),
        ({"name": "x", "y" * 5000: 1}, "truncated"),
    ],
)
def test_arguments_that_are_none_are_refused(given: Mapping[str, Any], expected: str) -> None:
    kinds = {"name": "string", "number": "integer", "is_old": "boolean"}
    function = Function(
        name="look",
        description="Looks.",
        properties={**{n: {"type": k} for n, k in kinds.items()}, "kind": {"type": "string", "enum": ["a", "b"]}},
        required=("name",),
        call=lambda _: "seen",
    )
    with pytest.raises(FunctionError, match=expected):
        function(given)
    assert function({"name": "x"}) == "seen"
