"""``memory-near-limit``: a container that uses nearly all the memory that it may, and is about to be killed for it.

Usage comes from the metrics server, the limit from the pod; without either nothing is said. Where a limit was changed
while the container ran, what the kubelet reports counts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.cluster.objects import at, items_at, name_of, namespace_of, text_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_over, owner_of
from hotagents_k8s_monitor.rules.quantities import quantity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "memory-near-limit"
_PERCENT: Final = 90
_LONGEST_NAME: Final = 63
_LIMIT: Final = ("resources", "limits", "memory")


def _detect(snapshot: Snapshot, *, percent: int = _PERCENT) -> Iterator[Signal]:
    for metrics in snapshot.all("pods.metrics.k8s.io"):
        pod = snapshot.find("pods", namespace_of(metrics), name_of(metrics))
        if pod is None or is_over(pod):
            continue
        limits = _limits(pod)
        for container in items_at(metrics, "containers"):
            name, used = text_at(container, "name"), quantity(at(container, "usage", "memory"))
            limit = limits.get(name)
            if used is not None and limit and used * 100 > limit * percent:
                yield Signal(
                    rule=_ID,
                    owner=owner_of(pod, snapshot),
                    impact="at-risk",
                    message=f'container "{cut(name, _LONGEST_NAME)}" uses {int(used * 100 / limit)} % of its memory',
                    objects=(f"pod/{name_of(pod)}",),
                )


def _limits(pod: Object) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for place in (("spec", "initContainers"), ("spec", "containers"), ("status", "containerStatuses")):
        for container in items_at(pod, *place):
            limit: Any = quantity(at(container, *_LIMIT))
            if limit is not None and limit > 0:
                found[text_at(container, "name")] = limit
    return found


RULE: Final = Rule(
    id=_ID,
    summary="a container that uses more than 90 % of the memory that it may",
    detect=_detect,
    needs=("pods", "pods.metrics.k8s.io"),
    of_pods=True,
    hold=timedelta(minutes=10),
    consecutive=True,
    limits={"percent": _PERCENT},
)
