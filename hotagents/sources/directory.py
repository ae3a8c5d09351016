"""`Directory`: a plain directory, which changes file by file and so must be quiet before it is read.

Nothing tells when a writer of several files has finished. What can be known is when the last change was: each file's
and directory's ctime, which no program can set. A directory that has not changed for ``settle`` seconds is read. Two
scans in a row that find the same prove that between them all files were as scanned; where the one before found
something else, or there was none, it is scanned once more after reading, and any difference means read again. A writer
that pauses for longer than ``settle`` between two writes can be seen half-way: write beside and rename, use a volume,
or a lock file.

A ctime moves in ticks of up to 10 ms, so a file changed twice within one tick looks the same; therefore nothing is
read, nor taken from the last read, before its ctime is older than that.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from hotagents.errors import SourceError, UnsettledError
from hotagents.limits import Limits
from hotagents.sources.mounted import MountedSource, Place
from hotagents.sources.reading import Filter, Reading, described, unreadable
from hotagents.sources.scan import OPEN_DIRECTORY, Scan, Signature, signature_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    from hotagents.diagnostics import Diagnostic
    from hotagents.snapshot import PartKind

__all__ = ["Directory", "DirectoryMount"]

_TICK: Final = 0.010


@final
class DirectoryMount:
    """The plain directory at one place; see `Directory` for the arguments."""

    kind: PartKind = "directory"
    link = ""

    def __init__(
        self,
        path: str,
        *,
        settle: float,
        only: Filter = Filter(),
        agents: tuple[str, ...] | None = None,
        limits: Limits,
        is_volume: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.path = path
        self.settle = max(settle, _TICK)
        self.agents = agents
        self.limits = limits
        self._only = only
        self._is_volume = is_volume
        self._fresh: Scan | None = None
        self._seen: tuple[Hashable, float] | None = None  # what the last scan found, and when that was first found
        # Bytes by path, with the signature under which they were read: while that stands, a file is not opened again.
        self.known: dict[str, tuple[Signature, bytes]] = {}

    def token(self) -> Hashable:
        """Return the signatures of all files."""
        try:
            scan = self._look()
        except SourceError as error:
            self._seen = None
            return ("gone", error.reason)
        self._is_as_before(scan)
        return scan.token()

    def volumes(self) -> list[str]:
        """Return the directories below that are volumes; `token` or `pin`, called next, needs no scan of its own.

        Raises:
            SourceError: As `scan`.
        """
        self._fresh = None
        self._fresh = self.scan()
        return self._fresh.volumes

    def home(self, token: Hashable) -> Hashable:
        """Return None: files of a directory that was deleted, or shows through from below, are read like any other."""
        del token
        return None

    @contextmanager
    def pin(self) -> Iterator[_ScanPin]:
        """Return the directory as it has been for at least ``settle`` seconds.

        Raises:
            UnsettledError: If something changed more recently.
            SourceError: If it is not there or cannot be read.
        """
        scan = self._look()
        is_proved = self._is_as_before(scan)
        left = self.settle - self._quiet_for(scan)
        if left > 0:
            raise UnsettledError(f"{self.path}: still changing", path=self.path, retry_after=left)
        yield _ScanPin(self, scan, is_proved=is_proved)

    def scan(self) -> Scan:
        """Return what lies in the directory now; opens directories only.

        Raises:
            SourceError: If it is not there, cannot be listed, or holds more files than the limit.
        """
        return Scan(self.path, self._only, self.limits, self._is_volume).run()

    def _look(self) -> Scan:
        fresh, self._fresh = self._fresh, None
        return fresh or self.scan()

    def _is_as_before(self, scan: Scan) -> bool:
        """Say whether the scan before found the same, and remember this one."""
        token = scan.token()
        if self._seen is not None and self._seen[0] == token:
            return True
        self._seen = (token, scan.begun)
        return False

    def _quiet_for(self, scan: Scan) -> float:
        """Return for how many seconds the directory had been as it is when the scan began.

        By ctime against the wall clock; where that says too little (a clock that is off or was stepped, junk beside
        the files that is left out), by how long this process has seen it unchanged.
        """
        seen = self._seen[1] if self._seen is not None else scan.begun
        return max(scan.begun - seen, scan.begun_at - scan.changed_ns / 1e9)


@final
class _ScanPin:
    """A directory as it was scanned."""

    payload = ""

    def __init__(self, mount: DirectoryMount, scan: Scan, *, is_proved: bool) -> None:
        self.token = scan.token()
        self.is_proved = is_proved
        self._mount = mount
        self._scan = scan

    def read(self, problems: list[Diagnostic], prefix: str) -> Mapping[str, bytes]:
        """Return the bytes of the scanned files; those with a known signature are not opened again."""
        reading = Reading(self._mount.limits, problems, prefix)
        for path in self._scan.others:
            reading.irregular(path)
        for path in self._scan.too_deep:
            reading.too_deep(path)
        root = self._root()
        try:
            self._mount.known = dict(self._read(root, reading))
        finally:
            if root is not None:
                os.close(root)
        return MappingProxyType({path: reading.files[path] for path in sorted(reading.files)})

    def _root(self) -> int | None:
        if sys.platform == "win32":
            return None
        try:
            return os.open(self._mount.path, OPEN_DIRECTORY)
        except FileNotFoundError as error:
            raise UnsettledError(f"{self._mount.path}: gone while reading", path=self._mount.path) from error
        except OSError as error:
            raise unreadable(self._mount.path, error) from error

    def unmoved(self) -> bool:
        """Say whether a new scan finds the same."""
        return self._mount.scan().token() == self.token

    def _read(self, root: int | None, reading: Reading) -> Iterator[tuple[str, tuple[Signature, bytes]]]:
        for path, signature in self._scan.files.items():
            last = self._mount.known.get(path)
            if last is not None and last[0] == signature:
                kept = reading.keep(path, last[1])
            else:
                kept = self._open(path, signature, root, reading)
            if kept:
                yield path, (signature, reading.files[path])

    def _open(self, path: str, signature: Signature, root: int | None, reading: Reading) -> bool:
        name = path if root is not None else os.path.join(self._mount.path, path)
        try:
            status = reading.file(name, path, dir_fd=root, stays=True)
        except FileNotFoundError as error:
            raise UnsettledError(f"{reading.prefix}{path}: gone while reading", path=path) from error
        # The very file that was scanned, not one that a link has put in its way since, and as it was until it was read.
        if status is not None and signature_of(status) != signature:
            raise UnsettledError(f"{reading.prefix}{path}: changed while reading", path=path)
        return status is not None


@final
class Directory(MountedSource):
    """One plain directory, read once it has been quiet.

    Dot files, ``__pycache__``, ``node_modules``, ``lost+found`` and editors' temporary files are left out, and links
    are not followed.

    Args:
        path: The directory.
        settle: Seconds for which nothing in it may have changed before it is read; at least 0.01, the clock's tick.
        include: Patterns of the paths to read; everything else is left out.
        exclude: Patterns of paths, files or directories, to leave out.
        agents: Patterns of the paths that are agents, instead of the usual rule.
        limits: Bounds of what is read.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        settle: float = 0.1,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        agents: Sequence[str] | None = None,
        limits: Limits = Limits(),
    ) -> None:
        only = Filter(tuple(include), tuple(exclude))
        patterns = None if agents is None else tuple(agents)
        self.patterns = described(only, patterns)
        self._places = [
            Place(DirectoryMount(os.path.abspath(path), settle=settle, only=only, agents=patterns, limits=limits))
        ]

    def places(self) -> list[Place]:
        """Return the one mount."""
        return self._places
