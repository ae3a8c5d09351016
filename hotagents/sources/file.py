"""`File`: one file; in a volume it is read through the volume's link, so that no swap is missed."""

from __future__ import annotations

import glob
import os
from typing import TYPE_CHECKING, final

from hotagents.limits import Limits
from hotagents.sources.directory import DirectoryMount
from hotagents.sources.mounted import MountedSource, Place
from hotagents.sources.reading import Filter, described
from hotagents.sources.volume import LINK, VolumeMount

if TYPE_CHECKING:
    from hotagents.sources.mounted import Mount

__all__ = ["File"]


@final
class File(MountedSource):
    """One file, and nothing else of what lies beside it.

    Its path in the snapshot is its name, or its path below the volume it lies in. A file that is not there makes an
    empty set, which a registry refuses.

    Args:
        path: The file.
        settle: Seconds for which a file that is in no volume may not have changed before it is read.
        limits: Bounds of what is read.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        settle: float = 0.1,
        limits: Limits = Limits(),
    ) -> None:
        self._path = os.path.abspath(path)  # links are not resolved: that would pin one payload for ever
        self._settle = settle
        self._limits = limits
        self.patterns = described(Filter((os.path.basename(self._path),)), None)
        self._places = [Place(self._mount())]

    def places(self) -> list[Place]:
        """Return the one mount: a volume for ever once it was one, a directory only while no volume is there."""
        if self._places[0].mount.kind != "volume" and (found := self._mount()).kind == "volume":
            self._places = [Place(found)]
        return self._places

    def _mount(self) -> Mount:
        """Return the volume whose content the file is, or else the directory that it lies in."""
        folder, name = os.path.split(self._path)
        above, inner = folder, name
        while True:
            content = inner.removeprefix(f"{LINK}/")
            if os.path.islink(os.path.join(above, LINK)) and _is_content(above, content):
                return VolumeMount(above, only=Filter(include=(glob.escape(content),)), limits=self._limits)
            parent, step = os.path.split(above)
            if parent == above:
                only = Filter(include=(glob.escape(name),))
                return DirectoryMount(folder, settle=self._settle, only=only, limits=self._limits)
            above, inner = parent, f"{step}/{inner}"


def _is_content(volume: str, path: str) -> bool:
    """A volume's content is visible through links, if at all; what really lies beside them is mounted there."""
    visible = os.path.join(volume, path.partition("/")[0])
    return os.path.islink(visible) or not os.path.lexists(visible)
