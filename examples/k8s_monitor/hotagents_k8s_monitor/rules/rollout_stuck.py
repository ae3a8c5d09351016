"""``rollout-stuck``: a Deployment whose roll-out made no progress for as long as it may.

The earlier pods may serve all the while, so only this says it. What the controller said before it saw the present
specification speaks of another roll-out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import condition, count_at, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import impact_on, is_leaving, itself

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "rollout-stuck"
_LONGEST: Final = 200


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for deployment in snapshot.all("deployments.apps"):
        found = condition(deployment, "Progressing")
        is_stuck = (found.get("status"), found.get("reason")) == ("False", "ProgressDeadlineExceeded")
        if not is_stuck or is_leaving(deployment) or _is_of_another(deployment):
            continue
        owner = itself("Deployment", deployment)
        yield Signal(
            rule=_ID,
            owner=owner,
            impact=impact_on(owner, snapshot),
            message=cut(text_at(found, "message"), _LONGEST) or "its roll-out makes no progress",
            objects=(f"deployment/{name_of(deployment)}",),
            since=time_at(found, "lastTransitionTime"),
        )


def _is_of_another(deployment: Object) -> bool:
    wanted = count_at(deployment, "metadata", "generation")
    return count_at(deployment, "status", "observedGeneration", default=wanted) < wanted


RULE: Final = Rule(
    id=_ID,
    summary="a Deployment whose roll-out made no progress for as long as it may",
    detect=_detect,
    needs=("deployments.apps",),
    hold=timedelta(minutes=15),
)
