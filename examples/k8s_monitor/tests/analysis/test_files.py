"""Each of the five files acts at the next analysis, its prose too."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing.model import ModelServer, formed, text, tool_use
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing.model import Reply, Request

CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=NOW - timedelta(days=1))
AGENTS: Final = ("escalation-manager", "github-reviewer", "k8s-analyzer", "slack-notifier")
EDITS: Final = {
    "CLAUDE.md": ("look at its database before its pods", "look at its queue before its pods"),
    "agents/escalation-manager.md": ("You word the impact", "You put into words the impact"),
    "agents/github-reviewer.md": ("You read the difference", "You study the difference"),
    "agents/k8s-analyzer.md": ("You read evidence", "You weigh evidence"),
    "agents/slack-notifier.md": ("You shorten a message", "You cut a message"),
}


def script(request: Request) -> Reply:
    """A model that asks each agent once."""
    if "k8s-analyzer" not in request.tools:
        return text("seen")
    if len(request.messages) == 1:
        return tool_use(*((name, {"incident": "incident-1", "task": "look"}) for name in AGENTS))
    return formed(request)


def asked(bench: Any, server: ModelServer, after: timedelta) -> list[Request]:
    """The requests of one more analysis."""
    before = len(server.requests)
    bench.again(after=after)
    return list(server.requests[before:])


@pytest.mark.parametrize("path", EDITS)
def test_prose_acts_at_the_next_analysis(path: str, asking: Callable[..., Any]) -> None:
    old, new = EDITS[path]
    with ModelServer(script) as server:
        bench = asking(server)
        bench.look(CART)
        first = list(server.requests)
        assert asked(bench, server, timedelta(minutes=11)) == []
        bench.edit(path, (old, new))
        second = asked(bench, server, timedelta(minutes=1))
        assert server.surprises == ()
    is_said = [[any(part in request.system for request in some) for part in (old, new)] for some in (first, second)]
    assert is_said == [[True, False], [False, True]]


def test_the_model_of_a_file_and_its_tools_act_at_the_next_analysis(asking: Callable[..., Any]) -> None:
    with ModelServer(script) as server:
        bench = asking(server)
        bench.look(CART)
        bench.edit(
            "agents/k8s-analyzer.md", ("model: haiku", "model: opus"), ("tools: get, describe, events", "tools: get")
        )
        second = asked(bench, server, timedelta(minutes=11))
    analyzer = next(request for request in second if "You read evidence" in request.system)
    assert (analyzer.model, analyzer.tools) == ("large-1", ("get",))


def test_an_agent_that_a_file_adds_can_be_asked(asking: Callable[..., Any]) -> None:
    with ModelServer(script) as server:
        bench = asking(server)
        bench.look(CART)
        bench.files["agents/night-owl.md"] = (
            "---\nname: night-owl\ndescription: Looks at night.\n---\nYou look at night.\n"
        )
        bench.edit("CLAUDE.md", ("P0: payments on-call", "P0: others"))
        second = asked(bench, server, timedelta(minutes=11))
    assert "night-owl" in second[0].tools


def test_a_limit_that_the_api_cannot_carry_keeps_an_agent_from_being_asked(asking: Callable[..., Any]) -> None:
    with ModelServer(script) as server:
        bench = asking(server)
        bench.edit("agents/slack-notifier.md", ("model: haiku", "model: haiku\npermissionMode: plan"))
        result = bench.look(CART)
        results = next(r.results for r in server.requests if "k8s-analyzer" in r.tools and r.results)
    assert [bool(block.get("is_error")) for block in results] == [False, False, False, True]
    assert "it cannot be asked: agents/slack-notifier.md" in results[3]["content"]
    assert result.data["analysis"]["state"] == "ok"
