"""The kernel's inotify events, and what a buffer of them says about the volumes that are watched.

Pure: bytes in, a verdict out. Names that start with ``..`` belong to payload directories and the temporary link and are
no hint, except the link's own. Lengths in the buffer are checked, not believed.
"""

from __future__ import annotations

import logging
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents.watchers.base import Wakeup

__all__ = ["MASK", "wakeup_in"]

_log: Final = logging.getLogger(__name__)

# Values of <sys/inotify.h>; they are part of the kernel's ABI.
_MOVED_FROM: Final = 0x40
_MOVED_TO: Final = 0x80
_CREATE: Final = 0x100
_DELETE: Final = 0x200
_DELETE_SELF: Final = 0x400
_MOVE_SELF: Final = 0x800
_UNMOUNT: Final = 0x2000
_Q_OVERFLOW: Final = 0x4000
_IGNORED: Final = 0x8000
_ONLYDIR: Final = 0x1000000

_LOSS: Final = _DELETE_SELF | _MOVE_SELF | _UNMOUNT | _Q_OVERFLOW | _IGNORED
# No ATTRIB: with fsGroup set, each swap comes with a storm of them. No CLOSE_WRITE: only names can move a link.
MASK: Final = _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF | _ONLYDIR

_EVENT: Final = struct.Struct("iIII")  # watch descriptor, mask, cookie, length of the padded name


def wakeup_in(data: bytes, links: Mapping[int, set[bytes]]) -> Wakeup | None:
    """Return ``hint``, ``lost`` (which wins) or None for one read of events; what makes no sense counts as lost.

    Args:
        data: What one read of the inotify descriptor returned.
        links: From a watch descriptor to the names of the links in its directory.
    """
    found: Wakeup | None = None
    try:
        for descriptor, mask, name in _events(data):
            if mask & _LOSS:
                _log.debug("inotify: watch %d is lost, mask %#x", descriptor, mask)
                return "lost"
            if not name.startswith(b"..") or name in links.get(descriptor, ()):
                found = "hint"
    except ValueError as exc:
        _log.debug("inotify: %s", exc)
        return "lost"
    return found


def _events(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    while offset < len(data):
        start = offset + _EVENT.size
        if start > len(data):
            raise ValueError(f"an event is cut off after {len(data) - offset} bytes")
        descriptor, mask, _, length = _EVENT.unpack_from(data, offset)
        offset = start + length
        if offset > len(data):
            raise ValueError(f"a name of {length} bytes reaches beyond its event")
        yield descriptor, mask, data[start:offset].partition(b"\0")[0]
