"""`Changes`: waiting for generations, one waiter at a time and none in another's way.

Nothing is queued. A waiter remembers what it saw last and compares that with what is current; whatever was published
between is contained in the difference. A slow one therefore sees fewer, larger changes, and never a stale one last.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, final

from hotagents.errors import ClosedError
from hotagents.generation import Change, Generation
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from types import TracebackType

    from hotagents.registry.board import Board

__all__ = ["Changes", "Subscription", "Waiter"]

logger: Final = logging.getLogger(__name__)
S = TypeVar("S", bound=AgentSpec)


@final
class Changes(Iterator[Change[S]], Generic[S]):
    """An iterator over changes, subscribed from the moment it is made; ends at the registry's `close` or its own.

    Used by one thread at a time; `close` by any.
    """

    def __init__(self, board: Board[S], after: Generation[S] | None) -> None:
        """Begin after the given generation, or after the one that is current now."""
        self._board = board
        self._last = board.current if after is None else after
        self._closed = False

    def __next__(self) -> Change[S]:
        change = self.take()
        if change is None:
            raise StopIteration
        return change

    def take(self, timeout: float | None = None) -> Change[S] | None:
        """Wait for a generation newer than the last one taken; None at the end or after ``timeout`` seconds.

        A change that came before the close is still taken after it.
        """
        self._board.wait(self.is_ready, timeout=timeout)
        change = self.peek()
        if change is not None:
            self.took(change)
        return change

    def peek(self) -> Change[S] | None:
        """Return what `take` would, without waiting and without taking it."""
        previous, generation = self._last, self._board.current
        if self._closed or generation.number <= previous.number:
            return None
        return Change(previous, generation, previous.diff(generation))

    def took(self, change: Change[S]) -> None:
        """Go on after a change that was looked at."""
        self._last = change.generation

    def close(self) -> None:
        """End the iteration, also one that waits in another thread. Any number of times."""
        self._closed = True
        self._board.wake()

    def is_ready(self) -> bool:
        """Say whether `take` would return at once."""
        return self._closed or self._board.current.number > self._last.number


@final
class Waiter(Generic[S]):
    """Waits for a generation of a kind; can be given up from another thread."""

    def __init__(self, board: Board[S]) -> None:
        self._board = board
        self._given_up = False

    def wait_for(self, predicate: Callable[[Generation[S]], object], timeout: float) -> Generation[S]:
        """Return the first current generation that fits; ``predicate`` runs without any lock.

        Raises:
            TimeoutError: If none came within ``timeout`` seconds.
            ClosedError: If the registry was closed meanwhile.
        """
        deadline = time.monotonic() + timeout
        while True:
            generation = self._board.current
            if predicate(generation):
                return generation
            left = max(0.0, deadline - time.monotonic())
            if self._board.wait(lambda: self._given_up or self._board.current is not generation, timeout=left):  # noqa: B023 - called before the next turn
                if self._given_up:
                    raise TimeoutError("the wait was given up")
            elif self._board.closed:
                raise ClosedError("the registry was closed while waiting for a generation")
            else:
                raise TimeoutError(f"no generation fitted within {timeout:g} s; current is {generation.number}")

    def wait_until(self, done: Callable[[], bool]) -> None:
        """Wait until ``done()``, the registry's close, or until given up."""
        self._board.wait(lambda: self._given_up or done())

    def close(self) -> None:
        """Give up."""
        self._given_up = True
        self._board.wake()


@final
class Subscription(Generic[S]):
    """A callback and the daemon thread that calls it with each change, latest wins; closed by whoever subscribed.

    What the callback raises is logged and counted, and the next change is delivered all the same. The callback may use
    the registry in any way, closing it included.

    Attributes:
        errors: How many calls raised.
    """

    def __init__(self, board: Board[S], callback: Callable[[Change[S]], object]) -> None:
        self.errors = 0  # written by the subscription's thread alone
        self._board = board
        self._changes = Changes(board, None)
        self._callback = callback
        self._thread = threading.Thread(target=self._run, name=f"hotagents-subscriber-{_name(callback)}", daemon=True)
        self._thread.start()

    @property
    def is_running_here(self) -> bool:
        """Whether the caller is the callback itself."""
        return threading.current_thread() is self._thread

    def close(self, timeout: float = 1.0) -> None:
        """Stop, and wait up to ``timeout`` seconds for a running call unless this is it. Any number of times."""
        self._changes.close()
        if not self.is_running_here:
            self._thread.join(timeout)

    def __enter__(self) -> Subscription[S]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        for change in self._changes:
            try:
                self._callback(change)
            except BaseException:  # also SystemExit: no callback ends the delivery of changes
                self.errors += 1
                self._board.subscriber_failed()
                number = change.generation.number
                logger.exception("subscriber %s failed on generation %d", _name(self._callback), number)


def _name(callback: Callable[..., Any]) -> str:
    return getattr(callback, "__qualname__", type(callback).__name__)
