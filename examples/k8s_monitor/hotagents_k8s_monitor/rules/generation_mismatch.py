"""``generation-mismatch``: a specification that its controller has not looked at, so nothing of it is done.

An object that is changed all the time is always a moment behind, so the time begins anew with each look that finds it
caught up.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import count_at, name_of
from hotagents_k8s_monitor.findings import Signal
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import impact_on, is_leaving, itself

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Resource, Snapshot

__all__ = ["RULE"]

_ID: Final = "generation-mismatch"
_OF: Final[tuple[tuple[str, Resource], ...]] = (
    ("Deployment", "deployments.apps"),
    ("StatefulSet", "statefulsets.apps"),
)


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for kind, resource in _OF:
        for item in snapshot.all(resource):
            wanted, seen = count_at(item, "metadata", "generation"), count_at(item, "status", "observedGeneration")
            if wanted == seen or not wanted or is_leaving(item):
                continue
            owner = itself(kind, item)
            yield Signal(
                rule=_ID,
                owner=owner,
                impact=impact_on(owner, snapshot),
                message=f"generation {wanted} is wanted, its controller has seen {seen or 'none'}",
                objects=(f"{kind.lower()}/{name_of(item)}",),
            )


RULE: Final = Rule(
    id=_ID,
    summary="a specification that its controller has not looked at",
    detect=_detect,
    needs=("deployments.apps", "statefulsets.apps"),
    hold=timedelta(minutes=15),
    consecutive=True,
)
