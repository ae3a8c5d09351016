"""`Watcher`: what every way of waiting for changes has in common, and the four ways in which a wait ends.

- ``hint``: something may have changed; compare tokens.
- ``timeout``: nothing was noticed in the time given.
- ``stopped``: the watcher was closed; every later wait says so at once.
- ``lost``: events were lost or the watch is gone. The watcher is of no more use: close it, build another, then compare.
  Later waits go on saying ``lost`` at once, so that a caller who fails to rebuild cannot mistake deafness for quiet.
"""

from __future__ import annotations

import time
from typing import Literal, Protocol, final

__all__ = ["Deadline", "Wakeup", "Watcher"]

Wakeup = Literal["hint", "timeout", "stopped", "lost"]


class Watcher(Protocol):
    """Waits for hints below the directories it was armed for when it was built; the builder closes it."""

    @property
    def mode(self) -> str:
        """Return how changes are noticed, such as ``inotify`` or ``polling``, for status and metrics."""
        ...

    def wait(self, timeout: float | None) -> Wakeup:
        """Block until something may have changed; only one thread may wait at a time.

        What happened between two waits ends the next one at once.

        Args:
            timeout: Longest wait in seconds; None waits until there is something to say.
        """
        ...

    def close(self) -> None:
        """Release everything and make the present and all later waits return ``stopped``.

        Any thread but a signal handler's may call this, any number of times. It does not wait for the waiting thread:
        descriptors that a wait still uses are released when that wait returns.
        """
        ...


@final
class Deadline:
    """The end of a wait, on the clock that nobody can set."""

    __slots__ = ("_at",)

    def __init__(self, timeout: float | None) -> None:
        self._at = None if timeout is None else time.monotonic() + timeout

    def left(self) -> float | None:
        """Return the seconds left, never below zero; None if there is no end."""
        return None if self._at is None else max(self._at - time.monotonic(), 0.0)
