"""``container-oom``: a container that was killed for its memory a short while ago, even if it runs again.

It is over once that lies back for longer than the limit ``within``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import items_at, mapping_at, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import impact_on, is_over, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "container-oom"
_WITHIN: Final = timedelta(hours=1)
_LONGEST_NAME: Final = 63


def _detect(snapshot: Snapshot, *, within: timedelta = _WITHIN) -> Iterator[Signal]:
    for pod in snapshot.all("pods"):
        if is_over(pod):
            continue
        for section in ("initContainerStatuses", "containerStatuses"):
            for status in items_at(pod, "status", section):
                for killed in _killed(status):
                    at = time_at(killed, "finishedAt")
                    if at is None or snapshot.taken_at - at < within:
                        yield _signal(pod, status, at, snapshot)


def _killed(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for state in ("state", "lastState"):
        ended = mapping_at(status, state, "terminated")
        if text_at(ended, "reason") == "OOMKilled":
            yield ended


def _signal(pod: Object, status: Mapping[str, Any], at: datetime | None, snapshot: Snapshot) -> Signal:
    owner = owner_of(pod, snapshot)
    return Signal(
        rule=_ID,
        owner=owner,
        impact=impact_on(owner, snapshot),
        message=f'container "{cut(text_at(status, "name"), _LONGEST_NAME)}" was killed for its memory',
        objects=(f"pod/{name_of(pod)}",),
        since=at,
    )


RULE: Final = Rule(
    id=_ID,
    summary="a container that was killed for its memory within the last hour, even if it runs again",
    detect=_detect,
    needs=("pods",),
    of_pods=True,
    hold=timedelta(0),
    limits={"within": _WITHIN},
)
