"""``monitor-blind``: something could not be seen, so nobody can say that all is well.

It cannot be switched off: an answer that did not come must never read as an empty, healthy cluster. People hear of it
when a second look in a row is blind, as one alone may be an API server's that starts anew. An extension of the API
that says itself that it is down, as that of a metrics server that moves, has five minutes; the verdict is blind at
once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.kinds import group_of
from hotagents_k8s_monitor.cluster.objects import condition, mapping_at, text_at, time_at
from hotagents_k8s_monitor.findings import Owner, Signal
from hotagents_k8s_monitor.rules.base import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Resource, Snapshot
    from hotagents_k8s_monitor.findings import Impact

__all__ = ["RULE", "blind"]

_ID: Final = "monitor-blind"
_MOVES: Final = timedelta(minutes=4, seconds=30)  # and the hold time of this rule
_SELF: Final = Owner("Monitor", "", "k8s-monitor")
# What workloads, their pods, their storage and their traffic are judged by; the rest only helps, or warns early.
_VITAL: Final = frozenset(
    {
        "cronjobs.batch",
        "daemonsets.apps",
        "deployments.apps",
        "endpointslices.discovery.k8s.io",
        "jobs.batch",
        "nodes",
        "persistentvolumeclaims",
        "pods",
        "services",
        "statefulsets.apps",
    }
)


def blind(what: str, message: str, *, impact: Impact = "degraded") -> Signal:
    """Return the signal that something of the monitor's own does not work."""
    return Signal(rule=_ID, owner=_SELF, impact=impact, message=message, objects=(what,))


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    seen_whole = any(resource not in snapshot.gaps for resource in snapshot.objects)
    seen_nothing = not seen_whole and not any(snapshot.objects.values())
    for resource, gap in snapshot.gaps.items():
        impact: Impact = "down" if seen_nothing else "degraded" if resource in _VITAL else "at-risk"
        yield replace(blind(resource, f"cannot see {gap}", impact=impact), not_before=_waits_until(resource, snapshot))


def _waits_until(resource: Resource, snapshot: Snapshot) -> datetime | None:
    """Return until when an extension of the API that serves a resource may be down."""
    for api in snapshot.all("apiservices.apiregistration.k8s.io"):
        found = condition(api, "Available")
        if text_at(api, "spec", "group") == group_of(resource) != "" and found.get("status") == "False":
            since = time_at(found, "lastTransitionTime")
            return since + _MOVES if since is not None and mapping_at(api, "spec", "service") else None
    return None


RULE: Final = Rule(
    id=_ID,
    summary="something could not be seen, so nobody can say that all is well",
    detect=_detect,
    needs=(),
    hold=timedelta(seconds=30),  # less than from one look to the next; an edit makes one follow at once
    consecutive=True,
    switchable=False,
)
