"""`Ending`: how a host waits for its loops, and what the signals that end it do meanwhile.

The first signal says who is waited for, a second one ends the wait. A handler only puts a word into the queue that the
host's own thread reads: what is said is said there, so that no handler takes the lock of a log that it interrupted.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Final, Literal, final

from hotagents.diagnostics import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.clock import Clock
    from hotagents.host.loop import RunnerLoop

__all__ = ["Ending"]

logger: Final = logging.getLogger("hotagents")
_LOOK: Final = 0.5  # seconds
_LONGEST_HURRY: Final = 1.0  # seconds for loops that were told to hurry; only a listener that hangs takes longer


@final
class Ending:
    """The news that a host waits for.

    Attributes:
        hurried: Whether a second signal came; written by the thread that waits.
    """

    def __init__(self, clock: Clock, grace: float) -> None:
        self._clock = clock
        self._grace = grace
        self._news: queue.SimpleQueue[RunnerLoop | Literal["signal"]] = queue.SimpleQueue()
        self._signals = 0
        self.hurried = False

    def ended(self, loop: RunnerLoop) -> None:
        """Tell of a loop's end. From any thread."""
        self._news.put(loop)

    def signalled(self) -> None:
        """Tell of a signal to end. Safe in a signal handler."""
        self._news.put("signal")

    def wait(self, loops: Sequence[RunnerLoop]) -> None:
        """Return once all of the loops, which were started, have ended; soon after a second signal in any case."""
        # A signal that comes after the interpreter's last look for one, just before the wait, does not interrupt it;
        # nor does any on Windows. So the thread that handles signals looks again now and then.
        look = _LOOK if threading.current_thread() is threading.main_thread() else None
        left, until = len(loops), float("inf")
        while left and self._clock.monotonic() < until:
            try:
                news = self._news.get(timeout=look)
            except queue.Empty:
                continue
            if news != "signal":
                left -= 1
            elif self._heed(loops):
                until = self._clock.monotonic() + _LONGEST_HURRY

    def _heed(self, loops: Sequence[RunnerLoop]) -> bool:
        """Say what a signal does; say whether it is the second, which ends the wait."""
        self._signals += 1
        busy = ", ".join(escape(r.name) for r in (loop.status for loop in loops) if r.state in {"starting", "running"})
        if self._signals == 1:
            logger.info("ending%s", f"; waiting up to {self._grace:g} s for: {busy}" if busy else "")
        if self._signals != 2:  # noqa: PLR2004 - the second
            return False
        self.hurried = True
        logger.warning("ending at once%s", f"; not waiting for: {busy}" if busy else "")
        for loop in loops:
            loop.hurry()
        return True
