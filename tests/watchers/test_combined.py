from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from hotagents.watchers import CombinedWatcher, PollingWatcher, SignalWatcher, TreeWatcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents.watchers import Wakeup, Watcher


class Scripted:
    """A child that answers from a list, then blocks until it is closed; ``broken`` makes it raise instead."""

    mode = "scripted"

    def __init__(self, *wakeups: Wakeup, broken: bool = False) -> None:
        self.wakeups = list(wakeups)
        self.broken = broken
        self.waits = 0
        self.closed = threading.Event()
        self.on_close: Callable[[], object] = lambda: None

    def wait(self, timeout: float | None) -> Wakeup:
        self.waits += 1
        if self.wakeups:
            return self.wakeups.pop(0)
        if self.broken:
            raise RuntimeError("broken")
        self.closed.wait(timeout)
        self.on_close()
        return "stopped"

    def close(self) -> None:
        self.closed.set()


def pumps() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("hotagents-")]


def test_any_child_wakes_the_wait() -> None:
    children = [SignalWatcher(), SignalWatcher()]
    watcher = CombinedWatcher(children)
    for child in children:
        child.notify()
        assert watcher.wait(5) == "hint"
    assert watcher.wait(0.01) == "timeout"
    assert watcher.wait(-1) == "timeout"
    watcher.close()


def test_a_timeout_of_a_child_is_no_wakeup() -> None:
    watcher = CombinedWatcher([Scripted("timeout")])
    assert watcher.wait(0.02) == "timeout"
    watcher.close()


def test_a_storm_of_hints_that_nobody_hears_is_one() -> None:
    child = Scripted()
    child.wakeups += ["hint"] * 1000
    watcher = CombinedWatcher([child])
    end = time.monotonic() + 5
    while child.wakeups and time.monotonic() < end:
        child.closed.wait(0.001)
    assert watcher._inbox.qsize() == 1
    assert watcher.wait(5) == "hint"
    watcher.close()


def test_lost_passes_through_stays_and_does_not_spin() -> None:
    child = Scripted("lost", "lost", "lost")
    watcher = CombinedWatcher([child, SignalWatcher()])
    assert watcher.wait(5) == "lost"
    assert watcher.wait(None) == "lost"
    assert child.waits == 1
    watcher.close()
    assert watcher.wait(None) == "stopped"


def test_lost_wins_over_hints() -> None:
    child = SignalWatcher()
    watcher = CombinedWatcher([child])
    watcher._inbox.put("hint")
    watcher._inbox.put("lost")
    watcher._inbox.put("hint")
    assert watcher.wait(5) == "lost"
    watcher.close()


def test_a_child_that_breaks_is_lost() -> None:
    watcher = CombinedWatcher([Scripted(broken=True)])
    assert watcher.wait(5) == "lost"
    watcher.close()


def test_a_child_that_somebody_else_closed_is_lost() -> None:
    child = SignalWatcher()
    watcher = CombinedWatcher([child])
    child.close()
    assert watcher.wait(5) == "lost"
    watcher.close()


def test_close_wakes_the_wait_closes_the_children_and_ends_the_threads() -> None:
    children: list[Watcher] = [SignalWatcher(), PollingWatcher(60)]
    watcher = CombinedWatcher(children)
    timer = threading.Timer(0.02, watcher.close)
    timer.start()
    assert watcher.wait(None) == "stopped"
    timer.join(5)
    watcher.close()
    assert [child.wait(0) for child in children] == ["stopped", "stopped"]
    assert pumps() == []


def test_close_races_with_waits_and_leaks_neither_threads_nor_descriptors(
    tmp_path: Path,
    descriptors: Callable[[], set[tuple[str, str]]],
    leaves_no_descriptor: Callable[[set[tuple[str, str]]], None],
) -> None:
    before = descriptors()
    for _ in range(100):
        bell = SignalWatcher()
        watcher = CombinedWatcher([TreeWatcher([str(tmp_path)], step=0.001), bell])
        ends: list[str] = []

        def wait(watcher: CombinedWatcher = watcher, ends: list[str] = ends) -> None:
            while (end := watcher.wait(None)) == "hint":
                pass
            ends.extend((end, watcher.wait(None)))

        thread = threading.Thread(target=wait)
        thread.start()
        bell.notify()
        watcher.close()
        thread.join(5)
        assert ends == ["stopped", "stopped"]
    assert pumps() == []
    leaves_no_descriptor(before)


def test_a_child_that_will_not_end_delays_close_by_a_second_at_most() -> None:
    child = Scripted()
    hold = threading.Event()
    child.on_close = lambda: hold.wait(10)
    watcher = CombinedWatcher([child])
    start = time.monotonic()
    watcher.close()
    assert 0.9 < time.monotonic() - start < 5
    hold.set()
    for pump in pumps():
        pump.join(5)


def test_a_pump_that_closes_does_not_join_itself() -> None:
    child = Scripted()
    watcher = CombinedWatcher([child])
    child.on_close = watcher.close
    child.closed.set()
    for pump in pumps():
        pump.join(5)
    assert pumps() == []
    assert watcher.wait(None) == "stopped"


def test_a_thread_that_cannot_start_closes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start
    started: list[str] = []

    def start_one(thread: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread.name)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    children = [Scripted(), Scripted()]
    with pytest.raises(OSError, match="can't start new thread"):
        CombinedWatcher(children)
    assert all(child.closed.is_set() for child in children)
    assert pumps() == []


def test_the_mode_names_each_way_once() -> None:
    watcher = CombinedWatcher([SignalWatcher(), PollingWatcher(), SignalWatcher()])
    assert watcher.mode == "memory+polling"
    watcher.close()
