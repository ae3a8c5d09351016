"""`Execution`: one call of a runner's method, plain or async, that the host can wait for and give up on.

A plain method runs on a daemon thread of its own, since Python cannot end a thread: one that ignores its deadline is
left behind, and the process can still exit. What it returns, if awaitable, is awaited on the host's one event loop, so
that an async runner finds its clients and locks on the same loop in each cycle.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, NamedTuple, final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

__all__ = ["AsyncLoop", "Done", "Execution"]


class Done(NamedTuple):
    """The end of a call.

    Attributes:
        execution: Which call.
        value: What it returned.
        error: What it raised, or None.
    """

    execution: Execution
    value: Any
    error: BaseException | None


@final
class AsyncLoop:
    """One event loop on one daemon thread, begun when first needed.

    `submit` is called by the threads of executions, `close` by the host once they have ended or were given up.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def submit(self, awaitable: Awaitable[Any]) -> Future[Any]:
        """Begin to await on the loop."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._run, args=(self._loop,), name="hotagents-async", daemon=True
                )
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(_awaited(awaitable), self._loop)

    def close(self, timeout: float = 1.0) -> None:
        """Cancel what still runs and end the loop within ``timeout`` seconds."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout)

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()


@final
class Execution:
    """One call on its way; ``report`` hears of its end, from the call's own thread."""

    def __init__(self, call: Callable[[], Any], loop: AsyncLoop, report: Callable[[Done], None], *, name: str) -> None:
        self._call = call
        self._loop = loop
        self._report = report
        # Guards the hand-over between the call's thread, which makes the future, and cancel().
        self._lock = threading.Lock()
        self._future: Future[Any] | None = None
        self._cancelled = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Cancel what is awaited; a plain call can only be asked, through ``cycle.cancelled``."""
        with self._lock:
            self._cancelled = True
            future = self._future
        if future is not None:
            future.cancel()

    def _run(self) -> None:
        try:
            value = self._call()
            if inspect.isawaitable(value):
                value = self._await(value)
        except BaseException as error:  # noqa: BLE001 - also SystemExit of a runner is just the end of its cycle
            self._report(Done(self, None, error))
        else:
            self._report(Done(self, value, None))

    def _await(self, awaitable: Awaitable[Any]) -> Any:
        future = self._loop.submit(awaitable)
        with self._lock:
            self._future = future
            cancelled = self._cancelled
        if cancelled:
            future.cancel()
        try:
            return future.result()
        except (CancelledError, asyncio.CancelledError) as error:
            raise TimeoutError("cancelled") from error


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
