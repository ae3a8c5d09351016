"""``node-not-ready``: a node whose kubelet says that it is not ready, or says nothing any more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import condition, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Owner, Signal, cut
from hotagents_k8s_monitor.rules.base import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Object, Snapshot
    from hotagents_k8s_monitor.findings import Impact

__all__ = ["RULE"]

_ID: Final = "node-not-ready"
_LONGEST: Final = 160


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    nodes = snapshot.all("nodes")
    sick = [node for node in nodes if condition(node, "Ready").get("status") != "True"]
    impact: Impact | None = "degraded"
    if len(sick) == len(nodes):  # of a part of the nodes nobody knows
        impact = "down" if snapshot.is_whole(("nodes",)) else None
    for node in sick:
        yield _signal(node, impact)


def _signal(node: Object, impact: Impact | None) -> Signal:
    ready = condition(node, "Ready")
    status, said = text_at(ready, "status") or "missing", text_at(ready, "message") or text_at(ready, "reason")
    return Signal(
        rule=_ID,
        owner=Owner("Node", "", name_of(node)),
        impact=impact,
        message=f"Ready={status}: {cut(said, _LONGEST)}" if said else f"Ready={status}",
        objects=(f"node/{name_of(node)}",),
        since=time_at(ready, "lastTransitionTime") or time_at(node, "metadata", "creationTimestamp"),
    )


RULE: Final = Rule(
    id=_ID,
    summary="a node that is not ready, or no longer heard of",
    detect=_detect,
    needs=("nodes",),
    hold=timedelta(minutes=5),
)
