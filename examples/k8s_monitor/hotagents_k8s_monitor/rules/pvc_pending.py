"""``pvc-pending``: a claim that gets no volume, or has lost it.

A claim whose class waits for its first pod (``WaitForFirstConsumer``) is right to wait while there is none, and while
no node can take that pod for another reason: then `pod_unschedulable` says so. Where the class was not seen it is taken
for such a one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import (
    at,
    condition,
    items_at,
    mapping_at,
    name_of,
    namespace_of,
    text_at,
    time_at,
)
from hotagents_k8s_monitor.findings import Signal
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import is_leaving, is_over, itself

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "pvc-pending"
_CLASSES: Final = ("storageclasses.storage.k8s.io",)
_DEFAULT: Final = "storageclass.kubernetes.io/is-default-class"
_CHOSEN: Final = "volume.kubernetes.io/selected-node"  # of a claim, from when on its class is asked for a volume


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    claims = [item for item in snapshot.all("persistentvolumeclaims") if not is_leaving(item)]
    used = _used(snapshot) if any(_phase(claim) == "Pending" for claim in claims) else {}
    for claim in claims:
        phase = _phase(claim)
        first = used.get((namespace_of(claim), name_of(claim)))
        if phase == "Lost":
            yield _signal(claim, "its volume is lost", None)
        elif phase == "Pending" and _is_due(claim, first, snapshot):
            yield _signal(claim, _said(claim, is_used=first is not None), _since(claim, first, snapshot))
        elif phase == "Pending" and not snapshot.is_whole(_CLASSES):  # it may wait in vain all the same
            yield Signal(
                rule=_ID, owner=itself("PersistentVolumeClaim", claim), impact=None, message="", lingering=True
            )


def _is_due(claim: Object, first: Object | None, snapshot: Snapshot) -> bool:
    """Say whether it is time for a volume."""
    if not _waits(claim, snapshot):
        return True
    return first is not None and (bool(text_at(claim, "metadata", "annotations", _CHOSEN)) or not _is_held(first))


def _is_held(pod: Object) -> bool:
    """Say whether no node can take a pod, and not for want of a volume."""
    scheduled = condition(pod, "PodScheduled")
    said = text_at(scheduled, "message").lower()
    return scheduled.get("status") == "False" and said != "" and "volume" not in said


def _signal(claim: Object, message: str, since: datetime | None) -> Signal:
    return Signal(
        rule=_ID,
        owner=itself("PersistentVolumeClaim", claim),
        impact="down",
        message=message,
        objects=(f"persistentvolumeclaim/{name_of(claim)}",),
        since=since,
    )


def _phase(claim: Object) -> str:
    return text_at(claim, "status", "phase")


def _said(claim: Object, *, is_used: bool) -> str:
    wanted = text_at(claim, "spec", "storageClassName")
    return f"no volume of class {wanted or '(default)'}{', and a pod waits for it' if is_used else ''}"


def _since(claim: Object, first: Object | None, snapshot: Snapshot) -> datetime | None:
    made = time_at(claim, "metadata", "creationTimestamp")
    asked = time_at(first, "metadata", "creationTimestamp") if first is not None and _waits(claim, snapshot) else None
    return max((time for time in (made, asked) if time is not None), default=None)


def _used(snapshot: Snapshot) -> Mapping[tuple[str, str], Object]:
    """Return, by claim, the oldest pod that uses it."""
    found: dict[tuple[str, str], Object] = {}
    for pod in snapshot.all("pods"):
        if is_over(pod):
            continue
        for volume in items_at(pod, "spec", "volumes"):
            name = text_at(volume, "persistentVolumeClaim", "claimName")
            if not name and mapping_at(volume, "ephemeral"):
                name = f"{name_of(pod)}-{text_at(volume, 'name')}"
            place = namespace_of(pod), name
            if name and (place not in found or _made(pod) < _made(found[place])):
                found[place] = pod
    return found


def _made(pod: Object) -> str:
    return text_at(pod, "metadata", "creationTimestamp")


def _waits(claim: Object, snapshot: Snapshot) -> bool:
    """Say whether the class of a claim waits for a pod, as far as one knows."""
    name, classes = at(claim, "spec", "storageClassName"), snapshot.all("storageclasses.storage.k8s.io")
    if name == "":  # it wants a volume that somebody made by hand
        return False
    for each in classes:
        is_default = text_at(each, "metadata", "annotations", _DEFAULT) == "true"
        if name_of(each) == name or (not name and is_default):
            return text_at(each, "volumeBindingMode") == "WaitForFirstConsumer"
    return not snapshot.is_whole(_CLASSES) or not classes


RULE: Final = Rule(
    id=_ID,
    summary="a claim that gets no volume, or has lost it; not one that waits for its first pod",
    detect=_detect,
    needs=("persistentvolumeclaims", "pods"),
    uses=_CLASSES,
    hold=timedelta(minutes=5),
)
