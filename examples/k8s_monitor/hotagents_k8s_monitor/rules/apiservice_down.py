"""``apiservice-down``: an extension of the API that does not answer, such as that of the metrics server.

While one is down no namespace can be deleted, and ``kubectl`` is slow; autoscalers may be blind.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import condition, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Owner, Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_leaving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Snapshot

__all__ = ["RULE"]

_ID: Final = "apiservice-down"
_LONGEST: Final = 200


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for service in snapshot.all("apiservices.apiregistration.k8s.io"):
        found = condition(service, "Available")
        if found.get("status") != "False" or is_leaving(service):
            continue
        said = ": ".join(part for part in (text_at(found, "reason"), text_at(found, "message")) if part)
        yield Signal(
            rule=_ID,
            owner=Owner("APIService", "", name_of(service)),
            impact="degraded",
            message=cut(said, _LONGEST) or "not available",
            objects=(f"apiservice/{name_of(service)}",),
            since=time_at(found, "lastTransitionTime"),
        )


RULE: Final = Rule(
    id=_ID,
    summary="an extension of the API that does not answer",
    detect=_detect,
    needs=("apiservices.apiregistration.k8s.io",),
    hold=timedelta(minutes=5),
)
