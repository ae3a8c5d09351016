"""`PollingWatcher`: hints at a steady beat, for places where nothing tells of changes.

The beat goes on across waits: a caller who waits in short slices gets as many hints as one who waits long.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from hotagents.watchers.base import Wakeup

__all__ = ["PollingWatcher"]


@final
class PollingWatcher:
    """Says ``hint`` every ``interval`` seconds.

    Args:
        interval: Seconds from one hint to the next, more than zero.

    Raises:
        ValueError: If the interval is not positive.
    """

    __slots__ = ("_due", "_interval", "_stop")

    def __init__(self, interval: float = 1.0) -> None:
        if not interval > 0:
            raise ValueError(f"interval: expected seconds above 0, got {interval}")
        self._interval = interval
        self._due = time.monotonic() + interval
        self._stop = threading.Event()

    @property
    def mode(self) -> str:
        """Return ``polling``."""
        return "polling"

    def wait(self, timeout: float | None) -> Wakeup:
        """Block until the next beat, a close or the end of ``timeout`` seconds."""
        left = max(self._due - time.monotonic(), 0.0)
        if self._stop.wait(left if timeout is None else min(timeout, left)):
            return "stopped"
        if timeout is not None and timeout < left:
            return "timeout"
        self._due = time.monotonic() + self._interval
        return "hint"

    def close(self) -> None:
        """Make the present and all later waits return ``stopped``; any thread, any number of times."""
        self._stop.set()
