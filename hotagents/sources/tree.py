"""`Tree`: a directory whose volumes are found by themselves; what a plain path becomes.

``/app/.claude`` may be a volume, may hold other volumes (``/app/.claude/agents`` is mounted into a real directory that
the kubelet makes in the outer volume), or may be a plain directory with a volume somewhere inside. All of them are read
together, as one whole.

A volume is known by its ``..data`` link. Once known it stays one: a mount whose link is lost is *detached*, and never
turns into an empty plain directory that would say "all agents were deleted". New volumes are looked for when a
directory that could hold one has changed.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple, final

from hotagents.errors import SourceError
from hotagents.limits import Limits
from hotagents.sources.directory import DirectoryMount
from hotagents.sources.mounted import MountedSource, Place
from hotagents.sources.reading import Filter, described, unreadable
from hotagents.sources.volume import LINK, VolumeMount

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Tree"]

_TICK_NS: Final = 20_000_000
_ONE_LOOK_NS: Final = 5_000_000  # from the token of a check to the beginning of its read


class _Listing(NamedTuple):
    """The real directories in a volume's own one: as of which mtime, when looked at, and whether for longer."""

    mtime: int
    at: int
    lasts: bool
    names: list[str]


@final
class Tree(MountedSource):
    """A directory with all volumes below it.

    Args:
        path: The root; a volume, a plain directory, or either with volumes inside.
        settle: For the plain directories among them, as in `Directory`.
        include: Patterns of the paths to read, relative to the part (volume or plain directory) they lie in.
        exclude: Patterns of paths to leave out, likewise.
        agents: Patterns of the paths that are agents, likewise, instead of the usual rule.
        limits: Bounds of what is read from each part.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        settle: float = 0.1,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        agents: Sequence[str] | None = None,
        limits: Limits = Limits(),
    ) -> None:
        self._root = os.path.abspath(path)
        self._settle = settle
        self._only = Filter(tuple(include), tuple(exclude))
        self._agents = None if agents is None else tuple(agents)
        self._limits = limits
        self.patterns = described(self._only, self._agents)
        self._places: dict[str, Place] = {}
        # The real directories in each volume's own one, with the mtime under which they were listed.
        self._listed: dict[str, _Listing] = {}

    def places(self) -> list[Place]:
        """Return the mounts of now, the root's first.

        Searches again where a directory has changed; a place once found keeps its mount object, and so what that has
        already read.
        """
        found: dict[str, Place] = {}
        self._unlisted = None
        self._find("", found)
        for key, place in self._places.items():
            if place.mount.kind == "volume":
                found.setdefault(key, place)  # lost, but never forgotten: reading it says so
        if found != self._places:
            self._places = dict(sorted(found.items()))
        return list(self._places.values())

    def _find(self, key: str, found: dict[str, Place]) -> None:
        known = self._places.get(key)
        is_volume = (known is not None and known.mount.kind == "volume") or os.path.islink(
            os.path.join(self._root, key, LINK)
        )
        if is_volume:
            found[key] = known if known is not None and known.mount.kind == "volume" else self._volume(key)
            for name in self._real_directories(key):
                self._find(name, found)
        else:
            found[key] = known or self._directory(key)
            for inner in self._volumes_in(found[key], key):
                self._find(inner, found)

    def _real_directories(self, key: str) -> list[str]:
        """Return the mount points inside a volume; its content is behind links, its own names start with ``..``.

        Making or removing a directory moves the mtime, so one ``stat`` says whether to list again. An mtime within the
        clock's last tick may stand for two changes, so such a listing serves this look and no later one.
        """
        path = os.path.join(self._root, key)
        try:
            mtime, now = os.stat(path).st_mtime_ns, time.time_ns()
            listed = self._listed.get(key)
            if listed is not None and listed.mtime == mtime and (listed.lasts or 0 <= now - listed.at < _ONE_LOOK_NS):
                return listed.names
            with os.scandir(path) as listing:
                names = [e.name for e in listing if e.is_dir(follow_symlinks=False) and not e.name.startswith("..")]
        except OSError as error:
            if not isinstance(error, FileNotFoundError):  # reading the volume itself says what is wrong then
                self._unlisted = unreadable(path, error)
            return []
        inner = [f"{key}/{name}" if key else name for name in sorted(names)]
        self._listed[key] = _Listing(mtime, now, lasts=now - mtime > _TICK_NS, names=inner)
        return inner

    def _volumes_in(self, place: Place, key: str) -> list[str]:
        mount = place.mount
        if not isinstance(mount, DirectoryMount):
            return []
        try:
            return [f"{key}/{name}" if key else name for name in mount.volumes()]
        except SourceError as error:
            self._unlisted = error
            return []

    def _volume(self, key: str) -> Place:
        path = os.path.join(self._root, key) if key else self._root
        mount = VolumeMount(path, only=self._only, agents=self._agents, limits=self._limits)
        return _place(mount, key)

    def _directory(self, key: str) -> Place:
        path = os.path.join(self._root, key) if key else self._root

        def is_volume(relative: str) -> bool:
            inner = f"{key}/{relative}" if key else relative
            known = self._places.get(inner)
            if known is not None and known.mount.kind == "volume":
                return True
            return os.path.islink(os.path.join(path, relative, LINK))

        mount = DirectoryMount(
            path, settle=self._settle, only=self._only, agents=self._agents, limits=self._limits, is_volume=is_volume
        )
        return _place(mount, key)


def _place(mount: VolumeMount | DirectoryMount, key: str) -> Place:
    return Place(mount, name=key or ".", prefix=f"{key}/" if key else "")
