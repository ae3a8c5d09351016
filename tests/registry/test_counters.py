from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, Memory, SourceError
from hotagents.clock import SystemClock
from hotagents.testing import FakeClock
from hotagents.watching import Checked, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from hotagents import Snapshot
    from hotagents.watchers import Wakeup, Watcher
    from hotagents.watching import Cause


class Broken:
    """A source that can be made to fail, and whose watcher cannot be armed at will."""

    def __init__(self, files: dict[str, str]) -> None:
        self.memory = Memory(files)
        self.fault: Exception | None = None
        self.unarmable = False

    def read(self) -> Snapshot:
        if self.fault is not None:
            raise self.fault
        return self.memory.read()

    def token(self) -> Hashable:
        return self.memory.token()

    def watcher(self) -> Watcher:
        if self.unarmable:
            raise OSError("no events today")
        return self.memory.watcher()


def test_what_was_read_is_counted_by_what_it_came_to(agent: Callable[..., str]) -> None:
    source = Broken({"a.md": agent("a")})
    with ConfigRegistry(source) as registry:
        assert registry.status.reloads == {"published": 1, "unchanged": 0, "rejected": 0, "failed": 0, "held": 0}
        registry.reload()
        source.memory.write({"a.md": "---\nname: a\n---\n"})
        registry.reload()
        source.fault = SourceError("gone", reason="Missing")
        registry.reload()
        seen = dict(registry.status.reloads)
        assert seen["unchanged"] >= 1
        assert seen["rejected"] >= 1
        assert seen["failed"] >= 1
        source.fault = None
        source.memory.write({"a.md": agent("a")})
        registry.reload()
        registry.rollback(1)
        source.memory.write({"a.md": agent("a", "other")})
        registry.reload()
        assert registry.status.reloads["held"] >= 1


def test_a_check_that_finds_nothing_moved_reads_nothing_and_counts_nothing(agent: Callable[..., str]) -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry.fixed({"a.md": agent("a")})
    before = registry.status.reloads
    registry._core._reloader.check()
    assert registry.status.reloads is before


def test_how_long_the_last_reading_took_is_told(agent: Callable[..., str]) -> None:
    clock = FakeClock()

    class Slow(Broken):
        def read(self) -> Snapshot:
            clock.advance(2.5)
            return super().read()

    with ConfigRegistry(Slow({"a.md": agent("a")}), clock=clock) as registry:
        assert registry.status.last_reload_seconds == pytest.approx(2.5)


def test_a_watch_that_cannot_be_armed_or_is_lost_is_counted(agent: Callable[..., str]) -> None:
    source = Broken({"a.md": agent("a")})
    source.unarmable = True
    with ConfigRegistry(source) as registry:
        assert registry.status.watch_errors == {"lost": 0, "unavailable": 1, "defect": 0}


def test_the_counters_of_a_registry_that_is_not_started_are_all_there_and_nothing(agent: Callable[..., str]) -> None:
    status = ConfigRegistry(Memory({"a.md": agent("a")})).status
    assert set(status.reloads) == {"published", "unchanged", "rejected", "failed", "held"}
    assert not any((*status.reloads.values(), *status.watch_errors.values()))
    assert status.to_dict()["reloads"] == dict(status.reloads)


class Saying:
    """A watcher that says what it is told to."""

    mode = "said"

    def __init__(self, *words: Wakeup) -> None:
        self._words: queue.SimpleQueue[Wakeup] = queue.SimpleQueue()
        for word in words:
            self._words.put(word)

    def wait(self, timeout: float | None) -> Wakeup:
        del timeout
        return self._words.get()

    def close(self) -> None:
        self._words.put("stopped")


def test_a_lost_watch_and_a_defect_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    watchers = [Saying("lost"), Saying("hint")]
    checked = threading.Event()

    def check(cause: Cause) -> Checked:
        if cause == "hint":
            checked.set()
            raise ValueError("a defect")
        return Checked(moved=False, finished=True)

    watch = Watch(lambda: watchers.pop(0), check, resync_interval=3600.0, clock=SystemClock())
    watch.arm()
    watch.start()
    assert checked.wait(10.0)
    watch.close()
    assert watch.errors == {"lost": 1, "unavailable": 0, "defect": 1}
    assert "must not" in caplog.text
