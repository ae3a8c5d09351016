"""What a model may say that the protocol allows, almost allows, or does not: it is lived through, and what is asked
next keeps to the contract.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing.model import ModelServer, paused, structured, wrong_shape
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing.model import Reply

CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=NOW - timedelta(days=1))
DONE: Final = structured({"remarks": [{"incident": "incident-1", "summary": "One is missing."}]})


def reply(*blocks: Any, stop: Any = "tool_use", **changes: Any) -> Reply:
    usage = {"input_tokens": 1, "output_tokens": 1}
    return wrong_shape({"type": "message", "content": list(blocks), "stop_reason": stop, "usage": usage} | changes)


def call(identity: Any = "toolu_1", name: Any = "nobody", given: Any = None) -> dict[str, Any]:
    return {"type": "tool_use", "id": identity, "name": name, "input": {} if given is None else given}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said, "citations": [{"type": "char_location"}]}


def test_of_many_calls_at_once_a_few_are_done_and_all_are_answered(asking: Callable[..., Any]) -> None:
    with ModelServer([reply(*(call(f"toolu_{n}") for n in range(100))), DONE]) as server:
        assert asking(server).look(CART).data["analysis"]["remarks"] == 1
        assert server.surprises == ()
        results = server.requests[1].results
    assert len(results) == 100
    done = [result for result in results if "at most 20 calls" not in str(result["content"])]
    assert [result["tool_use_id"] for result in done] == [f"toolu_{n}" for n in range(20)]


@pytest.mark.parametrize("number", [101, 10_000])
def test_an_answer_of_more_blocks_than_anybody_needs_is_none(number: int, asking: Callable[..., Any]) -> None:
    with ModelServer([reply(*(call(f"toolu_{n}") for n in range(number)))]) as server:
        assert "no content that can be read" in asking(server).look(CART).data["analysis"]["trouble"]
        assert len(server.requests) == 1


def test_ids_that_come_again_are_given_anew(asking: Callable[..., Any]) -> None:
    twice = reply(call("toolu_1"), call("toolu_1"))
    with ModelServer([twice, twice, reply(call("again_5"), call("again_5")), DONE]) as server:
        assert asking(server).look(CART).data["analysis"]["remarks"] == 1
        assert server.surprises == ()
        results = server.requests[3].results
    assert len({result["tool_use_id"] for result in results}) == len(results)


@pytest.mark.parametrize("name", ["functions.get", "k8s analyzer", "ü", "x" * 500, "\ud800"])
def test_a_name_that_no_tool_can_have_is_answered_that_there_is_none(name: str, asking: Callable[..., Any]) -> None:
    with ModelServer([reply(call(name=name)), DONE]) as server:
        assert asking(server).look(CART).data["analysis"]["remarks"] == 1
        assert server.surprises == ()
        (result,) = server.requests[1].results
    assert "there is no such agent" in result["content"]


@pytest.mark.parametrize("stop", ["end_turn", "stop_sequence", "sideways", "pause_turn", None, 7])
def test_a_call_is_answered_whatever_is_said_of_the_end(stop: Any, asking: Callable[..., Any]) -> None:
    with ModelServer([reply(text("I look."), call(), stop=stop), DONE]) as server:
        assert asking(server).look(CART).data["analysis"]["remarks"] == 1
        assert server.surprises == ()


@pytest.mark.parametrize("stop", ["tool_use", "sideways", None, {}])
def test_an_answer_without_calls_is_the_last_word_whatever_is_said_of_the_end(
    stop: Any, asking: Callable[..., Any]
) -> None:
    said = DONE.body["content"][0]["text"]
    with ModelServer([reply({"type": "text", "text": said}, stop=stop)]) as server:
        assert asking(server).look(CART).data["analysis"]["remarks"] == 1


def test_calls_without_calls_are_no_answer(asking: Callable[..., Any]) -> None:
    with ModelServer([reply()]) as server:
        assert "answered with nothing" in asking(server).look(CART).data["analysis"]["trouble"]


def test_a_pause_without_a_word_is_no_answer_and_one_without_end_ends(asking: Callable[..., Any]) -> None:
    with ModelServer([reply(stop="pause_turn")]) as server:
        assert "paused without having said" in asking(server).look(CART).data["analysis"]["trouble"]
    with ModelServer([paused("hm")], repeat=True) as server:
        assert "came to no end in 5 turns" in asking(server, turns=5).look(CART).data["analysis"]["trouble"]
        assert len(server.requests) == 5


def test_what_is_too_long_is_not_sent_back(asking: Callable[..., Any]) -> None:
    with ModelServer([reply(text("x" * 200_000), call())]) as server:
        assert "far longer than was asked for" in asking(server).look(CART).data["analysis"]["trouble"]
        assert len(server.requests) == 1


def test_blocks_that_the_api_takes_back_are_sent_back_as_they_came(asking: Callable[..., Any]) -> None:
    kinds = (
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    )
    others = (
        {"type": "from_the_future", "text": "x"},
        {"type": "tool_result", "tool_use_id": "toolu_9", "content": "all is well"},
        {"type": "thinking", "thinking": "without a signature"},
    )
    with ModelServer([reply(*kinds, *others, text("I look."), call()), DONE]) as server:
        assert asking(server).look(CART).data["analysis"]["remarks"] == 1
        assert server.surprises == ()
        content = server.requests[1].messages[1]["content"]
    assert content == [*kinds, {"type": "text", "text": "I look."}, call()]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (None, 0),
        ([], 0),
        ("many", 0),
        ({"input_tokens": -5, "output_tokens": None}, 0),
        ({"input_tokens": "12", "output_tokens": True}, 0),
        ({"input_tokens": 12.0, "output_tokens": 1e308}, 10**9 + 12),
        ({"input_tokens": float("nan"), "output_tokens": 10**30}, 10**9),
    ],
)
def test_usage_that_cannot_be_believed_counts_for_nothing_and_the_answer_for_one(
    usage: Any, tokens: int, asking: Callable[..., Any]
) -> None:
    with ModelServer([wrong_shape({**DONE.body, "usage": usage})]) as server:
        (spent,) = asking(server).look(CART).data["analysis"]["ended"]["spent"].values()
    assert (spent.pop("requests"), sum(spent.values())) == (1, tokens)


def test_the_last_request_says_that_it_is_the_last_whoever_made_the_others(asking: Callable[..., Any]) -> None:
    def answer(request: Any) -> Reply:
        if "k8s-analyzer" not in request.tools:
            return reply(call("toolu_1", "get", {"resource": "pods"}))
        hurried = "No more calls are possible" in request.text
        asked = call("toolu_1", "k8s-analyzer", {"incident": "incident-1", "task": "look"})
        return DONE if hurried else reply(asked)

    with ModelServer(answer) as server:
        assert asking(server, turns=6).look(CART).data["analysis"]["remarks"] == 1
        assert server.surprises == ()
        assert len(server.requests) == 6
