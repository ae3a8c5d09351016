"""`Store`: the objects of a fake cluster, and what they were a moment ago.

Each change makes a new state; old ones are kept for a while, so that the pages of a list come from one moment.
"""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.testing.kinds import KINDS, kind_named, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotagents_k8s_monitor.testing.kinds import Kind

__all__ = ["State", "Store"]

_FIRST_VERSION: Final = 1000
_STATES_KEPT: Final = 100


@final
@dataclass(frozen=True, slots=True)
class State:
    """The objects of one moment.

    Attributes:
        version: The resource version of the whole.
        objects: By resource, then by key (``namespace/name``, or ``name``), in the order of the keys; without ``kind``
            and ``apiVersion``. Nobody writes into them.
    """

    version: int
    objects: Mapping[str, Mapping[str, dict[str, Any]]]

    def of(self, kind: Kind) -> Mapping[str, dict[str, Any]]:
        """Return the objects of a kind by key, sorted as etcd sorts them: by ``namespace/name`` as one text."""
        return self.objects.get(kind.resource, {})


@final
class Store:
    """Objects by kind, namespace and name. All methods may be called from any thread.

    Args:
        objects: The first ones, with ``apiVersion`` and ``kind``; copied.

    Raises:
        ValueError: For an object of an unknown kind, or without a name, or twice the same.
    """

    def __init__(self, objects: Iterable[Mapping[str, Any]]) -> None:
        self._lock = threading.Lock()
        self._states: dict[int, State] = {}
        self._installed: frozenset[str] = frozenset()
        self._keep(State(_FIRST_VERSION, _arranged(objects, _FIRST_VERSION, before={})))

    @property
    def now(self) -> State:
        """The present state."""
        with self._lock:
            return self._now

    @property
    def installed(self) -> frozenset[str]:
        """The API groups of add-ons of which there is, or was, an object."""
        with self._lock:
            return self._installed

    def state(self, version: int) -> State | None:
        """Return an earlier state, or None where it is no longer, or was never, there."""
        with self._lock:
            return self._states.get(version)

    def put(self, item: Mapping[str, Any]) -> None:
        """Add an object, or replace the one of its kind, namespace and name.

        Raises:
            ValueError: For an object of an unknown kind, or without a name.
        """
        kind, key, stored = _taken(item)
        with self._lock:
            version = self._now.version + 1
            stored["metadata"]["resourceVersion"] = str(version)
            self._change(kind, {**self._now.of(kind), key: stored})

    def delete(self, kind_name: str, namespace: str, name: str) -> None:
        """Take an object away.

        Raises:
            LookupError: If there is none.
            ValueError: For an unknown kind.
        """
        kind = kind_named(kind_name)
        key = _key(namespace, name)
        with self._lock:
            kept = {other: item for other, item in self._now.of(kind).items() if other != key}
            if len(kept) == len(self._now.of(kind)):
                raise LookupError(f"{kind_name} {key!r}: not in the fake cluster")
            self._change(kind, kept)

    def replace(self, objects: Iterable[Mapping[str, Any]]) -> None:
        """Let these be all objects from now on; those that stay as they were keep their resource version.

        Raises:
            ValueError: As for the constructor; nothing is changed then.
        """
        with self._lock:
            version = self._now.version + 1
            self._keep(State(version, _arranged(objects, version, before=self._now.objects)))

    def _change(self, kind: Kind, items: Mapping[str, dict[str, Any]]) -> None:
        objects = {**self._now.objects, kind.resource: dict(sorted(items.items()))}
        self._keep(State(self._now.version + 1, objects))

    def _keep(self, state: State) -> None:
        self._now = state
        self._installed |= {kind.group for kind in KINDS if kind.is_optional and state.of(kind)}
        self._states[state.version] = state
        self._states.pop(state.version - _STATES_KEPT, None)


def _arranged(
    objects: Iterable[Mapping[str, Any]], version: int, *, before: Mapping[str, Mapping[str, dict[str, Any]]]
) -> dict[str, dict[str, dict[str, Any]]]:
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for item in objects:
        kind, key, stored = _taken(item)
        items = found.setdefault(kind.resource, {})
        if key in items:
            raise ValueError(f"{kind.name} {key!r}: there twice")
        items[key] = _versioned(stored, version, before.get(kind.resource, {}).get(key))
    return {resource: dict(sorted(items.items())) for resource, items in found.items()}


def _versioned(stored: dict[str, Any], version: int, before: dict[str, Any] | None) -> dict[str, Any]:
    if before is not None:
        stored["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"]
        if stored == before:
            return before
    stored["metadata"]["resourceVersion"] = str(version)
    return stored


def _taken(item: Mapping[str, Any]) -> tuple[Kind, str, dict[str, Any]]:
    kind = kind_of(item.get("apiVersion", ""), item.get("kind", ""))
    stored = {name: copy.deepcopy(value) for name, value in item.items() if name not in {"apiVersion", "kind"}}
    metadata = stored.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(name, str) or not name:
        raise ValueError(f"{kind.name}: expected a name at metadata.name, got {name!r}")
    if not kind.is_namespaced:
        return kind, name, stored
    return kind, _key(metadata.setdefault("namespace", "default"), name), stored


def _key(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name
