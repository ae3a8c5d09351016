r"""`Mounts`: what ``/proc/self/mountinfo`` tells of mounts, such as that one has died without a word.

A bind mount outlives what it shows. When a kubelet builds a volume anew, a running container stays on the old, unlinked
directory: for ever empty, without an event; when the directory *below* a mount is removed outside, the mount goes with
it. Only the kernel's table of mounts says so: it ends the root of the first in ``//deleted``, and has the second no
more. It also shows the root of a ``subPath`` mount, which lies inside a payload and so never changes.

A line is ``ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [OPTIONAL ...] - TYPE SOURCE OPTIONS``, with space, tab, newline
and backslash as octal escapes. Linux only; elsewhere, or where ``/proc`` cannot be read, the table is empty and nothing
is known, which is no error. Read `hotagents.sources.footing` for what is concluded.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple, final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["DELETED", "MountPoint", "Mounts", "dead", "is_subpath", "mounts_now", "parse"]

_TABLE: Final = "/proc/self/mountinfo"
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")
DELETED: Final = "//deleted"  # no path holds two slashes in a row
_IN_PAYLOAD: Final = "/..20"
_FIELDS: Final = 5


@final
class MountPoint(NamedTuple):
    """One mount.

    Attributes:
        number: Unique in its table.
        parent: Number of the mount that it is mounted on.
        root: The file or directory of its file system that it shows.
        path: Where it shows it.
    """

    number: str
    parent: str
    root: str
    path: str


@final
class Mounts:
    """All mounts of one moment.

    Paths are absolute and free of links.
    """

    __slots__ = ("_on",)

    def __init__(self, mounts: Iterable[MountPoint] = ()) -> None:
        known = {mount.number: mount for mount in mounts}
        # By what it is mounted on, and where; the later covers the earlier. Below the first of all there is nothing.
        self._on = {(m.parent if m.parent != m.number and m.parent in known else "", m.path): m for m in known.values()}

    def holding(self, path: str) -> MountPoint | None:
        """Return the mount on which a path lies, the topmost where several lie over each other."""
        found: MountPoint | None = None
        for step in _steps(path):
            while mount := self._on.get((found.number if found else "", step)):
                found = mount
        return found

    def at(self, path: str) -> MountPoint | None:
        """Return the mount that begins at exactly this path, if it can be seen there."""
        mount = self.holding(path)
        return mount if mount is not None and mount.path == path else None

    def below(self, path: str) -> Iterator[tuple[str, MountPoint]]:
        """Yield the mounts that can be seen below a path, each with its path relative to that."""
        base = path.rstrip("/") + "/"
        for mount in self._on.values():
            if mount.path.startswith(base) and mount.path != path and self.holding(mount.path) == mount:
                yield mount.path[len(base) :], mount


def parse(text: str) -> Mounts:
    """Return the mounts in the text of a ``mountinfo`` file; lines that are none are passed over."""
    found = []
    for line in text.split("\n"):  # names may hold whatever else ends a line
        fields = line.split(" ", _FIELDS)
        if len(fields) > _FIELDS:
            number, parent, _, root, path, _ = fields
            found.append(MountPoint(number, parent, _plain(root), _plain(path)))
    return Mounts(found)


def dead(mount: MountPoint) -> bool:
    """Say whether the mount shows something that was deleted: nothing new can ever be put there."""
    return mount.root.endswith(DELETED)


def is_subpath(mount: MountPoint) -> bool:
    """Say whether the mount shows a part of one payload, as ``subPath`` does: what it shows is never replaced."""
    return _IN_PAYLOAD in mount.root


def mounts_now() -> Mounts:
    """Return the mounts of this moment; none where the system does not tell.

    A table that changes while it is read can lack a line: who concludes something from an absence looks again.
    """
    try:
        with open(_TABLE, "rb", buffering=0) as file:
            return parse(os.fsdecode(file.readall()))
    except OSError:
        return Mounts()


def _plain(name: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), name) if "\\" in name else name


def _steps(path: str) -> Iterator[str]:
    """Yield ``/``, ``/a`` and ``/a/b`` for ``/a/b``."""
    yield "/"
    end = path.find("/", 1)
    while end != -1:
        yield path[:end]
        end = path.find("/", end + 1)
    if path != "/":
        yield path
