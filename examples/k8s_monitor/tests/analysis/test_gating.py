"""What agents may do: what their files allow at the moment of each call, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.testing.model import ModelServer, formed, text, tool_use
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing.model import Reply, Request

CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=NOW - timedelta(days=1))
LOOK: Final = ("get", {"resource": "deployments.apps", "namespace": "shop", "name": "cart"})
ASK: Final = ("k8s-analyzer", {"incident": "incident-1", "task": "look"})


def of_agent(request: Request) -> bool:
    return "k8s-analyzer" not in request.tools


def test_an_agent_is_told_of_its_own_tools_alone_and_runs_as_its_own_model(asking: Callable[..., Any]) -> None:
    def script(request: Request) -> Reply:
        if of_agent(request):
            return text("It is short of one.")
        return tool_use(ASK, ("slack-notifier", ASK[1])) if len(request.messages) == 1 else formed(request)

    with ModelServer(script) as server:
        asking(server).look(CART)
        assert server.surprises == ()
        agents = [request for request in server.requests if of_agent(request)]
        first = server.requests[0]
    assert [(a.model, set(a.tools)) for a in agents] == [
        ("small-1", {"get", "describe", "events"}),
        ("small-1", {"get"}),
    ]
    assert set(first.tools) == {"escalation-manager", "github-reviewer", "k8s-analyzer", "slack-notifier"}
    assert "You read evidence about faults" in agents[0].system
    assert "The storefront calls the cart" in first.system
    results = next(r.results for r in server.requests if not of_agent(r) and r.results)
    assert [block["content"] for block in results] == ["<data>\nIt is short of one.\n</data>"] * 2


def test_a_tool_that_an_agent_does_not_have_is_refused_whatever_the_model_says(asking: Callable[..., Any]) -> None:
    def script(request: Request) -> Reply:
        if not of_agent(request):
            return tool_use(ASK) if len(request.messages) == 1 else formed(request)
        if len(request.messages) == 1:
            return tool_use(("logs", {"namespace": "shop", "name": "x"}), ("exec", {"command": "id"}), LOOK)
        return text("done")

    with ModelServer(script) as server:
        asking(server, logs_of=("shop",)).look(CART)
        results = next(r.results for r in server.requests if of_agent(r) and r.results)
    assert [bool(block.get("is_error")) for block in results] == [True, True, False]
    assert 'the agent "k8s-analyzer" may not use logs' in results[0]["content"]
    assert "may not use exec" in results[1]["content"]


def test_a_tool_that_is_withdrawn_is_refused_from_that_moment_and_stays_so(asking: Callable[..., Any]) -> None:
    edits: Any = iter(
        [("tools: get, describe, events", "tools: describe, events"), ("tools: describe", "tools: get, describe")]
    )
    bench: Any = None

    def script(request: Request) -> Reply:
        if not of_agent(request):
            return tool_use(ASK) if len(request.messages) == 1 else formed(request)
        if request.results and (edit := next(edits, None)) is not None:
            bench.edit("agents/k8s-analyzer.md", edit)
        return tool_use(LOOK) if len(request.messages) < 7 else text("done")

    with ModelServer(script) as server:
        bench = asking(server)
        result = bench.look(CART)
        assert server.surprises == ()
        outcomes = [bool(b.get("is_error")) for r in server.requests if of_agent(r) for b in r.results]
    assert outcomes == [False, True, True]
    assert result.data["analysis"]["ended"]["generation"] == 1


def test_an_agent_that_is_withdrawn_is_not_asked_any_more(asking: Callable[..., Any]) -> None:
    bench: Any = None

    def script(request: Request) -> Reply:
        if of_agent(request):
            return text("seen")
        if request.results:
            return formed(request)
        bench.edit("agents/k8s-analyzer.md", ("tools: get, describe, events", "tools: []"))
        return tool_use(ASK)

    with ModelServer(script) as server:
        bench = asking(server)
        bench.look(CART)
        assert not any(r.tools for r in server.requests if of_agent(r) and "You read evidence" in r.system)


def test_namespaces_that_the_configuration_leaves_out_are_left_out_here_too(asking: Callable[..., Any]) -> None:
    hidden = deployment("vault", namespace="private", replicas=2, available=1, since=NOW - timedelta(days=1))

    def script(request: Request) -> Reply:
        if not of_agent(request):
            return tool_use(ASK) if len(request.messages) == 1 else formed(request)
        if len(request.messages) == 1:
            return tool_use(
                ("get", {"resource": "deployments.apps"}),
                ("describe", {"resource": "deployments.apps", "namespace": "private", "name": "vault"}),
                ("get", {"resource": "secrets"}),
                ("describe", {"resource": "deployments.apps", "namespace": "shop", "name": "nothing"}),
                ("get", {"resource": 1}),
                ("get", {}),
                ("get", {"resource": "pods", "shell": "id"}),
            )
        return text("done")

    with ModelServer(script) as server:
        bench = asking(server)
        bench.edit("agents/k8s-analyzer.md", ("exclude: []", "exclude: [private]"))
        bench.look(CART, hidden)
        results = next(r.results for r in server.requests if of_agent(r) and r.results)
        assert not any("vault" in request.text.replace('"name": "vault"', "") for request in server.requests[:1])
    said = [block["content"] for block in results]
    assert "shop/cart" in said[0]
    assert "vault" not in said[0]
    assert "leaves out the namespace private" in said[1]
    assert "should be one of nodes" in said[2]
    assert "the last look saw no deployments.apps shop/nothing" in said[3]
    assert "resource should be of type string" in said[4]
    assert "resource is missing" in said[5]
    assert "no such argument: shell" in said[6]


def test_an_agent_that_comes_to_no_end_costs_its_turns_and_no_more(asking: Callable[..., Any]) -> None:
    def script(request: Request) -> Reply:
        if of_agent(request):
            return tool_use(LOOK)
        return tool_use(ASK) if len(request.messages) == 1 else formed(request)

    with ModelServer(script) as server:
        result = asking(server, turns=30).look(CART)
        assert server.surprises == ()
        assert sum(map(of_agent, server.requests)) == 8
        told = next(r.results for r in server.requests if not of_agent(r) and r.results)
    assert "it gave no answer: the model came to no end in 8 turns" in told[0]["content"]
    assert result.data["analysis"]["state"] == "ok"


def test_the_turns_that_agents_take_leave_one_for_the_answer(asking: Callable[..., Any]) -> None:
    def script(request: Request) -> Reply:
        if of_agent(request):
            return tool_use(LOOK)
        return tool_use(ASK) if len(request.messages) == 1 else formed(request)

    with ModelServer(script) as server:
        result = asking(server, turns=4).look(CART)
        assert len(server.requests) == 4
    assert result.data["analysis"]["state"] == "ok"
