"""`Clock`: the one place that time comes from, so that tests can hold it still.

Wall-clock time (`now`) is only shown; every interval is measured by `monotonic`, which no administrator can set back.
`hotagents.testing.FakeClock` is the other implementation.
"""

from __future__ import annotations

import queue
import time
from datetime import datetime, timezone
from typing import Protocol, TypeVar, final

__all__ = ["Clock", "SystemClock"]

T = TypeVar("T")


class Clock(Protocol):
    """What the library needs to know of time."""

    def now(self) -> datetime:
        """Return the wall-clock time as an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only grow, from an arbitrary start."""
        ...

    def get(self, inbox: queue.SimpleQueue[T], timeout: float | None) -> T | None:
        """Return the next item of ``inbox``, or None once ``timeout`` seconds have passed (never, for None)."""
        ...


@final
class SystemClock:
    """The machine's clocks."""

    __slots__ = ()

    def now(self) -> datetime:
        """Return the wall-clock time as an aware UTC datetime."""
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        """Return `time.monotonic`."""
        return time.monotonic()

    def get(self, inbox: queue.SimpleQueue[T], timeout: float | None) -> T | None:
        """Return the next item, or None after ``timeout`` seconds."""
        try:
            return inbox.get(timeout=timeout)
        except queue.Empty:
            return None
