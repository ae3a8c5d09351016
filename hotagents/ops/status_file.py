"""`StatusFile`: a report on disk, for whoever looks into the pod from a side car, a shell or a copied volume.

It is replaced whole whenever something changed, and every few seconds in any case, so its age says whether the process
lives. A disk that refuses is logged and tried again; it never stops what the process is for.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.clock import Clock, SystemClock
from hotagents.diagnostics import escape
from hotagents.ops.health import unhealthy
from hotagents.ops.report import encoded, report
from hotagents.ops.termination import message
from hotagents.plugins import text_of
from hotagents.registry.said import Said

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from hotagents.host import Host
    from hotagents.registry import ConfigRegistry
    from hotagents.registry.changes import Changes

__all__ = ["StatusFile"]

logger: Final = logging.getLogger("hotagents")
_LOOK: Final = 1.0  # seconds between two looks for what wakes nobody: a rejection, a cycle's end
_PAUSE: Final = 0.1  # seconds between two writes, however fast publications come
_END: Final = 1.0
_READABLE: Final = 0o644  # by side cars that run as other users; there is nothing secret in it


@final
class StatusFile:
    """A context manager: while it lasts one daemon thread keeps the file; at the end the last state is written.

    Leave it after the registry was closed, and the file says so. `close` and the thread share nothing but the file,
    which the thread has let go of by then or, on a disk that hangs, is left with.

    Args:
        path: The file; written beside and renamed, so its directory has to be writable.
        registry: Need not be started yet.
        host: What runs on it, None where nothing does.
        interval: Seconds after which it is written though nothing changed.
        clock: Where time comes from.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        registry: ConfigRegistry[Any],
        host: Host | None = None,
        *,
        interval: float = 5.0,
        clock: Clock = SystemClock(),  # noqa: B008 - without state
    ) -> None:
        self._path = Path(path).absolute()
        self._registry = registry
        self._host = host
        self._interval = interval
        self._clock = clock
        self._said = Said(clock)
        self._stopped = threading.Event()
        self._changes: Changes[Any] | None = None
        self._written: tuple[object, ...] | None = None
        self._due = 0.0
        self._thread = threading.Thread(target=self._run, name="hotagents-status-file", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close("" if error is None else message(error).partition("\n")[0])

    def close(self, error: str = "") -> None:
        """End the thread within a second and write the last state, with ``error`` where one ended the process."""
        self._stopped.set()
        changes = self._changes
        if changes is not None:
            changes.close()
        self._thread.join(_END)
        if not self._thread.is_alive():  # else a disk hangs, and would hang this thread too
            self._safely(partial(self._write, error))

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._safely(self._look)
            if not self._stopped.wait(_PAUSE):
                self._wait()

    def _wait(self) -> None:
        """Wait until a publication, the end, or the next look."""
        state = self._registry.status.state
        if state == "closed":
            self._stopped.wait()
        elif state == "starting":
            self._stopped.wait(_LOOK)
        else:
            self._changes = self._changes or self._registry.changes()
            if not self._stopped.is_set():  # after the assignment: close() closes what it finds there
                self._changes.take(_LOOK)

    def _safely(self, write: Callable[[], object]) -> None:
        """Write; whatever goes wrong is no reason to end anything."""
        try:
            write()
        except Exception as error:
            if (line := self._said.again(f"no status could be made: {escape(text_of(error))}")) is not None:
                logger.exception("%s", line)

    def _look(self) -> None:
        now, seen = self._clock.monotonic(), self._seen()
        if seen != self._written or now >= self._due:
            self._due = now + self._interval
            if self._write(""):
                self._written = seen

    def _seen(self) -> tuple[object, ...]:
        """Return what a report would be made of, less what grows though nothing happens; cheap enough for each look."""
        status = replace(self._registry.status, last_check=None, reloads={}, last_reload_seconds=0.0)
        return status, None if self._host is None else self._host.status, unhealthy(self._registry, self._host)

    def _write(self, error: str) -> bool:
        found = report(self._registry, self._host, interval=self._interval, error=error, clock=self._clock)
        try:
            _replace(self._path, encoded(found))
        except OSError as refused:
            # Not the error's own text, which names a file that is another one at each try.
            text = f"{escape(str(self._path))}: the status file cannot be written: {refused.strerror or refused}"
            if (line := self._said.again(text)) is not None:
                logger.error("%s", line)  # noqa: TRY400 - errno says it all
            return False
        self._said.clear()
        return True


def _replace(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}-", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(_READABLE)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
