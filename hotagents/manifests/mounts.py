"""`Pod`: what one container of a pod mounts at, below and right above the root, and what is wrong with that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from hotagents.diagnostics import escape
from hotagents.manifests.names import check_names, label_fault
from hotagents.manifests.nodes import Record
from hotagents.manifests.problems import Problems, quoted
from hotagents.manifests.volumes import payload_of, say_missing
from hotagents.manifests.workload import relative

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotagents.manifests.nodes import Node
    from hotagents.manifests.shelf import Shelf
    from hotagents.manifests.volumes import Payload
    from hotagents.manifests.workload import Choice, Container, Mount

__all__ = ["Mounted", "Pod", "covering", "first_of", "pod_of"]

_FIELDS: Final = ("name", "mountPath", "subPath", "subPathExpr", "readOnly", "recursiveReadOnly", "mountPropagation")
_MOST: Final = 1000  # each is compared with each
_STEADY: Final = "a part of a volume is mounted when the container starts and never updated: no edit arrives"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Mounted:
    """A mount and the volume that it shows."""

    mount: Mount
    payload: Payload


@final
@dataclass(frozen=True, slots=True, eq=False)
class Pod:
    """What the container sees.

    Attributes:
        inside: By path relative to the root, ``.`` for the root itself.
        above: What the root lies in, where nothing is mounted at it.
        within: The root's path in that.
        covered_by: The mount for which a directory on that path is made, so that no file of the volume shows there;
            empty where none is.
        is_made: Whether the root is, or leads to, something that is mounted.
    """

    inside: Mapping[str, Mounted]
    above: Mounted | None
    within: str
    covered_by: str
    is_made: bool


def pod_of(choice: Choice, root: str, shelf: Shelf) -> Pod:
    """Return what the chosen container mounts around the root."""
    problems = shelf.problems
    problems.repeated(choice.workload.resource.root)
    check_names(choice.workload.resource, problems, hint="give it a name")
    volumes = _volumes(choice.workload.pod, problems) | _claims(choice.workload.resource.root, problems)
    mounts = _distinct(_not_too_many(choice.container, problems), problems)
    above = max((m for m in mounts if relative(root, m.path) is not None), key=lambda m: len(m.path), default=None)
    shown: dict[str, Mounted] = {}
    payloads: dict[str, Payload] = {}  # a volume may be mounted twice
    for mount in mounts:
        problems.slips(mount.record, _FIELDS, "mount")
        volume = _volume(mount, volumes, problems)  # without it no pod is made, wherever it is mounted
        matters = mount is above or relative(mount.path, root) is not None
        if volume is not None and matters and not _is_steady(mount, problems):
            if mount.volume not in payloads:
                payloads[mount.volume] = payload_of(volume, shelf)
            shown[mount.path] = Mounted(mount, payloads[mount.volume])
    _say_covered(shown, mounts, root, problems)
    others = (one for one in choice.workload.containers(Problems()))
    mounted = {mount.volume for one in others for mount in one.mounts(Problems())} - payloads.keys()
    for name in sorted(mounted & volumes.keys()):
        say_missing(volumes[name], shelf)
    inside = {key: m for path, m in shown.items() if (key := relative(path, root)) is not None}
    holder = shown.get(above.path) if above is not None and above.path != root else None
    within = (relative(root, above.path) if above is not None else None) or "."
    covered_by = covering(above.path, mounts).get(first_of(within), "") if above is not None else ""
    is_made = any(relative(mount.path, root) is not None for mount in mounts)
    return Pod(inside, holder, within, covered_by, is_made)


def covering(path: str, mounts: Sequence[Mount]) -> dict[str, str]:
    """Return, by their first name, the directories that are made in a volume at ``path`` to mount others there."""
    points: dict[str, str] = {}
    for mount in mounts:
        inner = relative(mount.path, path)
        if inner is not None and inner != ".":
            points.setdefault(first_of(inner), mount.path)
    return points


def first_of(path: str) -> str:
    """Return the first name of a path."""
    return path.partition("/")[0]


def _volumes(pod: Record, problems: Problems) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for record in problems.records(pod, "volumes"):
        name = problems.text(record, "name")
        if not name:
            problems.error(record, "bad-mount", "expected a volume with a name, got one without")
        elif name in found:
            message = f"expected one volume {quoted(name)}, got a second; the first is on line {found[name].place.line}"
            problems.error(record, "bad-mount", message, "rename one of the two")
        else:
            found[name] = record
        if name and (fault := label_fault(name)):
            problems.error(record.values["name"], "bad-mount", f"name of a volume: expected {fault}")
    return found


def _claims(root: Record, problems: Problems) -> dict[str, Record]:
    """Return the volumes that a StatefulSet makes for each pod, which take the place of others of their names."""
    spec = root.get("spec")
    found: dict[str, Record] = {}
    for template in problems.records(spec, "volumeClaimTemplates") if isinstance(spec, Record) else ():
        metadata = problems.record(template, "metadata")
        name = problems.text(metadata, "name") if metadata is not None else ""
        if name:
            found[name] = Record(template.sheet, template.start)
            found[name].values["persistentVolumeClaim"] = template
    return found


def _volume(mount: Mount, volumes: Mapping[str, Record], problems: Problems) -> Record | None:
    if mount.volume not in volumes:
        known = ", ".join(escape(name) for name in list(volumes)[:10]) or "none"
        message = f"expected the name of a volume, got {quoted(mount.volume)}; there are: {known}"
        problems.error(_at(mount, "name"), "bad-mount", message)
    return volumes.get(mount.volume)


def _not_too_many(container: Container, problems: Problems) -> list[Mount]:
    mounts = container.mounts(problems)
    if len(mounts) > _MOST:
        message = f"expected at most {_MOST} mounts of a container, got {len(mounts)}"
        problems.error(container.record, "manifest-too-large", message)
    return mounts[:_MOST]


def _distinct(mounts: Sequence[Mount], problems: Problems) -> list[Mount]:
    """Return the mounts; of two at one path the later, with an error."""
    found: dict[str, Mount] = {}
    for mount in mounts:
        if (earlier := found.get(mount.path)) is not None:
            line = earlier.record.place.line
            message = f"expected one mount at {escape(mount.path)}, got a second; the first is on line {line}"
            problems.error(_at(mount, "mountPath"), "bad-mount", message, "mount one projected volume of both")
        found[mount.path] = mount
    return list(found.values())


def _is_steady(mount: Mount, problems: Problems) -> bool:
    if mount.subpath:
        field = "subPath" if "subPath" in mount.record.values else "subPathExpr"
        message = f"{field} at {escape(mount.path)}: {_STEADY}"
        hint = "mount the whole volume at a directory, with items where a key has to lie deeper"
        problems.error(_at(mount, field), "subpath-mount", message, hint)
    return mount.subpath


def _say_covered(shown: Mapping[str, Mounted], mounts: Sequence[Mount], root: str, problems: Problems) -> None:
    """Say which content of a volume another mount hides; when it goes, the kubelet takes the other mount with it."""
    for path, mounted in shown.items():
        points = covering(path, mounts)
        names = mounted.payload.by_first_name if points and mounted.payload.swapped else {}
        hidden = [(points[first], name) for first in sorted(points.keys() & names.keys()) for name in names[first]]
        for point, name in hidden:
            laid = mounted.payload.files[name]
            if _matters(path, name, root):
                message = f"{quoted(name)} ({laid.value.owner}) is hidden by what is mounted at {escape(point)}"
                message += "; once it goes, that mount is detached until the pod is recreated"
                hint = "give the file another path, or mount the volumes side by side"
                problems.error(laid.at, "mount-in-content", message, hint)


def _matters(path: str, name: str, root: str) -> bool:
    """Say whether a file would be read: any of a volume at or below the root, of one above it only what leads there."""
    within = relative(root, path)
    return within is None or within == "." or first_of(within) == first_of(name)


def _at(mount: Mount, field: str) -> Node:
    return mount.record.values.get(field, mount.record)
