"""``replica-failure``: pods that cannot be made at all: a quota is used up, or an admission webhook refuses them.

There is no pod then that could say so. A Deployment repeats what its ReplicaSet says; a ReplicaSet speaks for itself
where it belongs to none.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import condition, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import above_replica_set, controller_of, impact_on, is_leaving, itself

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Object, Snapshot
    from hotagents_k8s_monitor.findings import Owner

__all__ = ["RULE"]

_ID: Final = "replica-failure"
_LONGEST: Final = 220


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for deployment in snapshot.all("deployments.apps"):
        yield from _of(deployment, "deployment", itself("Deployment", deployment), snapshot)
    for replica_set in snapshot.all("replicasets.apps"):
        if controller_of(replica_set)[0] != "Deployment":
            yield from _of(replica_set, "replicaset", above_replica_set(replica_set), snapshot)


def _of(item: Object, kind: str, owner: Owner, snapshot: Snapshot) -> Iterator[Signal]:
    found = condition(item, "ReplicaFailure")
    if found.get("status") != "True" or is_leaving(item):
        return
    yield Signal(
        rule=_ID,
        owner=owner,
        impact=impact_on(owner, snapshot),
        message=cut(text_at(found, "message") or text_at(found, "reason"), _LONGEST) or "pods cannot be made",
        objects=(f"{kind}/{name_of(item)}",),
        since=time_at(found, "lastTransitionTime"),
    )


RULE: Final = Rule(
    id=_ID,
    summary="pods that cannot be made: a quota is used up, or they are refused",
    detect=_detect,
    needs=("deployments.apps", "replicasets.apps"),
    hold=timedelta(minutes=5),
)
