"""`Doubts`: a list that is empty all at once, while what was seen beside it still speaks of what was in it.

An API server that is restored, or whatever stands between, may answer an empty list by mistake. Where there was
something within the last hour, and other objects belong to it or use it, that is not believed. What may well not be
installed says so with a 404; where it was there, only a 404 of its whole API group is believed, see `had`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from hotagents_k8s_monitor.cluster.failures import Failure
from hotagents_k8s_monitor.cluster.objects import at, items_at, mapping_at, text_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.cluster.snapshot import Object, Resource, Snapshot

__all__ = ["Doubts"]


def _is_made_by(kind: str) -> Callable[[Object], bool]:
    def speaks(item: Object) -> bool:
        owners = items_at(item, "metadata", "ownerReferences")
        return any(o.get("kind") == kind and o.get("controller") is True for o in owners)

    return speaks


def _uses_a_claim(pod: Object) -> bool:
    return any(mapping_at(volume, "persistentVolumeClaim") for volume in items_at(pod, "spec", "volumes"))


_LASTS: Final = timedelta(hours=1)
_SPEAKS: Final[Mapping[Resource, tuple[Resource, Callable[[Object], bool]]]] = {
    "apiservices.apiregistration.k8s.io": ("nodes", lambda _: True),
    "cronjobs.batch": ("jobs.batch", _is_made_by("CronJob")),
    "daemonsets.apps": ("pods", _is_made_by("DaemonSet")),
    "deployments.apps": ("replicasets.apps", _is_made_by("Deployment")),
    "endpointslices.discovery.k8s.io": ("services", lambda item: bool(mapping_at(item, "spec", "selector"))),
    "ingressclasses.networking.k8s.io": (
        "ingresses.networking.k8s.io",
        lambda item: bool(text_at(item, "spec", "ingressClassName")),
    ),
    "jobs.batch": ("pods", _is_made_by("Job")),
    "namespaces": ("pods", lambda _: True),
    "persistentvolumeclaims": ("pods", _uses_a_claim),
    "replicasets.apps": ("pods", _is_made_by("ReplicaSet")),
    "services": (
        "endpointslices.discovery.k8s.io",
        lambda item: bool(text_at(item, "metadata", "labels", "kubernetes.io/service-name")),
    ),
    "statefulsets.apps": ("pods", _is_made_by("StatefulSet")),
    "storageclasses.storage.k8s.io": (
        "persistentvolumeclaims",
        lambda item: bool(text_at(item, "spec", "storageClassName")),
    ),
}
"""By resource, which other objects speak of it."""


@final
class Doubts:
    """What was there at earlier looks; used by one thread at a time."""

    def __init__(self) -> None:
        self._had: dict[Resource, datetime] = {}

    def had(self, now: datetime) -> frozenset[Resource]:
        """Return the resources of which there were objects within the last hour."""
        return frozenset(resource for resource, at in self._had.items() if timedelta(0) <= now - at < _LASTS)

    def on(self, snapshot: Snapshot) -> Snapshot:
        """Return a look with a gap for each list that is not believed, and remember what there was."""
        gaps, had = dict(snapshot.gaps), self.had(snapshot.taken_at)
        self._had |= {resource: snapshot.taken_at for resource, items in snapshot.objects.items() if items}
        for resource, (other, speaks) in _SPEAKS.items():
            if resource in gaps or resource not in had or snapshot.all(resource):
                continue
            if any(speaks(item) for item in snapshot.all(other) if not _is_leaving(item)):
                text = f"the API server lists none at all, but there are {other} that belong to some"
                gaps[resource] = Failure("empty", text).gap(resource)
        return replace(snapshot, gaps=MappingProxyType(gaps)) if len(gaps) > len(snapshot.gaps) else snapshot


def _is_leaving(item: Object) -> bool:
    is_over = text_at(item, "status", "phase") in {"Succeeded", "Failed"}
    return is_over or at(item, "metadata", "deletionTimestamp") is not None
