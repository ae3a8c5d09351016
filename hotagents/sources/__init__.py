"""All reading of directories: from a path to a whole `hotagents.snapshot.Snapshot`.

`base` says what a source is, `mounted` how several mounts are read at one instant, `volume` and `directory` how each
kind of mount is, `tree` how volumes are found.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from hotagents.sources.base import Source, patterns_of, read_settled
from hotagents.sources.directory import Directory
from hotagents.sources.file import File
from hotagents.sources.memory import Memory
from hotagents.sources.mounted import MountedSource
from hotagents.sources.roots import Roots
from hotagents.sources.tree import Tree
from hotagents.sources.volume import Volume

if TYPE_CHECKING:
    from hotagents.limits import Limits

__all__ = [
    "Directory",
    "File",
    "Memory",
    "MountedSource",
    "Roots",
    "Source",
    "SourceLike",
    "Tree",
    "Volume",
    "patterns_of",
    "read_settled",
    "source_from",
]

Root: TypeAlias = "str | os.PathLike[str] | MountedSource"
SourceLike: TypeAlias = "str | os.PathLike[str] | Source | Sequence[Root] | Mapping[str, Root]"


def source_from(source: SourceLike, *, limits: Limits) -> Source:
    """Return the source that is meant: a `Source` itself, a path's `Tree` or `File`, or several of them as one.

    Raises:
        TypeError: If it is none of these.
        ValueError: If it is an empty list or mapping, or a mapping's key is no relative path.
    """
    if isinstance(source, (str, os.PathLike)):
        return _on_disk(source, limits)
    if isinstance(source, Mapping):
        _refuse_none(source)
        for key in source:
            _check_key(key)
        return Roots({key: _on_disk(root, limits) for key, root in source.items()})
    if isinstance(source, Sequence):
        _refuse_none(source)
        on_disk = [_on_disk(root, limits) for root in source]
        return Roots([(_name(root, i), on_disk[i]) for i, root in enumerate(source)])
    if isinstance(source, Source):
        return source
    raise TypeError(f"expected a path, several paths, or a Source (read, token, watcher); got {type(source).__name__}")


def _on_disk(root: Root, limits: Limits) -> MountedSource:
    if isinstance(root, MountedSource):
        return root
    if not isinstance(root, (str, os.PathLike)):
        raise TypeError(f"expected a path or a source on disk among several roots; got {type(root).__name__}")
    is_file = os.path.isfile(root) or (not os.path.lexists(root) and os.fspath(root).endswith(".md"))  # yet to come
    return File(root, limits=limits) if is_file else Tree(root, limits=limits)


def _check_key(key: object) -> None:
    if not isinstance(key, str) or not all(key.split("/")) or any(name.startswith("..") for name in key.split("/")):
        raise ValueError(f'expected a relative path such as "agents" as the key of a root, got {key!r}')


def _name(root: Root, index: int) -> str:
    return os.fspath(root) if isinstance(root, (str, os.PathLike)) else f"root {index + 1}"


def _refuse_none(roots: Sequence[Root] | Mapping[str, Root]) -> None:
    if not roots:
        raise ValueError("expected at least one root")
