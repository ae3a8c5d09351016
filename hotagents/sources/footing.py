"""What a source's bytes stand on: the mounts that hold them, and what is wrong with those.

Pure: a table of mounts and what was read go in, an error or diagnostics come out. Three things cannot be learnt from
the bytes themselves:

- a mount shows what was deleted outside. It may look like an empty directory, or for ever like a good one;
- a mount is gone, and what lies below shows in its place: nothing, or files of the image;
- a mount is of one ``subPath``, so what it shows was settled when the container started.

The first two are ``Detached``: only a new container gets a working mount. The last is a warning for as long as the file
is there; it merely never changes. (A *directory* by subPath is emptied by the first edit: deleted, as any other.)

One loss stays unseen. A volume in memory (a Secret, a projected one) that is torn down outside lives on in here,
content and all, and nothing tells it from one that is served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, final

from hotagents.diagnostics import Diagnostic, escape
from hotagents.errors import SourceError
from hotagents.sources.mounts import DELETED, dead, is_subpath

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from hotagents.snapshot import Part
    from hotagents.sources.mounts import MountPoint, Mounts

__all__ = ["Ground", "loss", "points", "subpaths"]


@final
class Ground(NamedTuple):
    """One directory of a source.

    Attributes:
        path: Where it is, absolute and free of links.
        part: What was read of it, or None where that failed.
    """

    path: str
    part: Part | None = None


@final
class _Support(NamedTuple):
    """A mount at or inside a ground: its place below that, empty for the one that holds the ground itself."""

    mount: MountPoint
    name: str = ""
    was_read: bool = True


def points(table: Mounts, grounds: Iterable[Ground]) -> frozenset[str]:
    """Return where the mounts begin that hold the directories and the files read."""
    return frozenset(s.mount.path for ground in grounds for s in _supports(table, ground) if s.was_read)


def loss(table: Mounts, grounds: Iterable[Ground], known: Collection[str]) -> SourceError | None:
    """Return what is wrong where nothing can arrive any more, or where what was there is hidden.

    Args:
        table: The mounts of now; empty where nothing is known of them.
        grounds: All directories of the source.
        known: What `points` gave when the source was last read.
    """
    for ground in grounds:
        supports = list(_supports(table, ground))
        for mount, name, was_read in supports:
            settled = bool(name) and was_read and is_subpath(mount)
            if dead(mount) and (was_read or mount.path in known) and not settled:
                return _deleted(mount)
        for point in sorted(known):
            if supports and _related(point, ground.path) and table.at(point) is None:
                return _gone(point)
    return None


def subpaths(table: Mounts, grounds: Collection[Ground]) -> list[Diagnostic]:
    """Return a warning for each mount by subPath that was read, or that lies in a volume and therefore was not."""
    found: dict[str, Diagnostic] = {}
    homes = {ground.path for ground in grounds}
    for ground in grounds:
        for mount, name, was_read in _supports(table, ground):
            if ground.part is None or not is_subpath(mount) or mount.path in found:
                continue
            path = f"{ground.part.prefix}{name}".rstrip("/")
            if was_read:
                found[mount.path] = _subpath(path, "is as it was when the container started; no edit ever arrives")
            elif ground.part.kind == "volume" and _is_beside(name) and mount.path not in homes:
                found[mount.path] = _subpath(path, "lies beside the content of a volume and is not read")
    return list(found.values())


def _supports(table: Mounts, ground: Ground) -> Iterator[_Support]:
    base = table.holding(ground.path)
    if base is None:
        return
    yield _Support(base)
    if ground.part is None:
        return
    payload, files = f"{ground.part.payload}/", ground.part.files
    for place, mount in table.below(ground.path):
        name = place.removeprefix(payload)
        readable = ground.part.kind != "volume" or name != place  # a volume's files are all in its payload
        yield _Support(mount, name, readable and any(f == name or f.startswith(f"{name}/") for f in files))


def _is_beside(name: str) -> bool:
    return "/" not in name and not name.startswith(".")


def _related(one: str, other: str) -> bool:
    """Say whether one path is the other, or lies below it."""
    short, long = sorted((one.rstrip("/"), other.rstrip("/")), key=len)
    return long == short or long.startswith(f"{short}/")


def _deleted(mount: MountPoint) -> SourceError:
    shown = escape(mount.root.removesuffix(DELETED))
    message = (
        f"{escape(mount.path)}: what is mounted here ({shown}) was deleted outside, as by a kubelet that builds a "
        "volume anew, so nothing can ever arrive; only a recreated pod gets a working mount"
    )
    return SourceError(message, path=mount.path, reason="Detached")


def _gone(point: str) -> SourceError:
    message = (
        f"{escape(point)}: was a mount of its own and is none any more, so what was read there is hidden or gone; "
        "a recreated pod gets it again"
    )
    return SourceError(message, path=point, reason="Detached")


def _subpath(path: str, what: str) -> Diagnostic:
    hint = "mount the whole volume, without subPath"
    return Diagnostic("subpath-mount", "warning", path, 0, 0, "", f"a subPath mount {what}", hint)
