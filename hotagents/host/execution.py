"""`Execution`: one call of a runner's method, plain or async, that the host can wait for and give up on.

A plain method runs on a daemon thread of its own, since Python cannot end a thread: one that ignores its deadline is
left behind, and the process can still exit. What it returns, if awaitable, is awaited on the host's one event loop, so
that an async runner finds its clients and locks on the same loop in each cycle.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["AsyncLoop", "Done", "Execution"]

logger: Final = logging.getLogger(__name__)


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
        self._lock = threading.Lock()  # one loop for all; none once it is closed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, awaitable: Awaitable[Any]) -> _Awaited:
        """Begin to await on the loop.

        Raises:
            RuntimeError: If the loop is closed; the awaitable is closed too.
        """
        with self._lock:
            if not self._closed:
                return _Awaited(awaitable, self._started())
        if inspect.iscoroutine(awaitable):
            awaitable.close()
        raise RuntimeError("the host has ended")

    def close(self, timeout: float = 1.0) -> None:
        """Cancel what still runs and end the loop within ``timeout`` seconds; what ignores that is left behind."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout)

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=self._run, args=(loop,), name="hotagents-async", daemon=True)
            thread.start()
            self._loop, self._thread = loop, thread
        return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            while not self._closed:
                _run_until_stopped(loop)
            if tasks := asyncio.all_tasks(loop):
                for task in tasks:
                    task.cancel()
                loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()


def _run_until_stopped(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    except (SystemExit, KeyboardInterrupt) as error:
        # asyncio lets these two through a task and out of the loop, which all async runners share.
        logger.warning("an async runner raised %s; the loop goes on", type(error).__name__)


@final
class _Awaited:
    """One awaitable on the loop. Its end is the task's real end: one that is cancelled may have to clean up first."""

    def __init__(self, awaitable: Awaitable[Any], loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._task: asyncio.Future[Any] | None = None  # touched by the loop's thread alone
        self._ended: Future[Any] = Future()
        loop.call_soon_threadsafe(self._begin, awaitable)

    def result(self) -> Any:
        """Wait for the end; return or raise what the awaitable did.

        Raises:
            TimeoutError: If it was cancelled.
        """
        return self._ended.result()

    def cancel(self) -> None:
        """Ask the task to end. From any thread."""
        with suppress(RuntimeError):  # the loop is closed, and the task with it
            self._loop.call_soon_threadsafe(self._cancel)

    def _begin(self, awaitable: Awaitable[Any]) -> None:
        try:
            self._task = asyncio.ensure_future(awaitable, loop=self._loop)
        except ValueError as error:  # a future of another loop
            self._ended.set_exception(error)
        else:
            self._task.add_done_callback(self._end)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _end(self, task: asyncio.Future[Any]) -> None:
        if task.cancelled():
            self._ended.set_exception(TimeoutError("cancelled"))
        elif (error := task.exception()) is not None:
            self._ended.set_exception(error)
        else:
            self._ended.set_result(task.result())


@final
class Execution:
    """One call on its way; ``report`` hears of its end, from the call's own thread, and exactly once."""

    def __init__(self, call: Callable[[], Any], loop: AsyncLoop, report: Callable[[Done], None], *, name: str) -> None:
        self._call = call
        self._loop = loop
        self._report = report
        # Guards the hand-over between the call's thread, which begins to await, and cancel().
        self._lock = threading.Lock()
        self._awaited: _Awaited | None = None
        self._cancelled = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # no thread to be had: an end like any other, tried again at the next cycle
            report(Done(self, None, error))

    def cancel(self) -> None:
        """Cancel what is awaited; a plain call can only be asked, through ``cycle.cancelled``."""
        with self._lock:
            self._cancelled = True
            awaited = self._awaited
        if awaited is not None:
            awaited.cancel()

    def join(self) -> None:
        """Wait for the thread of a call that has reported its end."""
        if self._thread.ident is not None:
            self._thread.join()

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
        awaited = self._loop.submit(awaitable)
        with self._lock:
            self._awaited = awaited
            cancelled = self._cancelled
        if cancelled:
            awaited.cancel()
        return awaited.result()
