"""``service-no-endpoints``: a Service behind which nothing is ready.

One that chooses no pods, or is a name for something outside, has none by design; so has one whose workloads are all
scaled to zero.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import at, count_at, items_at, mapping_at, name_of, namespace_of, text_at
from hotagents_k8s_monitor.findings import Signal
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_leaving, itself

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Object, Resource, Snapshot

__all__ = ["RULE"]

_ID: Final = "service-no-endpoints"
_OF: Final = "kubernetes.io/service-name"
_SCALED: Final[tuple[Resource, ...]] = ("deployments.apps", "statefulsets.apps")


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    ready, unready = _endpoints(snapshot)
    for service in snapshot.all("services"):
        place = namespace_of(service), name_of(service)
        if not _chooses(service) or is_leaving(service) or place in ready or _is_asleep(service, snapshot):
            continue
        yield Signal(
            rule=_ID,
            owner=itself("Service", service),
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


def _is_asleep(service: Object, snapshot: Snapshot) -> bool:
    """Say whether there are workloads that a Service chooses, and each of them is scaled to zero."""
    chosen = mapping_at(service, "spec", "selector").items()
    found = [
        count_at(item, "spec", "replicas", default=1)
        for resource in _SCALED
        for item in snapshot.all(resource)
        if namespace_of(item) == namespace_of(service)
        and all(mapping_at(item, "spec", "template", "metadata", "labels").get(key) == value for key, value in chosen)
    ]
    return bool(found) and not any(found)


RULE: Final = Rule(
    id=_ID,
    summary="a Service behind which nothing is ready; not one without a selector, or scaled to zero",
    detect=_detect,
    needs=("services", "endpointslices.discovery.k8s.io"),
    hold=timedelta(minutes=5),
)
