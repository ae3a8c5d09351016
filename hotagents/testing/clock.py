"""`FakeClock`: time that stands still until a test moves it.

What waits with the library's `hotagents.clock.Clock` then waits for the test, so hours pass in no time and never by
accident. Waiting itself is real: a thread blocks on its inbox, and an item wakes it at once.
"""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FakeClock"]

T = TypeVar("T")

_START: Final = datetime(2030, 1, 1, tzinfo=timezone.utc)
_ARBITRARY: Final = 1_000_000_000_000  # monotonic time does not begin at zero, so nobody may take it for "unset"
_SECOND: Final = 1_000_000_000


@final
class FakeClock:
    """A `hotagents.clock.Clock` that only `advance` moves.

    All methods may be called from any thread. A thread that waits in `get` with a time-out is registered with its
    deadline under one lock before it blocks; `advance` moves the time and, under the same lock, puts a private wake-up
    call into the inbox of each registered thread whose deadline has come. So no deadline is missed: a thread registers
    either before the move, and is woken, or after it, and counts from the new time. A thread that takes an item at the
    very moment of its wake-up call returns the item; the call stays in the inbox, and the next `get`, which knows its
    own call by identity, drops it. Hence an inbox has one reader, and is read through one clock alone. Nothing blocks
    under the lock.

    Time is counted in whole nanoseconds, so that ten times 0.1 s is one second.

    Args:
        start: What `now` says at first; aware.

    Raises:
        ValueError: If ``start`` has no time zone.
    """

    def __init__(self, start: datetime = _START) -> None:
        if start.utcoffset() is None:
            raise ValueError(f"start: expected an aware datetime, got {start!r}")
        self._start = start.astimezone(timezone.utc)
        self._passed = 0  # nanoseconds; written under the lock, read by anybody
        self._waits: list[_Wait] = []
        self._changed = threading.Condition()

    def now(self) -> datetime:
        """Return the start and what has passed, in UTC."""
        return self._start + timedelta(microseconds=self._passed // 1000)

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start."""
        return (_ARBITRARY + self._passed) / _SECOND

    def advance(self, seconds: float) -> None:
        """Let time pass, and wake whoever waits for a moment up to then.

        Returns without waiting for what the woken threads do; `wait_for_waiters` tells when they wait again.

        Raises:
            ValueError: If ``seconds`` is negative.
        """
        if seconds < 0:
            raise ValueError(f"seconds: time cannot go back, got {seconds!r}")
        with self._changed:
            self._pass(round(seconds * _SECOND))

    def get(self, inbox: queue.SimpleQueue[T], timeout: float | None) -> T | None:
        """Return the next item, or None once ``timeout`` seconds of this clock have passed (never, for None).

        Raises:
            ValueError: If ``timeout`` is negative.
            RuntimeError: If another thread waits on this inbox.
        """
        if timeout is not None and timeout < 0:
            raise ValueError(f"timeout: expected at least 0 seconds, got {timeout!r}")
        with self._waiting(inbox, timeout) as wait:
            while True:
                try:
                    item = inbox.get(block=not wait.is_over)
                except queue.Empty:
                    return None
                if item is wait:
                    return None
                if not isinstance(item, _Wait):
                    return item

    def wait_for_waiters(self, count: int, timeout: float = 5.0) -> None:
        """Block until at least ``count`` threads wait in `get` for a moment that is still to come.

        Args:
            count: How many.
            timeout: Real seconds.

        Raises:
            TimeoutError: If there were not that many in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiters() >= count, timeout):
                raise TimeoutError(f"expected {count} waiting threads within {timeout:g} s, found {self._waiters()}")

    def _waiters(self) -> int:
        return sum(wait.deadline is not None and not wait.is_over for wait in self._waits)

    @contextmanager
    def _waiting(self, inbox: queue.SimpleQueue[Any], timeout: float | None) -> Iterator[_Wait]:
        with self._changed:
            if any(wait.inbox is inbox for wait in self._waits):
                raise RuntimeError("another thread waits on this inbox; an inbox has one reader")
            wait = self._wait(inbox, timeout)
            self._waits.append(wait)
            self._changed.notify_all()
        try:
            yield wait
        finally:
            with self._changed:
                self._waits.remove(wait)

    def _wait(self, inbox: queue.SimpleQueue[Any], timeout: float | None) -> _Wait:
        if timeout is None:
            return _Wait(inbox, None)
        length = round(timeout * _SECOND)
        if timeout > 0 and length == 0:
            # What rounding left of a deadline: the caller would otherwise ask for it again and again while time stands.
            self._pass(1)
        wait = _Wait(inbox, self._passed + length)
        wait.is_over = length == 0  # nothing to wait for, so no call either
        return wait

    def _pass(self, nanoseconds: int) -> None:
        self._passed += nanoseconds
        for wait in self._waits:
            if wait.deadline is not None and wait.deadline <= self._passed and not wait.is_over:
                wait.inbox.put(wait)
                wait.is_over = True  # after the put: whoever reads it finds the call


@final
class _Wait:
    """One call of `FakeClock.get`, and the wake-up call for it; compared by identity.

    Attributes:
        inbox: Where it waits.
        deadline: In nanoseconds of the clock, None for no time-out.
        is_over: Whether its deadline came; changed under the clock's lock.
    """

    __slots__ = ("deadline", "inbox", "is_over")

    def __init__(self, inbox: queue.SimpleQueue[Any], deadline: int | None) -> None:
        self.inbox = inbox
        self.deadline = deadline
        self.is_over = False
