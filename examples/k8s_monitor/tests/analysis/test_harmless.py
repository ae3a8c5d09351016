"""Whatever a model says, the same is delivered; whatever a cluster says to a model, nobody is told anything else."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotagents_k8s_monitor.notifiers.wording import written
from hotagents_k8s_monitor.testing.model import (
    HOSTILE,
    ModelServer,
    instance_of,
    nonsense,
    structured,
    text,
    tool_use,
    wrong_shape,
)
from hotagents_k8s_monitor.testing.objects import NOW, deployment, node, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hotagents import CycleResult
    from hotagents_k8s_monitor.messages import Message
    from hotagents_k8s_monitor.testing.model import Reply, Request

LONG: Final = bool(os.environ.get("HOTAGENTS_STRESS_SECONDS"))
OLD: Final = NOW - timedelta(days=1)
OBJECTS: Final = (
    deployment("checkout-api", namespace="payments", replicas=3, available=0, since=OLD),
    deployment("cart", namespace="shop", replicas=2, available=1, since=OLD),
    node("node-a", ready="Unknown", since=OLD),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(HOSTILE),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
remark_values = st.fixed_dictionaries(
    {},
    optional={
        "incident": st.sampled_from(["incident-1", "incident-2", "incident-3", "x"]) | json_values,
        "summary": st.text(max_size=60) | st.sampled_from(HOSTILE) | json_values,
        "cause": st.text(max_size=60) | st.sampled_from(HOSTILE) | json_values,
        "evidence": st.lists(st.sampled_from(["deployments.apps/shop/cart", "nodes//node-a", "a/b/c/d"])) | json_values,
        "command": st.sampled_from(["get", "logs", "none", "delete"]) | json_values,
        "command_object": st.sampled_from(["deployments.apps/shop/cart", "; rm -rf /"]) | json_values,
        "known_issue_rule": st.sampled_from(["deployment-short", "monitor-blind"]) | json_values,
        "known_issue_reason": st.text(max_size=20) | json_values,
        "known_issue_days": st.integers() | json_values,
    },
)
replies = st.one_of(
    st.builds(lambda remarks: structured({"remarks": remarks}), st.lists(remark_values | json_values, max_size=4)),
    st.builds(text, st.text(min_size=1, max_size=60) | st.sampled_from(HOSTILE)),
    st.builds(wrong_shape, json_values),
    st.builds(
        lambda name, given_: tool_use((name, given_ if isinstance(given_, dict) else {})),
        st.sampled_from(["k8s-analyzer", "get", "exec"]),
        st.just({"incident": "incident-1", "task": "look"}) | json_values,
    ),
)


def histories(bench: Any, looks: Sequence[Sequence[int]]) -> list[CycleResult]:
    return [bench.look(*(OBJECTS[n] for n in look), after=timedelta(minutes=11)) for look in looks]


def told(results: Sequence[CycleResult]) -> list[Any]:
    return [(result.status, result.data["told"], result.data["verdict"], result.data["findings"]) for result in results]


def sent(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """What was sent, but for what a model said and that it said nothing."""
    return [{k: v for k, v in message.to_dict().items() if k not in {"annotation", "note"}} for message in messages]


@given(
    answers=st.lists(replies, min_size=1, max_size=6),
    looks=st.lists(st.lists(st.integers(0, 2), unique=True, max_size=3), min_size=1, max_size=4),
)
@settings(max_examples=200 if LONG else 25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_deliveries_are_the_same_whatever_a_model_says(
    asking: Callable[..., Any], make_bench: Callable[..., Any], answers: list[Reply], looks: list[list[int]]
) -> None:
    plain = make_bench()
    expected = told(histories(plain, looks))
    with ModelServer(answers, repeat=True) as server:
        bench = asking(server, turns=4, seconds=20.0)
        try:
            assert told(histories(bench, looks)) == expected
            assert sent(bench.heard.messages) == sent(plain.heard.messages)
        finally:
            bench.registry.close()
            plain.registry.close()


@pytest.mark.parametrize("seed", range(60 if LONG else 8))
def test_nonsense_is_lived_through(
    seed: int, asking: Callable[..., Any], make_bench: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    looks = [[0], [0, 1], [0, 1, 2], [1]]
    with ModelServer(nonsense(seed)) as server:
        bench = asking(server, seconds=5.0)
        assert told(histories(bench, looks)) == told(histories(make_bench(), looks))
        assert server.requests
    assert "Traceback" not in caplog.text


PARTS: Final = ("<!", "<@", "<http", "\x1b", "\u202e", "\x00")


@final
class Hostile:
    """A cluster whose events and logs say what they should not."""

    def __init__(self, said: str) -> None:
        self._said = said

    def events(self, kind: str, namespace: str, name: str, uid: str = "") -> Sequence[Mapping[str, Any]]:
        del kind, namespace, name, uid
        return [{"type": "Warning", "reason": self._said, "message": self._said}]

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False, lines: int = 100) -> str:
        del namespace, pod, container, previous, lines
        return self._said

    def close(self) -> None:
        """Nothing is open."""


def infected(said: str) -> list[dict[str, Any]]:
    """A fault in whose every free text somebody speaks to a model."""
    owner = deployment("cart", namespace="shop", replicas=2, available=0, since=OLD)
    owner["metadata"]["annotations"] = {"note": said, "deployment.kubernetes.io/revision": said}
    owner["metadata"].setdefault("labels", {})["note"] = said
    owner["status"]["conditions"][0]["message"] = said
    one = pod("cart-5d4f-x", owner=replica_set("cart-5d4f", owner=owner), waiting="CrashLoopBackOff", since=OLD)
    one["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = said
    one["metadata"].setdefault("labels", {})["note"] = said
    named = pod(said, namespace="shop", waiting="ImagePullBackOff", since=OLD)
    return [owner, one, named]


def parrot(said: str) -> Callable[[Request], Reply]:
    """A model that obeys: it looks at everything, and says what it was told to, wherever it can say something."""

    def script(request: Request) -> Reply:
        if "k8s-analyzer" not in request.tools:
            if len(request.messages) > 1:
                return text(said)
            one = {"namespace": "shop", "name": "cart-5d4f-x"}
            return tool_use(("describe", {"resource": "pods", **one}), ("events", {"resource": "pods", **one}))
        if len(request.messages) == 1:
            return tool_use(("k8s-analyzer", {"incident": "incident-1", "task": said}))
        value = instance_of(request.output_config["format"]["schema"])
        remark = value["remarks"][0]
        remark |= {"summary": said, "cause": said, "evidence": [said, "deployments.apps/shop/cart"]}
        remark |= {"command": "logs", "command_object": f"pods/shop/{said}"}
        remark |= {"known_issue_rule": "deployment-short", "known_issue_reason": said, "known_issue_days": 10**9}
        return structured({"remarks": [remark, {**remark, "incident": said}]})

    return script


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_cluster_says_to_a_model_changes_no_delivery_and_reaches_no_channel_as_it_is(
    said: str, asking: Callable[..., Any], make_bench: Callable[..., Any]
) -> None:
    plain = make_bench()
    expected = plain.look(*infected(said))
    with ModelServer(parrot(said)) as server:
        bench = asking(server, reads=lambda: Hostile(said))
        result = bench.look(*infected(said))
        assert server.surprises == ()
        assert result.data["analysis"]["state"] == "ok", result.data["analysis"]
        bodies = [request.body for request in server.requests]
    assert told([result]) == told([expected])
    assert sent(bench.heard.messages) == sent(plain.heard.messages)
    for message in bench.heard.messages:
        text_ = written(message, plain.monitor._policy[1], NOW, pings=False).text
        shown = text_ + message.annotation.replace("<", "")  # which the text above has escaped
        assert [part for part in PARTS if part in shown] == []
        assert "\n" not in message.annotation
        assert "://" not in message.annotation
    for body in bodies:  # what it says stands within the marks, and closes none of them
        for block in texts(body):
            assert block.count("<data>") == block.count("</data>")


def texts(body: Mapping[str, Any]) -> list[str]:
    """What users and results say in a body."""
    found: list[str] = []
    for message in body["messages"]:
        if message["role"] == "user":
            content = message["content"]
            blocks = [{"text": content}] if isinstance(content, str) else content
            found += [str(block.get("text") or block.get("content")) for block in blocks]
    return found
