"""`Stop`: the word that it is over, said once, by any thread and by a signal's handler too.

`threading.Event` is the same but for its lock: a handler runs in the main thread, and where that is waiting for an
event, or setting it, the handler would wait for its own thread for ever.
"""

from __future__ import annotations

import threading
import time
from typing import Final, final

__all__ = ["Stop"]

_LONGEST: Final = 1.0  # seconds: set by a handler between the look and the sleep, it wakes nobody


@final
class Stop:
    """Not set, and then set for ever. All methods may be called by any thread."""

    __slots__ = ("_changed", "_is_set")

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.RLock())
        self._is_set = False

    def is_set(self) -> bool:
        """Say whether it is over."""
        return self._is_set

    def set(self) -> None:
        """Say that it is over, and end all waits."""
        with self._changed:
            self._is_set = True
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until it is over, at most that many seconds; return `is_set`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not self._is_set and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(min(left, _LONGEST))
        return self._is_set
