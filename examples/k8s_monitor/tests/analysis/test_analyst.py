"""When a model is asked, and what of its answers is kept."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.analysis.usage import Prices
from hotagents_k8s_monitor.testing.model import (
    ModelServer,
    cut,
    dripping,
    dropped,
    failing,
    html,
    malformed,
    overflowed,
    paused,
    redirect,
    refused,
    sensible,
    slow,
    structured,
    text,
    tool_use,
    wrong_shape,
)
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents_k8s_monitor.testing.model import Reply

OLD: Final = NOW - timedelta(days=1)
CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=OLD)
SEARCH: Final = deployment("search", namespace="shop", replicas=2, available=0, since=OLD)
CART_ID: Final = "deployments.apps/shop/cart"


def remark(number: int = 1, **changes: Any) -> dict[str, Any]:
    usual = {
        "incident": f"incident-{number}",
        "summary": "One of two replicas is missing.",
        "cause": "Its node is gone.",
        "evidence": [CART_ID],
        "command": "describe",
        "command_object": CART_ID,
        "known_issue_rule": "",
        "known_issue_reason": "",
        "known_issue_days": 0,
    }
    return usual | changes


def said(*remarks: dict[str, Any]) -> Reply:
    return structured({"remarks": list(remarks)})


def test_a_remark_stands_beside_the_next_message_and_in_the_record(asking: Callable[..., Any]) -> None:
    with ModelServer([said(remark())]) as server:
        bench = asking(server)
        result = bench.look(CART)
        assert server.surprises == ()
    (message,) = bench.heard.messages
    assert message.annotation == (
        "One of two replicas is missing. Probably: Its node is gone. (evidence: deployments.apps/shop/cart) "
        "Next: kubectl describe deployments.apps cart -n shop (As of 2026-11-24 10:00 UTC.)"
    )
    ended = result.data["analysis"]["ended"]
    assert (ended["state"], ended["incidents"], len(ended["remarks"])) == ("ok", 1, 1)
    assert ended["spent"] == {"middle-1": {"input": 10, "output": 5, "cache_read": 0, "cache_write": 0, "requests": 1}}


def test_a_hundred_unchanged_cycles_make_no_call(asking: Callable[..., Any]) -> None:
    with ModelServer(sensible) as server:
        bench = asking(server)
        bench.look(CART, SEARCH)
        asked = len(server.requests)
        assert asked > 0
        for _ in range(100):
            bench.again(after=timedelta(minutes=20))
        assert len(server.requests) == asked


def test_nothing_is_asked_while_nothing_is_open(asking: Callable[..., Any]) -> None:
    with ModelServer([]) as server:
        bench = asking(server)
        results = [bench.look(deployment("cart", namespace="shop"), after=timedelta(minutes=20)) for _ in range(5)]
        assert [result.data["analysis"]["ended"] for result in results] == [None] * 5
        assert server.requests == ()


def test_what_is_muted_or_within_its_hold_time_is_not_asked_about(asking: Callable[..., Any]) -> None:
    with ModelServer([]) as server:
        bench = asking(server)
        bench.look(deployment("cart", namespace="shop", replicas=2, available=1, since=NOW))
        assert server.requests == ()


def test_only_what_is_new_is_asked_about_and_not_before_the_interval_is_over(asking: Callable[..., Any]) -> None:
    with ModelServer([said(remark()), said(remark(summary="Search is down."))]) as server:
        bench = asking(server)
        bench.look(CART)
        bench.look(CART, SEARCH, after=timedelta(minutes=5))
        numbers = [len(server.requests)]
        result = bench.again(after=timedelta(minutes=6))
        assert [*numbers, len(server.requests)] == [1, 2]
        assert "shop/search" in server.requests[1].text
        assert "shop/cart" not in server.requests[1].text
        assert result.data["analysis"]["remarks"] == 2


def test_an_incident_that_comes_back_as_it_was_needs_no_new_analysis(asking: Callable[..., Any]) -> None:
    with ModelServer([said(remark())]) as server:
        bench = asking(server)
        bench.look(CART)
        for _ in range(3):
            bench.look(deployment("cart", namespace="shop"), after=timedelta(minutes=15))
        result = bench.look(CART, after=timedelta(minutes=15))
        assert (len(server.requests), result.data["analysis"]["remarks"]) == (1, 1)


def test_another_generation_is_another_question(asking: Callable[..., Any]) -> None:
    with ModelServer([said(remark()), said(remark(summary="Anew."))]) as server:
        bench = asking(server)
        bench.look(CART)
        bench.edit("CLAUDE.md", ("P0: payments on-call", "P0: others"))
        assert bench.again(after=timedelta(minutes=1)).data["analysis"]["remarks"] == 0
        assert bench.again(after=timedelta(minutes=10)).data["analysis"]["remarks"] == 1
        assert len(server.requests) == 2


def test_a_restart_asks_nothing_again(asking: Callable[..., Any], tmp_path: Path) -> None:
    with ModelServer([said(remark())]) as server:
        bench = asking(server, directory=tmp_path)
        bench.look(CART)
        bench.monitor.teardown()
        bench.restart()
        result = bench.again(after=timedelta(hours=1))
        assert (len(server.requests), result.data["analysis"]["remarks"]) == (1, 1)
    assert json.loads((tmp_path / "analysis.json").read_text())["schema"] == 1


def test_a_monitor_that_restarts_again_and_again_does_not_ask_each_time(
    asking: Callable[..., Any], tmp_path: Path
) -> None:
    with ModelServer([failing(500, "api_error", "no")] * 9) as server:
        bench = asking(server, directory=tmp_path)
        bench.look(CART)
        asked = len(server.requests)
        for _ in range(5):
            bench.monitor.teardown()
            bench.restart()
            bench.again(after=timedelta(minutes=1))
        assert len(server.requests) == asked


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 99}', '{"schema": 1, "entries": [1]}', "[" * 5000])
def test_a_file_that_cannot_be_read_costs_an_analysis_and_nothing_else(
    content: str, asking: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "analysis.json").write_text(content)
    with ModelServer([said(remark())]) as server:
        result = asking(server, directory=tmp_path).look(CART)
        assert (result.status, result.data["analysis"]["remarks"]) == ("ok", 1)


BAD: Final = {
    "500": (failing(500, "api_error", "no"), "the model's server answered 500: no"),
    "401": (failing(401, "authentication_error", "invalid x-api-key"), "answered 401: invalid x-api-key"),
    "404": (failing(404, "not_found_error", "model: small-1"), "answered 404: model: small-1"),
    "overloaded": (
        failing(529, "overloaded_error", "Overloaded", retry_after=3600),
        "the model's server answered 529 and asks to wait for 3600 s",
    ),
    "dropped": (dropped(), "no connection to the model's server, or it was cut"),
    "malformed": (malformed(), "the model's answer is not the JSON that the Messages API sends"),
    "html": (html(502), "the model's server answered 502"),
    "html 200": (html(200), "the model's answer is not the JSON that the Messages API sends"),
    "redirect": (redirect("http://127.0.0.1:9/v1/messages"), "redirects are not followed"),
    "null": (wrong_shape(None), "the model's answer is not the JSON that the Messages API sends"),
    "list": (wrong_shape([]), "the model's answer is not the JSON that the Messages API sends"),
    "no content": (wrong_shape({"stop_reason": "end_turn"}), "no content that can be read"),
    "texts for blocks": (wrong_shape({"content": ["a"]}), "says nothing of what it is"),
    "call without id": (
        wrong_shape({"content": [{"type": "tool_use", "name": "x"}]}),
        "has an id or a name that no call may have",
    ),
    "refused": (refused(), "the model refused to answer"),
    "cut": (cut("{"), "its answer was cut at the tokens that one answer may have"),
    "overflowed": (overflowed(), "what it was told is more than it can read"),
    "nothing": (text(" "), "the model answered with nothing"),
    "prose": (text("All is well, NOTIFY: NO"), "not in the form that was asked for"),
    "other form": (structured({"remarks": {}}), "not in the form that was asked for"),
    "no remark": (structured({"remarks": []}), "no remark on any of the incidents"),
    "of another": (said(remark(9)), "no remark on any of the incidents"),
}


@pytest.mark.parametrize("name", BAD)
def test_each_failure_is_a_state_that_is_said_and_changes_no_delivery(
    name: str, asking: Callable[..., Any], make_bench: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    reply, expected = BAD[name]
    plain = make_bench()
    with ModelServer([reply], repeat=True) as server:
        bench = asking(server)
        result, without = bench.look(CART), plain.look(CART)
        assert server.surprises == ()
    assert result.data["analysis"]["state"] == "unavailable"
    assert expected in result.data["analysis"]["trouble"]
    assert "analysis unavailable: " in result.summary
    assert result.data["told"] == without.data["told"]
    assert bench.heard.messages[0].note == result.data["analysis"]["trouble"]
    assert bench.heard.messages[0].annotation == ""
    assert result.data["verdict"] == "findings"
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        text("```json\n" + json.dumps({"remarks": [remark()]}) + "\n```"),
        text("Here it is: " + json.dumps({"remarks": [remark()]}) + " I hope that helps."),
        structured([remark()]),
        structured(remark()),
    ],
    ids=["fenced", "within words", "bare list", "alone"],
)
def test_what_small_models_put_around_a_remark_or_leave_out_is_no_failure(
    answer: Reply, asking: Callable[..., Any]
) -> None:
    with ModelServer([answer]) as server:
        assert asking(server).look(CART).data["analysis"]["remarks"] == 1


def test_a_pause_is_asked_to_go_on(asking: Callable[..., Any]) -> None:
    with ModelServer([paused("I look. "), said(remark())]) as server:
        assert asking(server).look(CART).data["analysis"]["remarks"] == 1
        assert server.surprises == ()


def test_after_each_failure_the_pause_is_longer(asking: Callable[..., Any]) -> None:
    with ModelServer([failing(400, "invalid_request_error", "no")], repeat=True) as server:
        bench = asking(server)
        bench.look(CART)
        began = []
        for minute in range(1, 180):
            before = len(server.requests)
            bench.again(after=timedelta(minutes=1))
            began += [minute] if len(server.requests) > before else []
    assert began == [10, 30, 70, 150]


def test_a_server_that_asks_for_an_hour_is_left_alone_for_an_hour(asking: Callable[..., Any]) -> None:
    reply = failing(529, "overloaded_error", "Overloaded", retry_after=3600)
    with ModelServer([reply, said(remark())]) as server:
        bench = asking(server)
        bench.look(CART)
        bench.again(after=timedelta(minutes=59))
        assert len(server.requests) == 1
        assert bench.again(after=timedelta(minutes=2)).data["analysis"]["remarks"] == 1


def test_a_server_that_recovers_within_the_time_is_asked_again(asking: Callable[..., Any]) -> None:
    reply = failing(529, "overloaded_error", "Overloaded", retry_after=0.01)
    with ModelServer([reply, reply, said(remark())]) as server:
        assert asking(server).look(CART).data["analysis"]["remarks"] == 1
        assert len(server.requests) == 3


def test_a_server_without_output_formats_is_asked_without(asking: Callable[..., Any]) -> None:
    with ModelServer([said(remark())], without=("output_config",)) as server:
        result = asking(server).look(CART)
        assert result.data["analysis"]["remarks"] == 1
        assert ["output_config" in request.body for request in server.requests] == [True, False]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"turns": 2}, "the model came to no end in 2 turns"),
        ({"tokens": 20}, "the 20 tokens of an analysis are used up: 30"),
        (
            {"dollars": 0.001, "prices": {"middle-1": Prices(of_input=100.0, of_output=100.0)}},
            "US dollars of an analysis are spent: 0.0015",
        ),
    ],
)
def test_a_budget_that_is_used_up_stops_it_and_is_said(
    changes: dict[str, Any], expected: str, asking: Callable[..., Any]
) -> None:
    call = tool_use(("nobody", {"incident": "incident-1", "task": "look"}))
    with ModelServer([call], repeat=True) as server:
        result = asking(server, **changes).look(CART)
        assert server.surprises == ()
    assert result.data["analysis"]["ended"]["state"] == "stopped"
    assert expected in result.data["analysis"]["trouble"]


def test_a_server_that_hangs_is_given_up_and_the_monitor_goes_on(asking: Callable[..., Any]) -> None:
    for reply in (slow(said(remark()), 600.0), dripping(said(remark()), 600.0)):
        with ModelServer([reply], repeat=True) as server:
            result = asking(server, seconds=2.0).look(CART)
        assert result.data["analysis"]["state"] == "unavailable"
        assert [told["kind"] for told in result.data["told"]] == ["alert"]


def test_cycles_do_not_wait_for_a_model_and_the_next_one_has_its_remark(asking: Callable[..., Any]) -> None:
    with ModelServer([said(remark())]) as server:
        bench = asking(server, waits=False)
        first = bench.look(CART)
        assert (first.data["analysis"]["state"], bench.heard.messages[0].annotation) == ("asked", "")
        bench.monitor._analyst._work.over.wait(30)
        second = bench.again(after=timedelta(minutes=1))
        assert (second.data["analysis"]["remarks"], second.data["analysis"]["ended"]["state"]) == (1, "ok")
        assert bench.again(after=timedelta(minutes=1)).data["analysis"]["ended"] is None


def test_the_end_of_a_monitor_waits_for_no_model(asking: Callable[..., Any], tmp_path: Path) -> None:
    with ModelServer([slow(said(remark()), 600.0)]) as server:
        bench = asking(server, waits=False, directory=tmp_path, seconds=600.0)
        bench.look(CART)
        server.wait_for(1)
        bench.monitor.teardown()
        assert bench.shown.closed
        assert json.loads((tmp_path / "analysis.json").read_text())["entries"] == []


def test_the_key_stands_in_no_record_and_no_log(
    asking: Callable[..., Any], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(0)
    reply = failing(401, "authentication_error", "the key secret-key is unknown; api_key=secret-key")
    with ModelServer([reply], repeat=True) as server:
        bench = asking(server, directory=tmp_path)
        result = bench.look(CART)
        assert "secret-key" in {*server.requests[0].headers["authorization"].split()}
        bench.monitor.teardown()
    everything = json.dumps(result.to_dict()) + caplog.text + (tmp_path / "analysis.json").read_text()
    assert "api_key=secret-key" not in everything
