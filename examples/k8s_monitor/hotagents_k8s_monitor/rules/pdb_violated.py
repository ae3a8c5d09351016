"""``pdb-violated``: fewer healthy pods than a disruption budget asks for, so the next disturbance would be felt.

Where no pod is expected at all, the workload is scaled to zero.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import count_at, name_of
from hotagents_k8s_monitor.findings import Signal
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_leaving, itself

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Snapshot

__all__ = ["RULE"]

_ID: Final = "pdb-violated"


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for budget in snapshot.all("poddisruptionbudgets.policy"):
        desired = count_at(budget, "status", "desiredHealthy")
        healthy = count_at(budget, "status", "currentHealthy")
        expected = count_at(budget, "status", "expectedPods", default=1)
        if healthy >= desired or not expected or is_leaving(budget):
            continue
        yield Signal(
            rule=_ID,
            owner=itself("PodDisruptionBudget", budget),
            impact="at-risk",
            message=f"{healthy} healthy pods, {desired} are asked for",
            objects=(f"poddisruptionbudget/{name_of(budget)}",),
        )


RULE: Final = Rule(
    id=_ID,
    summary="fewer healthy pods than a disruption budget asks for",
    detect=_detect,
    needs=("poddisruptionbudgets.policy",),
    hold=timedelta(minutes=15),
)
