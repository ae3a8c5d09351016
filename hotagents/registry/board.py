"""`Board`: the one mutable cell, and everybody who waits for it to change.

One lock orders publications and wakes waiters; it is held for an assignment and never while foreign code runs. Readers
of ``current`` do not come here: the registry's attribute is assigned inside that lock and read without it, which is
safe because it is a single reference to an immutable value.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Generic, TypeVar, final

from hotagents.errors import ForkedError, NotStartedError
from hotagents.generation import published
from hotagents.pin import Pin
from hotagents.spec import AgentSpec
from hotagents.weak import members

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from hotagents.diagnostics import Diagnostic
    from hotagents.generation import Generation
    from hotagents.loading import Candidate

__all__ = ["Board"]

S = TypeVar("S", bound=AgentSpec)
R = TypeVar("R")
# Seconds. A signal's handler runs in the main thread: closing there, between the look and the sleep, wakes nobody.
_LONGEST_IN_MAIN: Final = 1.0


@final
class Board(Generic[S]):
    """The current generation, those before it, and the condition that announces a change.

    `publish` and `restore` are called by one thread at a time (under the check lock); everything else by any thread.

    Attributes:
        closed: Whether nothing will be published any more.
        forked: Whether this is the copy in a forked child, where nothing will ever happen and locks may be held for
            ever; set there by the fork hook.
        rejections: Candidates refused so far.
        subscriber_errors: Calls of subscribers that raised so far.
    """

    def __init__(self, assign: Callable[[Generation[S]], None], *, history: int) -> None:
        """``assign`` puts a new generation where readers find it; ``history`` is how many are kept."""
        self._assign = assign
        # Reentrant, so that a signal handler of the main thread that closes the registry cannot meet itself.
        self._changed = threading.Condition(threading.RLock())
        self._history: deque[Generation[S]] = deque(maxlen=max(1, history))
        self._pins: weakref.WeakSet[Pin[S]] = weakref.WeakSet()
        self._number = 0
        self.closed = False
        self.forked = False
        self.rejections = 0
        self.subscriber_errors = 0

    @property
    def current(self) -> Generation[S]:
        """The newest generation.

        Raises:
            NotStartedError: If there is none.
            ForkedError: In a forked child: what a pin or an iterator from before the fork would see is stale.
        """
        self._refuse_forked()
        try:
            return self._history[0]
        except IndexError:
            raise NotStartedError("nothing was published yet") from None

    @property
    def latest(self) -> Generation[S] | None:
        """The newest generation, or None before the first."""
        return self._history[0] if self._history else None

    def history(self) -> tuple[Generation[S], ...]:
        """Return the generations kept, newest first."""
        with self._changed:
            return tuple(self._history)

    def publish(
        self,
        candidate: Candidate[S],
        *,
        diagnostics: tuple[Diagnostic, ...],
        created_at: datetime,
        also: Callable[[Generation[S]], None],
    ) -> Generation[S]:
        """Make a candidate current under the next number, wake all waiters, and tell pins that lost a right.

        ``also`` is called in the same instant, so that whoever looks with `look` sees both or neither.
        """
        restores = self._latest_of(candidate.digest)
        return self._put(
            published(
                candidate, number=self._number + 1, restores=restores, diagnostics=diagnostics, created_at=created_at
            ),
            also,
        )

    def restore(
        self, generation: Generation[S], *, created_at: datetime, also: Callable[[Generation[S]], None]
    ) -> Generation[S]:
        """Make what an earlier generation holds current once more, under the next number; else like `publish`."""
        restores = self._latest_of(generation.digest)
        return self._put(replace(generation, number=self._number + 1, restores=restores, created_at=created_at), also)

    def _latest_of(self, digest: str) -> int | None:
        return next((g.number for g in self.history() if g.digest == digest), None)

    def _put(self, generation: Generation[S], also: Callable[[Generation[S]], None]) -> Generation[S]:
        with self._changed:
            self._number = generation.number
            self._history.appendleft(generation)
            self._assign(generation)
            also(generation)
            pins = members(self._pins)
            self._changed.notify_all()
        # After the assignment: a pin made from here on sees the new generation, those made before are in the list.
        for pin in pins:
            pin.follow(generation)
        return generation

    def look(self, read: Callable[[], R]) -> tuple[Generation[S] | None, R]:
        """Return the newest generation and what ``read`` returns, of one instant between two publications."""
        with self._changed:
            return self.latest, read()

    def reject(self) -> None:
        """Count a refused candidate and wake those who wait for that."""
        with self._changed:
            self.rejections += 1
            self._changed.notify_all()

    def subscriber_failed(self) -> None:
        """Count a call of a subscriber that raised."""
        with self._changed:
            self.subscriber_errors += 1

    def close(self) -> None:
        """Wake all waiters for the last time."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def wake(self) -> None:
        """Let all waiters look again whether they should still wait."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, done: Callable[[], bool], *, timeout: float | None = None) -> bool:
        """Wait until ``done()`` is true, the board is closed, or ``timeout`` seconds have passed; return ``done()``.

        Args:
            done: Cheap, takes no lock; called under the board's lock.
            timeout: Seconds; None for no limit.
        """
        self._refuse_forked()
        deadline = None if timeout is None else time.monotonic() + timeout
        is_main = threading.current_thread() is threading.main_thread()
        longest = _LONGEST_IN_MAIN if is_main else threading.TIMEOUT_MAX
        with self._changed:
            while not done() and not self.closed:
                left = longest if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(min(left, longest))
            return done()

    def _refuse_forked(self) -> None:
        if self.forked:
            raise ForkedError("this belongs to a registry that was started before the fork; start one in this process")

    def pin(self) -> Pin[S]:
        """Return the current generation pinned; the caller closes it."""
        with self._changed:
            pin = Pin(self.current, lambda: self.current, self._unpin, self._pin_again)
            self._pins.add(pin)
        return pin

    def _pin_again(self, pin: Pin[S]) -> Pin[S]:
        """Return another pin like one that is held.

        All within the lock, so that no publication comes between. One whose list was made before may not have told
        ``pin`` yet; it is current by then, so the new pin follows it here, before any other thread can reach it.

        Raises:
            ValueError: If it is closed.
        """
        with self._changed:
            if pin not in self._pins:
                raise ValueError("the pin is closed; duplicate it before")
            twin = Pin(pin.generation, lambda: self.current, self._unpin, self._pin_again, left=pin.left)
            twin.follow(self.current)
            self._pins.add(twin)
        return twin

    @property
    def pins(self) -> int:
        """How many pins are held."""
        with self._changed:
            return len(self._pins)

    def _unpin(self, pin: Pin[S]) -> None:
        with self._changed:
            self._pins.discard(pin)
