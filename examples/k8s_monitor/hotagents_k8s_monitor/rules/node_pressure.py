"""``node-pressure``: a node that runs short of memory, disk or process ids, or has no network.

Only these conditions count: others, such as ``EtcdIsVoter`` of k3s, are well where they are true.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import condition, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Owner, Signal, cut
from hotagents_k8s_monitor.rules.base import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Snapshot

__all__ = ["RULE"]

_ID: Final = "node-pressure"
_KINDS: Final = ("NetworkUnavailable", "MemoryPressure", "DiskPressure", "PIDPressure")
_LONGEST: Final = 160


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for node in snapshot.all("nodes"):
        for kind in _KINDS:
            found = condition(node, kind)
            if found.get("status") != "True":
                continue
            said = text_at(found, "message") or text_at(found, "reason")
            yield Signal(
                rule=_ID,
                owner=Owner("Node", "", name_of(node)),
                impact="degraded" if kind == "NetworkUnavailable" else "at-risk",
                message=f"{kind}: {cut(said, _LONGEST)}" if said else kind,
                objects=(f"node/{name_of(node)}",),
                since=time_at(found, "lastTransitionTime"),
            )


RULE: Final = Rule(
    id=_ID,
    summary="a node that runs short of memory, disk or process ids, or has no network",
    detect=_detect,
    needs=("nodes",),
    hold=timedelta(minutes=10),
)
