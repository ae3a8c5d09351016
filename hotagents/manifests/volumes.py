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
from hotagents.manifests.problems import Problems, quoted
from hotagents.snapshot import is_lock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents.manifests.configmap import Content, Value
    from hotagents.manifests.nodes import Node
    from hotagents.manifests.shelf import Shelf

__all__ = ["Laid", "Payload", "Unknown", "payload_of", "say_missing"]

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
_COMPARED: Final = frozenset({"downwardAPI", "clusterTrustBundle", "podCertificate"})  # a token's path is not
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
@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """One file of a volume that only a running pod has.

    Attributes:
        kind: What brings it, such as ``downwardAPI``.
        at: What gives it its path.
        listed: Whether the API server compares the path with those of other sources.
    """

    kind: str
    at: Node
    listed: bool


@final
@dataclass(slots=True, eq=False)
class Payload:
    """What a volume holds.

    Attributes:
        kind: Such as ``configMap`` or ``emptyDir``.
        files: By path relative to the volume.
        unknown: Paths whose content only a running pod has, each with what the API server compares it by, if anything.
    """

    kind: str
    files: dict[str, Laid] = field(default_factory=dict)
    unknown: dict[str, Unknown] = field(default_factory=dict)
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
        _unknown(payload, source, "downwardAPI", problems)
    places = {path: laid.at for path, laid in payload.files.items()}
    clashes(places | {path: unknown.at for path, unknown in payload.unknown.items()}, problems)
    return payload


def say_missing(volume: Record, shelf: Shelf) -> None:
    """Say which ConfigMaps and Secrets of a volume are not in the manifests; without them no pod starts.

    It is about volumes that nobody reads: their objects may well be in manifests that are not given.
    """
    silent = Problems()
    projected = silent.record(volume, "projected")
    sources = silent.records(projected, "sources") if projected is not None else []
    for names, holders in ((_NAMES, [volume]), (_PROJECTED, sources)):
        for holder in holders:
            for field_name, (kind, name_field) in names.items():
                source = silent.record(holder, field_name)
                name = silent.text(source, name_field) if source is not None else ""
                if source is not None and name and not silent.flag(source, "optional"):
                    shelf.miss_elsewhere(kind, name, source.values[name_field])


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
            _unknown(payload, source, kind, shelf.problems)


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
        if (unknown := payload.unknown.pop(path, None)) is not None:
            message = f"{quoted(path)} comes from {unknown.kind} and from {laid.value.owner}"
            _say_covered(message, laid.at, problems, is_error=unknown.listed and laid.listed)
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
    message = f"{quoted(path)} comes from {earlier.value.owner} and from {later.value.owner}"
    _say_covered(message, later.at, problems, is_error=same_source or (earlier.listed and later.listed))


def _say_covered(message: str, at: Node, problems: Problems, *, is_error: bool) -> None:
    if is_error:
        problems.error(at, "duplicate-path", message, "give each its own path")
    else:
        message += ": the later source covers the earlier"
        problems.warning(at, "duplicate-path", message, "list under items what each is to bring")


def _unknown(payload: Payload, source: Record, kind: str, problems: Problems) -> None:
    """Say which files only a running pod has, and take away those that they cover."""
    items = source.values.get("items")
    entries = [item for item in items.items if isinstance(item, Record)] if isinstance(items, Listing) else [source]
    for entry in entries:
        problems.mode(entry, "mode")
        for field_name in _PATHS:
            node = entry.values.get(field_name)
            path = shortened(node.text, node, problems) if isinstance(node, Scalar) else ""
            if not isinstance(node, Scalar) or not path:
                continue
            _cover(payload, path, Unknown(escape(kind), node, kind in _COMPARED), problems)
            message = f"{quoted(node.text)} ({escape(kind)}) is known in a running pod only"
            if node.text.endswith(".md") or is_lock(node.text):
                message += ", and would be read as an agent, a document or the lock"
                problems.error(node, "unknown-content", message, "mount it elsewhere")
            else:
                hint = "the digest of a pod will differ; mount it elsewhere"
                problems.warning(node, "unknown-content", f"{message} and is left out", hint)


def _cover(payload: Payload, path: str, unknown: Unknown, problems: Problems) -> None:
    earlier, other = payload.files.pop(path, None), payload.unknown.get(path)
    if earlier is not None or other is not None:
        before = earlier.value.owner if earlier is not None else other.kind if other is not None else ""
        listed = any(one is not None and one.listed for one in (earlier, other))
        message = f"{quoted(path)} comes from {before} and from {unknown.kind}"
        _say_covered(message, unknown.at, problems, is_error=unknown.listed and listed)
    payload.unknown[path] = unknown


def _is_set(node: Node) -> bool:
    return not (isinstance(node, Scalar) and node.kind == "null")
