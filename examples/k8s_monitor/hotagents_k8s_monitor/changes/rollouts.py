"""`rollouts_of`: what of a workload was rolled out within a time, by what the cluster itself shows.

No network and no model: an ordinary look has all of it. What it does not have is the history of StatefulSets and
DaemonSets, so of these a roll-out is seen only for as long as pods of two revisions are there: once it has ended, its
pods look like those that a drained node lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hotagents_k8s_monitor.changes.gitops import deliveries_of
from hotagents_k8s_monitor.changes.rollout import Rollout, evidence_of, images_of, pod_of
from hotagents_k8s_monitor.cluster.objects import at, name_of, namespace_of, text_at, time_at
from hotagents_k8s_monitor.findings import cut
from hotagents_k8s_monitor.rules.owners import above_replica_set, controller_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Resource, Snapshot
    from hotagents_k8s_monitor.findings import Owner

__all__ = ["rollouts_of", "workload"]

_MOST: Final = 20
_LONGEST: Final = 300
_REVISIONS: Final = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")
_MOST_DIGITS: Final = 12
_HASH: Final = "controller-revision-hash"
_WORKLOADS: Final[dict[str, Resource]] = {
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "DaemonSet": "daemonsets.apps",
}


def rollouts_of(snapshot: Snapshot, owner: Owner, *, since: datetime, until: datetime) -> tuple[Rollout, ...]:
    """Return what was rolled out of a workload, the newest first; nothing where the cluster does not show it.

    Args:
        snapshot: What was seen; whatever is in it, this does not raise.
        owner: The workload.
        since: From when on, aware, included.
        until: Until when, aware, included.
    """
    found = [*_of_replica_sets(snapshot, owner), *_of_revisions(snapshot, owner)]
    found += deliveries_of(snapshot, owner, workload(snapshot, owner))
    within = (rollout for rollout in found if since <= rollout.at <= until)
    return tuple(sorted(within, key=lambda rollout: (rollout.at, rollout.evidence), reverse=True)[:_MOST])


def workload(snapshot: Snapshot, owner: Owner) -> Object:
    """Return the object of a workload, an empty one where it was not seen or is of a kind that is not listed."""
    resource = _WORKLOADS.get(owner.kind)
    return (snapshot.find(resource, owner.namespace, owner.name) or {}) if resource is not None else {}


@final
class _Template(NamedTuple):
    """A ReplicaSet: the number of its revision, when it was made, and itself."""

    number: int
    created: datetime
    item: Object


def _of_replica_sets(snapshot: Snapshot, owner: Owner) -> Iterator[Rollout]:
    templates = sorted(_templates(snapshot, owner), key=lambda template: template[:2])
    first_pods = _first_pods(snapshot, owner.namespace) if len(templates) > 1 else {}
    latest: datetime | None = None  # when the youngest template of those before was made
    for before, template in zip([{}, *(template.item for template in templates)], templates, strict=False):
        # A template that is taken up again keeps its ReplicaSet, which gets a new number and, then, new pods.
        goes_back = latest is not None and latest > template.created
        began = first_pods.get(name_of(template.item)) if goes_back else template.created
        if began is not None and (latest is None or latest <= began):
            yield _of_template(owner, template, before, began, goes_back=goes_back)
        latest = max(latest or template.created, template.created)


def _of_template(owner: Owner, template: _Template, before: Object, began: datetime, *, goes_back: bool) -> Rollout:
    return Rollout(
        at=began,
        kind=owner.kind,
        namespace=owner.namespace,
        name=owner.name,
        revision=str(template.number),
        images=images_of(pod_of(template.item)),
        images_before=images_of(pod_of(before)),
        evidence=(evidence_of("replicasets.apps", template.item),),
        goes_back=goes_back,
    )


def _templates(snapshot: Snapshot, owner: Owner) -> Iterator[_Template]:
    for item in snapshot.all("replicasets.apps"):
        if above_replica_set(item) != owner:
            continue
        number, created = _number(item), time_at(item, "metadata", "creationTimestamp")
        if number and created is not None:
            yield _Template(number, created, item)


def _number(item: Object) -> int:
    for key in _REVISIONS:
        text = text_at(item, "metadata", "annotations", key)
        if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS:
            return int(text)
    return 0


def _first_pods(snapshot: Snapshot, namespace: str) -> dict[str, datetime]:
    """Return when the first pod of each ReplicaSet of a namespace was made, in one walk over all pods."""
    found: dict[str, datetime] = {}
    for pod in snapshot.all("pods"):
        kind, name = controller_of(pod)
        created = _created(pod)
        if kind == "ReplicaSet" and namespace_of(pod) == namespace and created is not None:
            found[name] = min(created, found.get(name, created))
    return found


def _pods(snapshot: Snapshot, above: Any, kind: str) -> Iterator[Object]:
    wanted, namespace = (kind, name_of(above)), namespace_of(above)
    yield from (pod for pod in snapshot.all("pods") if controller_of(pod) == wanted and namespace_of(pod) == namespace)


def _created(pod: Object) -> datetime | None:
    return time_at(pod, "metadata", "creationTimestamp")


def _of_revisions(snapshot: Snapshot, owner: Owner) -> Iterator[Rollout]:
    item = workload(snapshot, owner)
    if owner.kind not in {"StatefulSet", "DaemonSet"} or not item:
        return
    by_hash: dict[str, list[Object]] = {}
    for pod in _pods(snapshot, item, owner.kind):
        if (revision := text_at(pod, "metadata", "labels", _HASH)) and _created(pod) is not None:
            by_hash.setdefault(revision, []).append(pod)
    newest = _newest(item, by_hash)
    others = [pod for revision, pods in by_hash.items() if revision != newest for pod in pods]
    if newest and others:
        yield _of_pods(owner, item, newest, by_hash[newest], others)


def _newest(item: Object, by_hash: dict[str, list[Object]]) -> str:
    """Return the hash that a roll-out leads to: as the StatefulSet says, else that of the pod which was made last."""
    said = text_at(item, "status", "updateRevision")
    if said:
        return said if said in by_hash else ""
    return max(by_hash, key=lambda revision: (max(map(_when, by_hash[revision])), revision), default="")


def _of_pods(owner: Owner, item: Object, revision: str, pods: list[Object], others: list[Object]) -> Rollout:
    first = min(pods, key=_when)
    latest = max(others, key=_when)
    resource = _WORKLOADS[owner.kind]
    return Rollout(
        at=_when(first),
        kind=owner.kind,
        namespace=owner.namespace,
        name=owner.name,
        revision=cut(revision, _LONGEST),
        images=images_of(at(first, "spec")),
        images_before=images_of(at(latest, "spec")),
        evidence=(evidence_of(resource, item), evidence_of("pods", first)),
    )


def _when(pod: Object) -> datetime:
    created = _created(pod)
    assert created is not None  # noqa: S101 - pods without were left out
    return created
