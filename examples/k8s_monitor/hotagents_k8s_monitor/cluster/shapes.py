"""`flaw`: what of an object has another type than Kubernetes would write, as far as rules read it.

Absent and null are no flaws: rules say what they make of those. A text where a list should be is one: whatever stands
below it cannot be read, so nobody can say that all is well with that object.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hotagents_k8s_monitor.cluster.objects import at, items_at, name_of, namespace_of, time_at

if TYPE_CHECKING:
    from hotagents_k8s_monitor.cluster.snapshot import Object, Resource

__all__ = ["flaw"]

Shape: TypeAlias = "tuple[str, ...]"

_TYPES: Final[Mapping[str, type]] = MappingProxyType(
    {"mapping": Mapping, "list": list, "text": str, "flag": bool, "time": str}
)
_ALWAYS: Final = (
    ("mapping", "metadata"), ("text", "metadata", "name"), ("text", "metadata", "namespace"),
    ("time", "metadata", "creationTimestamp"), ("time", "metadata", "deletionTimestamp"),
    ("mapping", "metadata", "labels"), ("list", "metadata", "ownerReferences"), ("mapping", "spec"),
)  # fmt: skip
_STATUS: Final = (("mapping", "status"), ("list", "status", "conditions"))
_OWN: Final[Mapping[Resource, tuple[Shape, ...]]] = MappingProxyType(
    {
        "pods": (("text", "status", "phase"), ("list", "status", "containerStatuses"),
                 ("list", "status", "initContainerStatuses"), ("list", "spec", "containers"),
                 ("text", "spec", "nodeName")),
        "deployments.apps": (("count", "spec", "replicas"), ("count", "status", "availableReplicas"),
                             ("count", "metadata", "generation"), ("count", "status", "observedGeneration")),
        "statefulsets.apps": (("count", "spec", "replicas"), ("count", "status", "readyReplicas"),
                              ("count", "status", "updatedReplicas"), ("mapping", "spec", "updateStrategy"),
                              ("count", "metadata", "generation"), ("count", "status", "observedGeneration")),
        "daemonsets.apps": (("count", "status", "desiredNumberScheduled"), ("count", "status", "numberUnavailable"),
                            ("count", "status", "currentNumberScheduled"), ("count", "status", "numberMisscheduled")),
        "jobs.batch": (("count", "status", "active"), ("time", "status", "startTime")),
        "cronjobs.batch": (("text", "spec", "schedule"), ("text", "spec", "timeZone"), ("flag", "spec", "suspend"),
                           ("time", "status", "lastSuccessfulTime"), ("time", "status", "lastScheduleTime")),
        "persistentvolumeclaims": (("text", "status", "phase"), ("text", "spec", "storageClassName")),
        "services": (("mapping", "spec", "selector"), ("list", "spec", "ports"), ("text", "spec", "type")),
        "endpointslices.discovery.k8s.io": (("list", "endpoints"),),
        "ingresses.networking.k8s.io": (("list", "spec", "rules"), ("text", "spec", "ingressClassName")),
        "horizontalpodautoscalers.autoscaling": (("count", "spec", "maxReplicas"),
                                                 ("count", "status", "currentReplicas")),
        "poddisruptionbudgets.policy": (("count", "status", "currentHealthy"), ("count", "status", "desiredHealthy")),
        "resourcequotas": (("mapping", "status", "hard"), ("mapping", "status", "used")),
        "namespaces": (("text", "status", "phase"),),
        "certificates.cert-manager.io": (("time", "status", "notAfter"), ("time", "status", "notBefore")),
        "pods.metrics.k8s.io": (("list", "containers"),),
        "applications.argoproj.io": (("mapping", "status", "health"), ("mapping", "status", "sync")),
    }
)  # fmt: skip
_OF_CONTAINERS: Final = ("containerStatuses", "initContainerStatuses")
_WITHOUT_STATUS: Final = frozenset(
    {"endpointslices.discovery.k8s.io", "storageclasses.storage.k8s.io", "pods.metrics.k8s.io"}
)


def flaw(resource: Resource, item: Object) -> str:
    """Return what cannot be read of an object, in words that begin with its name; empty where there is no such thing.

    The words hold names of the cluster's, so they are untrusted.
    """
    said = _flaw(resource, item)
    if not said:
        return ""
    return f"{'/'.join(part for part in (namespace_of(item), name_of(item)) if part) or 'one without a name'}: {said}"


def _flaw(resource: Resource, item: Object) -> str:
    status = () if resource in _WITHOUT_STATUS else _STATUS
    for kind, *keys in (*_ALWAYS, *status, *_OWN.get(resource, ())):
        if said := _wrong(kind, at(item, *keys), keys):
            return said
    return _of_parts(item) if status else ""


def _of_parts(item: Object) -> str:
    for found in items_at(item, "status", "conditions"):
        for kind, key in (("text", "type"), ("text", "status"), ("time", "lastTransitionTime")):
            if said := _wrong(kind, found.get(key), ("status.conditions", key)):
                return said
    for section in _OF_CONTAINERS:
        for found in items_at(item, "status", section):
            for kind, *keys in (("mapping", "state"), ("mapping", "lastState"), ("count", "restartCount")):
                if said := _wrong(kind, at(found, *keys), (f"status.{section}", *keys)):
                    return said
    return ""


def _is(value: Any, kind: str) -> bool:
    if kind == "count":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, _TYPES[kind])


def _wrong(kind: str, value: Any, keys: list[str] | tuple[str, ...]) -> str:
    if value is None:
        return ""
    place = ".".join(keys)
    if not _is(value, kind):
        return f"{place}: expected a {kind}, found {type(value).__name__}"
    if kind == "time" and value and time_at({"": value}, "") is None:
        return f"{place}: expected a time"
    if kind == "list" and not all(isinstance(entry, Mapping) for entry in list(value)):
        return f"{place}: expected mappings, found something else among them"
    return ""
