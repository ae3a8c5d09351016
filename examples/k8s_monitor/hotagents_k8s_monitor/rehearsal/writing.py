"""`Writer`: a recording as it is made: each look is on disk once `Writer.add` returns, and the file never outgrows its
bound.
"""

from __future__ import annotations

import json
import os
import zlib
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.rehearsal.recording import FILE, RecordingError, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.rehearsal.recording import Header, RecordedLook

__all__ = ["Writer", "snapshot_resources"]

_GZIP: Final = 16 + zlib.MAX_WBITS
_TRAILER: Final = 32  # bytes that the end of a gzip stream takes at most
_MODE: Final = 0o600


@final
class Writer:
    """Writes one recording into a directory; a context manager, used by one thread.

    A process that dies leaves what was added so far, which readers take as it is.

    Args:
        directory: Made if it is not there.
        header: What the recording says of itself.
        most_bytes: Size that the file never exceeds.

    Raises:
        RecordingError: If there is a recording already.
        OSError: If it cannot be written.
    """

    def __init__(self, directory: Path, header: Header, *, most_bytes: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / FILE
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(self.path, flags, _MODE)
        except FileExistsError:
            raise RecordingError(
                f"{self.path}: there is a recording already; name another directory, or remove it"
            ) from None
        self._most_bytes = most_bytes
        self._size = 0
        self._compressor = zlib.compressobj(9, zlib.DEFLATED, _GZIP)
        self._resources = header.resources
        self._before: dict[str, dict[str, str]] = {}
        self._put(header.to_dict())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._write(self._compressor.flush(zlib.Z_FINISH))
        finally:
            os.close(self._descriptor)

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    def add(self, look: RecordedLook) -> bool:
        """Add a look; return False, with nothing written, where the file would outgrow its bound.

        Raises:
            OSError: If it cannot be written.
        """
        snapshot = look.snapshot
        after: dict[str, dict[str, str]] = {resource: _texts(items) for resource, items in snapshot.objects.items()}
        gaps = [
            {"resource": gap.resource, "reason": gap.reason, "detail": gap.detail} for gap in snapshot.gaps.values()
        ]
        line: dict[str, Any] = {
            "at": snapshot.taken_at.isoformat(),
            "took": round(look.took.total_seconds(), 3),
            "lists": {resource: self._change(resource, texts) for resource, texts in after.items()},
        }
        if not self._put(line | ({"gaps": gaps} if gaps else {})):
            return False
        self._before.update(after)
        return True

    def _change(self, resource: str, after: Mapping[str, str]) -> dict[str, Any]:
        before = self._before.get(resource, {})
        put = [json.loads(text) for key, text in after.items() if before.get(key) != text]
        gone = [key for key in before if key not in after]
        return ({"put": put} if put else {}) | ({"gone": gone} if gone else {})

    def _put(self, value: Mapping[str, Any]) -> bool:
        line = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        compressor = self._compressor.copy()
        content = compressor.compress(line) + compressor.flush(zlib.Z_SYNC_FLUSH)
        if self._size + len(content) + _TRAILER > self._most_bytes:
            return False
        self._compressor = compressor
        self._write(content)
        return True

    def _write(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            written = os.write(self._descriptor, view)
            view, self._size = view[written:], self._size + written


def _texts(items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return objects as texts by key, in the order of the keys, in which the API server lists them."""
    found = {key_of(item): json.dumps(item, sort_keys=True) for item in items}
    return dict(sorted(found.items()))


def snapshot_resources(snapshot: Snapshot) -> tuple[str, ...]:
    """Return what a look asked for, whatever came of it."""
    return tuple(dict.fromkeys([*snapshot.objects, *(r for r in snapshot.gaps if r not in snapshot.objects)]))
