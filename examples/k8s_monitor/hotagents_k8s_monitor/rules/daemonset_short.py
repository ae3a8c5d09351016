"""``daemonset-short``: a DaemonSet that has no working pod on a node where it should, or one where it should not.

It replaces its pods node by node, which is no fault: see `progress`. With ``OnDelete`` it waits for somebody.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import count_at, name_of, text_at
from hotagents_k8s_monitor.findings import Signal
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_leaving, itself
from hotagents_k8s_monitor.rules.progress import Progress, progress_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Object, Snapshot
    from hotagents_k8s_monitor.findings import Impact

__all__ = ["RULE"]

_ID: Final = "daemonset-short"


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    items = [item for item in snapshot.all("daemonsets.apps") if not is_leaving(item)]
    faults = [(item, *fault) for item in items if (fault := _fault(item)) is not None]
    progress = progress_of("DaemonSet", snapshot) if faults else {}
    for item, impact, message, missing in faults:
        owner = itself("DaemonSet", item)
        of_pods = progress.get(owner, Progress())
        yield Signal(
            rule=_ID,
            owner=owner,
            impact=impact,
            message=message,
            objects=(f"daemonset/{name_of(item)}",),
            not_before=of_pods.not_before(missing, is_rolling=_is_rolling(item)) if impact == "degraded" else None,
            missing=missing,
        )


def _fault(item: Object) -> tuple[Impact, str, int] | None:
    desired = count_at(item, "status", "desiredNumberScheduled")
    absent = desired - count_at(item, "status", "currentNumberScheduled", default=desired)
    missing = min(max(count_at(item, "status", "numberUnavailable"), absent), desired)
    if missing > 0:
        impact: Impact = "down" if missing == desired else "degraded"
        return impact, f"{desired - missing} of {desired} nodes have a pod that is available", missing
    if misplaced := count_at(item, "status", "numberMisscheduled"):
        nodes = "nodes have" if misplaced > 1 else "node has"
        return "at-risk", f"{misplaced} {nodes} a pod that should not run there", 0
    return None


def _is_rolling(item: Object) -> bool:
    if text_at(item, "spec", "updateStrategy", "type") == "OnDelete":
        return False
    desired = count_at(item, "status", "desiredNumberScheduled")
    return count_at(item, "status", "updatedNumberScheduled", default=desired) < desired


RULE: Final = Rule(
    id=_ID,
    summary="a DaemonSet that has no working pod on a node where it should, or one where it should not",
    detect=_detect,
    needs=("daemonsets.apps",),
    uses=("pods",),
    hold=timedelta(minutes=15),
)
