"""Cycles that last too long, and what a stop does to those that run."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

from hotagents import ConfigRegistry, Cycle, CycleResult, Host

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from hotagents.testing import FakeClock


class Obedient:
    """Ends once it is asked to, and not before."""

    def __init__(self) -> None:
        self.entered: queue.SimpleQueue[Cycle] = queue.SimpleQueue()

    def run(self, cycle: Cycle) -> CycleResult:
        self.entered.put(cycle)
        assert cycle.cancelled.wait(10.0)
        return CycleResult(summary="asked to end")


class Deaf:
    """Ends once it is released, whatever it is asked to."""

    def __init__(self) -> None:
        self.entered: queue.SimpleQueue[Cycle] = queue.SimpleQueue()
        self.release = threading.Event()
        self.torn_down = False

    def run(self, cycle: Cycle) -> CycleResult:
        self.entered.put(cycle)
        assert self.release.wait(10.0)
        return CycleResult(summary="released")

    def teardown(self) -> None:
        self.torn_down = True


class Results:
    def __init__(self) -> None:
        self._results: queue.SimpleQueue[CycleResult] = queue.SimpleQueue()

    def __call__(self, result: CycleResult) -> None:
        self._results.put(result)

    def next(self) -> CycleResult:
        return self._results.get(timeout=10.0)


def test_a_plain_runner_past_its_deadline_is_asked_to_end(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    results, runner = Results(), Obedient()
    host = Host(fixed, [runner], interval=60.0, timeout=5.0, on_result=results, clock=fake_clock)
    launch(host)
    cycle = runner.entered.get(timeout=10.0)
    assert cycle.deadline == fake_clock.monotonic() + 5.0
    fake_clock.wait_for_waiters(1)
    assert not cycle.cancelled.is_set()
    fake_clock.advance(5.0)
    result = results.next()
    assert (result.status, result.summary) == ("timeout", "asked to end")
    assert (result.error, result.duration) == ("it ended only after it was asked to", 5.0)
    assert host.status.runners[0].failures == 1


def test_one_that_ignores_its_deadline_is_stuck_fails_liveness_and_recovers_when_it_ends(
    fixed: ConfigRegistry[Any],
    launch: Callable[[Host], threading.Thread],
    fake_clock: FakeClock,
    until: Callable[[Callable[[], object]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    results, runner = Results(), Deaf()
    host = Host(fixed, [runner], interval=60.0, timeout=5.0, grace=10.0, on_result=results, clock=fake_clock)
    launch(host)
    cycle = runner.entered.get(timeout=10.0)
    fake_clock.wait_for_waiters(1)
    fake_clock.advance(5.0)
    assert cycle.cancelled.wait(10.0)
    fake_clock.wait_for_waiters(1)
    before = host.status
    fake_clock.advance(10.0)
    until(lambda: host.status.runners[0].state == "stuck")
    stuck = host.status
    assert (before.runners[0].state, before.healthy, before.ready) == ("running", True, True)
    assert (stuck.healthy, stuck.ready) == (False, True)
    result = results.next()
    assert (result.status, result.error, result.duration) == ("timeout", "it did not end when it was asked to", 15.0)
    until(lambda: _said(caplog, logging.ERROR))
    (said,) = _said(caplog, logging.ERROR)
    assert said.startswith(f"runner Deaf: cycle {cycle.id} is past its deadline of 5 s and did not end when asked; no ")
    assert fixed.status.pins == 1
    fake_clock.advance(600.0)
    assert runner.entered.empty()
    runner.release.set()
    until(lambda: host.status.runners[0].state == "waiting")
    assert host.status.healthy
    fake_clock.wait_for_waiters(1)
    assert fixed.status.pins == 0
    assert _said(caplog, logging.WARNING) == [
        f"runner Deaf: cycle {cycle.id} ended after all, 600.000 s later; cycles go on"
    ]
    fake_clock.advance(60.0)
    assert results.next().status == "ok"


def test_a_stop_lets_a_running_cycle_end_within_the_grace(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    results, runner = Results(), Deaf()
    host = Host(fixed, [runner], interval=60.0, grace=10.0, on_result=results, clock=fake_clock)
    thread = launch(host)
    cycle = runner.entered.get(timeout=10.0)
    host.trigger()
    host.stop()
    host.stop()
    fake_clock.wait_for_waiters(1)
    fake_clock.advance(9.5)
    assert not cycle.cancelled.is_set()
    runner.release.set()
    thread.join(10.0)
    assert not thread.is_alive()
    assert (results.next().status, host.status.runners[0].cycles) == ("ok", 1)
    assert runner.torn_down
    assert host.status.runners[0].state == "stopped"
    assert not host.status.ready


def test_a_cycle_that_goes_on_after_the_grace_is_cancelled(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    results, runner = Results(), Obedient()
    host = Host(fixed, [runner], interval=60.0, grace=10.0, on_result=results, clock=fake_clock)
    thread = launch(host)
    runner.entered.get(timeout=10.0)
    host.stop()
    fake_clock.wait_for_waiters(1)
    fake_clock.advance(10.0)
    thread.join(10.0)
    assert not thread.is_alive()
    assert (results.next().status, host.status.runners[0].state) == ("cancelled", "stopped")


def test_a_thread_that_ignores_everything_is_left_behind(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    results, runner = Results(), Deaf()
    host = Host(fixed, [runner], interval=60.0, grace=10.0, on_result=results, clock=fake_clock)
    thread = launch(host)
    runner.entered.get(timeout=10.0)
    host.stop()
    for pause in (10.0, 1.0):
        fake_clock.wait_for_waiters(1)
        fake_clock.advance(pause)
    thread.join(10.0)
    assert not thread.is_alive()
    result = results.next()
    assert (result.status, result.error) == ("cancelled", "it did not end when it was asked to")
    assert host.status.runners[0].state == "stuck"
    assert not runner.torn_down
    assert fixed.status.pins == 0
    runner.release.set()


def test_a_cycle_that_was_stuck_before_the_stop_is_left_behind_as_timed_out(
    fixed: ConfigRegistry[Any],
    launch: Callable[[Host], threading.Thread],
    fake_clock: FakeClock,
    until: Callable[[Callable[[], object]], None],
) -> None:
    results, runner = Results(), Deaf()
    host = Host(fixed, [runner], interval=60.0, timeout=5.0, grace=10.0, on_result=results, clock=fake_clock)
    thread = launch(host)
    runner.entered.get(timeout=10.0)
    for pause in (5.0, 10.0):
        fake_clock.wait_for_waiters(1)
        fake_clock.advance(pause)
    until(lambda: host.status.runners[0].state == "stuck")
    host.stop()  # the grace is over already
    thread.join(10.0)
    assert not thread.is_alive()
    assert results.next().status == "timeout"
    assert host.status.runners[0].state == "stuck"
    assert not runner.torn_down
    assert fixed.status.pins == 0
    runner.release.set()


def test_a_host_that_waits_for_one_result_ends_though_the_cycle_never_does(fixed: ConfigRegistry[Any]) -> None:
    results, runner = list[CycleResult](), Deaf()

    def stop(result: CycleResult) -> None:
        results.append(result)
        host.stop()

    host = Host(fixed, [runner], interval=1e6, timeout=0.05, grace=0.05, on_result=stop)
    thread = threading.Thread(target=host.run, daemon=True)
    thread.start()
    thread.join(5.0)
    assert not thread.is_alive()
    assert [result.status for result in results] == ["timeout"]
    runner.release.set()


def test_a_trigger_while_a_cycle_is_stuck_runs_one_when_it_has_ended(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread]
) -> None:
    results, runner = Results(), Deaf()
    host = Host(fixed, [runner], interval=1e6, timeout=0.05, grace=0.05, on_result=results)
    launch(host)
    runner.entered.get(timeout=10.0)
    assert results.next().status == "timeout"
    host.trigger()
    host.trigger()
    assert runner.entered.empty()
    runner.release.set()
    assert runner.entered.get(timeout=10.0).trigger == "manual"
    assert results.next().trigger == "manual"


def _said(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]
