"""Writing files so that a reader, or the next start, finds the old content or the new and nothing between.

Only regular files are opened: a FIFO or a device in a record's place would hang whoever reads or writes it.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "SCHEMA",
    "Lines",
    "NotRegularError",
    "RecordsError",
    "append_line",
    "open_regular",
    "read_lines",
    "read_object",
    "write_lines",
    "write_object",
]

SCHEMA: Final = 1
_MODE: Final = 0o640
_MOST_BYTES: Final = 64 << 20  # of a file that is read; far more than any state has
_GUARDED: Final = os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FILES: Final = frozenset({errno.ELOOP, errno.ENXIO})  # a link, a socket


class Lines(NamedTuple):
    """Values of a file, one a line.

    Attributes:
        values: Of the lines that are JSON.
        damaged: How many are none.
        is_cut: Whether a crash cut off the last line, which nobody took for written; not counted as damaged.
    """

    values: list[Any]
    damaged: int
    is_cut: bool


class RecordsError(Exception):
    """What is on disk cannot be used; the message names the file and says what to do."""


class NotRegularError(OSError):
    """In the file's place is something else: a directory, a link, a FIFO, a device."""


def open_regular(path: Path, flags: int) -> int:
    """Return a descriptor of a regular file, which the caller closes; ``flags`` are those of `os.open`.

    Raises:
        NotRegularError: If it is none.
        OSError: If it cannot be opened.
    """
    try:
        descriptor = os.open(path, flags | _GUARDED, _MODE)
    except OSError as error:
        if error.errno in _NO_FILES:
            raise _not_regular(path) from None
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise _not_regular(path)


def write_object(path: Path, value: Any) -> int:
    """Replace a file by a value as JSON: written beside, synced, renamed, and the directory synced; return its bytes.

    A process that dies meanwhile leaves the file beside behind; `hotagents_k8s_monitor.records.Journal` deletes it.

    Raises:
        OSError: If it cannot be written; what was there before is still there.
    """
    return _replace(path, [json.dumps(value, indent=1)])


def write_lines(path: Path, values: Iterable[Any]) -> int:
    """Replace a file by values as one line of JSON each, in the way of `write_object`; return its bytes.

    Raises:
        OSError: If it cannot be written; what was there before is still there.
    """
    return _replace(path, map(_line, values))


def read_lines(path: Path) -> Lines:
    """Return what `write_lines` and `append_line` wrote; nothing where no file is.

    Raises:
        ValueError: If it is far too large, or no text.
        NotRegularError: If there is something else in its place.
        OSError: If it cannot be read.
    """
    try:
        text = _text(path)
    except FileNotFoundError:
        return Lines([], 0, is_cut=False)
    *lines, rest = text.split("\n")
    values = [value for line in [*lines, rest] for value in _read(line)]
    return Lines(values, sum(bool(line) and not _read(line) for line in lines), is_cut=bool(rest))


def _read(line: str) -> list[Any]:
    try:
        return [json.loads(line)]
    except (ValueError, RecursionError):
        return []  # cut off by a crash or a full disk


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _replace(path: Path, lines: Iterable[str]) -> int:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fchmod(file.fileno(), _MODE)
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)
    return size


def append_line(path: Path, value: Any) -> int:
    """Append a value as one line of JSON, in one write, and sync; return how many bytes that were.

    A line that a crash or a full disk cut off is closed first, so that it spoils no other; readers leave out what is no
    JSON.

    Raises:
        OSError: If it cannot be written.
    """
    line = _line(value).encode() + b"\n"
    descriptor = open_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
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
    return written


def read_object(path: Path) -> dict[str, Any] | None:
    """Return what `write_object` wrote, or None where there is no file.

    Raises:
        RecordsError: If it has a schema that this version does not know.
        ValueError: If it is damaged, or far too large.
        NotRegularError: If there is something else in its place.
        OSError: If it cannot be read.
    """
    try:
        text = _text(path)
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


def _text(path: Path) -> str:
    with os.fdopen(open_regular(path, os.O_RDONLY), "rb") as file:
        content = file.read(_MOST_BYTES)
    if len(content) == _MOST_BYTES:
        raise ValueError(f"{path}: expected less than {_MOST_BYTES >> 20} MiB")
    return content.decode("utf-8")


def _not_regular(path: Path) -> NotRegularError:
    return NotRegularError(errno.EINVAL, "not a regular file", str(path))


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that syncs no directories, such as a share of SMB
            raise
    finally:
        os.close(descriptor)
