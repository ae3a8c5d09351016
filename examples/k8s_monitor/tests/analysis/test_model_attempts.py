"""How often a server is asked: what may pass is tried again, each attempt counts, and nothing is sent elsewhere."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.analysis.budget import Budget
from hotagents_k8s_monitor.analysis.errors import AnalysisError
from hotagents_k8s_monitor.analysis.failing import retry_after
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.testing.model import ModelServer, failing, html, redirect, structured, wrong_shape
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=NOW - timedelta(days=1))
DONE: Final = structured({"remarks": [{"incident": "incident-1", "summary": "One is missing."}]})
NOW_AGAIN: Final = 0.001


def trouble(status: int, **options: Any) -> Any:
    return failing(status, "api_error", "no", **options)


def test_each_attempt_counts_and_what_failed_is_said_when_none_is_left(asking: Callable[..., Any]) -> None:
    with ModelServer([trouble(500, retry_after=NOW_AGAIN)], repeat=True) as server:
        result = asking(server, turns=2).look(CART)
        assert len(server.requests) == 2
    ended = result.data["analysis"]["ended"]
    assert (ended["state"], ended["said"]) == ("unavailable", "the model's server answered 500: no")
    assert ended["spent"]["middle-1"]["requests"] == 2


def test_a_server_that_always_wants_to_be_asked_again_is_asked_three_times(asking: Callable[..., Any]) -> None:
    with ModelServer([trouble(401, retry=True, retry_after_ms=1)], repeat=True) as server:
        assert "answered 401" in asking(server).look(CART).data["analysis"]["trouble"]
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    "reply", [trouble(500, retry=False), trouble(401), trouble(404), redirect("http://127.0.0.1:9/")]
)
def test_what_does_not_pass_is_asked_once(reply: Any, asking: Callable[..., Any]) -> None:
    with ModelServer([reply, DONE]) as server:
        assert asking(server).look(CART).data["analysis"]["state"] == "unavailable"
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
def test_what_passes_is_asked_again(status: int, asking: Callable[..., Any]) -> None:
    with ModelServer([trouble(status, retry_after=NOW_AGAIN), DONE]) as server:
        assert asking(server).look(CART).data["analysis"]["state"] == "ok"


def test_what_a_server_rejects_is_said_where_no_request_is_left_to_ask_otherwise(asking: Callable[..., Any]) -> None:
    with ModelServer([trouble(400)], repeat=True) as server:
        assert "answered 400: no" in asking(server, turns=1).look(CART).data["analysis"]["trouble"]
        assert len(server.requests) == 1


def test_a_page_of_a_proxy_is_an_error_that_passes(asking: Callable[..., Any]) -> None:
    with ModelServer([html(502), DONE]) as server:
        assert asking(server).look(CART).data["analysis"]["state"] == "ok"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nothing_is_sent_to_where_a_redirect_points(status: int, asking: Callable[..., Any]) -> None:
    with ModelServer([DONE]) as other, ModelServer([redirect(f"{other.url}/v1/messages", status=status)]) as server:
        assert f"answered {status}: redirects are not followed" in asking(server).look(CART).data["analysis"]["trouble"]
        assert other.requests == ()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-7"}, 0),
        ({"retry-after": "nan"}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "1e308"}, 7 * 86_400),
        ({"retry-after": "inf"}, 7 * 86_400),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "7"}, 7),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:09 GMT", "date": "Thu, 01 Jan 2026 00:00:02 GMT"}, 7),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:09 -0000", "date": "Thu, 01 Jan 2026 00:00:02 GMT"}, 7),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 7 * 86_400),
        ({"retry-after": "Fri, 99 Dec 9999 23:59:59 GMT"}, 0),
    ],
)
def test_what_a_server_asks_to_wait_is_read_whatever_it_writes(headers: Mapping[str, str], seconds: float) -> None:
    assert retry_after(headers) == seconds


def test_a_server_that_asks_for_longer_than_there_is_is_asked_once(asking: Callable[..., Any]) -> None:
    with ModelServer([trouble(503, retry_after="Fri, 31 Dec 9999 23:59:59 GMT")], repeat=True) as server:
        ended = asking(server).look(CART).data["analysis"]["ended"]
        assert len(server.requests) == 1
    assert (ended["reason"], ended["said"]) == (
        "throttled",
        "the model's server answered 503 and asks to wait for 604800 s: no",
    )


def test_the_end_of_all_ends_the_wait_for_another_attempt() -> None:
    cancelled = threading.Event()
    budget = Budget(Deadline.after(600), turns=9, tokens=9, dollars=0, prices={}, cancelled=cancelled)
    errors: list[AnalysisError] = []

    def wait() -> None:
        try:
            budget.take_after(500)
        except AnalysisError as error:
            errors.append(error)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    cancelled.set()
    waiting.join(30)
    assert [error.reason for error in errors] == ["cancelled"]


def test_an_answer_that_is_none_is_not_asked_for_again(asking: Callable[..., Any]) -> None:
    with ModelServer([wrong_shape(None), DONE]) as server:
        assert asking(server).look(CART).data["analysis"]["state"] == "unavailable"
        assert len(server.requests) == 1


@pytest.mark.parametrize("turns", [1, 2, 3, 7])
def test_no_more_requests_are_made_than_an_analysis_may_make(turns: int, asking: Callable[..., Any]) -> None:
    def answer(request: Any) -> Any:
        if len(server.requests) % 2:
            return trouble(529, retry_after=NOW_AGAIN)
        name = "k8s-analyzer" if "k8s-analyzer" in request.tools else "get"
        block = {"type": "tool_use", "id": "x", "name": name, "input": {"incident": "incident-1", "task": "look"}}
        return wrong_shape({"content": [block], "stop_reason": "tool_use"})

    with ModelServer(answer) as server:
        result = asking(server, turns=turns).look(CART)
        assert result.data["analysis"]["state"] == "unavailable"
        assert server.surprises == ()
        assert len(server.requests) <= turns


def test_that_no_thread_can_be_had_is_said(asking: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer([DONE]) as server:
        bench = asking(server)
        start = threading.Thread.start

        def refuse(thread: threading.Thread) -> None:
            if thread.name == "k8s-monitor-cluster":
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", refuse)
        ended = bench.look(CART).data["analysis"]["ended"]
        monkeypatch.undo()
        assert server.requests == ()
    assert ended["said"] == "the request could not be made: RuntimeError"
