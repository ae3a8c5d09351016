"""``statefulset-short``: a StatefulSet with fewer ready replicas than it should have, or a roll-out that does not end.

It makes and replaces its pods one by one, which takes its time and is no fault: see `progress`. A partition keeps some
pods on purpose at the earlier revision, and ``OnDelete`` all of them until somebody deletes them.
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

_ID: Final = "statefulset-short"


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    items = [item for item in snapshot.all("statefulsets.apps") if not is_leaving(item)]
    faults = [(item, *fault) for item in items if (fault := _fault(item)) is not None]
    progress = progress_of("StatefulSet", snapshot) if faults else {}
    for item, impact, message, missing in faults:
        owner = itself("StatefulSet", item)
        of_pods = progress.get(owner, Progress())
        is_rolling = _behind(item) > 0 or _is_growing(item)
        yield Signal(
            rule=_ID,
            owner=owner,
            impact=impact,
            message=message,
            objects=(f"statefulset/{name_of(item)}",),
            not_before=of_pods.not_before(missing, is_rolling=is_rolling) if impact != "down" else None,
            missing=missing,
        )


def _fault(item: Object) -> tuple[Impact, str, int] | None:
    desired, ready = count_at(item, "spec", "replicas", default=1), count_at(item, "status", "readyReplicas")
    if ready < desired:
        return "degraded" if ready else "down", f"{ready} of {desired} replicas ready", desired - ready
    if behind := _behind(item):
        return "at-risk", f"{behind} of {desired} replicas are still of the earlier revision", 0
    return None


def _is_growing(item: Object) -> bool:
    """Say whether pods are yet to be made, each once the one before is ready."""
    desired = count_at(item, "spec", "replicas", default=1)
    return count_at(item, "status", "replicas", default=desired) < desired


def _behind(item: Object) -> int:
    """Return how many replicas are to be replaced by themselves, and are not yet."""
    target = text_at(item, "status", "updateRevision")
    if text_at(item, "spec", "updateStrategy", "type") == "OnDelete" or not target:
        return 0
    if text_at(item, "status", "currentRevision") in {"", target}:
        return 0
    partition = count_at(item, "spec", "updateStrategy", "rollingUpdate", "partition")
    wanted = max(0, count_at(item, "spec", "replicas", default=1) - partition)
    return max(0, wanted - count_at(item, "status", "updatedReplicas"))


RULE: Final = Rule(
    id=_ID,
    summary="a StatefulSet with fewer ready replicas than wanted, or whose roll-out does not end",
    detect=_detect,
    needs=("statefulsets.apps",),
    uses=("pods",),
    hold=timedelta(minutes=15),
)
