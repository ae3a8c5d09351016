"""`laid_out`: from what a pod mounts to the parts that a registry would read there.

What a `hotagents.sources.Tree` finds depends on what is a volume and what a plain directory, so this follows it step by
step: a volume is one part; real directories inside it, which are there only as mount points, are looked into; a plain
directory is one part too, in which names that begin with a dot are left out. A root that is no mount itself but lies in
a volume above it is a plain directory: its files are those of the volume below it.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, final

from hotagents.diagnostics import escape
from hotagents.manifests.mounts import first_of
from hotagents.manifests.paths import is_own
from hotagents.manifests.shaping import Shaping
from hotagents.manifests.workload import relative
from hotagents.sources.scan import enters, takes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.limits import Limits
    from hotagents.manifests.mounts import Mounted, Pod
    from hotagents.manifests.nodes import Node
    from hotagents.manifests.problems import Problems
    from hotagents.manifests.volumes import Laid

__all__ = ["laid_out"]


def laid_out(pod: Pod, root: str, at: Node, *, limits: Limits, problems: Problems) -> Shaping:
    """Return the parts as a registry on the root would read them.

    Args:
        pod: What the container mounts.
        root: What the program watches.
        at: What to blame where the root itself is not known.
        limits: Bounds of what is read from each part.
        problems: Takes what is not known, and what nobody would read.
    """
    shaping = Shaping(limits)
    tree = _Tree(pod, root, shaping, problems)
    todo = ["."]
    while todo:
        todo += tree.find(todo.pop())
    _say_unknown(pod, root, at, problems)
    for key, mounted in pod.inside.items():
        if mounted.payload.swapped and key not in shaping.names:
            message = f"no registry reads {escape(mounted.mount.path)}: names that begin with a dot are left out there"
            problems.warning(mounted.mount.record, "bad-mount", message, "mount it elsewhere, or watch it itself")
    return shaping


@final
class _Tree:
    """One walk over what is mounted, by keys: paths relative to the root, ``.`` for the root itself."""

    def __init__(self, pod: Pod, root: str, shaping: Shaping, problems: Problems) -> None:
        self._pod = pod
        self._root = root
        self._shaping = shaping
        self._problems = problems

    def find(self, key: str) -> list[str]:
        """Add the part at a key, and return the keys of those below it."""
        mounted = self._pod.inside.get(key)
        location = self._root if key == "." else posixpath.join(self._root, key)
        if mounted is not None and mounted.payload.swapped:
            files = mounted.payload.files if not self._shaping.is_full else {}
            self._shaping.add(key, "volume", location, _readable(files))
            return [name if key == "." else f"{key}/{name}" for name in self._names_below(key)]
        self._shaping.add(key, "directory", location, self._plain(key))
        return self._volumes_below(key)

    def _names_below(self, key: str) -> list[str]:
        names = {first_of(inner) for other in self._pod.inside if (inner := _below(other, key))}
        return sorted(name for name in names if not name.startswith(".."))

    def _volumes_below(self, key: str) -> list[str]:
        """Return the volumes that a look through a plain directory comes to; those inside one are found from there."""
        found: list[str] = []
        for other in sorted(name for name, mounted in self._pod.inside.items() if mounted.payload.swapped):
            inner = _below(other, key)
            if not inner or not all(enters(name) for name in inner.split("/")):
                continue
            if inner.count("/") > self._shaping.limits.directory_depth:
                continue
            if not any(relative(other, earlier) for earlier in found):
                found.append(other)
        return found

    def _plain(self, key: str) -> dict[str, Laid]:
        """Return the files of a plain directory that can be known: those of the volume that the root lies in."""
        above, within = self._pod.above, self._pod.within
        if key != "." or above is None or not above.payload.swapped:
            return {}
        files = {inner: laid for path, laid in above.payload.files.items() if (inner := _below(path, within))}
        if not files and not self._pod.is_made:
            self._say_no_root(above, within)
        if self._pod.covered_by:
            return {}
        return {path: laid for path, laid in files.items() if _is_taken(path)}

    def _say_no_root(self, above: Mounted, within: str) -> None:
        why = f"the volume at {escape(above.mount.path)} has nothing in {escape(within)}"
        hint = "give its items paths below it, or mount it at the root"
        if covered_by := self._pod.covered_by:
            made = f"{escape(first_of(within))} is only made to mount others, such as {escape(covered_by)}"
            why += f" and nothing is mounted there ({made})"
            hint = "mount something at the root, or name a root that leads to what is mounted"
        self._problems.error(above.mount.record, "bad-mount", f"{why}, so no pod has {escape(self._root)}", hint)


def _say_unknown(pod: Pod, root: str, at: Node, problems: Problems) -> None:
    holders = [*pod.inside.values(), *([pod.above] if pod.above is not None else [])]
    for mounted in holders:
        if not mounted.payload.swapped:
            message = f"{escape(mounted.payload.kind)} at {escape(mounted.mount.path)}: what it holds is not known"
            hint = "the digest of a pod differs if it holds files that are read"
            problems.warning(mounted.mount.record, "unknown-content", message, hint)
    if pod.above is None and "." not in pod.inside and not problems.has_error:
        message = f"nothing is mounted at {root}: what the image has there is not known"
        problems.add(at, "unknown-content", "info", message)


def _readable(files: Mapping[str, Laid]) -> dict[str, Laid]:
    return {path: laid for path, laid in files.items() if not is_own(path)}


def _is_taken(path: str) -> bool:
    *folders, name = path.split("/")
    return all(enters(folder) for folder in folders) and takes(name)


def _below(path: str, key: str) -> str:
    """Return a path relative to a key, empty where it does not lie below it."""
    if key == ".":
        return "" if path == "." else path
    return path.removeprefix(f"{key}/") if path.startswith(f"{key}/") else ""
