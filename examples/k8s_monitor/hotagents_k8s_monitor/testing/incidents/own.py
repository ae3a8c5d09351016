"""Incidents of the monitor's own: it may not see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.snapshot import Gap
from hotagents_k8s_monitor.testing.incidents.scene import Scene, cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SCENES"]

_FROM, _TO = 4, 15  # minutes
_REFUSED: Final = 'pods is forbidden: User "system:serviceaccount:k8s-monitor:k8s-monitor" cannot list resource "pods"'


def _unseen(minute: float) -> Iterator[Gap]:
    if _FROM <= minute < _TO:
        yield Gap("pods", "forbidden", _REFUSED)


SCENES: Final = (
    Scene(
        name="incidents/blind",
        summary="For eleven minutes pods may not be listed, in a cluster in which all is well.",
        minutes=20,
        objects=cluster,
        unseen=_unseen,
    ),
)
