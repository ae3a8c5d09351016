"""Async waiting: the blocking wait in a worker thread, which is woken when its caller is cancelled.

A worker thread only waits and looks; a change counts as taken once it is back in its task, so that none is lost in a
thread whose caller has gone.
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

__all__ = ["AsyncChanges", "in_thread", "waiting"]

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
        change = await in_thread(self._changes.peek)
        if change is None:
            raise StopAsyncIteration
        self._changes.took(change)
        return change

    async def aclose(self) -> None:
        """End the iteration."""
        self._changes.close()


async def in_thread(call: Callable[[], R]) -> R:
    """Return what a short call returns; it counts against no limit of worker threads, and so never waits for one."""
    return await to_thread.run_sync(call, limiter=CapacityLimiter(1))


async def waiting(waiter: Waiter[S], call: Callable[[], R]) -> R:
    """Return what ``call``, which waits by means of ``waiter``, returns; no limit of worker threads counts it."""
    try:
        return await to_thread.run_sync(call, abandon_on_cancel=True, limiter=CapacityLimiter(1))
    finally:
        waiter.close()
