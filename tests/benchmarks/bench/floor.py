"""`Floor`: the quickest way to hear of a swap that there is: a thread that blocks in the kernel until the rename.

It is a floor and no way to do it: it trusts events, ignores their loss, and dies at the first error.
"""

from __future__ import annotations

import ctypes
import os
import threading
from typing import TYPE_CHECKING, Final, final

from bench.reader import Parsed, read_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Floor", "Inotify"]

_MOVED_TO: Final = 0x80
_CREATE_OR_DELETE: Final = 0x300
_BUFFER: Final = 65536
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@final
class Inotify:
    """A thread that calls ``heard`` after each event in one of the directories."""

    def __init__(self, directories: Sequence[str], heard: Callable[[], object], *, mask: int = _MOVED_TO) -> None:
        self._fd = _LIBC.inotify_init1(os.O_CLOEXEC)
        self._watches = [_LIBC.inotify_add_watch(self._fd, path.encode(), mask) for path in directories]
        if self._fd < 0 or min(self._watches) < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        self._heard = heard
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="bench-inotify", daemon=True)
        self._thread.start()

    @classmethod
    def of_names(cls, directories: Sequence[str], heard: Callable[[], object]) -> Inotify:
        """Return one that also hears of names that come and go."""
        return cls(directories, heard, mask=_MOVED_TO | _CREATE_OR_DELETE)

    def close(self) -> None:
        """End the thread: a watch that is removed says so, and that ends the read."""
        self._closed = True
        for watch in self._watches:
            _LIBC.inotify_rm_watch(self._fd, watch)
        self._thread.join()
        os.close(self._fd)

    def _run(self) -> None:
        while True:
            os.read(self._fd, _BUFFER)
            if self._closed:
                return
            self._heard()


@final
class Floor(Parsed):
    """Blocking inotify, pinned read, compare, parse what changed."""

    def __init__(self, *roots: str, read: Callable[[int], bytes] = read_all) -> None:
        super().__init__(roots, read=read)
        self._inotify = Inotify(roots, self.load)

    def close(self) -> None:
        """End it."""
        self._inotify.close()
