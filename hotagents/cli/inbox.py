"""`Inbox`: what happens to a command that goes on until it is told to stop, in order.

Other threads put things in, the main thread takes them out and alone acts on them. SIGTERM and SIGINT are put in too:
a signal handler may call the put of a `queue.SimpleQueue`, while most locks could be held by the very thread it
interrupts.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType
    from typing import Self

__all__ = ["Inbox"]

T = TypeVar("T")
_STOP: Final = object()
_MOMENT: Final = 0.1


@final
class Inbox(Generic[T]):
    """Iterates over what was put in; gives None whenever nothing came for a moment, so that the taker can look around.

    Ends at SIGTERM, at SIGINT, or after ``seconds``. As a context manager it handles the signals meanwhile, which only
    the main thread can.
    """

    def __init__(self, *, seconds: float | None = None) -> None:
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._end = None if seconds is None else time.monotonic() + seconds
        self._before: list[tuple[int, Any]] = []

    def put(self, item: T) -> None:
        """Put something in; from any thread."""
        self._items.put(item)

    def __iter__(self) -> Iterator[T | None]:
        while (left := self._left()) > 0:
            try:
                item = self._items.get(timeout=left)
            except queue.Empty:
                item = None
            if item is _STOP:
                return
            yield item

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = [(n, signal.signal(n, self._on_signal)) for n in (signal.SIGTERM, signal.SIGINT)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)

    def _left(self) -> float:
        return _MOMENT if self._end is None else min(_MOMENT, self._end - time.monotonic())

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._items.put(_STOP)
