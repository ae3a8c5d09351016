"""`TreeWatcher`: follows plain directories with everything below them, through watchfiles.

The low-level class of watchfiles is used because it arms when it is built: what happens between building and waiting is
kept, while its `watch` function arms at the first wait. No filter is set; what matters is the caller's business. It
tells of overflows to nobody and goes on silently after its root has been replaced, so the latter is looked for here.
"""

from __future__ import annotations

import errno
import logging
import math
import os
import threading
from typing import TYPE_CHECKING, Final, final

from hotagents.diagnostics import escape
from hotagents.watchers.base import Deadline
from hotagents.watchers.lease import Lease

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchfiles._rust_notify import RustNotify

    from hotagents.watchers.base import Wakeup

__all__ = ["TreeWatcher"]

_log: Final = logging.getLogger(__name__)

_DEBOUNCE_MS: Final = 50  # a hint at once; waiting for quiet is the caller's business
_POLL_MS: Final = 300  # only where the system has no events at all
_SLICE: Final = 1.0  # seconds after which the roots are looked at again
_DELETED: Final = 3  # watchfiles.Change.deleted, also said of a moved root


@final
class TreeWatcher:
    """Hints when anything below the directories is created, written, moved or deleted.

    Armed when built. A directory that is itself deleted, moved or replaced is ``lost``, within a second.

    Args:
        paths: Directories; plain files are possible too.
        recursive: Whether what lies deeper than the directories' own entries counts.
        step: Seconds from one look at the collected changes to the next. A hint comes after one to two steps; a
            shorter step costs more processor time for ever.

    Raises:
        OSError: If a directory is missing or cannot be watched; nothing stays open then.
    """

    __slots__ = ("_armed", "_lease", "_lost", "_notify", "_step", "_stop")

    def __init__(self, paths: Sequence[str], *, recursive: bool = True, step: float = 0.05) -> None:
        # Identities first: a root replaced between the two differs at the first wait and costs one rebuild; the other
        # way round its replacement would count as the one armed.
        self._armed = {path: _identity(path) for path in map(os.path.abspath, paths)}
        self._notify = _arm(list(self._armed), recursive=recursive)
        self._step = step
        self._lost = False
        self._stop = threading.Event()
        self._lease = Lease(wake=self._stop.set, release=self._notify.close)

    @property
    def mode(self) -> str:
        """Return ``watchfiles``."""
        return "watchfiles"

    def wait(self, timeout: float | None) -> Wakeup:
        """Block until a hint, a loss, a close or the end of ``timeout`` seconds, each at most two steps late.

        Raises:
            KeyboardInterrupt: In the main thread, when a signal's handler raised while watchfiles was waiting.
        """
        # The lease keeps the Rust side from being closed while it waits; its `close` does not end a wait.
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
            if wakeup := self._look(_SLICE if left is None else min(left, _SLICE)):
                return wakeup
            if deadline.left() == 0:
                return "timeout"

    def _look(self, seconds: float) -> Wakeup | None:
        try:
            found = self._notify.watch(_DEBOUNCE_MS, _ms(min(self._step, seconds)), _ms(seconds), self._stop)
        except Exception as exc:  # noqa: BLE001 - whatever Rust raises, this watch is of no more use
            _log.debug("watchfiles: %s", escape(str(exc)))
            return "lost"
        if found == "signal":  # watchfiles swallows what the handler raised
            raise KeyboardInterrupt
        if found == "stop":
            return "stopped"
        changes = set() if found == "timeout" else found
        if self._gone(changes):
            return "lost"
        return "hint" if changes else None

    def _gone(self, changes: set[tuple[int, str]]) -> bool:
        # The deletion alone would do if it were never swallowed; the identity alone would do if file systems did not
        # give the number of a deleted directory to the next one.
        return any((_DELETED, path) in changes or _now(path) != known for path, known in self._armed.items())


def _arm(paths: list[str], *, recursive: bool) -> RustNotify:
    # Costs 60 ms and brings asyncio along; a program that only mounts volumes needs neither.
    from watchfiles._rust_notify import RustNotify  # noqa: PLC0415

    try:
        return RustNotify(
            paths,
            debug=False,
            force_polling=False,
            poll_delay_ms=_POLL_MS,
            recursive=recursive,
            ignore_permission_denied=True,
        )
    except Exception as exc:
        raise OSError(errno.EIO, f"watchfiles cannot watch: {escape(str(exc))}", *paths[:1]) from exc


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def _now(path: str) -> tuple[int, int] | None:
    try:
        return _identity(path)
    except OSError:
        return None


def _ms(seconds: float) -> int:
    return max(math.ceil(seconds * 1000), 1)  # for watchfiles a time-out of 0 is none
