"""`Lease`: who releases what a waiting thread uses, when another thread closes it meanwhile.

Closing a descriptor under a `poll` that uses it is two bugs at once: the poll may sleep on for ever, and the number may
already belong to somebody else's file when the poller reads it. So nobody pulls anything away: `close` releases only
when no wait is in progress; otherwise it wakes the waiter, and whoever leaves last releases. Both sides decide under
one lock, so that exactly one of them does it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Lease"]


@final
class Lease:
    """Guards one resource that is used by waits and released once.

    Args:
        wake: Makes a wait in progress return soon; never called after ``release``.
        release: Gives the resource back; called once, when nobody can use it any more. Neither may block.
    """

    __slots__ = ("_closed", "_lock", "_release", "_users", "_wake")

    def __init__(self, *, wake: Callable[[], object], release: Callable[[], object]) -> None:
        self._lock = threading.RLock()
        self._wake = wake
        self._release = release
        self._users = 0
        self._closed = False

    @property
    def closed(self) -> bool:
        """Return whether `close` was called; once true it stays true."""
        return self._closed

    def enter(self) -> bool:
        """Claim the resource and return true, or return false for ever after `close`."""
        with self._lock:
            if self._closed:
                return False
            self._users += 1
            return True

    def leave(self) -> None:
        """Give the claim back; releases the resource if it was closed meanwhile."""
        with self._lock:
            self._users -= 1
            # After close() nobody enters any more, so that zero is reached once.
            if self._closed and self._users == 0:
                self._release()

    def close(self) -> None:
        """Allow no more claims; wake the users there are, or release at once where there are none."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            # Waking under the lock: the last user cannot release the very descriptor that is being written to.
            if self._users:
                self._wake()
            else:
                self._release()
