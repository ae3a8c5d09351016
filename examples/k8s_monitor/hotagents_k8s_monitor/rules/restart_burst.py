"""``restart-burst``: a container that was started anew many times within a few minutes.

What counts is how much its number grew, by what earlier looks saw. How large it is says nothing: a pod that has run for
a year may well have restarted a hundred times, and is well.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import count_at, items_at, name_of, text_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import impact_on, is_over, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Snapshot

__all__ = ["RULE"]

_ID: Final = "restart-burst"
_RESTARTS: Final = 5
_WITHIN: Final = timedelta(minutes=10)
_LONGEST_NAME: Final = 63


def _detect(snapshot: Snapshot, *, restarts: int = _RESTARTS, within: timedelta = _WITHIN) -> Iterator[Signal]:
    for pod in snapshot.all("pods"):
        if is_over(pod):
            continue
        for section in ("initContainerStatuses", "containerStatuses"):
            for status in items_at(pod, "status", section):
                name = text_at(status, "name")
                times = snapshot.restarts.within(pod, name, within) if count_at(status, "restartCount") else 0
                if times >= restarts:
                    owner = owner_of(pod, snapshot)
                    yield Signal(
                        rule=_ID,
                        owner=owner,
                        impact=impact_on(owner, snapshot),
                        message=f'container "{cut(name, _LONGEST_NAME)}" restarted {times} times within '
                        f"{within // timedelta(minutes=1)} minutes",
                        objects=(f"pod/{name_of(pod)}",),
                    )


RULE: Final = Rule(
    id=_ID,
    summary="a container that restarted 5 times or more within 10 minutes",
    detect=_detect,
    needs=("pods",),
    of_pods=True,
    hold=timedelta(0),
    limits={"restarts": _RESTARTS, "within": _WITHIN},
)
