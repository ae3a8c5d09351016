"""`CombinedWatcher`: several watchers that wait as one.

Kernel events, watchfiles and bells cannot be polled together, so each child blocks in a thread of its own, a pump, and
all pumps fill one queue that the caller waits on.
"""

from __future__ import annotations

import errno
import logging
import queue
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, final

from hotagents.diagnostics import escape
from hotagents.watchers.base import Deadline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.watchers.base import Wakeup, Watcher

__all__ = ["CombinedWatcher"]

_log: Final = logging.getLogger(__name__)

_JOIN: Final = 1.0  # seconds that `close` waits for all pumps together


@final
class CombinedWatcher:
    """Hints when any child hints; lost when any child is.

    Owns its children: `close` closes them, and so does a failure to build.

    Args:
        watchers: The children; nobody else may wait on them or close them from now on.

    Raises:
        OSError: If the system allows no more threads.
    """

    __slots__ = ("_children", "_closed", "_inbox", "_lost", "_mode", "_pumps")

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._children = tuple(watchers)
        self._mode = "+".join(sorted({child.mode for child in watchers}))
        self._inbox: queue.SimpleQueue[Wakeup] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._lost = False
        self._pumps: list[threading.Thread] = []
        try:
            for child in self._children:
                self._start(child)
        except RuntimeError as exc:
            self.close()
            raise OSError(errno.EAGAIN, f"cannot start a thread to watch: {exc}") from exc

    @property
    def mode(self) -> str:
        """Return the children's modes, sorted, each once, joined by ``+``."""
        return self._mode

    def wait(self, timeout: float | None) -> Wakeup:
        """Block until a child has something to say, a close or the end of ``timeout`` seconds."""
        if self._closed.is_set():
            return "stopped"
        if self._lost:
            return "lost"
        heard = self._hear(Deadline(timeout).left())
        # `close` sets the flag before it fills the queue, so that whatever was taken out, closed is closed.
        if self._closed.is_set():
            return "stopped"
        self._lost = "lost" in heard
        if self._lost:
            return "lost"
        return "hint" if heard else "timeout"

    def close(self) -> None:
        """Close the children and wait at most a second for their threads; any thread, any number of times."""
        self._closed.set()
        self._inbox.put("stopped")
        with ExitStack() as every:
            for child in self._children:
                every.callback(child.close)
        deadline = Deadline(_JOIN)
        for pump in self._pumps:
            if pump is not threading.current_thread():
                pump.join(deadline.left())

    def _start(self, child: Watcher) -> None:
        pump = threading.Thread(target=self._pump, args=(child,), name=f"hotagents-{child.mode}", daemon=True)
        pump.start()
        self._pumps.append(pump)

    def _hear(self, timeout: float | None) -> set[Wakeup]:
        heard: set[Wakeup] = set()
        try:
            heard.add(self._inbox.get(timeout=timeout))
            while True:
                heard.add(self._inbox.get_nowait())
        except queue.Empty:
            return heard

    def _pump(self, child: Watcher) -> None:
        try:
            while (wakeup := child.wait(None)) in {"hint", "timeout"}:
                # A hint that nobody has heard yet covers this one too, and a storm must not fill the memory.
                if wakeup == "hint" and self._inbox.empty():
                    self._inbox.put(wakeup)
        except Exception as exc:  # noqa: BLE001 - a child that breaks is a child that hears no more
            _log.debug("%s: %s", child.mode, escape(str(exc)))
        finally:
            # Lost, broken, or closed by somebody else: one child is deaf, and only a new watcher hears everything.
            # The pump ends, as a lost child would say so for ever.
            self._inbox.put("lost")
