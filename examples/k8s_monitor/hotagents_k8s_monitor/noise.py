"""What follows from what: a node that is down is one fault, and not that of each of its two hundred pods.

`causes_of` says which open findings another one explains, as a pure function of what was seen. It is careful: a finding
follows only where all of it is explained, and none that somebody was told as a fault of its own. What follows is not
silenced: it is a part of its cause's incident, which is as bad as the worst of its parts. What has no pods of its own,
such as a Service, follows from the workload behind it as soon as that is short of pods, whatever is told of that yet.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, final

from hotagents_k8s_monitor.behind import Behind
from hotagents_k8s_monitor.cluster.objects import condition, items_at, namespace_of, text_at
from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.rules.owners import is_over, lacking, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Snapshot
    from hotagents_k8s_monitor.judging import Finding, Tracked

__all__ = ["CHANGES", "HOUR", "causes_of", "homed", "is_flapping"]

CHANGES: Final = 4
"""So many within an hour are flapping: it came and went twice."""

HOUR: Final = timedelta(hours=1)
_EXPLAINS: Final = timedelta(minutes=10)  # after a node is back, for the pods on it to come back too
_POD: Final = "pod/"
_CAUSES: Final = {"Namespace": "namespace-stuck", "Node": "node-not-ready", "PersistentVolumeClaim": "pvc-pending"}


def is_flapping(changes: Iterable[datetime], now: datetime) -> bool:
    """Say whether so many changes lie within the last hour that only their number is worth a message."""
    return sum(1 for at in changes if timedelta(0) <= now - at < HOUR) >= CHANGES


def homed(
    tracked: Mapping[str, Tracked], before: Mapping[str, Tracked], snapshot: Snapshot, now: datetime
) -> dict[str, Tracked]:
    """Return the faults with what they follow from.

    That is found when a fault opens, and kept while the cause is open and ten minutes longer; then what is still there
    follows from what explains it by then, or is a fault of its own.
    """
    fresh, causes = causes_of(tracked, snapshot), {item.finding.owner for item in tracked.values() if _is_cause(item)}
    found: dict[str, Tracked] = {}
    for name, item in tracked.items():
        old = before.get(name)
        if old is None or old.opened_at is None:
            found[name] = replace(item, cause=fresh.get(name), cause_over=None) if item.opened_at is not None else item
        else:
            there = old.cause is not None and (old.cause in causes or old.cause.kind not in _CAUSES)
            explained = there and _is_explained(item, fresh)
            found[name] = _kept(item, old, explained=explained, instead=fresh.get(name), now=now)
    return found


def _kept(item: Tracked, old: Tracked, *, explained: bool, instead: Owner | None, now: datetime) -> Tracked:
    if old.cause is None or explained:
        return replace(item, cause=old.cause, cause_over=None)
    over = min(old.cause_over or now, now)
    still = now - over < _EXPLAINS
    return replace(item, cause=old.cause if still else instead, cause_over=over if still else None)


def _is_explained(item: Tracked, fresh: Mapping[str, Owner]) -> bool:
    """Say whether a fault still follows from anything; what this look did not see is as it was."""
    return item.unsure or item.absent_since is not None or item.finding.fingerprint in fresh


def _is_cause(item: Tracked) -> bool:
    return item.counts and _CAUSES.get(item.finding.owner.kind) == item.finding.rule


def causes_of(tracked: Mapping[str, Tracked], snapshot: Snapshot) -> dict[str, Owner]:
    """Return, by the fingerprints of findings that another one explains, whose that other one is."""
    causes = {item.finding.owner for item in tracked.values() if _is_cause(item)}
    explaining = _Explaining(causes, snapshot)
    opened = (item.finding for item in tracked.values() if item.opened_at is not None)
    found = ((finding.fingerprint, explaining.cause(finding)) for finding in opened)
    return {name: cause for name, cause in found if cause is not None}


@final
class _Explaining:
    """Some causes, held against what was seen."""

    def __init__(self, causes: set[Owner], snapshot: Snapshot) -> None:
        self._causes = causes
        self._snapshot = snapshot
        self._behind = Behind(snapshot)
        self._nodes = {owner.name for owner in causes if owner.kind == "Node"}

    @cached_property
    def _failing(self) -> dict[Owner, list[Object]]:
        return _failing(self._snapshot)

    def cause(self, finding: Finding) -> Owner | None:
        owner = finding.owner
        namespace = Owner("Namespace", "", owner.namespace)
        if owner.namespace and namespace in self._causes:
            return namespace
        if owner in self._causes:
            return None
        sick = self._behind.sick(finding)
        if not sick:
            return self._of_pods(list(self._pods(finding)), finding.missing) if owner.namespace else None
        pods = [pod for owner in sick for pod in self._failing.get(owner, ())]
        return self._of_pods(pods, sum(lacking(owner, self._snapshot) for owner in sick)) or sick[0]

    def _of_pods(self, pods: list[Object], missing: int) -> Owner | None:
        if not self._causes or not pods or len(pods) < missing:
            return None
        nodes = {text_at(pod, "spec", "nodeName") for pod in pods}
        if nodes <= self._nodes:
            return Owner("Node", "", min(nodes))
        claims = [self._claim(pod) for pod in pods]
        return claims[0] if all(claims) else None

    def _pods(self, finding: Finding) -> Iterator[Object]:
        """Yield the pods that a finding is about: those that it names, else those of its owner that are not ready."""
        named = [name.removeprefix(_POD) for name in finding.objects if name.startswith(_POD)]
        if not named or len(named) < len(finding.objects):
            yield from self._failing.get(finding.owner, ())
            return
        for name in named:
            yield self._snapshot.find("pods", finding.owner.namespace, name) or {}

    def _claim(self, pod: Object) -> Owner | None:
        """Return a claim that a pod waits for."""
        if text_at(pod, "status", "phase") != "Pending":
            return None
        names = (text_at(volume, "persistentVolumeClaim", "claimName") for volume in items_at(pod, "spec", "volumes"))
        claims = (Owner("PersistentVolumeClaim", namespace_of(pod), name) for name in names if name)
        return next((claim for claim in claims if claim in self._causes), None)


def _failing(snapshot: Snapshot) -> dict[Owner, list[Object]]:
    """Return the pods that are not ready, by owner; those that a dead node's kubelet never lets go of included."""
    found: dict[Owner, list[Object]] = {}
    for pod in snapshot.all("pods"):
        leaving = text_at(pod, "metadata", "deletionTimestamp") != ""
        if condition(pod, "Ready").get("status") != "True" and (leaving or not is_over(pod)):
            found.setdefault(owner_of(pod, snapshot), []).append(pod)
    return found
