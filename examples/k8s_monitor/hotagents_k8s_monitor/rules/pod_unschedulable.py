"""``pod-unschedulable``: a pod that no node can take. One that waits at a scheduling gate waits on purpose.

Where pods come and go one of them may always wait for a moment, so none counts from before it was made.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import condition, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import impact_on, is_over, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Snapshot

__all__ = ["RULE"]

_ID: Final = "pod-unschedulable"
_LONGEST: Final = 200


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for pod in snapshot.all("pods"):
        scheduled = condition(pod, "PodScheduled")
        if (scheduled.get("status"), scheduled.get("reason")) != ("False", "Unschedulable") or is_over(pod):
            continue
        owner = owner_of(pod, snapshot)
        yield Signal(
            rule=_ID,
            owner=owner,
            impact=impact_on(owner, snapshot),
            message=cut(text_at(scheduled, "message"), _LONGEST) or "no node can take it",
            objects=(f"pod/{name_of(pod)}",),
            since=time_at(scheduled, "lastTransitionTime"),
            not_before=time_at(pod, "metadata", "creationTimestamp"),
        )


RULE: Final = Rule(
    id=_ID,
    summary="a pod that no node can take",
    detect=_detect,
    needs=("pods",),
    of_pods=True,
    hold=timedelta(minutes=15),
)
