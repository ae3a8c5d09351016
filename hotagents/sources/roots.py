"""`Roots`: several directories as one set, read together as one whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from hotagents.sources.mounted import MountedSource, Place

__all__ = ["Roots"]


@final
class Roots(MountedSource):
    """Several sources on disk.

    Args:
        sources: A mapping puts each source's paths below its key. Pairs of a name and a source lay them over each
            other at the root, where one path twice is an error in the snapshot.
    """

    def __init__(self, sources: Mapping[str, MountedSource] | Sequence[tuple[str, MountedSource]]) -> None:
        prefixed = isinstance(sources, Mapping)
        pairs = sources.items() if isinstance(sources, Mapping) else sources
        self._sources = [(name, f"{name}/" if prefixed else "", source) for name, source in pairs]
        self.patterns = " | ".join(source.patterns for _, _, source in self._sources).strip(" |")

    def places(self) -> list[Place]:
        """Return the mounts of all sources, each with a name of its own."""
        found: dict[str, Place] = {}
        for name, prefix, source in self._sources:
            for place in source.places():
                renamed = place.renamed(name, prefix=prefix)
                while renamed.name in found:  # `a/b` may be a root's key, and a mount in the root `a`
                    renamed = renamed.called(f"{renamed.name}'")
                found[renamed.name] = renamed
        return list(found.values())
