"""The watch's own thread: what it does with hints, silence, losses and failures."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any, Literal

import pytest

from hotagents.clock import SystemClock
from hotagents.testing import FakeClock
from hotagents.watching import Cause, Checked, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Said = Literal["hint", "timeout", "stopped", "lost"]


class Script:
    """A watcher that says what a test tells it to."""

    mode = "script"

    def __init__(self) -> None:
        self.says: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self.closed = False

    def wait(self, timeout: float | None) -> Said:
        try:
            said = self.says.get(timeout=timeout)
        except queue.Empty:
            return "timeout"
        if said == "lost":
            self.says.put(said)
        return "stopped" if self.closed else said

    def close(self) -> None:
        self.closed = True
        self.says.put("stopped")


class Bench:
    """A watch over scripted watchers and checks."""

    def __init__(self, *, resync_interval: float = 3600.0, clock: Any = None) -> None:
        self.armed: queue.SimpleQueue[Script] = queue.SimpleQueue()
        self.causes: queue.SimpleQueue[Cause] = queue.SimpleQueue()
        self.fail_arming = 0
        self.outcome: Callable[[Cause], Checked] = lambda _: Checked(moved=False, finished=True)
        self.watch = Watch(self.arm, self.check, resync_interval=resync_interval, clock=clock or SystemClock())

    def arm(self) -> Script:
        if self.fail_arming:
            self.fail_arming -= 1
            raise OSError(24, "Too many open files")
        script = Script()
        self.armed.put(script)
        return script

    def check(self, cause: Cause) -> Checked:
        self.causes.put(cause)
        return self.outcome(cause)

    def start(self) -> Script:
        self.watch.arm()
        self.watch.start()
        return self.armed.get(timeout=10)


@pytest.fixture(name="bench")
def benches() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(**options: Any) -> Bench:
        made.append(Bench(**options))
        return made[-1]

    yield make
    for bench in made:
        bench.watch.close()
        assert not bench.watch.alive


def test_a_hint_is_a_check_and_a_heartbeat(bench: Callable[..., Bench]) -> None:
    clock = FakeClock()
    b = bench(clock=clock)
    script = b.start()
    clock.advance(10)
    script.says.put("hint")
    script.says.put("hint")
    assert [b.causes.get(timeout=10) for _ in range(2)] == ["hint", "hint"]
    assert b.watch.beat is not None
    assert b.watch.beat[0] == clock.monotonic()
    assert b.watch.missed == 0


def test_silence_is_followed_by_a_resync(bench: Callable[..., Bench]) -> None:
    b = bench(resync_interval=0.01)
    b.start()
    assert b.causes.get(timeout=10) == "resync"
    assert b.watch.missed == 0


def test_a_change_found_by_a_resync_is_missed_and_arms_anew(bench: Callable[..., Bench]) -> None:
    b = bench(resync_interval=0.01)
    moved = iter([True])
    b.outcome = lambda _: Checked(moved=next(moved, False), finished=True)
    first = b.start()
    second = b.armed.get(timeout=10)
    assert first.closed
    assert second is not first
    assert [b.causes.get(timeout=10) for _ in range(2)] == ["resync", "armed"]
    assert b.watch.missed == 1


def test_a_change_whose_hint_was_on_its_way_is_not_missed(bench: Callable[..., Bench]) -> None:
    b = bench(resync_interval=0.05)
    moved = iter([True])
    scripts: list[Script] = []

    def outcome(cause: Cause) -> Checked:
        if cause == "resync" and scripts:
            scripts.pop().says.put("hint")
            return Checked(moved=next(moved, False), finished=True)
        return Checked(moved=False, finished=True)

    b.outcome = outcome
    scripts.append(b.start())
    assert b.causes.get(timeout=10) == "resync"
    assert b.causes.get(timeout=10) == "resync"
    assert b.watch.missed == 0


def test_a_lost_watch_is_armed_anew_and_what_came_between_is_found(bench: Callable[..., Bench]) -> None:
    b = bench()
    b.outcome = lambda cause: Checked(moved=cause == "armed", finished=True)
    first = b.start()
    first.says.put("lost")
    second = b.armed.get(timeout=10)
    assert first.closed
    assert b.causes.get(timeout=10) == "armed"
    second.says.put("hint")
    assert b.causes.get(timeout=10) == "hint"
    assert b.watch.missed == 1
    assert b.watch.state.mode == "script"
    assert b.watch.state.reason == ""


def test_a_watch_that_is_lost_again_and_again_does_not_spin(bench: Callable[..., Bench]) -> None:
    b = bench()
    script = b.start()
    for _ in range(4):
        script.says.put("lost")
        assert b.causes.get(timeout=10) == "armed"
        if b.watch.state.reason == "Polling":
            break
        script = b.armed.get(timeout=10)
    assert b.watch.state.mode == "polling"
    assert "in a row" in b.watch.state.message


def test_without_events_it_polls_says_so_and_tries_again(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotagents.watching._POLL", 0.01)
    monkeypatch.setattr("hotagents.watching._FIRST_PAUSE", 0.01)
    b = bench()
    b.fail_arming = 3
    b.watch.arm()
    state = b.watch.state
    assert (state.mode, state.reason) == ("polling", "Polling")
    assert "Too many open files" in state.message
    assert state.since is not None
    b.watch.start()
    script = b.armed.get(timeout=10)
    script.says.put("hint")
    while b.causes.get(timeout=10) != "hint" or b.watch.state.mode == "polling":
        pass  # polls before it could be armed
    assert b.watch.state.reason == ""
    assert b.watch.missed == 0


def test_a_check_that_could_not_read_is_no_heartbeat(bench: Callable[..., Bench]) -> None:
    clock = FakeClock()
    b = bench(clock=clock)
    b.outcome = lambda _: Checked(moved=True, finished=False)
    script = b.start()
    before = b.watch.beat
    clock.advance(1)
    script.says.put("hint")
    b.causes.get(timeout=10)
    script.says.put("hint")
    b.causes.get(timeout=10)
    assert b.watch.beat == before


def test_a_defect_in_a_check_is_logged_and_does_not_end_the_watch(
    bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture
) -> None:
    b = bench()

    def defect(_: Cause) -> Checked:
        raise RuntimeError("a defect")

    b.outcome = defect
    script = b.start()
    for _ in range(2):
        script.says.put("hint")
        assert b.causes.get(timeout=10) == "hint"
    assert b.watch.alive
    assert "must not" in caplog.text


def test_it_can_be_closed_from_its_own_thread_and_while_arming(bench: Callable[..., Bench]) -> None:
    b = bench()
    closed = threading.Event()

    def close(_: Cause) -> Checked:
        b.watch.close()
        closed.set()
        return Checked(moved=True, finished=True)

    b.outcome = close
    script = b.start()
    script.says.put("hint")
    assert closed.wait(10)
    b.watch.arm()  # too late: what it hands over is closed at once
    assert b.armed.get(timeout=10).closed


class Raising(Script):
    def wait(self, timeout: float | None) -> Said:
        raise ValueError(f"a defect after {timeout}")

    def close(self) -> None:
        raise ValueError("another defect")


def test_a_watcher_that_raises_is_replaced(bench: Callable[..., Bench], caplog: pytest.LogCaptureFixture) -> None:
    b = bench()
    watchers: list[Script] = [Raising()]
    arm = b.arm
    b.watch._arm_source = lambda: watchers.pop() if watchers else arm()
    b.watch.arm()
    b.watch.start()
    script = b.armed.get(timeout=10)
    assert b.causes.get(timeout=10) == "armed"
    script.says.put("hint")
    assert b.causes.get(timeout=10) == "hint"
    assert "a watcher failed" in caplog.text
    assert "could not be closed" in caplog.text


def test_a_change_found_while_polling_is_not_missed(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotagents.watching._POLL", 0.5)
    b = bench(resync_interval=0.01)
    b.fail_arming = 1
    b.outcome = lambda _: Checked(moved=True, finished=True)
    b.watch.arm()
    b.watch.start()
    assert [b.causes.get(timeout=10) for _ in range(3)] == ["resync"] * 3
    assert b.watch.missed == 0
