"""``deployment-short``: a Deployment with fewer available replicas than it should have.

While a roll-out makes progress some are missing on purpose, so the time counts from its last progress. One that stops
to make any is short like any other. So it is where an autoscaler asks for more and more: it counts from no earlier
moment than the oldest pod that is not ready was made. One that is being deleted wants none.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import condition, count_at, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_leaving, itself
from hotagents_k8s_monitor.rules.progress import Progress, progress_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "deployment-short"
_ENDED: Final = frozenset({"NewReplicaSetAvailable", "ProgressDeadlineExceeded"})


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    short = [(item, *counts) for item in snapshot.all("deployments.apps") if (counts := _counts(item)) is not None]
    progress = progress_of("Deployment", snapshot) if any(available for _, _, available in short) else {}
    for deployment, desired, available in short:
        owner = itself("Deployment", deployment)
        made = progress.get(owner, Progress()).since_made(desired - available)
        yield Signal(
            rule=_ID,
            owner=owner,
            impact="degraded" if available else "down",
            message=f"{available} of {desired} replicas available",
            objects=(f"deployment/{name_of(deployment)}",),
            since=_unavailable_since(deployment),
            not_before=_not_before(deployment, made) if available else None,  # no roll-out is meant to leave none
            missing=desired - available,
        )


def _counts(deployment: Object) -> tuple[int, int] | None:
    """Return how many are wanted and how many there are, where these are fewer."""
    desired = count_at(deployment, "spec", "replicas", default=1)
    available = count_at(deployment, "status", "availableReplicas")
    return None if is_leaving(deployment) or available >= desired else (desired, available)


def _not_before(deployment: Object, made: datetime | None) -> datetime | None:
    unavailable = _unavailable_since(deployment)
    if made is not None and unavailable is not None:
        made = min(made, unavailable)
    return max((time for time in (_last_progress(deployment), made) if time is not None), default=None)


def _unavailable_since(deployment: Object) -> datetime | None:
    found = condition(deployment, "Available")
    return time_at(found, "lastTransitionTime") if found.get("status") == "False" else None


def _last_progress(deployment: Object) -> datetime | None:
    found = condition(deployment, "Progressing")
    moves = found.get("status") == "True" and text_at(found, "reason") not in _ENDED
    return time_at(found, "lastUpdateTime") if moves else None


RULE: Final = Rule(
    id=_ID,
    summary="a Deployment with fewer available replicas than it should have",
    detect=_detect,
    needs=("deployments.apps",),
    uses=("pods", "replicasets.apps"),
    hold=timedelta(minutes=15),
)
