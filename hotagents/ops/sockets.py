"""Unix sockets in the file system: one that only its owner can open, from its first moment to its last."""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Peer", "connected", "listening", "peer_of", "remove"]

_BACKLOG: Final = 8
_LONGEST: Final = 90  # bytes; systems take 104 or more, and the name it is first bound to is longer
_PROBE: Final = 1.0  # seconds
_CREDENTIALS: Final = struct.Struct("iII")


class Peer(NamedTuple):
    """The process at the other end when it connected, as the system says."""

    pid: int
    uid: int


def listening(path: str) -> socket.socket:
    """Return a listening socket at a path, of mode 0600; a socket there that nobody listens on any more is replaced.

    It is bound in a directory that nobody else can enter and only then moved to its place, since a mode that is set
    after the bind comes too late, and a umask is the whole process's.

    Raises:
        OSError: If something else is there, somebody listens there, or it cannot be made.
    """
    _refuse_without_sockets()
    place = Path(path).absolute()
    if (length := len(os.fsencode(place))) > _LONGEST:
        raise OSError(errno.ENAMETOOLONG, f"a socket's path has at most {_LONGEST} bytes, this one has {length}", path)
    _refuse_occupied(path)
    room = Path(tempfile.mkdtemp(dir=place.parent, prefix=".ctl-"))
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        inner = room / "s"
        _named(path, inner, listener.bind)
        inner.chmod(0o600)
        listener.listen(_BACKLOG)
        inner.replace(place)
    except BaseException:
        listener.close()
        (room / "s").unlink(missing_ok=True)
        raise
    finally:
        room.rmdir()
    return listener


def connected(path: str, *, timeout: float) -> socket.socket:
    """Return a socket that is connected to a path.

    Raises:
        OSError: If nobody listens there.
    """
    _refuse_without_sockets()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        _named(path, path, connection.connect)
    except BaseException:
        connection.close()
        raise
    return connection


def peer_of(connection: socket.socket) -> Peer | None:
    """Return who connected; None where the system does not say, and the socket's mode alone guards it."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(found)
    return Peer(pid, uid)


def remove(path: str, listener: socket.socket, identity: tuple[int, int]) -> None:
    """Close a listening socket, and remove it from its path if it is still the one that lies there."""
    listener.close()
    try:
        status = os.lstat(path)
        if (status.st_dev, status.st_ino) == identity:
            Path(path).unlink()
    except OSError:
        pass  # gone, or not ours to remove


def _refuse_without_sockets() -> None:
    if not hasattr(socket, "AF_UNIX"):
        raise OSError(errno.EAFNOSUPPORT, "Unix sockets cannot be had on this system")


def _refuse_occupied(path: str) -> None:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "expected a socket or nothing there; choose another path or remove it", path)
    try:
        connected(path, timeout=_PROBE).close()
    except ConnectionRefusedError:
        return  # left behind by a process that was killed
    except OSError as error:
        raise OSError(error.errno, f"whether somebody listens there cannot be told: {error.strerror}", path) from error
    raise OSError(errno.EADDRINUSE, "another process listens there; choose another path", path)


def _named(path: str, place: str | Path, call: Callable[[str], object]) -> None:
    """Bind or connect; what the system raises does not name the path."""
    try:
        call(str(place))
    except OSError as error:
        raise OSError(error.errno or errno.EINVAL, error.strerror or str(error), path) from error
