"""`File`: one file; in a volume it is read through the volume's link, so that no swap is missed."""

from __future__ import annotations

import glob
import os
from typing import TYPE_CHECKING, final

from hotagents.limits import Limits
from hotagents.sources.directory import DirectoryMount
from hotagents.sources.mounted import MountedSource, Place
from hotagents.sources.reading import Filter
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
        self._places = [Place(self._mount())]

    def places(self) -> list[Place]:
        """Return the one mount."""
        return self._places

    def _mount(self) -> Mount:
        folder, relative = os.path.split(self._path)
        inner = relative
        above = folder
        while True:
            if os.path.islink(os.path.join(above, LINK)):
                only = Filter(include=(glob.escape(inner),))
                return VolumeMount(above, only=only, limits=self._limits)
            parent, name = os.path.split(above)
            if parent == above:
                only = Filter(include=(glob.escape(relative),))
                return DirectoryMount(folder, settle=self._settle, only=only, limits=self._limits)
            above, inner = parent, f"{name}/{inner}"
