"""Async waiting: the blocking wait in a worker thread, which is woken when its caller is cancelled.

A worker thread only waits and looks; a change counts as taken once it is back in its task, so that none is lost in a
thread whose caller has gone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, Generic, Self, TypeVar, final

from anyio import CancelScope, CapacityLimiter, get_cancelled_exc_class, to_thread

from hotagents.generation import Change
from hotagents.registry.changes import Changes, Waiter
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from types import TracebackType

    from hotagents.generation import Generation
    from hotagents.registry.board import Board
    from hotagents.registry.core import Core
    from hotagents.status import ReloadResult

__all__ = ["AsyncChanges", "Twins", "in_thread", "waiting"]

S = TypeVar("S", bound=AgentSpec)
R = TypeVar("R")


class Twins(Generic[S]):
    """The async twins of a registry's methods: each runs the blocking call in a worker thread, and nothing else."""

    __slots__ = ()

    async def astart(self) -> Generation[S]:
        """`start`, without blocking the event loop; if cancelled, the registry is closed."""
        try:
            return await in_thread(self.start)
        except get_cancelled_exc_class():
            await self.aclose()  # nobody knows of what was started, so nobody else will
            raise

    async def aclose(self) -> None:
        """`close`, without blocking the event loop; done to its end, also in a task that is cancelled."""
        with CancelScope(shield=True):
            await in_thread(self.close)

    async def areload(self) -> ReloadResult:
        """`reload`, without blocking the event loop."""
        return await in_thread(self.reload)

    def achanges(self, *, after: Generation[S] | None = None) -> AsyncChanges[S]:
        """`changes`, without blocking the event loop; latest wins, nothing is queued. Subscribes at this call."""
        return AsyncChanges(self._core.board, self.changes(after=after))

    async def await_for(self, predicate: Callable[[Generation[S]], object], *, timeout: float) -> Generation[S]:  # noqa: ASYNC109 - the twin of wait_for
        """`wait_for`, without blocking the event loop; ``predicate`` runs in a worker thread."""
        waiter = Waiter(self._core.board)
        return await waiting(waiter, partial(waiter.wait_for, predicate, timeout))

    async def __aenter__(self) -> Self:
        await self.astart()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    if TYPE_CHECKING:  # what they are twins of
        _core: Core[S]

        def start(self) -> Generation[S]: ...  # noqa: D102
        def close(self) -> None: ...  # noqa: D102
        def reload(self) -> ReloadResult: ...  # noqa: D102
        def changes(self, *, after: Generation[S] | None = None) -> Changes[S]: ...  # noqa: D102


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
