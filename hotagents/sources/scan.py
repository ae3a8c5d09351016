"""`Scan`: what lies in a plain directory, without its bytes.

Directories are entered by descriptor and never through a link, so that nothing outside can be reached, whatever is
exchanged meanwhile. (Windows has no such calls; there paths are used.)
"""

from __future__ import annotations

import operator
import os
import stat
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, final

from hotagents.errors import SourceError
from hotagents.sources.reading import Filter, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from hotagents.limits import Limits

__all__ = ["OPEN_DIRECTORY", "Scan", "Signature", "enters", "signature_of", "takes"]

OPEN_DIRECTORY: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_NAME: Final = operator.attrgetter("name")
_KIND: Final = 0o170000
_LEFT_OUT: Final = frozenset({"__pycache__", "lost+found", "node_modules"})
_TEMPORARY: Final = ("~", ".swp", ".swx", ".tmp", ".bak", ".orig", ".part", ".crdownload")


Signature: TypeAlias = tuple[int, int, int, int]
"""Inode, size, mtime and ctime in nanoseconds: content cannot be written, replaced or set back without one moving.

A plain tuple, since ten thousand of them are made at each look.
"""


@final
@dataclass(slots=True)
class Scan:
    """One pass over a plain directory.

    Attributes:
        path: The directory.
        only: Which paths count.
        limits: Levels of directories that are entered, and how many files there may be.
        is_volume: Says of a relative path whether that directory is a volume, which is not entered.
        files: Signatures of regular files by relative path, in the order of the walk.
        others: Paths that are no regular file.
        too_deep: Directories that were not entered because of their depth.
        volumes: Directories that are volumes.
        begun: When the pass began, in monotonic seconds, and ``begun_at`` in seconds of the wall clock.
        nameless: Whether the directory was deleted and is only still mounted, as far as its file system tells.
        changed_ns: The youngest ctime of all files and directories. Directories count here, since only they show a
            removal, and not in `token`, since junk that is left out changes them too.
    """

    path: str
    only: Filter
    limits: Limits
    is_volume: Callable[[str], bool]
    files: dict[str, Signature] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    too_deep: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    nameless: bool = False
    changed_ns: int = 0
    begun: float = 0.0
    begun_at: float = 0.0

    def run(self) -> Scan:
        """Do the pass and return the scan.

        Raises:
            SourceError: If the directory is not there, cannot be listed, or holds more files than the limit.
        """
        self.begun, self.begun_at = time.monotonic(), time.time()
        try:
            root = os.open(self.path, OPEN_DIRECTORY) if sys.platform != "win32" else self.path
        except (FileNotFoundError, NotADirectoryError) as error:
            message = f"{self.path}: no such directory; is the path right, and is the volume mounted?"
            raise SourceError(message, path=self.path, reason="Missing") from error
        except OSError as error:
            raise unreadable(self.path, error) from error
        try:
            self._folder(root, "")
        finally:
            _leave(root)
        return self

    def token(self) -> Hashable:
        """Return all that counts as one value to compare."""
        files = (tuple(self.files), tuple(self.files.values()))
        return (*files, tuple(self.others), tuple(self.too_deep), tuple(self.volumes), self.nameless)

    def _folder(self, where: int | str, base: str) -> None:
        try:
            status = os.stat(where)
            self.changed_ns = max(self.changed_ns, status.st_ctime_ns)
            self.nameless = self.nameless or (not base and status.st_nlink == 0)
            with os.scandir(where) as listing:
                entries = sorted(listing, key=_NAME)
        except OSError as error:
            raise unreadable(f"{self.path}/{base}", error) from error
        wants = self.only.wants if self.only else None
        for entry in entries:
            name = entry.name
            try:
                if entry.is_dir(follow_symlinks=False):
                    self._enter(where, name, base + name)
                elif takes(name) and (wants is None or wants(base + name)):
                    # Windows: a listing's own status has no inode number; asking by path has.
                    at = None if isinstance(where, int) else entry.path
                    status = entry.stat(follow_symlinks=False) if at is None else os.stat(at, follow_symlinks=False)
                    self._file(base + name, status)
            except FileNotFoundError:
                continue  # gone since it was listed
            except OSError as error:
                raise unreadable(f"{self.path}/{base}{name}", error) from error

    def _enter(self, where: int | str, name: str, path: str) -> None:
        if not enters(name) or not Filter(exclude=self.only.exclude).wants(path):
            return
        if self.is_volume(path):
            self.volumes.append(path)
        elif path.count("/") >= self.limits.directory_depth:
            self.too_deep.append(path)
        else:
            inner = _enter(where, name, f"{self.path}/{path}")
            try:
                self._folder(inner, path + "/")
            finally:
                _leave(inner)

    def _file(self, path: str, status: os.stat_result) -> None:
        if status.st_mode & _KIND != stat.S_IFREG:
            self.others.append(path)
            return
        if len(self.files) >= self.limits.files:
            message = f"{self.path}: more than {self.limits.files} files; leave some out with exclude="
            raise SourceError(message, path=self.path)
        self.files[path] = signature_of(status)
        if status.st_ctime_ns > self.changed_ns:  # noqa: PLR1730 - ten thousand calls of max cost more
            self.changed_ns = status.st_ctime_ns


def enters(name: str) -> bool:
    """Say whether a plain directory of that name is looked into."""
    return not name.startswith(".") and name not in _LEFT_OUT


def takes(name: str) -> bool:
    """Say whether a file of that name in a plain directory is read."""
    return not name.startswith((".", "#")) and not name.endswith(_TEMPORARY)


def signature_of(status: os.stat_result) -> Signature:
    """Return what identifies a file's present content."""
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _enter(where: int | str, name: str, path: str) -> int | str:
    if isinstance(where, str):
        return os.path.join(where, name)
    try:
        return os.open(name, OPEN_DIRECTORY | _NO_LINK, dir_fd=where)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error


def _leave(where: int | str) -> None:
    if isinstance(where, int):
        os.close(where)
