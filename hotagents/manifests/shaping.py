"""`Shaping`: parts as they are put together, each file with its origin and within the limits.

The limits are those of a registry in the pod, and what crosses one is said in the same words, by the path in the set.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, final

from hotagents.diagnostics import Diagnostic
from hotagents.manifests.origins import Origins, origin_of
from hotagents.snapshot import Part, Snapshot
from hotagents.sources.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from hotagents.limits import Limits
    from hotagents.manifests.origins import Origin
    from hotagents.manifests.problems import Problems
    from hotagents.manifests.volumes import Laid
    from hotagents.snapshot import PartKind

__all__ = ["Shaping"]


@final
class Shaping:
    """The parts of a set, in the making.

    Args:
        limits: Bounds of what is read from each part.

    Attributes:
        names: Of the parts so far.
    """

    __slots__ = ("_bytes", "_diagnostics", "_files", "_origins", "_parts", "limits", "names")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.names: set[str] = set()
        self._parts: list[Part] = []
        self._origins: dict[str, Origin] = {}
        self._diagnostics: list[Diagnostic] = []
        self._files = self._bytes = 0

    def add(self, name: str, kind: PartKind, location: str, files: Mapping[str, Laid], *, flat: bool = False) -> None:
        """Add a part; ``flat`` leaves its files at the root, whatever it is called."""
        prefix = "" if flat or name == "." else f"{name}/"
        reading = Reading(self.limits, self._diagnostics, prefix)
        deep: set[str] = set()
        for path in sorted(files) if not self.is_full else ():
            if self.is_full:
                break
            self._origins.setdefault(prefix + path, origin_of(files[path].value.node, files[path].value.owner))
            if too_deep := self._beyond(path):
                if too_deep not in deep:
                    reading.too_deep(too_deep)
                deep.add(too_deep)
            elif self._fits(files[path].value.content):
                reading.keep(path, files[path].value.content)
        content = MappingProxyType(dict(reading.files))
        self._parts.append(Part(name=name, prefix=prefix, kind=kind, location=location, payload="", files=content))
        self.names.add(name)

    @property
    def is_full(self) -> bool:
        """Whether a limit of the whole was crossed, so that nothing more is taken."""
        return self._files > self.limits.files or self._bytes > self.limits.total_bytes

    def snapshot(self, problems: Problems, token: Hashable) -> tuple[Snapshot, Origins]:
        """Return the set of all parts, and where each file of it comes from."""
        own = problems.found
        parts = sorted(self._parts, key=lambda part: "" if part.name == "." else part.name)
        snapshot = Snapshot.of(parts, token=token, diagnostics=(*own, *self._diagnostics))
        return snapshot, Origins(MappingProxyType(self._origins), frozenset(own))

    def _fits(self, content: bytes) -> bool:
        """Count a file; what one part may hold, all may hold here: a line of a manifest can mount a volume again."""
        self._files += 1
        self._bytes += len(content)
        if self.is_full:
            message = f"more than {self.limits.files} files or {self.limits.total_bytes} bytes in all that is mounted"
            self._diagnostics.append(Diagnostic("too-many-files", "error", "", 0, 0, "", message))
        return not self.is_full

    def _beyond(self, path: str) -> str:
        """Return the first directory on a path that lies deeper than the limit; empty where none does."""
        names = path.split("/")
        most = self.limits.directory_depth + 1
        return "/".join(names[:most]) if len(names) > most else ""
