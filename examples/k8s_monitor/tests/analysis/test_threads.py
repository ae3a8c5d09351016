"""One analysis at a time, in a thread that holds up nobody and leaves nothing behind, however it ends."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.analysis import analyst as analysing
from hotagents_k8s_monitor.testing.model import (
    ModelServer,
    failing,
    formed,
    malformed,
    refused,
    slow,
    text,
)
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents_k8s_monitor.testing.model import Reply, Request

MINUTE: Final = timedelta(minutes=1)
OLD: Final = NOW - timedelta(days=1)
CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=OLD)


def short(name: str) -> dict[str, Any]:
    return deployment(name, namespace="shop", replicas=2, available=1, since=OLD)


def analyses() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "k8s-monitor-analysis"]


def test_no_pin_is_left_after_fifty_analyses_whatever_they_came_to(asking: Callable[..., Any]) -> None:
    replies = [formed, failing(500, "api_error", "no", retry_after=0.001), refused(), malformed(), text("well")]

    def script(request: Request) -> Any:
        reply = replies[len(numbers) % len(replies)]
        numbers.append(len(numbers))
        return reply(request) if callable(reply) else reply

    numbers: list[int] = []
    with ModelServer(script) as server:
        bench = asking(server, interval=1.0)
        ended = []
        for number in range(50):
            result = bench.look(short(f"w{number}"), after=timedelta(hours=7))
            ended.append(result.data["analysis"]["ended"]["state"])
            assert bench.registry.status.pins == 0
    assert set(ended) == {"ok", "unavailable"}
    assert analyses() == []


def test_no_two_analyses_are_at_work_at_once(asking: Callable[..., Any]) -> None:
    over = threading.Event()

    def script(request: Request) -> Reply:
        over.wait(30)
        return formed(request)

    with ModelServer(script) as server:
        bench = asking(server, waits=False)
        bench.look(CART)
        server.wait_for(1)
        for number in range(20):
            result = bench.look(CART, short(f"w{number}"), after=timedelta(hours=1))
            assert result.data["analysis"]["state"] == "asked"
            assert len(analyses()) == 1
        work = bench.monitor._analyst._work
        over.set()
        assert work.over.wait(30)
        assert len(server.requests) == 1
    assert bench.registry.status.pins == 0


def test_one_that_hangs_is_said_and_no_other_begins(asking: Callable[..., Any]) -> None:
    with ModelServer([slow(text("x"), 600.0)], repeat=True) as server:
        bench = asking(server, waits=False, seconds=100.0)
        bench.look(CART)
        server.wait_for(1)
        assert bench.again(after=timedelta(seconds=150)).data["analysis"]["trouble"] == ""
        result = bench.again(after=timedelta(seconds=20))
        assert "analysis unavailable: the last one hangs" in result.summary
        assert len(analyses()) == 1
        bench.monitor.teardown()


def test_an_end_in_its_midst_leaves_no_pin_and_another_beginning_asks_again(
    asking: Callable[..., Any], tmp_path: Path
) -> None:
    first = threading.Event()

    def script(request: Request) -> Reply:
        if not first.is_set():
            first.set()
            closed.wait(30)
        return formed(request)

    closed = threading.Event()
    with ModelServer(script) as server:
        bench = asking(server, waits=False, directory=tmp_path)
        bench.look(CART)
        server.wait_for(1)
        work = bench.monitor._analyst._work
        bench.monitor.teardown()
        closed.set()
        assert work.over.wait(30)
        assert bench.registry.status.pins == 0
        bench.monitor.setup()  # the same monitor once more
        bench.again(after=11 * MINUTE)
        assert bench.monitor._analyst._work.over.wait(30)
        assert bench.again(after=MINUTE).data["analysis"]["remarks"] == 1


def test_a_process_that_was_killed_in_its_midst_does_not_begin_with_another(
    asking: Callable[..., Any], tmp_path: Path
) -> None:
    with ModelServer([slow(text("x"), 600.0)], repeat=True) as server:
        bench = asking(server, waits=False, directory=tmp_path)
        bench.look(CART)
        server.wait_for(1)
        for _ in range(5):  # nothing is written by a process that is killed
            bench.restart()
            assert bench.again(after=MINUTE).data["analysis"]["state"] == "waiting"
        assert len(server.requests) == 1
        bench.restart()
        bench.again(after=6 * MINUTE)
        server.wait_for(2)


def test_that_no_thread_can_be_had_is_said(asking: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_thread: object) -> None:
        raise RuntimeError("can't start new thread")

    with ModelServer(formed) as server:
        bench = asking(server)
        with monkeypatch.context() as patched:
            patched.setattr(analysing._Work, "start", start)
            result = bench.look(CART)
        assert "analysis unavailable: no thread for it: can't start new thread" in result.summary
        assert bench.heard.messages[0].note == result.data["analysis"]["trouble"]
        assert (result.data["analysis"]["ended"]["reason"], bench.registry.status.pins) == ("failed", 0)
        assert bench.again(after=11 * MINUTE).data["analysis"]["remarks"] == 1


@pytest.mark.parametrize("name", ["ask_about", "Model"])
def test_a_mistake_of_its_own_is_said_and_costs_no_message(
    name: str, asking: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_arguments: object, **_options: object) -> Any:
        raise LookupError("a mistake")

    with ModelServer(formed) as server:
        bench = asking(server)
        monkeypatch.setattr(analysing, name, mistaken)
        result = bench.look(CART)
        assert "analysis unavailable: " in result.summary
        assert bench.heard.messages[0].note.startswith("analysis unavailable: ")
        assert [told["kind"] for told in result.data["told"]] == ["alert"]
        assert bench.registry.status.pins == 0
