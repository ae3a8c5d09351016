"""`Heartbeat`: a file that is renewed while the monitor's cycles end in time, for a probe that asks how old it is.

The probe is another process, and asks the only question that counts: has the loop that does the work come round? A
cycle that failed has; one that hangs has not.
"""

from __future__ import annotations

import logging
import stat
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, final

from hotagents import escape
from hotagents_k8s_monitor.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import stat_result
    from pathlib import Path
    from types import TracebackType

__all__ = ["Heartbeat", "age_of", "refuse_foreign"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_PERIOD: Final = 5.0


@final
class Heartbeat:
    """A context manager; inside it a daemon thread renews the file every few seconds, for as long as all is well.

    A file that cannot be written is logged, once until it can be. At the end it is removed if it was renewed here and
    is an empty regular file, so never a device or somebody else's; one that is not or cannot be removed grows old.

    Args:
        path: The file; None for none.
        is_healthy: Asked before each renewal, on the heartbeat's thread.
        period: Seconds between two renewals.
    """

    def __init__(self, path: Path | None, is_healthy: Callable[[], bool], *, period: float = _PERIOD) -> None:
        self._path = path
        self._is_healthy = is_healthy
        self._period = period
        self._has_beaten = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hotagents-heartbeat", daemon=True)

    def __enter__(self) -> None:
        if self._path is not None:
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        if self._path is not None:
            self._thread.join()
            with suppress(OSError):
                if self._has_beaten and _can_be_own(self._path.lstat()):
                    self._path.unlink()

    def _run(self) -> None:
        failed = False
        while True:
            if self._is_healthy():
                failed = self._beat(failed)
            if self._stopped.wait(self._period):
                return

    def _beat(self, failed: bool) -> bool:  # noqa: FBT001 - whether the last one failed, which was logged then
        assert self._path is not None  # noqa: S101 - there is no thread without one
        try:
            self._path.touch()
        except OSError as error:
            if not failed:
                why = error.strerror or type(error).__name__
                logger.error("heartbeat: cannot write %s: %s; the probe will fail", escape(str(self._path)), why)  # noqa: TRY400
            return True
        self._has_beaten = True
        return False


def refuse_foreign(path: Path | None) -> None:
    """Refuse a file that cannot be a heartbeat's: it would be renewed as if it were, and it is somebody else's.

    One that cannot be looked at is not refused; the heartbeat says what is wrong with it.

    Raises:
        SettingsError: If there is anything but an empty regular file.
    """
    try:
        found = None if path is None else path.stat()
    except OSError:
        return
    if found is not None and not _can_be_own(found):
        what = f"one of {found.st_size} bytes" if stat.S_ISREG(found.st_mode) else "something that is no regular file"
        said = f"{PREFIX}HEARTBEAT_FILE: {escape(str(path))}: expected an empty file or none at all, got {what}"
        raise SettingsError(f"{said}; name a path that nobody else uses")


def _can_be_own(found: stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_size == 0


def age_of(path: Path, *, now: float | None = None) -> float | None:
    """Return how many seconds ago the file was renewed; None where there is none.

    Less than 0 where it was renewed in the future: the clock was set back since, and nobody has renewed it after that.

    Raises:
        OSError: If it cannot be looked at.
    """
    try:
        renewed_at = path.stat().st_mtime
    except FileNotFoundError:
        return None
    return (time.time() if now is None else now) - renewed_at
