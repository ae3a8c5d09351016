"""Before the first cycle and after the last."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, Cycle, CycleResult, Host, RunnerContext, RunnerInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents.testing import FakeClock


class Story:
    """A runner that tells what is called, and does then what it was told to."""

    def __init__(self, **acts: Callable[[], Any]) -> None:
        self.called: list[str] = []
        self._acts: Mapping[str, Callable[[], Any]] = acts

    def setup(self) -> Any:
        return self._tell("setup")

    def run(self, _cycle: Cycle) -> CycleResult:
        self._tell("run")
        return CycleResult()

    def teardown(self) -> Any:
        return self._tell("teardown")

    def _tell(self, name: str) -> Any:
        self.called.append(name)
        return self._acts[name]() if name in self._acts else None


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


def _raise() -> None:
    raise ValueError("no")


def test_setup_comes_once_before_the_first_cycle_and_teardown_after_the_last(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread]
) -> None:
    results, runner = Results(), Story(setup=lambda: "what it returns is nobody's")
    host = Host(fixed, [runner], interval=1e9, on_result=results)
    thread = launch(host)
    results.next()
    host.trigger()
    results.next()
    host.stop()
    thread.join(10.0)
    assert runner.called == ["setup", "run", "run", "teardown"]


def test_a_setup_that_fails_is_a_failed_cycle_and_is_tried_again(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    faults = [ValueError("first"), SystemExit("second")]

    def fail_twice() -> None:
        if faults:
            raise faults.pop(0)

    results, runner = Results(), Story(setup=fail_twice)
    host = Host(fixed, [runner], interval=60.0, on_result=results, clock=fake_clock)
    thread = launch(host)
    first = results.next()
    assert (first.status, first.summary) == ("failed", "the runner could not be set up")
    assert (first.error, first.trigger) == ("setup: ValueError: first", "start")
    assert host.status.runners[0].failures == 1
    fake_clock.wait_for_waiters(1)
    fake_clock.advance(60.0)
    second = results.next()
    assert (second.error, second.trigger) == ("setup: SystemExit: second", "interval")
    fake_clock.wait_for_waiters(1)
    fake_clock.advance(120.0)
    assert results.next().status == "ok"
    host.stop()
    thread.join(10.0)
    assert runner.called == ["setup", "setup", "setup", "run", "teardown"]


@pytest.mark.parametrize("fault", [ImportError("no client"), SystemExit(2)])
def test_a_runner_that_cannot_be_created_is_a_failed_cycle_and_is_tried_again(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fault: BaseException
) -> None:
    contexts: list[RunnerContext] = []
    results, runner = Results(), Story()

    def create(context: RunnerContext) -> Story:
        contexts.append(context)
        if len(contexts) == 1:
            raise fault
        return runner

    host = Host(fixed, [RunnerInfo("late", "fails once", create)], interval=1e9, on_result=results)
    launch(host)
    first = results.next()
    assert (first.runner, first.error) == ("late", f"create: {type(fault).__name__}: {fault}")
    host.trigger()
    assert results.next().status == "ok"
    assert [(context.name, context.logger.name) for context in contexts] == [("late", "hotagents.runner.late")] * 2
    assert runner.called == ["setup", "run"]


def test_a_runner_whose_making_hangs_does_not_keep_the_host_from_stopping(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread]
) -> None:
    hanging, release, results = threading.Event(), threading.Event(), Results()

    def create(_context: RunnerContext) -> Story:
        hanging.set()
        assert release.wait(10.0)
        return Story()

    host = Host(fixed, [RunnerInfo("slow", "hangs", create)], interval=1e9, grace=0.0, on_result=results)
    thread = launch(host)
    assert hanging.wait(10.0)
    host.stop()
    thread.join(10.0)
    assert not thread.is_alive()
    assert results.next().error == "create: it did not end when it was asked to"
    assert host.status.runners[0].state == "stuck"
    release.set()


def test_a_setup_that_hangs_is_asked_to_end_and_shows_as_stuck_after_the_grace(
    fixed: ConfigRegistry[Any],
    launch: Callable[[Host], threading.Thread],
    fake_clock: FakeClock,
    until: Callable[[Callable[[], object]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    entered, release, results = threading.Event(), threading.Event(), Results()

    def hang() -> bool:
        entered.set()
        return release.wait(10.0)

    host = Host(fixed, [Story(setup=hang)], interval=60.0, grace=5.0, on_result=results, clock=fake_clock)
    launch(host)
    assert entered.wait(10.0)
    for limit in (30.0, 5.0):
        assert host.status.healthy
        fake_clock.wait_for_waiters(1)
        fake_clock.advance(limit)
    until(lambda: host.status.runners[0].state == "stuck")
    assert not host.status.healthy
    assert results.next().error == "setup: it did not end when it was asked to"
    stuck = (
        "runner Story: setup is past its deadline of 30 s and did not end when asked; no further cycle until it does"
    )
    until(lambda: stuck in caplog.messages)
    release.set()
    until(lambda: host.status.healthy)
    fake_clock.wait_for_waiters(1)
    fake_clock.advance(60.0)
    assert results.next().status == "ok"


def test_a_setup_that_fails_is_logged_as_what_it_is_and_its_traceback_for_who_looks_closer(
    fixed: ConfigRegistry[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "hotagents")
    host = Host(fixed, [Story(setup=_raise)], interval=1e9, on_result=lambda _: host.stop())
    host.run()
    (said,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert said.getMessage() == "runner Story: setup failed: ValueError: no"
    (traced,) = [record for record in caplog.records if record.exc_info]
    assert (traced.levelno, traced.getMessage()) == (logging.DEBUG, "runner Story: setup raised")


def test_a_stop_during_the_setup_begins_no_cycle(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread]
) -> None:
    results = Results()
    runner = Story(setup=lambda: host.stop())  # noqa: PLW0108 - the host is made later
    host = Host(fixed, [runner], interval=1e9, on_result=results)
    launch(host).join(10.0)
    assert runner.called == ["setup", "teardown"]
    assert results.none_is_left


def test_a_teardown_that_fails_is_logged(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], caplog: pytest.LogCaptureFixture
) -> None:
    results = Results()
    host = Host(fixed, [Story(teardown=_raise)], interval=1e9, on_result=results)
    thread = launch(host)
    results.next()
    host.stop()
    thread.join(10.0)
    assert "runner Story: teardown: ValueError: no" in caplog.messages
    assert host.status.runners[0].state == "stopped"


def test_a_teardown_that_hangs_is_left_behind(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], caplog: pytest.LogCaptureFixture
) -> None:
    release, results = threading.Event(), Results()
    host = Host(fixed, [Story(teardown=lambda: release.wait(10.0))], interval=1e9, grace=0.0, on_result=results)
    thread = launch(host)
    results.next()
    host.stop()
    thread.join(10.0)
    assert not thread.is_alive()
    assert "runner Story: teardown: it did not end when it was asked to" in caplog.messages
    release.set()
