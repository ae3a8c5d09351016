"""Reading untrusted files without being blocked, tricked or bloated by them.

Only regular files are read. They are opened without following a link in the last step (``O_NOFOLLOW``) and without
waiting for a FIFO's writer (``O_NONBLOCK``), then looked at through the descriptor, so nothing can be exchanged between
the look and the read.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from hotagents.diagnostics import Diagnostic
from hotagents.errors import SourceError
from hotagents.globs import matches_any
from hotagents.snapshot import is_lock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.diagnostics import Severity
    from hotagents.limits import Limits

__all__ = ["Filter", "Reading", "described", "unreadable"]

_KIND: Final = 0o170000
# Windows has none of the first three; there O_BINARY keeps the bytes as they are.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@final
@dataclass(frozen=True, slots=True)
class Filter:
    """Which paths are read: those that fit ``include`` (all, where it is empty) and do not fit ``exclude``."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is left out."""
        return bool(self.include or self.exclude)

    def wants(self, path: str) -> bool:
        """Say whether a path relative to the mount is to be read."""
        if self.include and not matches_any(self.include, path):
            return False
        return not (self.exclude and matches_any(self.exclude, path))


def described(only: Filter, agents: tuple[str, ...] | None) -> str:
    """Return what is read, and which of it are agents, as a text to compare; empty where nothing was chosen."""
    chosen = {"include": only.include, "exclude": only.exclude, "agents": agents}
    return "; ".join(f"{name} {', '.join(patterns) or 'none'}" for name, patterns in chosen.items() if patterns)


@final
@dataclass(slots=True)
class Reading:
    """One pass over one mount: what was read, what was left out, and how much is still allowed.

    Attributes:
        limits: Bounds; crossing a total is reported once, and nothing more is read.
        problems: Takes a diagnostic for everything left out; shared by all mounts of a snapshot.
        prefix: Put before paths in diagnostics.
        known: Bytes that were read before; where they are read again, the same object is kept.
    """

    limits: Limits
    problems: list[Diagnostic]
    prefix: str
    known: Mapping[str, bytes] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    _bytes: int = 0
    _crossed: bool = False

    def file(self, name: str, path: str, *, dir_fd: int | None = None, stays: bool = False) -> os.stat_result | None:
        """Read one regular file into `files`; anything else is left out, and said so.

        Args:
            name: What to open, relative to ``dir_fd`` where that is given.
            path: Relative to the mount.
            dir_fd: The pinned directory.
            stays: Return the file's status after reading, by which the caller sees whether it stayed as it was.

        Raises:
            FileNotFoundError: If it is gone.
            SourceError: If it cannot be read.
        """
        try:
            fd = os.open(name, _FLAGS, dir_fd=dir_fd)
        except FileNotFoundError:
            raise
        except OSError as error:
            # A link (ELOOP, on some systems EMLINK) or a socket (ENXIO) is no regular file; all else is a failure.
            if error.errno not in {errno.ELOOP, errno.EMLINK, errno.ENXIO}:
                raise unreadable(self.prefix + path, error) from error
            self.irregular(path)
            return None
        try:
            status = os.fstat(fd)
            if status.st_mode & _KIND != stat.S_IFREG:
                self.irregular(path)
                return None
            size = status.st_size
            if not self._fits(size, path):
                return None
            content = os.read(fd, size + 1)
            if len(content) != size:
                content = _read_on(fd, content, self.limits.file_bytes)
                if not self._fits(len(content), path):
                    return None
            self._bytes += len(content)
            last = self.known.get(path)
            self.files[path] = last if last is not None and last == content else content
            return os.fstat(fd) if stays else status
        except OSError as error:
            raise unreadable(self.prefix + path, error) from error
        finally:
            os.close(fd)

    def keep(self, path: str, content: bytes) -> bool:
        """Count one file's bytes and keep them; False where that would cross a limit."""
        if not self._fits(len(content), path):
            return False
        self._bytes += len(content)
        self.files[path] = content
        return True

    def irregular(self, path: str) -> None:
        """Note that something is no regular file and was left out."""
        message = "is not a regular file (a link, FIFO, socket or device) and is left out"
        # Left out, a lock would bind nobody: the one file whose absence lets more through.
        severity: Severity = "error" if is_lock(path) else "warning"
        self._report("not-a-regular-file", severity, path, message, "put the file itself there")

    def too_deep(self, path: str) -> None:
        """Note that a directory was left out because of its depth."""
        message = f"directories are nested more than {self.limits.directory_depth} deep; nothing below is read"
        self._report("too-deep", "error", path, message, "flatten the layout, or leave it out with exclude=")

    def mounted_inside(self, path: str) -> None:
        """Note that another volume is mounted over a part of this one's content, and left out."""
        message = "a volume is mounted over a directory of another volume's content; the next swap detaches it"
        hint = "mount it beside the other volume's files: no key or items path of that one may lie below it"
        self._report("mount-in-content", "error", path, message, hint)

    def _fits(self, size: int, path: str) -> bool:
        if self._crossed:
            return False
        if size > self.limits.file_bytes:
            message = f"is {size} bytes long or more; at most {self.limits.file_bytes} are read"
            self._report("too-large", "error", path, message, "split it, or leave it out with exclude=")
            return False
        if len(self.files) >= self.limits.files:
            self._cross("too-many-files", f"more than {self.limits.files} files")
        elif self._bytes + size > self.limits.total_bytes:
            self._cross("too-large", f"more than {self.limits.total_bytes} bytes in all")
        return not self._crossed

    def _cross(self, code: str, message: str) -> None:
        self._crossed = True
        self.problems.append(Diagnostic(code, "error", "", 0, 0, "", message, "leave files out with exclude="))

    def _report(self, code: str, severity: Severity, path: str, message: str, hint: str) -> None:
        self.problems.append(Diagnostic(code, severity, self.prefix + path, 0, 0, "", message, hint))


def unreadable(path: str, error: OSError) -> SourceError:
    """Return the error for something that is there and cannot be read."""
    return SourceError(f"{path}: cannot be read: {error.strerror or error}", path=path, reason="Unreadable")


def _read_on(fd: int, begun: bytes, limit: int) -> bytes:
    """Return all up to the end, or a few bytes more than ``limit``, of a file whose size was off or read was short."""
    pieces = [begun]
    total = len(begun)
    while pieces[-1] and total <= limit:
        pieces.append(os.read(fd, 65536))
        total += len(pieces[-1])
    return b"".join(pieces)
