"""``deployment-short``: a Deployment with fewer available replicas than it should have.

While a roll-out makes progress some are missing on purpose, so the time counts from its last progress. One that stops
to make any is short like any other. One that is being deleted wants none.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import at, condition, count_at, name_of, namespace_of, text_at, time_at
from hotagents_k8s_monitor.findings import Owner, Signal
from hotagents_k8s_monitor.rules.base import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "deployment-short"
_ENDED: Final = frozenset({"NewReplicaSetAvailable", "ProgressDeadlineExceeded"})


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for deployment in snapshot.all("deployments.apps"):
        if at(deployment, "metadata", "deletionTimestamp") is not None:
            continue
        desired = count_at(deployment, "spec", "replicas", default=1)
        available = count_at(deployment, "status", "availableReplicas")
        if available < desired:
            yield Signal(
                rule=_ID,
                owner=Owner("Deployment", namespace_of(deployment), name_of(deployment)),
                impact="degraded" if available else "down",
                message=f"{available} of {desired} replicas available",
                objects=(f"deployment/{name_of(deployment)}",),
                since=_unavailable_since(deployment),
                not_before=_last_progress(deployment) if available else None,  # no roll-out is meant to leave none
                missing=desired - available,
            )


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
    hold=timedelta(minutes=15),
)
