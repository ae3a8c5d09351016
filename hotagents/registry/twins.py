"""Async waiting: the blocking wait in a worker thread, which is woken when its caller is cancelled.

Only the wait is given up on cancellation. Taking a change is a second, short step that is never abandoned, so that no
change can be taken by a thread whose caller has gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar, final

from anyio import CapacityLimiter, to_thread

from hotagents.generation import Change
from hotagents.registry.changes import Changes, Waiter
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from hotagents.registry.board import Board

__all__ = ["AsyncChanges", "waiting"]

S = TypeVar("S", bound=AgentSpec)
R = TypeVar("R")


@final
class AsyncChanges(AsyncIterator[Change[S]], Generic[S]):
    """An async iterator over changes, subscribed from the moment it is made; used by one task at a time.

    It holds nothing between two items, so a loop that is left early leaves nothing behind; one that is cancelled while
    it waits can be resumed.
    """

    def __init__(self, board: Board[S], changes: Changes[S]) -> None:
        self._board = board
        self._changes = changes

    async def __anext__(self) -> Change[S]:
        waiter = Waiter(self._board)
        await waiting(waiter, partial(waiter.wait_until, self._changes.is_ready))
        change = await to_thread.run_sync(partial(self._changes.take, 0.0))
        if change is None:
            raise StopAsyncIteration
        return change

    async def aclose(self) -> None:
        """End the iteration."""
        self._changes.close()


async def waiting(waiter: Waiter[S], call: Callable[[], R]) -> R:
    """Return what ``call``, which waits by means of ``waiter``, returns; no limit of worker threads counts it."""
    try:
        return await to_thread.run_sync(call, abandon_on_cancel=True, limiter=CapacityLimiter(1))
    finally:
        waiter.close()
