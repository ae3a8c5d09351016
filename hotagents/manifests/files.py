"""`Files`: manifests on disk, from standard input or given as text, read whole and within bounds."""

from __future__ import annotations

import os
import stat
import sys
import time
from typing import TYPE_CHECKING, Final, final

from hotagents.errors import SourceError, UnsettledError

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

__all__ = ["STDIN", "TEXT", "Files", "is_text"]

STDIN: Final = "-"
TEXT: Final = "(text)"

_LONGEST: Final = 16 * 1024 * 1024
_SETTLE: Final = 0.1
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@final
class Files:
    """What manifests consist of; standard input and texts are read once, files whenever they are asked for.

    Args:
        sources: Paths, ``-`` or texts; what is named twice is read once.
    """

    __slots__ = ("_contents", "_names", "_seen")

    def __init__(self, sources: Sequence[str | os.PathLike[str]]) -> None:
        self._contents: dict[str, bytes] = {}  # of what is read once
        self._names: dict[str, str] = {}  # by what it is told apart by
        self._seen: tuple[Hashable, float] | None = None
        for source in [os.fspath(source) for source in sources]:
            name = source
            if is_text(source) and _identity(source) not in self._names:
                name = TEXT if TEXT not in self._contents else f"(text {len(self._contents) + 1})"
                self._contents[name] = source.encode(errors="surrogatepass")
            self._names.setdefault(_identity(source), name)

    def name_of(self, source: str | os.PathLike[str]) -> str:
        """Return what a source that was given is called here: it may have been named before in another way."""
        return self._names[_identity(os.fspath(source))]

    @property
    def names(self) -> tuple[str, ...]:
        """The manifests as they were given."""
        return tuple(self._names.values())

    @property
    def on_disk(self) -> list[str]:
        """Those that can change."""
        return [name for name in self.names if name != STDIN and name not in self._contents]

    def token(self) -> Hashable:
        """Return what changes when a file may have changed; opens none of them, never raises."""
        return tuple((path, _signature(path)) for path in self.on_disk)

    def read(self) -> dict[str, bytes]:
        """Return the bytes by name, once no file has changed for a moment.

        Raises:
            UnsettledError: If one changed just now.
            SourceError: If one cannot be read, is no regular file, or all are larger than 16 MiB together.
        """
        token = self.token()
        self._wait_for_quiet(token)
        found: dict[str, bytes] = {}
        left = _LONGEST
        for name in self.names:
            found[name] = self._content(name, left)
            left -= len(found[name])
            if left < 0:
                message = f"{name}: manifests of more than {_LONGEST >> 20} MiB in all are not read"
                raise SourceError(message, path=name, reason="Unreadable")
        if self.token() != token:
            raise UnsettledError(f"{self.names[0]}: changed while reading", path=self.names[0], retry_after=_SETTLE)
        return found

    def _content(self, name: str, most: int) -> bytes:
        if name == STDIN and name not in self._contents:
            self._contents[name] = _standard_input(most)
        return self._contents[name] if name in self._contents else _on_disk(name, most)

    def _wait_for_quiet(self, token: Hashable) -> None:
        now = time.monotonic()
        if self._seen is None or self._seen[0] != token:
            self._seen = (token, now)
        changed = max((_changed(path) for path in self.on_disk), default=0.0)
        left = _SETTLE - max(now - self._seen[1], time.time() - changed)
        if left > 0 and self.on_disk:
            name = self.on_disk[0]
            raise UnsettledError(f"{name}: still changing", path=name, retry_after=left)


def is_text(source: str) -> bool:
    """Say whether this is a manifest rather than the path of one."""
    return "\n" in source or source.lstrip().startswith("{")


def _identity(source: str) -> str:
    is_path = source != STDIN and "\0" not in source and not is_text(source)
    return os.path.realpath(source) if is_path else source


def _on_disk(path: str, most: int) -> bytes:
    try:
        fd = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceError(f"{path}: no such file", path=path, reason="Missing") from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            message = f"{path}: expected a regular file; name the files of a directory, and give a pipe as -"
            raise SourceError(message, path=path, reason="Unreadable")
        with open(fd, "rb", closefd=False) as file:
            return file.read(most + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(fd)


def _standard_input(most: int) -> bytes:
    try:
        return sys.stdin.buffer.read(most + 1)
    except (AttributeError, OSError, ValueError) as error:  # closed, or replaced by something without bytes
        raise _unreadable(STDIN, error) from error


def _unreadable(path: str, error: Exception) -> SourceError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return SourceError(f"{path}: cannot be read: {reason}", path=path, reason="Unreadable")


def _signature(path: str) -> Hashable:
    try:
        found = os.stat(path)  # noqa: PTH116 - paths are text here, as in the sources
    except (OSError, ValueError) as error:
        return ("gone", getattr(error, "errno", None))
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _changed(path: str) -> float:
    try:
        return os.stat(path).st_ctime  # noqa: PTH116 - the same
    except (OSError, ValueError):
        return 0.0
