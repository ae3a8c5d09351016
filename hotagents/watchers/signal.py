"""`SignalWatcher`: wakes when the program itself says that something changed, for sources in memory."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from hotagents.watchers.base import Wakeup

__all__ = ["SignalWatcher"]


@final
class SignalWatcher:
    """Turns `notify` into a hint.

    A simple queue carries the bell, because its `put` is reentrant: `notify` may be called by any thread, by a signal
    handler and by a finalizer.
    """

    __slots__ = ("__weakref__", "_bell", "_closed")  # sources in memory hold their watchers weakly

    def __init__(self) -> None:
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._closed = threading.Event()

    @property
    def mode(self) -> str:
        """Return ``memory``."""
        return "memory"

    def notify(self) -> None:
        """Make the present wait, or else the next one, return ``hint``; many calls before that count as one.

        Call it after the change, never before.
        """
        # A bell that still hangs is heard by a wait that has yet to return, and so after the change. Leaving out the
        # second keeps the queue short where nobody waits; two notifiers at once may ring twice, which costs nothing.
        if self._bell.empty():
            self._bell.put(None)

    def wait(self, timeout: float | None) -> Wakeup:
        """Block until `notify`, a close or the end of ``timeout`` seconds."""
        # Closed is looked at on both sides of the wait: `close` sets it before it rings, so that a bell of its that is
        # taken for a hint, or that nobody takes, is followed by a wait that does not block.
        if self._closed.is_set():
            return "stopped"
        try:
            self._bell.get(timeout=None if timeout is None else max(timeout, 0.0))
        except queue.Empty:
            return "stopped" if self._closed.is_set() else "timeout"
        return "stopped" if self._closed.is_set() else "hint"

    def close(self) -> None:
        """Make the present and all later waits return ``stopped``; any thread, any number of times."""
        self._closed.set()
        self._bell.put(None)
