"""`InotifyWatcher`: blocks in the kernel until the link of a volume may have been swapped.

A mounted volume changes by one rename on its root directory. Inotify tells of it within a millisecond or two, costs
nothing while nothing happens, and says when events were lost. Only the root directories are watched: payload
directories come and go with each swap, and what is written inside one of them is not yet served.

Linux only; `supported` tells. Read `hotagents.watchers.events` for what the kernel's events mean.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import math
import os
import select
import sys
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Final, final

from hotagents.watchers.base import Deadline
from hotagents.watchers.events import MASK, wakeup_in
from hotagents.watchers.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.watchers.base import Wakeup

__all__ = ["InotifyWatcher", "supported"]

_log: Final = logging.getLogger(__name__)

_BUFFER: Final = 65536
_LONGEST_EVENT: Final = 16 + 256
_MOST_READS: Final = 256  # far more than a queue holds; a writer who never pauses must not keep us reading for ever
_LONGEST: Final = 86400.0  # poll counts milliseconds in an int; the wait goes on after a day
_BELL: Final = (1).to_bytes(8, sys.byteorder)
_LIMITS: Final = {
    errno.EMFILE: "the limit is fs.inotify.max_user_instances or the process's open files",
    errno.ENOSPC: "the limit is fs.inotify.max_user_watches",
}


def supported() -> bool:
    """Return whether this system has inotify."""
    return sys.platform == "linux" and _libc() is not None


@final
class InotifyWatcher:
    """Hints when a name other than a payload's appears in, or vanishes from, the root of a volume.

    Armed when built. A root that is deleted, moved or unmounted, and an overflow of the kernel's queue, are ``lost``.

    Args:
        roots: From a volume's directory to the name of its link, such as ``..data``.

    Raises:
        OSError: With errno and path, if a directory cannot be watched; nothing stays open then.
    """

    __slots__ = ("_bell", "_fd", "_lease", "_links", "_lost", "_poll")

    def __init__(self, roots: Mapping[str, str]) -> None:
        with ExitStack() as opened:
            self._fd, self._links = _arm(opened, roots)
            self._bell, rope = _bell(opened)
            self._poll = select.poll()
            self._poll.register(self._fd, select.POLLIN)
            self._poll.register(self._bell, select.POLLIN)
            self._lost = False
            self._lease = Lease(wake=lambda: os.write(rope, _BELL), release=opened.pop_all().close)

    @property
    def mode(self) -> str:
        """Return ``inotify``."""
        return "inotify"

    def wait(self, timeout: float | None) -> Wakeup:
        """Block in the kernel until a hint, a loss, a close or the end of ``timeout`` seconds."""
        # The lease keeps the descriptors open until this wait is over, whoever closes meanwhile.
        if not self._lease.enter():
            return "stopped"
        try:
            wakeup = "lost" if self._lost else self._await(Deadline(timeout))
            self._lost = wakeup == "lost"
            return wakeup
        finally:
            self._lease.leave()

    def close(self) -> None:
        """Make the present and all later waits return ``stopped``; any thread, any number of times."""
        self._lease.close()

    def _await(self, deadline: Deadline) -> Wakeup:
        while True:
            left = deadline.left()
            ready = {fd for fd, _ in self._poll.poll(None if left is None else math.ceil(min(left, _LONGEST) * 1000))}
            if self._lease.closed:
                return "stopped"
            if self._bell in ready:  # rung by a forked child that closed its copy: not our end
                os.read(self._bell, len(_BELL))
            if self._fd in ready and (wakeup := self._drain()):
                return wakeup
            if left == 0:
                return "timeout"

    def _drain(self) -> Wakeup | None:
        found: Wakeup | None = None
        for _ in range(_MOST_READS):
            try:
                data = os.read(self._fd, _BUFFER)
            except BlockingIOError:
                break
            except OSError as exc:
                _log.debug("inotify: %s", exc)
                return "lost"
            wakeup = wakeup_in(data, self._links)
            if wakeup == "lost":
                return wakeup
            found = found or wakeup
            if len(data) < _BUFFER - _LONGEST_EVENT:
                break  # there was room for another
        return found


@cache
def _libc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.inotify_init1.argtypes = (ctypes.c_int,)
        libc.inotify_add_watch.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_uint32)
    except (AttributeError, OSError, TypeError):  # not there; Windows has no handle of the process itself
        return None
    return libc


def _arm(opened: ExitStack, roots: Mapping[str, str]) -> tuple[int, dict[int, set[bytes]]]:
    first = next(iter(roots), "")
    if (libc := _libc()) is None:
        raise OSError(errno.ENOSYS, "this system has no inotify", first)
    fd = _checked(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC), first)
    opened.callback(os.close, fd)
    links: dict[int, set[bytes]] = {}
    for path, link in roots.items():
        name = os.fsencode(path)
        if b"\0" in name:  # C would watch what stands before it
            raise OSError(errno.EINVAL, "a path cannot hold a NUL", path)
        # Two paths of one directory share a watch descriptor.
        links.setdefault(_checked(libc.inotify_add_watch(fd, name, MASK), path), set()).add(os.fsencode(link))
    return fd, links


def _checked(result: int, path: str) -> int:
    if result != -1:
        return result
    code = ctypes.get_errno()
    hint = f" ({_LIMITS[code]})" if code in _LIMITS else ""
    raise OSError(code, os.strerror(code) + hint, path)


def _bell(opened: ExitStack) -> tuple[int, int]:
    """Return the descriptor to poll and the one to ring by; they are the same where the system has eventfd."""
    ends = (os.eventfd(0, os.EFD_CLOEXEC),) if hasattr(os, "eventfd") else os.pipe()
    for fd in ends:
        opened.callback(os.close, fd)
    return ends[0], ends[-1]
