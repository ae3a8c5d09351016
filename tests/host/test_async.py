"""Async runners: one loop for all of them, for as long as the host runs."""

from __future__ import annotations

import asyncio
import inspect
import queue
import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, Cycle, CycleResult, Host
from hotagents.host.execution import AsyncLoop, Done, Execution

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hotagents.testing import FakeClock


class Awaiting:
    """An async runner of one function, which notes the loop of each of its calls."""

    def __init__(self, call: Callable[[Cycle], Awaitable[CycleResult | None]]) -> None:
        self.loops: list[asyncio.AbstractEventLoop] = []
        self._call = call

    async def setup(self) -> None:
        self.loops.append(asyncio.get_running_loop())

    async def run(self, cycle: Cycle) -> CycleResult:
        self.loops.append(asyncio.get_running_loop())
        return await self._call(cycle) or CycleResult()

    async def teardown(self) -> None:
        self.loops.append(asyncio.get_running_loop())


class Results:
    def __init__(self) -> None:
        self._results: queue.SimpleQueue[CycleResult] = queue.SimpleQueue()

    def __call__(self, result: CycleResult) -> None:
        self._results.put(result)

    def next(self) -> CycleResult:
        return self._results.get(timeout=10.0)

    @property
    def none_is_left(self) -> bool:
        return self._results.empty()


async def _nothing(_cycle: Cycle) -> None:
    return None


def test_all_async_runners_are_on_one_loop_which_ends_with_the_host(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread]
) -> None:
    results, runners = Results(), [Awaiting(_nothing), Awaiting(_nothing)]
    host = Host(fixed, runners, interval=1e9, on_result=results)
    thread = launch(host)
    results.next()
    results.next()
    host.trigger()
    results.next()
    results.next()
    host.stop()
    thread.join(10.0)
    loops = [loop for runner in runners for loop in runner.loops]
    assert len(loops) == 8
    assert len(set(map(id, loops))) == 1
    assert loops[0].is_closed()


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
def test_an_async_runner_that_raises_anything_leaves_the_loop_to_the_others(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], error: BaseException
) -> None:
    async def fail(_cycle: Cycle) -> CycleResult:
        raise error

    results, other = Results(), Results()

    def sort(result: CycleResult) -> None:
        (other if result.runner == "other" else results)(result)

    works = Awaiting(_nothing)
    works.__dict__["name"] = "other"
    host = Host(fixed, [Awaiting(fail), works], interval=1e9, on_result=sort)
    launch(host)
    for _ in range(2):
        assert results.next().status == "failed"
        assert other.next().status == "ok"
        host.trigger()
    assert len(set(map(id, works.loops))) == 1


def test_a_cycle_past_its_deadline_is_cancelled_and_the_next_waits_until_it_has_cleaned_up(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    entered, cleaning, clean = queue.SimpleQueue[Cycle](), threading.Event(), threading.Event()

    async def hang(cycle: Cycle) -> CycleResult:
        entered.put(cycle)
        try:
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            await asyncio.to_thread(clean.wait, 10.0)
        raise AssertionError

    results = Results()
    host = Host(fixed, [Awaiting(hang)], interval=60.0, timeout=5.0, on_result=results, clock=fake_clock)
    launch(host)
    cycle = entered.get(timeout=10.0)
    host.trigger()
    fake_clock.wait_for_waiters(1)
    fake_clock.advance(5.0)
    assert cleaning.wait(10.0)
    assert cycle.cancelled.is_set()
    assert results.none_is_left
    assert entered.empty()
    assert host.status.runners[0].state == "running"
    clean.set()
    result = results.next()
    assert (result.status, result.error) == ("timeout", "TimeoutError: cancelled")
    entered.get(timeout=10.0)
    fake_clock.wait_for_waiters(1)
    fake_clock.advance(5.0)
    results.next()


def test_an_async_runner_that_ignores_its_cancellation_is_stuck_and_no_second_one_begins(
    fixed: ConfigRegistry[Any],
    launch: Callable[[Host], threading.Thread],
    fake_clock: FakeClock,
    until: Callable[[Callable[[], object]], None],
) -> None:
    entered, release = queue.SimpleQueue[Cycle](), threading.Event()

    async def ignore(cycle: Cycle) -> CycleResult:
        entered.put(cycle)
        while not release.is_set():
            try:
                await asyncio.to_thread(release.wait, 10.0)
            except asyncio.CancelledError:
                continue
        return CycleResult(summary="late")

    results = Results()
    options: dict[str, Any] = {"timeout": 5.0, "grace": 5.0, "clock": fake_clock}
    host = Host(fixed, [Awaiting(ignore)], interval=60.0, on_result=results, **options)
    launch(host)
    entered.get(timeout=10.0)
    for _ in range(2):
        fake_clock.wait_for_waiters(1)
        fake_clock.advance(5.0)
    until(lambda: host.status.runners[0].state == "stuck")
    result = results.next()
    assert (result.status, result.error) == ("timeout", "it did not end when it was asked to")
    host.trigger()
    assert entered.empty()
    release.set()
    assert entered.get(timeout=10.0).trigger == "manual"
    results.next()


def test_what_an_async_runner_leaves_on_the_loop_is_cancelled_at_the_end(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread]
) -> None:
    cancelled, tasks = threading.Event(), list[asyncio.Task[None]]()

    async def background() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def begin(_cycle: Cycle) -> None:
        tasks.append(asyncio.create_task(background()))
        await asyncio.sleep(0)

    results = Results()
    host = Host(fixed, [Awaiting(begin)], interval=1e9, on_result=results)
    thread = launch(host)
    results.next()
    assert not cancelled.is_set()
    host.stop()
    thread.join(10.0)
    assert cancelled.is_set()


def test_an_async_runner_that_outlives_the_grace_is_cancelled(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread]
) -> None:
    entered, results = queue.SimpleQueue[Cycle](), Results()

    async def hang(cycle: Cycle) -> CycleResult:
        entered.put(cycle)
        await asyncio.Event().wait()
        raise AssertionError

    runner = Awaiting(hang)
    host = Host(fixed, [runner], interval=1e9, grace=0.0, on_result=results)
    thread = launch(host)
    cycle = entered.get(timeout=10.0)
    host.stop()
    thread.join(10.0)
    assert results.next().status == "cancelled"
    assert cycle.cancelled.is_set()
    assert len(runner.loops) == 3  # the teardown came all the same


def test_a_plain_method_that_returns_an_awaitable_is_an_async_one(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread]
) -> None:
    class Plain:
        def run(self, cycle: Cycle) -> Awaitable[CycleResult]:
            return Awaiting(_nothing).run(cycle)

    results = Results()
    launch(Host(fixed, [Plain()], interval=1e9, on_result=results))
    assert results.next().status == "ok"


# --- the parts --------------------------------------------------------------------------------------------------------


def test_a_future_of_another_loop_is_an_error_and_no_hang() -> None:
    other, loop = asyncio.new_event_loop(), AsyncLoop()
    try:
        awaited = loop.submit(other.create_future())
        with pytest.raises(ValueError, match="loop"):
            awaited.result()
        awaited.cancel()
    finally:
        loop.close()
        other.close()
    awaited.cancel()


def test_a_closed_loop_takes_nothing_more_and_leaves_no_coroutine_unawaited() -> None:
    loop, other = AsyncLoop(), asyncio.new_event_loop()
    loop.close()
    loop.close()

    async def never() -> None:
        raise AssertionError

    coroutine = never()
    with pytest.raises(RuntimeError, match="the host has ended"):
        loop.submit(coroutine)
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED
    with pytest.raises(RuntimeError, match="the host has ended"):
        loop.submit(other.create_future())
    other.close()


def test_a_cancel_that_comes_before_the_awaiting_is_not_lost() -> None:
    ended: queue.SimpleQueue[Done] = queue.SimpleQueue()
    called, cancelled = threading.Event(), threading.Event()

    async def hang() -> None:
        await asyncio.Event().wait()

    def call() -> Awaitable[None]:
        called.set()
        assert cancelled.wait(10.0)
        return hang()

    loop = AsyncLoop()
    execution = Execution(call, loop, ended.put, name="hotagents-cycle-test")
    assert called.wait(10.0)
    execution.cancel()
    cancelled.set()
    done = ended.get(timeout=10.0)
    assert isinstance(done.error, TimeoutError)
    loop.close()


def test_a_runner_that_stops_the_loop_itself_stops_nothing() -> None:
    async def stop() -> str:
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0)
        return "went on"

    loop = AsyncLoop()
    assert loop.submit(stop()).result() == "went on"
    loop.close()
