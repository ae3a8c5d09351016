"""`Forks`: who has to be told, in a forked child, that its threads and its watch are in another process."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Generic, TypeVar, final

from hotagents.weak import members

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Forks"]

T = TypeVar("T")


@final
class Forks(Generic[T]):
    """Objects that must not be used in a forked child as if nothing had happened.

    Members are added and dropped by any thread. They are told in the child only, which has one thread, takes a copy
    and no lock. The process's hook is set with the first member, since a hook cannot be taken back.
    """

    def __init__(self, after: Callable[[T], None]) -> None:
        """``after`` is called in the child for each member; it must take no lock."""
        self._after = after
        self._members: weakref.WeakSet[T] = weakref.WeakSet()
        self._lock = threading.RLock()  # reentrant, for a signal's handler that closes while the main thread does
        self._hooked = False

    def tell(self, member: T) -> None:
        """From now on, tell this one; it is held weakly."""
        with self._lock:
            if not self._hooked and hasattr(os, "register_at_fork"):
                os.register_at_fork(after_in_child=self._in_child)
                self._hooked = True
            self._members.add(member)

    def forget(self, member: T) -> None:
        """Do not tell this one any more."""
        with self._lock:
            self._members.discard(member)

    def _in_child(self) -> None:
        self._lock = threading.RLock()
        for member in members(self._members):
            self._after(member)
