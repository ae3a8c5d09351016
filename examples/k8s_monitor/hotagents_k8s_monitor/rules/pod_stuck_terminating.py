"""``pod-stuck-terminating``: a pod that is still there though its time to end is over.

``deletionTimestamp`` is the end of that time, so it counts from then on. A finalizer
holds it back, or a node whose runtime hangs; of a node that is not heard of `node_not_ready` says it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import at, name_of, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import impact_on, is_leaving, is_on_lost_node, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "pod-stuck-terminating"
_LONGEST: Final = 160


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for pod in snapshot.all("pods"):
        until = time_at(pod, "metadata", "deletionTimestamp")
        if not is_leaving(pod) or (until is not None and until >= snapshot.taken_at):
            continue
        owner = owner_of(pod, snapshot)
        if is_on_lost_node(pod, snapshot):
            yield Signal(rule=_ID, owner=owner, impact=None, message="", lingering=True)
            continue
        yield Signal(
            rule=_ID,
            owner=owner,
            impact="at-risk" if owner.kind == "Pod" else impact_on(owner, snapshot),
            message=_said(pod),
            objects=(f"pod/{name_of(pod)}",),
            since=until,
            not_before=until,  # where pods come and go, one of them may always be about to end
        )


def _said(pod: Object) -> str:
    held = at(pod, "metadata", "finalizers")
    names = [name for name in held if isinstance(name, str)] if isinstance(held, list) else []
    return cut(f"does not end; finalizers: {', '.join(names)}", _LONGEST) if names else "does not end"


RULE: Final = Rule(
    id=_ID,
    summary="a pod that is still there after its time to end",
    detect=_detect,
    needs=("pods",),
    of_pods=True,
    hold=timedelta(minutes=10),
)
