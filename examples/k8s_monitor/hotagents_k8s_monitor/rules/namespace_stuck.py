"""``namespace-stuck``: a namespace that cannot be deleted, since something in it is not."""

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

_ID: Final = "namespace-stuck"
_LONGEST: Final = 220
_KINDS: Final = (
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
)


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for namespace in snapshot.all("namespaces"):
        if text_at(namespace, "status", "phase") != "Terminating":
            continue
        found = next((c for kind in _KINDS if (c := condition(namespace, kind)).get("status") == "True"), None)
        if found is None:
            continue
        begun = time_at(namespace, "metadata", "deletionTimestamp")
        yield Signal(
            rule=_ID,
            owner=Owner("Namespace", "", name_of(namespace)),
            impact="at-risk",
            message=cut(text_at(found, "message") or text_at(found, "type"), _LONGEST),
            objects=(f"namespace/{name_of(namespace)}",),
            since=begun or time_at(found, "lastTransitionTime"),
        )


RULE: Final = Rule(
    id=_ID,
    summary="a namespace that cannot be deleted, since something in it is not",
    detect=_detect,
    needs=("namespaces",),
    hold=timedelta(minutes=15),
)
