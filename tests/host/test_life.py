"""From `run` to its return: stop, threads, the async twin, and whose registry it is."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from hotagents import ConfigRegistry, Cycle, CycleResult, Host, InvalidConfigError, Memory, NotStartedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Snapshot
    from hotagents.testing import FakeClock
    from hotagents.watchers import Watcher


class Counting:
    """Counts its cycles."""

    def __init__(self) -> None:
        self.cycles: queue.SimpleQueue[Cycle] = queue.SimpleQueue()

    def run(self, cycle: Cycle) -> CycleResult:
        self.cycles.put(cycle)
        return CycleResult()


class Async:
    """An async runner that goes on until it is cancelled, and notes that it was."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.cancelled = threading.Event()

    async def run(self, _cycle: Cycle) -> CycleResult:
        self.entered.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.cancelled.set()
        raise AssertionError


def test_a_stop_before_the_run_lets_it_return_without_a_cycle() -> None:
    runner, registry = Counting(), ConfigRegistry(Memory({}))
    host = Host(registry, [runner], interval=1e9)
    host.stop()
    host.run()
    assert runner.cycles.empty()
    assert registry.status.state == "starting"


def test_a_stop_while_the_registry_starts_ends_that_and_lets_no_cycle_begin(agent: Callable[..., str]) -> None:
    class Stopping:
        """A source that stops the host while it is read."""

        def __init__(self) -> None:
            self._memory = Memory({"a.md": agent()})

        def read(self) -> Snapshot:
            host.stop()
            return self._memory.read()

        def token(self) -> int:
            return 1

        def watcher(self) -> Watcher:
            return self._memory.watcher()

    runner = Counting()
    with ConfigRegistry(Memory({"a.md": agent()})):
        host = Host(registry := ConfigRegistry(Stopping()), [runner], interval=1e9)
        host.run()
        with pytest.raises(NotStartedError):
            assert registry.current is not None
    assert runner.cycles.empty()


def test_no_thread_is_left_when_run_returns(agent: Callable[..., str]) -> None:
    before = set(threading.enumerate())
    runner, fast = Async(), Counting()
    with ConfigRegistry(Memory({"a.md": agent()})) as registry:
        running = set(threading.enumerate())

        def stop(_result: CycleResult) -> None:
            assert runner.entered.wait(10.0)
            host.stop()

        host = Host(registry, [runner, fast], interval=1e9, run_on_change=True, grace=0.0, on_result=stop)
        host.run()
        assert set(threading.enumerate()) == running
        assert registry.status.state == "current"
    assert set(threading.enumerate()) == before
    assert runner.cancelled.is_set()


def test_a_host_runs_once(fixed: ConfigRegistry[Any]) -> None:
    host = Host(fixed, [Counting()], interval=1e9, on_result=lambda _: host.stop())
    host.run()
    with pytest.raises(RuntimeError, match="runs once"):
        host.run()
    assert not host.status.ready


def test_a_registry_that_cannot_start_ends_the_run_with_its_error(agent: Callable[..., str]) -> None:
    registry = ConfigRegistry(Memory({"a.md": agent(name="")}))
    host = Host(registry, [Counting()], interval=1e9)
    with pytest.raises(InvalidConfigError):
        host.run()
    assert host.status.runners[0].state == "starting"


def test_a_run_that_cannot_start_every_runner_stops_the_others(
    fixed: ConfigRegistry[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "hotagents-runner-second":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    first, second = Counting(), Counting()
    second.__dict__["name"] = "second"
    host = Host(fixed, [first, second], interval=1e9)
    with pytest.raises(RuntimeError, match="new thread"):
        host.run()
    assert host.status.runners[0].state == "stopped"
    assert not host.status.ready


def test_a_host_of_a_registry_that_is_closed_is_not_healthy(fixed: ConfigRegistry[Any]) -> None:
    host = Host(fixed, [Counting()], interval=1e9)
    assert host.status.healthy
    fixed.close()
    assert not host.status.healthy


# --- async ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_arun_runs_until_the_stop(fixed: ConfigRegistry[Any], backend: str) -> None:
    runner = Counting()
    host = Host(fixed, [runner], interval=1e9, on_result=lambda _: host.stop())

    async def main() -> None:
        with anyio.fail_after(10.0):
            await host.arun()

    anyio.run(main, backend=backend)
    assert runner.cycles.get(timeout=10.0).trigger == "start"


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_arun_stops_the_host_and_waits_for_its_end(fixed: ConfigRegistry[Any], backend: str) -> None:
    runner = Async()
    host = Host(fixed, [runner], interval=1e9, grace=0.0)

    async def main() -> None:
        with anyio.fail_after(10.0):
            async with anyio.create_task_group() as group:
                group.start_soon(host.arun)
                await anyio.to_thread.run_sync(runner.entered.wait, 10.0)
                group.cancel_scope.cancel()
        assert host.status.runners[0].state == "stopped"
        assert not host.status.ready

    anyio.run(main, backend=backend)
    assert runner.cancelled.is_set()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_arun_that_is_cancelled_before_it_begins_runs_nothing(fixed: ConfigRegistry[Any], backend: str) -> None:
    runner = Counting()
    host = Host(fixed, [runner], interval=1e9)

    async def main() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await host.arun()
        assert scope.cancelled_caught

    anyio.run(main, backend=backend)
    assert runner.cycles.empty()
    assert host.status.runners[0].state == "starting"


def test_arun_raises_what_run_raises(agent: Callable[..., str]) -> None:
    host = Host(ConfigRegistry(Memory({"a.md": agent(name="")})), [Counting()], interval=1e9)
    with pytest.raises(InvalidConfigError):
        anyio.run(host.arun)


# --- triggers from anywhere -------------------------------------------------------------------------------------------


def test_triggers_before_the_run_bring_one_more_cycle(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    runner = Counting()
    host = Host(fixed, [runner], interval=1e6, clock=fake_clock)
    host.trigger()
    host.trigger()
    launch(host)
    assert [runner.cycles.get(timeout=10.0).trigger for _ in range(2)] == ["start", "manual"]
    fake_clock.wait_for_waiters(1)
    assert runner.cycles.empty()


def test_a_stop_that_comes_with_a_trigger_wins(fixed: ConfigRegistry[Any]) -> None:
    runner = Counting()

    def trigger_and_stop(_result: CycleResult) -> None:
        host.trigger()
        host.stop()

    host = Host(fixed, [runner], interval=1e9, on_result=trigger_and_stop)
    host.run()
    assert host.status.runners[0].cycles == 1


def test_a_storm_of_triggers_from_many_threads_never_overlaps_two_cycles(fixed: ConfigRegistry[Any]) -> None:
    inside = threading.Lock()
    overlaps: list[Cycle] = []
    last = threading.Event()

    class Exclusive:
        def run(self, cycle: Cycle) -> CycleResult:
            if not inside.acquire(blocking=False):
                overlaps.append(cycle)
                return CycleResult()
            inside.release()
            return CycleResult()

    def stop_at_last(_result: CycleResult) -> None:
        if last.is_set():
            host.stop()

    def trigger() -> None:
        for _ in range(100):
            host.trigger()

    host = Host(fixed, [Exclusive()], interval=1e9, on_result=stop_at_last)
    run = threading.Thread(target=host.run, daemon=True)
    storm = [threading.Thread(target=trigger) for _ in range(4)]
    for thread in (run, *storm):
        thread.start()
    for thread in storm:
        thread.join(10.0)
    last.set()
    host.trigger()
    run.join(10.0)
    assert not run.is_alive()
    assert not overlaps
    assert host.status.runners[0].cycles >= 1
