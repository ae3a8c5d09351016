"""``pod-evicted``: a pod that its node threw out a short while ago, since it ran short of something.

Such pods stay where they are until somebody deletes them, long after others have taken their place; so this is over
once the eviction lies back for longer than the limit ``within``. The drain of a node deletes pods, and evicts none.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import condition, items_at, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import impact_on, is_leaving, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "pod-evicted"
_WITHIN: Final = timedelta(hours=1)
_LONGEST: Final = 200


def _detect(snapshot: Snapshot, *, within: timedelta = _WITHIN) -> Iterator[Signal]:
    for pod in snapshot.all("pods"):
        if (text_at(pod, "status", "phase"), text_at(pod, "status", "reason")) != ("Failed", "Evicted"):
            continue
        at = _evicted_at(pod)
        if is_leaving(pod) or (at is not None and snapshot.taken_at - at >= within):
            continue
        owner = owner_of(pod, snapshot)
        yield Signal(
            rule=_ID,
            owner=owner,
            impact=impact_on(owner, snapshot),
            message=cut(text_at(pod, "status", "message"), _LONGEST) or "evicted from its node",
            objects=(f"pod/{name_of(pod)}",),
            since=at,
        )


def _evicted_at(pod: Object) -> datetime | None:
    """Return the best that a pod says: when it was disturbed, or not ready any more, or its containers ended."""
    said = [time_at(condition(pod, kind), "lastTransitionTime") for kind in ("DisruptionTarget", "Ready")]
    ends = [time_at(s, "state", "terminated", "finishedAt") for s in items_at(pod, "status", "containerStatuses")]
    begun = (time_at(pod, "status", "startTime"), time_at(pod, "metadata", "creationTimestamp"))
    return next((time for time in (*said, *ends, *begun) if time is not None), None)


RULE: Final = Rule(
    id=_ID,
    summary="a pod that its node evicted within the last hour, since it ran short of something",
    detect=_detect,
    needs=("pods",),
    of_pods=True,
    hold=timedelta(0),
    limits={"within": _WITHIN},
)
