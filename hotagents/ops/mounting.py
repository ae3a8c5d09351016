"""`Target` and `patch`: where a rendered set is mounted, and the workload's part of that.

The patch is a strategic merge: it adds a volume and its mount to a container, and leaves everything else alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from hotagents.manifests.names import name_fault
from hotagents.ops.blocks import key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Target", "patch"]

_PART: Final = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}$){_PART}(?:\.{_PART})*", re.ASCII)
_LABEL: Final = re.compile(rf"(?=.{{1,63}}$){_PART}", re.ASCII)
_VALUE: Final = re.compile(r"(?=.{0,63}$)(?:[a-zA-Z0-9](?:[-._a-zA-Z0-9]*[a-zA-Z0-9])?)?", re.ASCII)
_API: Final = {"CronJob": "batch/v1", "Job": "batch/v1", "Pod": "v1"}
_KINDS: Final = frozenset({"CronJob", "DaemonSet", "Deployment", "Job", "Pod", "StatefulSet"})
_TO_THE_POD: Final = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_LONGEST_VOLUME: Final = 63


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a set is to be mounted, and what its objects are called.

    Attributes:
        name: Of the ConfigMap and the volume; further ConfigMaps have a number behind it.
        namespace: Of all objects; empty to leave it to whoever applies them.
        labels: Further labels of the ConfigMaps.
        root: The mount path.
        kind: Of the workload that mounts it.
        workload: Its name.
        container: The container that mounts it.
        projected: Whether the volume is projected even where one ConfigMap would do.

    Raises:
        ValueError: If the API server would refuse one of them.
    """

    name: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    root: str = "/app/.claude"
    kind: str = "Deployment"
    workload: str = ""
    container: str = ""
    projected: bool = False

    def __post_init__(self) -> None:
        """Refuse what no cluster would take."""
        _refuse_unless(_NAME, "name", self.name)
        for what, value in (("namespace", self.namespace), ("container", self.container)):
            if value:
                _refuse_unless(_LABEL, what, value)
        for key_, value in self.labels.items():
            prefix, slash, name = key_.rpartition("/")
            if not name or not _VALUE.fullmatch(name) or (slash and not _NAME.fullmatch(prefix)):
                raise ValueError(f"label: expected a key such as team or example.com/team, got {key_!r}")
            if not _VALUE.fullmatch(value):
                raise ValueError(f"label {key_}: expected up to 63 letters, digits, `-`, `_` and `.`, got {value!r}")
        if self.kind not in _KINDS:
            raise ValueError(f"kind: expected one of {', '.join(sorted(_KINDS))}, got {self.kind!r}")
        if fault := name_fault(self.kind, self.owner):
            raise ValueError(f"workload: name of a {self.kind}: expected {fault}")
        if not self.root.startswith("/") or ".." in self.root.split("/") or ":" in self.root:
            raise ValueError(f"root: expected an absolute path such as /app/.claude, got {self.root!r}")

    @property
    def owner(self) -> str:
        """The name of what mounts it: like the ConfigMap unless that is said."""
        return self.workload or self.name


def patch(target: Target, maps: Mapping[str, Sequence[str]], keys: Mapping[str, str]) -> str:
    """Return the patch as YAML.

    Args:
        target: What to call it and where to mount it.
        maps: The paths that each ConfigMap holds, by its name.
        keys: The key of each path.
    """
    name, volume = target.owner, _volume_name(target.name)
    lines = [f"apiVersion: {_API.get(target.kind, 'apps/v1')}", f"kind: {target.kind}", "metadata:"]
    lines.append(f"  name: {key(name)}")
    if target.namespace:
        lines.append(f"  namespace: {key(target.namespace)}")
    steps = _TO_THE_POD.get(target.kind, ("spec", "template", "spec"))
    lines += [f"{'  ' * depth}{step}:" for depth, step in enumerate(steps)]
    pod = [
        "containers:",
        f"  - name: {key(target.container or _volume_name(name))}",
        "    volumeMounts:",
        f"      - name: {key(volume)}",
        f"        mountPath: {key(target.root)}",
        "        readOnly: true",
        "volumes:",
        f"  - name: {key(volume)}",
        *_volume(target, maps, keys),
    ]
    margin = "  " * len(steps)
    return "\n".join([*lines, *(margin + line for line in pod), ""])


def _refuse_unless(pattern: re.Pattern[str], what: str, value: str) -> None:
    if not pattern.fullmatch(value):
        inside = "`-` and `.`" if pattern is _NAME else "`-`"
        raise ValueError(f"{what}: expected lower-case letters and digits, with {inside} between, got {value!r}")


def _volume_name(name: str) -> str:
    return name.replace(".", "-")[:_LONGEST_VOLUME].rstrip("-")


def _volume(target: Target, maps: Mapping[str, Sequence[str]], keys: Mapping[str, str]) -> list[str]:
    if len(maps) == 1 and not target.projected:
        ((name, paths),) = maps.items()
        return ["    configMap:", f"      name: {key(name)}", *_items(paths, keys, "      ")]
    lines = ["    projected:", "      sources:"]
    for name, paths in maps.items():
        lines += ["        - configMap:", f"            name: {key(name)}", *_items(paths, keys, "            ")]
    return lines


def _items(paths: Sequence[str], keys: Mapping[str, str], margin: str) -> list[str]:
    if all(keys[path] == path for path in paths):
        return []
    return [f"{margin}items:", *(f"{margin}  - {{key: {key(keys[path])}, path: {key(path)}}}" for path in paths)]
