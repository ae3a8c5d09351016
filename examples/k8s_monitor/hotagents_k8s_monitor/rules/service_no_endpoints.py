"""``service-no-endpoints``: a Service behind which nothing is ready.

One that chooses no pods, or is a name for something outside, has none by design; so has one whose workloads are all
scaled to zero, and one of pods that have done their work.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, final

from hotagents_k8s_monitor.cluster.objects import at, count_at, items_at, mapping_at, name_of, namespace_of, text_at
from hotagents_k8s_monitor.findings import Signal
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import controller_of, is_leaving, itself

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from hotagents_k8s_monitor.cluster import Object, Resource, Snapshot

__all__ = ["RULE"]

_ID: Final = "service-no-endpoints"
_OF: Final = "kubernetes.io/service-name"
_SLICES: Final[tuple[Resource, ...]] = ("endpointslices.discovery.k8s.io",)
_SCALED: Final[tuple[Resource, ...]] = ("deployments.apps", "statefulsets.apps", "replicasets.apps")


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    ready, unready = _endpoints(snapshot)
    chosen = _Chosen(snapshot)
    for service in snapshot.all("services"):
        place = namespace_of(service), name_of(service)
        if not _chooses(service) or is_leaving(service) or place in ready or chosen.is_asleep(service):
            continue
        owner = itself("Service", service)
        # It may have endpoints that were not seen; or be asleep.
        if not snapshot.is_whole(_SLICES) or (place not in unready and not snapshot.is_whole(_SCALED)):
            yield Signal(rule=_ID, owner=owner, impact=None, message="", lingering=True)
            continue
        yield Signal(
            rule=_ID,
            owner=owner,
            impact="down",
            message=f"none of {unready[place]} endpoints is ready" if place in unready else "no endpoint at all",
            objects=(f"service/{name_of(service)}",),
        )


def _chooses(service: Object) -> bool:
    return bool(mapping_at(service, "spec", "selector")) and text_at(service, "spec", "type") != "ExternalName"


def _endpoints(snapshot: Snapshot) -> tuple[set[tuple[str, str]], dict[tuple[str, str], int]]:
    """Return the Services that have a ready endpoint, and how many others each has."""
    ready: set[tuple[str, str]] = set()
    unready: dict[tuple[str, str], int] = {}
    for each in snapshot.all("endpointslices.discovery.k8s.io"):
        place = namespace_of(each), text_at(each, "metadata", "labels", _OF)
        for endpoint in items_at(each, "endpoints"):
            if at(endpoint, "conditions", "ready") is False:
                unready[place] = unready.get(place, 0) + 1
            else:  # what says nothing is to be taken for ready
                ready.add(place)
    return ready, unready


@final
class _Chosen:
    """What Services may choose, by namespace; read when first asked."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def is_asleep(self, service: Object) -> bool:
        """Say whether all that a Service chooses is scaled to zero, or has done its work."""
        chosen, namespace = mapping_at(service, "spec", "selector"), namespace_of(service)
        replicas = [number for labels, number in self._scaled.get(namespace, ()) if _has(labels, chosen)]
        if replicas:
            return not any(replicas)
        return {phase for labels, phase in self._pods.get(namespace, ()) if _has(labels, chosen)} == {"Succeeded"}

    @cached_property
    def _scaled(self) -> Mapping[str, list[tuple[Mapping[str, Any], int]]]:
        found: dict[str, list[tuple[Mapping[str, Any], int]]] = {}
        for item in (item for resource in _SCALED for item in self._snapshot.all(resource)):
            if controller_of(item)[0] != "Deployment":  # which speaks for its ReplicaSets
                labels = mapping_at(item, "spec", "template", "metadata", "labels")
                found.setdefault(namespace_of(item), []).append((labels, count_at(item, "spec", "replicas", default=1)))
        return found

    @cached_property
    def _pods(self) -> Mapping[str, list[tuple[Mapping[str, Any], str]]]:
        found: dict[str, list[tuple[Mapping[str, Any], str]]] = {}
        for pod in self._snapshot.all("pods"):
            labels = mapping_at(pod, "metadata", "labels")
            found.setdefault(namespace_of(pod), []).append((labels, text_at(pod, "status", "phase")))
        return found


def _has(labels: Mapping[str, Any], chosen: Mapping[str, Any]) -> bool:
    return all(labels.get(key) == value for key, value in chosen.items())


RULE: Final = Rule(
    id=_ID,
    summary="a Service behind which nothing is ready; not one without a selector, or scaled to zero",
    detect=_detect,
    needs=("services", *_SLICES),
    uses=(*_SCALED, "pods"),
    hold=timedelta(minutes=5),
)
