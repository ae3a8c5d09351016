"""`Store`: the last good set on disk, for a start on a mount that is broken.

Below its directory lie, for each set that was kept, one file that its digest names, and one that says which of them is
the last good one::

    last-good.json            {"schema": 1, "digest": "sha256:77ab...", "patterns": "", "confirmed_at": "..."}
    set-77ab....json          {"schema": 1, "digest": ..., "parts": [{"name": ..., "files": {path: base64}}]}

Each is written beside, synced, renamed, and the directory synced, so whoever dies at any moment leaves the old state or
the new. Several processes may share a directory: a set's file has the same content whoever writes it, the last to
confirm wins, and nobody deletes what is younger than an hour. What is read is untrusted like any mount: the digest must
be that of the bytes, and the caller judges the set like every other.
"""

from __future__ import annotations

import base64
import json
import os
import re
import stat
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.limits import Limits
from hotagents.snapshot import Part, Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["SCHEMA", "Store", "StoreError"]

SCHEMA: Final = 1
_POINTER: Final = "last-good.json"
_OURS: Final = re.compile(r"set-[0-9a-f]{64}\.json|\.hotagents-\w+\.tmp", re.ASCII)
_YOUNG: Final = 3600.0
_MOST_BYTES: Final = 256 * 1024 * 1024
_OPEN: Final = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


class StoreError(Exception):
    """What is kept cannot be served; the message names the file and says why."""


@final
class Store:
    """The last good set below one directory, which is made when first needed. All methods may be called by any thread.

    Args:
        directory: Where; on a disk that outlives the process, such as a PersistentVolumeClaim.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = Path(directory).absolute()
        self._lock = threading.Lock()  # one writer of this process at a time; others are harmless, see above

    def save(self, digest: str, parts: Sequence[Part], *, now: datetime, patterns: str = "") -> None:
        """Keep a set as the last good one; whatever happens, one that was kept before stays usable.

        Args:
            digest: Of the set.
            parts: What it consists of.
            now: When it was confirmed.
            patterns: By which the source chose it.

        Raises:
            OSError: If it cannot be written.
        """
        with self._lock:
            self._directory.mkdir(parents=True, exist_ok=True)
            path = self._file_of(digest)
            if not self._is_kept(path, digest):
                _write(path, {"schema": SCHEMA, "digest": digest, "parts": [_described(part) for part in parts]})
            pointer = {"schema": SCHEMA, "digest": digest, "patterns": patterns, "confirmed_at": now.isoformat()}
            _write(self._directory / _POINTER, pointer)
            self._tidy(path)

    def digest(self) -> str:
        """Return the digest of the last good set; empty where there is none, or where it cannot be told."""
        try:
            found = _read(self._directory / _POINTER).get("digest")
        except StoreError:
            return ""
        return found if isinstance(found, str) and self._file_of(found).is_file() else ""

    def load(self, *, patterns: str = "", limits: Limits = Limits()) -> Snapshot:
        """Return the last good set as it was read once.

        Args:
            patterns: Of the present source; what was chosen by others is not served.
            limits: Bounds of the present source.

        Raises:
            StoreError: If there is none, if it is damaged or beyond the limits, or if another version, or a source with
                other patterns, wrote it.
        """
        pointer = _read(self._directory / _POINTER)
        if pointer.get("patterns", "") != patterns:
            raise StoreError(f"{self._directory / _POINTER}: was kept for other include, exclude or agents patterns")
        digest = pointer.get("digest")
        if not isinstance(digest, str) or not re.fullmatch("sha256:[0-9a-f]{64}", digest):
            raise StoreError(f"{self._directory / _POINTER}: damaged: expected a digest")
        path = self._file_of(digest)
        try:
            parts = [_part(values) for values in _read(path)["parts"]]
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise StoreError(f"{path}: damaged: {type(error).__name__}") from error
        snapshot = Snapshot.of(parts)
        sizes = [len(content) for content in snapshot.files.values()]
        if len(sizes) > limits.files or sum(sizes) > limits.total_bytes or max(sizes, default=0) > limits.file_bytes:
            raise StoreError(f"{path}: is beyond the limits that files and sets have now")
        if snapshot.digest != digest:
            raise StoreError(f"{path}: damaged: its content has the digest {snapshot.digest}")
        return snapshot

    def _file_of(self, digest: str) -> Path:
        return self._directory / f"set-{digest.removeprefix('sha256:')}.json"

    def _is_kept(self, path: Path, digest: str) -> bool:
        """Say whether a set's file is there and whole; it is made young, so that no other process deletes it."""
        try:
            os.utime(path, follow_symlinks=False)
            return Snapshot.of(_part(values) for values in _read(path)["parts"]).digest == digest
        except (OSError, StoreError, AttributeError, LookupError, TypeError, ValueError):
            return False

    def _tidy(self, kept: Path) -> None:
        """Delete sets that are kept no more and what a process that died left behind; never what is young."""
        with suppress(OSError), os.scandir(self._directory) as entries:  # tried again at the next save
            for entry in entries:
                if entry.name != kept.name and _OURS.fullmatch(entry.name):
                    age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                    if age > _YOUNG:
                        Path(entry.path).unlink()


def _described(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "prefix": part.prefix,
        "kind": part.kind,
        "location": part.location,
        "payload": part.payload,
        "agents": None if part.agents is None else list(part.agents),
        "files": {path: base64.b64encode(content).decode() for path, content in part.files.items()},
    }


def _part(values: Any) -> Part:
    """Return a part from what `_described` made of one.

    Raises:
        LookupError, TypeError, ValueError: If it is something else.
    """
    if values["kind"] not in ("volume", "directory", "memory"):
        raise ValueError("kind")
    files = {_text(path): base64.b64decode(content, validate=True) for path, content in values["files"].items()}
    return Part(
        name=_text(values["name"]),
        prefix=_text(values["prefix"]),
        kind=values["kind"],
        location=_text(values["location"]),
        payload=_text(values["payload"]),
        agents=None if values["agents"] is None else tuple(map(_text, values["agents"])),
        files=MappingProxyType(dict(sorted(files.items()))),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _read(path: Path) -> dict[str, Any]:
    """Return what `_write` wrote.

    Raises:
        StoreError: If that cannot be had.
    """
    try:
        value = json.loads(_bytes_of(path))
    except FileNotFoundError:
        raise StoreError(f"{path}: there is none") from None
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{path}: damaged: it is no JSON") from error
    if not isinstance(value, dict) or not isinstance(value.get("schema"), int):
        raise StoreError(f"{path}: damaged: expected an object with a schema")
    if value["schema"] != SCHEMA:
        raise StoreError(f"{path}: was written by another version: schema {value['schema']}, this one reads {SCHEMA}")
    return value


def _bytes_of(path: Path) -> bytes:
    descriptor = os.open(path, _OPEN)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
            raise StoreError(f"{path}: expected a regular file of at most {_MOST_BYTES} bytes")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(_MOST_BYTES)
    finally:
        os.close(descriptor)


def _write(path: Path, value: Any) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".hotagents-", suffix=".tmp")  # mode 0600
    try:
        _fill(descriptor, value)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _fill(descriptor: int, value: Any) -> None:
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", closefd=False) as file:
            json.dump(value, file)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(directory: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        return  # Windows syncs no directories
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
