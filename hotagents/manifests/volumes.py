"""`Payload`: what a volume of a pod holds, as the kubelet would write it.

ConfigMaps, Secrets and projections of them are known. What only a running pod has (a token, its own labels) is not, nor
is what lies in an emptyDir or a claim: that is said, so that nobody takes the digest for more than it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from hotagents.diagnostics import escape
from hotagents.manifests.nodes import Listing, Record, Scalar
from hotagents.manifests.paths import clashes, shortened
from hotagents.manifests.problems import quoted
from hotagents.snapshot import is_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents.manifests.configmap import Content, Value
    from hotagents.manifests.nodes import Node
    from hotagents.manifests.problems import Problems
    from hotagents.manifests.shelf import Shelf

__all__ = ["Laid", "Payload", "payload_of"]

_NAMES: Final = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName")}
_PROJECTED: Final = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "name")}
_SWAPPED: Final = frozenset({"configMap", "secret", "projected", "downwardAPI"})
_SOURCE: Final = ("name", "secretName", "items", "optional", "defaultMode", "sources")
_ITEM: Final = ("key", "path", "mode")
_KINDS: Final = tuple(
    """name configMap secret projected downwardAPI serviceAccountToken clusterTrustBundle podCertificate emptyDir
    hostPath persistentVolumeClaim ephemeral csi image nfs iscsi fc rbd cephfs cinder glusterfs flexVolume flocker
    gitRepo azureDisk azureFile awsElasticBlockStore gcePersistentDisk vsphereVolume portworxVolume quobyte scaleIO
    storageos photonPersistentDisk""".split()  # noqa: SIM905 - a list of words
)
_PATHS: Final = ("path", "credentialBundlePath", "keyPath", "certificateChainPath")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """One file of a volume.

    Attributes:
        value: Its content.
        at: What gives it its path: an entry of ``items``, or the key itself.
        listed: Whether an entry of ``items`` does.
    """

    value: Value
    at: Node
    listed: bool


@final
@dataclass(slots=True, eq=False)
class Payload:
    """What a volume holds.

    Attributes:
        kind: Such as ``configMap`` or ``emptyDir``.
        files: By path relative to the volume.
    """

    kind: str
    files: dict[str, Laid] = field(default_factory=dict)
    _by_first_name: dict[str, list[str]] = field(default_factory=dict)

    @property
    def by_first_name(self) -> dict[str, list[str]]:
        """The paths by the first name of each; what is asked for once the volume is filled."""
        if not self._by_first_name:
            for path in self.files:
                self._by_first_name.setdefault(path.partition("/")[0], []).append(path)
        return self._by_first_name

    @property
    def swapped(self) -> bool:
        """Whether the kubelet writes it by swapping ``..data``; what else it may hold is not known."""
        return self.kind in _SWAPPED


def payload_of(volume: Record, shelf: Shelf) -> Payload:
    """Return what a pod's volume holds."""
    problems = shelf.problems
    kinds = [key for key, node in volume.values.items() if key != "name" and _is_set(node)]
    if len(kinds) > 1:
        message = f"expected one kind of volume, got {', '.join(escape(kind) for kind in kinds[:5])}"
        problems.error(volume, "bad-mount", message, "make two volumes of it")
    problems.slips(volume, _KINDS, "volume")
    payload = Payload(kinds[0] if kinds else "emptyDir")
    source = problems.record(volume, payload.kind) if kinds else None
    if source is None:
        return payload
    if payload.kind in _SWAPPED:
        problems.mode(source, "defaultMode")
    if payload.kind in _NAMES:
        _fill(payload, source, *_NAMES[payload.kind], shelf)
    elif payload.kind == "projected":
        for entry in problems.records(source, "sources"):
            _project(payload, entry, shelf)
    elif payload.kind == "downwardAPI":
        _unknown(source, "downwardAPI", problems)
    clashes(payload.files, problems)
    return payload


def _project(payload: Payload, entry: Record, shelf: Shelf) -> None:
    kinds = [kind for kind, node in entry.values.items() if _is_set(node)]
    if len(kinds) > 1:
        message = f"expected one kind of source, got {', '.join(escape(kind) for kind in kinds[:5])}"
        shelf.problems.error(entry, "bad-mount", message, "make two sources of it")
    shelf.problems.slips(entry, _KINDS, "source of a volume")
    for kind in kinds:
        source = shelf.problems.record(entry, kind)
        if source is not None and kind in _PROJECTED:
            _fill(payload, source, *_PROJECTED[kind], shelf)
        elif source is not None:
            _unknown(source, kind, shelf.problems)


def _fill(payload: Payload, source: Record, kind: str, name_field: str, shelf: Shelf) -> None:
    """Lay what a ConfigMap or Secret brings over what is there."""
    problems = shelf.problems
    problems.slips(source, _SOURCE, f"{kind} of a volume")
    optional = problems.flag(source, "optional")
    name = problems.text(source, name_field)
    if not name:
        problems.error(source, "manifest-field", f"expected {name_field} of a {kind}, got none")
        return
    for item in problems.records(source, "items"):
        problems.slips(item, _ITEM, "entry of items")
        problems.mode(item, "mode")
    content = shelf.take(kind, name, source.values[name_field], optional=optional)
    if content is None:
        return
    mine: set[str] = set()
    for path, laid in _laid(source, content, problems, optional=optional):
        if (earlier := payload.files.get(path)) is not None:
            _say_twice(path, earlier, laid, problems, same_source=path in mine)
        payload.files[path] = laid
        mine.add(path)


def _laid(source: Record, content: Content, problems: Problems, *, optional: bool) -> Iterator[tuple[str, Laid]]:
    items = problems.records(source, "items")
    if not items:
        for value in content.values.values():
            yield value.key, Laid(value, value.name, listed=False)
        return
    for item in items:
        key, path = problems.text(item, "key"), problems.text(item, "path")
        if not key or not path:
            problems.error(item, "manifest-field", "expected an entry of items with key and path, got one without")
            continue
        found = content.values.get(key)
        if found is None:
            _say_no_key(item.values["key"], key, content, problems, optional=optional)
        elif shortest := shortened(path, item.values["path"], problems):
            yield shortest, Laid(found, item.values["path"], listed=True)


def _say_no_key(at: Node, key: str, content: Content, problems: Problems, *, optional: bool) -> None:
    if optional:
        problems.add(at, "configmap-missing", "info", f"{content.resource} has no key {quoted(key)}, which is optional")
        return
    known = ", ".join(list(content.values)[:10]) or "none"
    message = f"expected a key of {content.resource}, got {quoted(key)}; there are: {known}"
    problems.error(
        at, "configmap-missing", message, "without it no pod starts, and one that runs keeps the old content"
    )


def _say_twice(path: str, earlier: Laid, later: Laid, problems: Problems, *, same_source: bool) -> None:
    """Two items of one path are refused; elsewhere the later source covers the earlier in silence."""
    is_error = same_source or (earlier.listed and later.listed)
    message = f"{quoted(path)} comes from {earlier.value.owner} and from {later.value.owner}"
    if is_error:
        problems.error(later.at, "duplicate-path", message, "give each its own path")
    else:
        message += ": the later source covers the earlier"
        problems.warning(later.at, "duplicate-path", message, "list under items what each is to bring")


def _unknown(source: Record, kind: str, problems: Problems) -> None:
    """Say which files only a running pod has."""
    items = source.values.get("items")
    entries = [item for item in items.items if isinstance(item, Record)] if isinstance(items, Listing) else [source]
    for entry in entries:
        problems.mode(entry, "mode")
        for field_name in _PATHS:
            node = entry.values.get(field_name)
            if not isinstance(node, Scalar) or not shortened(node.text, node, problems):
                continue
            message = f"{quoted(node.text)} ({escape(kind)}) is known in a running pod only"
            if node.text.endswith(".md") or is_lock(node.text):
                message += ", and would be read as an agent, a document or the lock"
                problems.error(node, "unknown-content", message, "mount it elsewhere")
            else:
                hint = "the digest of a pod will differ; mount it elsewhere"
                problems.warning(node, "unknown-content", f"{message} and is left out", hint)


def _is_set(node: Node) -> bool:
    return not (isinstance(node, Scalar) and node.kind == "null")
