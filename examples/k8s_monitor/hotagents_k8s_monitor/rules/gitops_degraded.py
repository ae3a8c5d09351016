"""``gitops-degraded``: what Argo CD or Flux cannot bring into the state that is written down.

What is suspended waits on purpose; what is on its way has the hold time to arrive.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.cluster.objects import at, condition, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_leaving, itself

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Resource, Snapshot
    from hotagents_k8s_monitor.findings import Impact

__all__ = ["RULE"]

_ID: Final = "gitops-degraded"
_ARGO: Final[Resource] = "applications.argoproj.io"
_FLUX: Final[tuple[tuple[str, Resource], ...]] = (
    ("Kustomization", "kustomizations.kustomize.toolkit.fluxcd.io"),
    ("HelmRelease", "helmreleases.helm.toolkit.fluxcd.io"),
)
_WELL: Final = frozenset({"Healthy", "Suspended"})
_BROKEN: Final = frozenset({"Degraded", "Missing"})
_LONGEST: Final = 200


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for application in snapshot.all(_ARGO):
        if not is_leaving(application):
            yield from _of_argo(application)
    for kind, resource in _FLUX:
        for item in snapshot.all(resource):
            if at(item, "spec", "suspend") is not True and not is_leaving(item):
                yield from _of_flux(kind, item)


def _of_argo(application: Object) -> Iterator[Signal]:
    health = text_at(application, "status", "health", "status") or "Unknown"
    sync = text_at(application, "status", "sync", "status") or "Unknown"
    if health not in _WELL:
        said = text_at(application, "status", "health", "message")
        since = time_at(application, "status", "health", "lastTransitionTime")
        impact: Impact = "degraded" if health in _BROKEN else "at-risk"
        yield _signal("Application", application, impact, f"health is {health}{f': {said}' if said else ''}", since)
    elif sync != "Synced":
        yield _signal("Application", application, "at-risk", f"sync is {sync}", None)


def _of_flux(kind: str, item: Object) -> Iterator[Signal]:
    ready: Any = condition(item, "Ready")
    if ready.get("status") == "True":
        return
    impact: Impact = "degraded" if ready.get("status") == "False" else "at-risk"
    said = text_at(ready, "message") or text_at(ready, "reason")
    since = time_at(ready, "lastTransitionTime") or time_at(item, "metadata", "creationTimestamp")
    yield _signal(kind, item, impact, f"not ready: {said}" if said else "not ready", since)


def _signal(kind: str, item: Object, impact: Impact, message: str, since: datetime | None) -> Signal:
    return Signal(
        rule=_ID,
        owner=itself(kind, item),
        impact=impact,
        message=cut(message, _LONGEST),
        objects=(f"{kind.lower()}/{name_of(item)}",),
        since=since,
    )


RULE: Final = Rule(
    id=_ID,
    summary="what Argo CD or Flux cannot bring into the state that is written down",
    detect=_detect,
    needs=(_ARGO, *(resource for _, resource in _FLUX)),
    hold=timedelta(minutes=15),
)
