"""`Workload`: an object that makes pods, its containers, and what they mount where.

Which container is meant follows from the root, the path that the program watches: the one that mounts something at or
below it, or else above it. Where that leaves more than one, nobody guesses.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, final

from hotagents.diagnostics import escape
from hotagents.errors import SourceError
from hotagents.manifests.nodes import Record, Scalar
from hotagents.manifests.problems import Problems, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hotagents.manifests.stream import Resource

__all__ = ["Choice", "Container", "Mount", "Workload", "chosen", "relative", "workloads_in"]

_TEMPLATE: Final = ("spec", "template", "spec")
_POD_SPECS: Final[Mapping[str, tuple[str, ...]]] = {
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "DaemonSet": _TEMPLATE,
    "Deployment": _TEMPLATE,
    "Job": _TEMPLATE,
    "Pod": ("spec",),
    "ReplicaSet": _TEMPLATE,
    "ReplicationController": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
}
_MOST_NAMED: Final = 10


@final
@dataclass(frozen=True, slots=True, eq=False)
class Mount:
    """One entry of a container's volumeMounts.

    Attributes:
        path: Where, absolute and in its shortest form; what is not absolute counts from the top.
        volume: The volume's name.
        subpath: Whether only a part of the volume is mounted, which is then never updated.
        record: The entry.
    """

    path: str
    volume: str
    subpath: bool
    record: Record


@final
@dataclass(frozen=True, slots=True, eq=False)
class Container:
    """One container of a pod, by its name; ``always`` is False for those that run only at its start or for a while."""

    name: str
    record: Record
    always: bool

    def mounts(self, problems: Problems) -> list[Mount]:
        """Return what it mounts; an entry without a path is left out."""
        entries = problems.records(self.record, "volumeMounts")
        return [mount for entry in entries if (mount := _mount(entry, problems)) is not None]

    def nearness(self, root: str) -> int:
        """Return 2 if it mounts something at or below the root, 1 if above it, else 0."""
        paths = [mount.path for mount in self.mounts(Problems())]
        if any(relative(path, root) is not None for path in paths):
            return 2
        return 1 if any(relative(root, path) is not None for path in paths) else 0


@final
@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """An object that makes pods; ``pod`` is what they are made by."""

    resource: Resource
    pod: Record

    def __str__(self) -> str:
        """Return ``Deployment/app``, as the command line names it."""
        return f"{self.resource.kind}/{escape(self.resource.name)}"

    def containers(self, problems: Problems) -> list[Container]:
        """Return the containers, those that always run first."""
        return [
            Container(problems.text(record, "name"), record, always=field == "containers" or _is_sidecar(record))
            for field in ("containers", "initContainers", "ephemeralContainers")
            for record in problems.records(self.pod, field)
        ]


def _is_sidecar(record: Record) -> bool:
    """Say whether an init container goes on running beside the others."""
    policy = record.get("restartPolicy")
    return isinstance(policy, Scalar) and policy.text == "Always"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The container that is meant, and the workload that it belongs to."""

    workload: Workload
    container: Container


def workloads_in(resources: Iterable[Resource]) -> list[Workload]:
    """Return what makes pods among the objects."""
    found: list[Workload] = []
    for resource in resources:
        pod = resource.root.get(*_POD_SPECS[resource.kind]) if resource.kind in _POD_SPECS else None
        if isinstance(pod, Record):
            found.append(Workload(resource, pod))
    return found


def chosen(
    workloads: Sequence[Workload], root: str, *, container: str | None, name: str | None, namespace: str | None
) -> Choice:
    """Return the container that mounts the root.

    Args:
        workloads: All that there are.
        root: What the program watches, absolute and in its shortest form.
        container: Name of the container, None where the root decides.
        name: ``KIND/NAME`` of the workload, or its name alone; None where the root decides.
        namespace: Of the workload, where it names one; None for any.

    Raises:
        SourceError: If there is none, or more than one.
    """
    meant = [w for w in workloads if _is_meant(w, name, namespace)]
    if not meant:
        raise _none_of(workloads, name)
    silent = Problems()
    found = [
        Choice(workload, one)
        for workload in meant
        for one in workload.containers(silent)
        if (one.name == container if container is not None else one.always)
    ]
    if not found:
        there = (escape(one.name) for workload in meant for one in workload.containers(silent))
        names = ", ".join(islice(there, _MOST_NAMED)) or "none"
        raise SourceError(f"no container {quoted(container or '')} in {_named(meant)}; there are: {names}")
    return _nearest(found, meant, root)


def relative(path: str, base: str) -> str | None:
    """Return a path relative to a base: ``.`` for the base itself, None where it does not lie there."""
    if path == base:
        return "."
    prefix = base if base.endswith("/") else f"{base}/"
    return path.removeprefix(prefix) if path.startswith(prefix) else None


def _nearest(found: Sequence[Choice], meant: Sequence[Workload], root: str) -> Choice:
    """Return the only one that mounts the root.

    Raises:
        SourceError: If none does, or several do.
    """
    nearness = [choice.container.nearness(root) for choice in found]
    best = max(nearness)
    nearest = [choice for choice, near in zip(found, nearness, strict=True) if near == best]
    if not best:
        paths = sorted({mount.path for choice in found for mount in choice.container.mounts(Problems())})
        mounted = ", ".join(escape(path) for path in paths[:_MOST_NAMED]) or "nothing"
        message = f"{_named(meant)} mounts nothing at, below or above {root}; what is mounted: {mounted}"
        raise SourceError(message, reason="Missing")
    owners = list(dict.fromkeys(choice.workload for choice in nearest))
    if len(owners) > 1:
        places = ", ".join(f"{w} ({escape(w.resource.where)})" for w in owners[:_MOST_NAMED])
        raise SourceError(f"{len(owners)} workloads mount something at {root}: {places}; {_how_to_choose(owners)}")
    if len(nearest) > 1:
        names = ", ".join(escape(choice.container.name) for choice in nearest[:_MOST_NAMED])
        raise SourceError(
            f"{len(nearest)} containers of {owners[0]} mount something at {root}: {names}; name one: --container NAME"
        )
    return nearest[0]


def _how_to_choose(owners: Sequence[Workload]) -> str:
    """Say which options single out one of several workloads, if any do."""
    ways = {
        "--workload-name KIND/NAME": [str(w) for w in owners],
        "--namespace NAME": [escape(w.resource.namespace) for w in owners],
        "--workload FILE": [escape(w.resource.file) for w in owners],
    }
    marks, needed = [""] * len(owners), []
    for way, values in ways.items():
        if len(set(values)) > 1 and "" not in values and len(set(marks)) < len(owners):  # "" is of any namespace
            needed.append(way)
            marks = [f"{mark}\n{value}" for mark, value in zip(marks, values, strict=True)]
    if len(set(marks)) < len(owners):
        return "one and the same is there twice: give the manifests as they are applied, each object once"
    return f"check each: {' and '.join(needed)}"


def _is_meant(workload: Workload, name: str | None, namespace: str | None) -> bool:
    resource = workload.resource
    if namespace is not None and resource.namespace not in {"", namespace}:
        return False
    if name is None:
        return True
    kind, _, short = name.rpartition("/")
    return resource.name == short and kind.casefold() in {"", resource.kind.casefold()}


def _none_of(workloads: Sequence[Workload], name: str | None) -> SourceError:
    what = "no workload" if name is None else f"no workload {quoted(name)}"
    there = f"there is: {_named(workloads)}" if workloads else "expected a Deployment, StatefulSet, DaemonSet or such"
    return SourceError(f"{what} in these manifests; {there}", reason="Missing")


def _named(workloads: Sequence[Workload]) -> str:
    more = f" and {len(workloads) - _MOST_NAMED} more" if len(workloads) > _MOST_NAMED else ""
    return ", ".join(str(workload) for workload in workloads[:_MOST_NAMED]) + more


def _mount(entry: Record, problems: Problems) -> Mount | None:
    path = problems.text(entry, "mountPath")
    if not path:
        problems.error(entry, "bad-mount", "expected a mountPath, got none", "write: mountPath: /app/.claude")
        return None
    if not path.startswith("/"):
        message = f"mountPath: expected an absolute path, got {quoted(path)}"
        problems.error(entry.values["mountPath"], "bad-mount", message, f"write: mountPath: /{escape(path)}")
    if ":" in path or ".." in path.split("/"):
        message = f'mountPath: expected a path without ":" and "..", got {quoted(path)}'
        problems.error(entry.values["mountPath"], "bad-mount", message)
    shortest = posixpath.normpath("/" + path.lstrip("/"))
    subpath = bool(problems.text(entry, "subPath") or problems.text(entry, "subPathExpr"))
    return Mount(shortest, problems.text(entry, "name"), subpath, entry)
