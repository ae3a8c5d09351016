"""`Watch`: one thread that turns hints and resyncs into checks, and cannot die silently.

A hint says *look*, never *what*: the check compares the source's token and reads only when that moved. Because events
can be lost without a trace (a queue overflows, a mount is torn down, a file system has none), the watch also looks

- after each arming, since a change may have come just before;
- every ``resync_interval`` seconds; a change that only this look finds is counted as missed, and the watch armed anew.

After every finished check the watch writes its heartbeat. A check that could not read its source is not finished.
"""

from __future__ import annotations

import logging
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, final

from hotagents.watchers import PollingWatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from hotagents.clock import Clock
    from hotagents.watchers import Wakeup, Watcher

__all__ = ["NO_ERRORS", "Cause", "Checked", "Watch", "WatchState"]

logger: Final = logging.getLogger(__name__)

Cause = Literal["hint", "resync", "armed"]
NO_ERRORS: Final[Mapping[str, int]] = MappingProxyType({"lost": 0, "unavailable": 0, "defect": 0})
"""The kinds of what can go wrong with a watch, none of which happened."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_POLL: Final = 1.0
_MOST_IN_A_ROW: Final = 3


class Checked(NamedTuple):
    """The outcome of one check, as far as the watch is concerned.

    Attributes:
        moved: Whether the source's token had moved since the check before.
        finished: Whether the source could be read.
    """

    moved: bool
    finished: bool


class WatchState(NamedTuple):
    """What the watch is doing.

    Attributes:
        mode: How hints arrive.
        reason: ``Polling`` where events cannot be had, ``Rearming`` while the watch is rebuilt, else empty.
        message: Why, for people.
        since: When it began, aware UTC.
    """

    mode: str
    reason: str = ""
    message: str = ""
    since: datetime | None = None


@final
class Watch:
    """The thread, its watcher and its heartbeat.

    `arm` and `close` may be called by any thread, `start` once; everything else runs on the watch's own thread. The
    attributes are single references or numbers, written by that thread alone (before `start` by the one that arms)
    and read by any.

    Attributes:
        state: What the watch is doing.
        missed: Changes that no event announced.
        errors: What went wrong with the watch so far, by the kinds of `NO_ERRORS`.
        beat: When the last check finished: the clock's monotonic seconds and the wall-clock time.
        checking_since: When the check began that is under way, in the clock's monotonic seconds; None between checks.
    """

    def __init__(
        self,
        arm: Callable[[], Watcher],
        check: Callable[[Cause], Checked],
        *,
        resync_interval: float,
        clock: Clock,
    ) -> None:
        """``arm`` gives a new watcher or raises OSError; ``check`` compares and, where needed, reloads."""
        self._arm_source = arm
        self._check_source = check
        self._resync_interval = resync_interval
        self._clock = clock
        self._watcher: Watcher | None = None
        self._stopped = threading.Event()
        # Guards handing a watcher over: close() either finds it here and closes it, or the arming thread sees the stop.
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="hotagents-watch", daemon=True)
        self._pause = _FIRST_PAUSE
        self._rearm_at: float | None = None
        self._armed_at = 0.0
        self._rearmed = 0
        self.state = WatchState("none")
        self.missed = 0
        self.errors = NO_ERRORS
        self.beat: tuple[float, datetime] | None = None
        self.checking_since: float | None = None

    def arm(self) -> None:
        """Arm the watch; where events cannot be had, poll, and try again later with growing pauses."""
        self._armed_at = self._clock.monotonic()
        try:
            watcher = self._arm_source()
            mode = watcher.mode
        except Exception as error:  # noqa: BLE001 - an armed watch is worth having, never worth dying for
            self._fall_back(error)
            return
        self._rearm_at = None
        self.state = WatchState(mode)
        self._hand_over(watcher)

    def start(self) -> None:
        """Start the thread; the caller has armed and made the first check."""
        self.beaten()
        self._thread.start()
        if self.state.reason:
            logger.warning("%s", self.state.message)

    def beaten(self) -> None:
        """Note that a check has finished now."""
        self.beat = (self._clock.monotonic(), self._clock.now())

    def close(self, timeout: float = 1.0) -> None:
        """Stop and wait up to ``timeout`` seconds for the thread, unless that is the caller. Any number of times."""
        self._stopped.set()
        with self._lock:
            watcher = self._watcher
        if watcher is not None:
            _close(watcher)
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        next_resync = self._clock.monotonic() + self._resync_interval
        while not self._stopped.is_set():
            watcher = self._watcher
            assert watcher is not None  # noqa: S101 - armed before the start, replaced but never taken away
            wakeup = _wait(watcher, max(0.0, next_resync - self._clock.monotonic()))
            if wakeup == "stopped":
                break
            due = self._clock.monotonic() >= next_resync
            if due:
                next_resync = self._clock.monotonic() + self._resync_interval
            if wakeup == "lost":
                self._count("lost")
                self._rearm("the watch was lost")
            elif self._rearm_at is not None and self._clock.monotonic() >= self._rearm_at:
                self._rearm("events could not be had before")
            elif wakeup == "hint":
                self._check("hint")
            elif due:
                self._resync(watcher)
        self._release()

    def _resync(self, watcher: Watcher) -> None:
        if not self._check("resync").moved or self._stopped.is_set():
            return
        if self.state.mode == "polling" or _wait(watcher, 0.0) == "hint":
            return  # there are no events, or the event was on its way
        self.missed += 1
        logger.warning("a change was found that no event had announced; the watch is armed anew")
        self._rearm("a change came without an event")

    def _rearm(self, why: str) -> None:
        """Replace the watcher, then look: what changed between the old one's end and the new one's start is found."""
        polling = self._rearm_at is not None
        in_a_row = self._clock.monotonic() - self._armed_at < _POLL
        self._rearmed = self._rearmed + 1 if in_a_row else 0
        self.state = WatchState(self.state.mode, "Rearming", why, self._clock.now())
        self._release()
        if not polling and self._rearmed > _MOST_IN_A_ROW:
            self._fall_back(OSError(f"{why} {self._rearmed} times in a row, right after it was armed"))  # never spin
        else:
            self.arm()
        if self._check("armed").moved and not polling and not self._stopped.is_set():
            self.missed += 1

    def _fall_back(self, error: Exception) -> None:
        self._count("unavailable")
        message = f"no events: {error}; looking every {_POLL:g} s, next try in {self._pause:g} s"
        if self._rearm_at is None and self._thread.ident is not None:  # before the start nothing may come of it
            logger.warning("%s", message)
        self._rearm_at = self._clock.monotonic() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        since = self.state.since if self.state.reason == "Polling" else self._clock.now()
        self.state = WatchState("polling", "Polling", message, since)
        self._hand_over(PollingWatcher(_POLL))

    def _check(self, cause: Cause) -> Checked:
        self.checking_since = self._clock.monotonic()
        try:
            checked = self._check_source(cause)
        except Exception:
            # Not to be reached: whatever a source or a plugin raises is a result. A defect must not end the watch, and
            # without a heartbeat the liveness probe will tell.
            self._count("defect")
            logger.exception("a check failed in a way that it must not")
            return Checked(moved=False, finished=False)
        finally:
            self.checking_since = None
        if checked.finished:
            self.beaten()
            if self._rearm_at is None:
                self._pause = _FIRST_PAUSE
        return checked

    def _count(self, kind: str) -> None:
        self.errors = MappingProxyType({**self.errors, kind: self.errors[kind] + 1})

    def _hand_over(self, watcher: Watcher) -> None:
        with self._lock:
            before, self._watcher = self._watcher, watcher
            stopped = self._stopped.is_set()
        if before is not None:
            _close(before)
        if stopped:
            _close(watcher)

    def _release(self) -> None:
        with self._lock:
            watcher = self._watcher
        if watcher is not None:
            _close(watcher)


def _wait(watcher: Watcher, timeout: float) -> Wakeup:
    """Wait; a watcher of the program's own that raises is lost, and the watch goes on with another."""
    try:
        return watcher.wait(timeout)
    except Exception:
        logger.exception("a watcher failed; the watch is armed anew")
        return "lost"


def _close(watcher: Watcher) -> None:
    try:
        watcher.close()
    except Exception:
        logger.exception("a watcher could not be closed")
