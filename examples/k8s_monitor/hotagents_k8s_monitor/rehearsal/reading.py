"""`RecordedCluster`: a recording as it is read, one look after the other; untrusted, so bounded."""

from __future__ import annotations

import gzip
import json
import zlib
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, Final, cast, final

from hotagents import escape
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES, Gap, Snapshot
from hotagents_k8s_monitor.judging import moment
from hotagents_k8s_monitor.rehearsal.recording import FILE, Header, RecordedLook, RecordingError, key_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from hotagents_k8s_monitor.cluster import Resource

__all__ = ["RecordedCluster", "read_recording"]

_LONGEST_LINE: Final = 256 << 20
_MOST_BYTES: Final = 4 << 30  # of all lines, uncompressed
_DAMAGE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)


@final
@dataclass(frozen=True, slots=True)
class RecordedCluster:
    """A recording on disk.

    Attributes:
        directory: Where.
        header: What it says of itself.
    """

    directory: Path
    header: Header

    @property
    def unseen(self) -> tuple[str, ...]:
        """What this version looks at, and the recording never asked for."""
        return tuple(resource for resource in RESOURCES if resource not in self.header.resources)

    def looks(self) -> Iterator[RecordedLook]:
        """Yield the looks in their order; a file that was cut off ends with its last whole one.

        Objects that did not change are the same in one look and the next; nobody writes into them. A resource that the
        recording never asked for is neither seen nor a gap: nothing is known of it, and nobody is blind.

        Raises:
            RecordingError: If a line is no look.
            OSError: If it cannot be read.
        """
        lists: dict[str, dict[str, Mapping[str, Any]]] = {}
        with closing(_lines(self.directory / FILE)) as lines:
            next(lines, None)
            for number, line in enumerate(lines, start=2):
                try:
                    yield _look(json.loads(line), lists)
                except _DAMAGE as error:
                    raise _damaged(self.directory / FILE, number, error) from None


def read_recording(directory: Path) -> RecordedCluster:
    """Return the recording in a directory.

    Raises:
        RecordingError: If there is none, or it cannot be used.
        OSError: If it cannot be read.
    """
    path = directory / FILE
    with closing(_lines(path)) as lines:
        try:
            header = Header.from_dict(json.loads(next(lines, b"null")))
        except _DAMAGE as error:
            raise _damaged(path, 1, error) from None
    return RecordedCluster(directory, header)


def _look(values: Any, lists: dict[str, dict[str, Mapping[str, Any]]]) -> RecordedLook:
    seen: dict[Resource, tuple[Mapping[str, Any], ...]] = {}
    for resource, change in values["lists"].items():
        items = lists.setdefault(resource, {})
        for key in change.get("gone", ()):
            items.pop(key, None)
        for item in change.get("put", ()):
            items[key_of(item)] = item
        if resource in RESOURCES:
            seen[cast("Resource", resource)] = tuple(items[key] for key in sorted(items))
    gaps = {gap["resource"]: _gap(gap) for gap in values.get("gaps", ()) if gap["resource"] in RESOURCES}
    snapshot = Snapshot(moment(values["at"]), MappingProxyType(seen), MappingProxyType(gaps))
    return RecordedLook(snapshot, timedelta(seconds=float(values.get("took", 0))))


def _gap(values: Any) -> Gap:
    return Gap(values["resource"], values["reason"], escape(str(values["detail"]), limit=300))


def _lines(path: Path) -> Generator[bytes]:
    """Yield the lines of a recording; where it was cut off, the whole ones.

    Raises:
        RecordingError: If it is far too large.
        OSError: If it cannot be read.
    """
    try:
        file = cast("IO[bytes]", gzip.open(path, "rb"))  # noqa: SIM115 - closed below
    except FileNotFoundError:
        said = f"{escape(str(path))}: no recording there; expected a directory that `k8s-monitor record` wrote"
        raise RecordingError(said) from None
    total = 0
    with file:
        while True:
            try:
                line = file.readline(_LONGEST_LINE)
            except (EOFError, zlib.error):
                return
            except gzip.BadGzipFile as error:
                raise _damaged(path, 1, error) from None
            total += len(line)
            if len(line) == _LONGEST_LINE or total > _MOST_BYTES:
                raise RecordingError(f"{escape(str(path))}: far larger than a recording may be; record fewer looks")
            if not line.endswith(b"\n"):
                return
            yield line


def _damaged(path: Path, line: int, error: Exception) -> RecordingError:
    said = f"{type(error).__name__}: {escape(str(error), limit=200)}"
    return RecordingError(f"{escape(str(path))}: line {line}: expected a look of a recording, got {said}")
