"""`DirectoryLock`: one monitor at a time on one directory; two would tell everything twice and lose what they remember.

The lock is an advisory one of the kernel's, so it is gone with its process, however that ends; its file stays.
"""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import socket
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import SystemClock, escape
from hotagents_k8s_monitor.records.files import RecordsError, open_regular

if TYPE_CHECKING:
    from pathlib import Path

    from hotagents import Clock

__all__ = ["DirectoryLock"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_PATIENCE: Final = 5.0  # seconds for an earlier monitor to end; a Deployment that recreates its pod needs none
_PAUSE: Final = 0.25
_LONGEST_NAME: Final = 300


@final
class DirectoryLock:
    """A lock on a directory, taken and released by one thread at a time; also released when this object is gone.

    Args:
        directory: Made when the lock is taken, with its parents.
        clock: Measures how long another monitor is waited for.
    """

    def __init__(self, directory: Path, *, clock: Clock | None = None) -> None:
        self._directory = directory
        self._clock: Clock = SystemClock() if clock is None else clock
        self._release: weakref.finalize[Any, Any] | None = None
        self._warned = False

    def take(self) -> None:
        """Take the lock, unless it is taken already; wait a few seconds for whoever has it.

        Where none can be had (a file system without locks, a directory that cannot be written) that is logged once,
        and the monitor goes on without: to look at the cluster matters more.

        Raises:
            RecordsError: If another monitor has it.
        """
        if self._release is not None and self._release.alive:
            return
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            descriptor = open_regular(self._directory / "lock", os.O_RDWR | os.O_CREAT)
            self._release = weakref.finalize(self, os.close, descriptor)
            self._lock(descriptor)
        except OSError as error:
            self.release()
            self._warn(error)
        except RecordsError:
            self.release()
            raise

    def release(self) -> None:
        """Release the lock; where it was not taken, do nothing."""
        if self._release is not None:
            self._release()

    def _lock(self, descriptor: int) -> None:
        deadline = self._clock.monotonic() + _PATIENCE
        while not _is_locked(descriptor):
            if self._clock.monotonic() >= deadline:
                raise RecordsError(
                    f"another monitor{_holder(descriptor)} uses {self._directory}, and two would tell everything "
                    "twice; end that one, or give this one a K8S_MONITOR_DATA_DIR of its own"
                )
            self._clock.get(queue.SimpleQueue[None](), _PAUSE)
        with suppress(OSError):  # a name for people, on a disk that may be full
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            where, why = escape(str(self._directory)), error.strerror or type(error).__name__
            logger.warning("%s cannot be locked (%s); see to it that no second monitor uses it", where, why)


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> str:
    said = os.pread(descriptor, _LONGEST_NAME, 0).decode("utf-8", "replace").strip()
    return f" ({escape(said)})" if said else ""
