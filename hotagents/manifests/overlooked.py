"""`overlooked`: what is said of workloads that nobody asked about, though they mount what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotagents.diagnostics import escape
from hotagents.manifests.problems import Problems
from hotagents.manifests.workload import relative

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from hotagents.manifests.nodes import Record
    from hotagents.manifests.workload import Workload

__all__ = ["overlooked"]

_MOST: Final = 5
_MOST_PATHS: Final = 200


def overlooked(workloads: Sequence[Workload], names: Collection[str]) -> str:
    """Return a line that tells which workloads mount any of these ConfigMaps, and what to write for what a pod sees.

    Empty where none does.
    """
    found: dict[Workload, list[str]] = {}
    for workload in workloads:
        if len(found) <= _MOST and (paths := _tops(_paths(workload, names))):
            found[workload] = paths
    if not found:
        return ""
    told = [
        f"{workload} ({escape(workload.resource.where)}) at {' and '.join(escape(path) for path in paths[:_MOST])}"
        for workload, paths in list(found.items())[:_MOST]
    ]
    roots = list(dict.fromkeys(path for paths in found.values() for path in paths))
    say = f"--root {escape(roots[0])}" if len(roots) == 1 else "--root PATH"
    return (
        f"without --root all ConfigMaps are laid over each other, and what mounts them is not looked at: "
        f"{', '.join(told)}{' and more' if len(found) > _MOST else ''}; for what a pod sees, say {say}, "
        "the path that its program watches"
    )


def _paths(workload: Workload, names: Collection[str]) -> list[str]:
    """Return where the containers that always run mount any of the ConfigMaps."""
    silent = Problems()
    volumes = {silent.text(record, "name"): record for record in silent.records(workload.pod, "volumes")}
    meant = {name for name, record in volumes.items() if any(one in names for one in _maps_of(record, silent))}
    return [
        mount.path
        for container in workload.containers(silent)
        if container.always
        for mount in container.mounts(silent)
        if mount.volume in meant
    ]


def _maps_of(volume: Record, silent: Problems) -> Iterator[str]:
    projected = silent.record(volume, "projected")
    for holder in (volume, *(silent.records(projected, "sources") if projected is not None else ())):
        source = silent.record(holder, "configMap")
        if source is not None:
            yield silent.text(source, "name")


def _tops(paths: Sequence[str]) -> list[str]:
    """Return the paths that lie below no other."""
    found = sorted(set(paths))[:_MOST_PATHS]  # each is compared with each
    return [path for path in found if not any(relative(path, other) not in {None, "."} for other in found)]
