"""Writing files so that a reader, or the next start, finds the old content or the new and nothing between."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any, Final

__all__ = ["SCHEMA", "RecordsError", "append_line", "read_object", "write_object"]

SCHEMA: Final = 1
_MODE: Final = 0o640


class RecordsError(Exception):
    """What is on disk cannot be used; the message names the file and says what to do."""


def write_object(path: Path, value: Any) -> None:
    """Replace a file by a value as JSON: written beside, synced, renamed, and the directory synced.

    A process that dies meanwhile leaves the file beside behind; `hotagents_k8s_monitor.records.Journal` deletes it.

    Raises:
        OSError: If it cannot be written; what was there before is still there.
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1)
            file.write("\n")
            file.flush()
            os.fchmod(file.fileno(), _MODE)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def append_line(path: Path, value: Any) -> None:
    """Append a value as one line of JSON, in one write, and sync.

    A line that a crash or a full disk cut off is closed first, so that it spoils no other; readers leave out what is no
    JSON.

    Raises:
        OSError: If it cannot be written.
    """
    line = json.dumps(value, separators=(",", ":")).encode() + b"\n"
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line
        written = os.write(descriptor, line)
        if written != len(line):
            raise OSError(f"{path}: only {written} of {len(line)} bytes could be written")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_object(path: Path) -> dict[str, Any] | None:
    """Return what `write_object` wrote, or None where there is no file.

    Raises:
        RecordsError: If it has a schema that this version does not know.
        ValueError: If it is damaged.
        OSError: If it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(f"{path}: nested too deeply") from None
    schema = value.get("schema") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(schema, int):
        raise ValueError(f"{path}: expected an object with a schema")  # noqa: TRY004 - damage, like any other
    if schema > SCHEMA:
        raise RecordsError(
            f"{path} was written by a newer version (schema {schema}, this one knows {SCHEMA}); "
            "run that version again, or move the file away to start without memory"
        )
    return value


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that syncs no directories, such as a share of SMB
            raise
    finally:
        os.close(descriptor)
