"""`terminated`: why a process ended, where the kubelet looks for it, so that ``kubectl describe pod`` says it.

The kubelet mounts a file into each container, by default ``/dev/termination-log``, reads at most 4096 bytes of it when
the container ends, and shows them as the message of its last state.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from hotagents.diagnostics import errors_in, escape
from hotagents.errors import HotAgentsError, InvalidConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["DEFAULT", "LONGEST", "default_path", "message", "terminated"]

DEFAULT: Final = "/dev/termination-log"
LONGEST: Final = 4096
"""Bytes that the kubelet reads."""
_ROOM: Final = 32  # for the last line, which counts what is left out
_LONGEST_LINE: Final = 1500  # bytes
_OPEN: Final = os.O_WRONLY | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


def default_path(environment: Mapping[str, str], *, path: str = DEFAULT) -> str:
    """Return the file of the container that this process runs in; empty where it runs in none, or may not write it."""
    if "KUBERNETES_SERVICE_HOST" not in environment:
        return ""
    try:
        regular = stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return ""
    return path if regular and os.access(path, os.W_OK) else ""


def message(error: BaseException, *, expected: tuple[type[BaseException], ...] = ()) -> str:
    """Return what to say of an error: each diagnostic on a line of its own, the first first, within the limit.

    Args:
        error: What ended the process.
        expected: Classes of errors beside the library's own whose text says all, so that the class is left out.
    """
    lines = list(_lines(error, (HotAgentsError, OSError, *expected)))
    left = size = 0
    kept: list[str] = []
    for line in lines:
        size += len(line.encode()) + 1
        if size > LONGEST - _ROOM:
            left = len(lines) - len(kept)
            break
        kept.append(line)
    return "\n".join([*kept, f"and {left} more"] if left else kept) + "\n"


def terminated(path: str, error: BaseException, *, expected: tuple[type[BaseException], ...] = ()) -> None:
    """Write why the process ends, as `message` says it; the file keeps its place, since it is a mount.

    Raises:
        OSError: If it cannot be written, or is no regular file.
    """
    descriptor = os.open(path, _OPEN, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{escape(path)}: expected a regular file for the termination log")
        file.truncate(0)
        file.write(message(error, expected=expected).encode())


def _lines(error: BaseException, plain: tuple[type[BaseException], ...]) -> Iterator[str]:
    if isinstance(error, InvalidConfigError):
        yield from (_line(str(diagnostic)) for diagnostic in errors_in(error.diagnostics))
    elif isinstance(error, plain) and str(error):
        yield _line(str(error))
    else:
        yield _line(f"{type(error).__name__}: {error}".removesuffix(": "))
    yield from map(_line, getattr(error, "__notes__", ()))


def _line(text: str) -> str:
    return escape(text, limit=_LONGEST_LINE).encode(errors="replace")[:_LONGEST_LINE].decode(errors="ignore")
