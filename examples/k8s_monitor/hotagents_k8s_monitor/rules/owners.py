"""Whose a pod is, how much of that owner still works, and whether it is there at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hotagents_k8s_monitor.cluster.kinds import KINDS
from hotagents_k8s_monitor.cluster.objects import at, condition, count_at, items_at, name_of, namespace_of, text_at
from hotagents_k8s_monitor.findings import Owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Object, Resource, Snapshot
    from hotagents_k8s_monitor.findings import Impact

__all__ = [
    "Guess",
    "above_job",
    "above_replica_set",
    "controller_of",
    "guesses",
    "impact_on",
    "is_gone",
    "is_leaving",
    "is_on_lost_node",
    "is_over",
    "itself",
    "lacking",
    "owner_of",
    "owners_in",
]

_LISTED: Final[dict[str, Resource]] = {"ReplicaSet": "replicasets.apps", "Job": "jobs.batch"}
_KNOWN: Final[dict[str, Resource]] = {kind.name: resource for resource, kind in KINDS.items()}
# A CronJob names its Jobs after the minute that they are for: since 2019, number 26 million and something. What ends in
# a day such as 20261124 was named so by people.
_OF_A_CRON_JOB: Final = re.compile(r"(?P<name>.+)-(?:2[6-9]|[3-9][0-9])[0-9]{6}", re.DOTALL)
# The label by which pods and their ReplicaSet know each other, and whose ReplicaSet that is.
_TEMPLATES: Final = {"pod-template-hash": "Deployment", "rollouts-pod-template-hash": "Rollout"}
# What has pods of its own, or makes ReplicaSets alone: never what a Job belongs to; and what is never a ReplicaSet's.
_OF_NO_JOB: Final = frozenset({"DaemonSet", "Deployment", "Node", "Pod", "ReplicaSet", "Rollout", "StatefulSet"})
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
_OF_OTHERS_TOO: Final = frozenset({"CronJob", "DaemonSet", "StatefulSet"})  # add-ons have kinds of these names
_OF_NO_REPLICA_SET: Final = frozenset({"CronJob", "DaemonSet", "Job", "Node", "Pod", "StatefulSet"})
_COUNTS: Final = {  # how many are wanted, and how many there are
    "DaemonSet": (("status", "desiredNumberScheduled"), "numberAvailable"),
    "Deployment": (("spec", "replicas"), "availableReplicas"),
    "StatefulSet": (("spec", "replicas"), "readyReplicas"),
}
_ELSEWHERE: Final = {"Job": _OF_NO_JOB, "ReplicaSet": _OF_NO_REPLICA_SET}


@final
class Guess(NamedTuple):
    """A pod's owner that was guessed, since the list of what is between the two failed.

    Attributes:
        kind: Of the pod's controller, ReplicaSet or Job.
        name: Of the same.
        owner: What the pod is taken for.
        is_wrong: Whether there is certainly no such owner.
    """

    kind: str
    name: str
    owner: Owner
    is_wrong: bool = False

    def may_mean(self, owner: Owner) -> bool:
        """Say whether the pod may be another owner's after all."""
        if owner == self.owner or owner.namespace != self.owner.namespace:
            return False
        if owner.kind in _LISTED:
            return (owner.kind, owner.name) == (self.kind, self.name)
        if owner.kind in _ELSEWHERE[self.kind]:
            return False
        # A name as the controllers make it leaves no doubt among owners of that kind, unless there is no such owner.
        by_name = self.owner.kind != self.kind and not self.is_wrong
        if by_name and owner.kind in {self.owner.kind, *_TEMPLATES.values()}:
            return False
        # A name that a Deployment would not have made leaves none either, but for one that was adopted.
        return self.is_wrong or owner.kind not in _TEMPLATES.values() or self.name.startswith(f"{owner.name}-")


def guesses(snapshot: Snapshot) -> frozenset[Guess]:
    """Return what the pods that were seen may be taken for by mistake; nothing where no list failed."""
    unseen = {kind for kind, resource in _LISTED.items() if not snapshot.is_whole((resource,))}
    if not unseen:
        return frozenset()
    return frozenset(
        Guess(kind, name, owner, is_gone(owner, snapshot))
        for pod in snapshot.all("pods")
        for (kind, name), owner in [(_named(_controller(pod)), owner_of(pod, snapshot))]
        if kind in unseen and name and not is_over(pod)
        if snapshot.find(_LISTED[kind], namespace_of(pod), name) is None
    )


def owner_of(pod: Object, snapshot: Snapshot) -> Owner:
    """Return the workload that a pod belongs to, which survives the pod: its Deployment, CronJob, or whatever is there.

    A pod that nobody looks after, and one that its node's own files start, is its own owner.

    Where the ReplicaSet or Job between the two was not seen, its owner is guessed from its name as the controllers
    make it, so that a fingerprint does not change when a list fails.
    """
    namespace, (kind, name) = namespace_of(pod), _named(_controller(pod))
    if not name or kind == "Node":  # a static pod's owner is the node that it runs on
        return Owner("Pod", namespace, name_of(pod))
    between = snapshot.find(_LISTED[kind], namespace, name) if kind in _LISTED else None
    if between is not None:
        return _above(kind, between)
    if kind in _LISTED:
        kind, name = _guessed(kind, name, pod)
    return Owner(kind, namespace, name)


def owners_in(snapshot: Snapshot) -> Iterator[Owner]:
    """Yield the workloads that were seen, some repeatedly: themselves, and whose the ReplicaSets, Jobs, pods are."""
    for kind in _WORKLOADS:
        yield from (itself(kind, item) for item in snapshot.all(_KNOWN[kind]))
    for kind, resource in _LISTED.items():
        yield from (_above(kind, item) for item in snapshot.all(resource))
    yield from (owner_of(pod, snapshot) for pod in snapshot.all("pods"))


def is_gone(owner: Owner, snapshot: Snapshot) -> bool:
    """Say whether an owner is certainly there no more; never of a kind that is not listed, or not seen whole."""
    resource = _KNOWN.get(owner.kind) if owner.kind not in _OF_OTHERS_TOO else None
    if resource is None or not snapshot.is_whole((resource,)):
        return False
    return snapshot.find(resource, owner.namespace, owner.name) is None


def impact_on(owner: Owner, snapshot: Snapshot) -> Impact | None:
    """Return how much of an owner is hit when one of its pods is; None where it could not be seen itself."""
    counts = _COUNTS.get(owner.kind)
    if counts is None:
        return "down" if owner.kind in {"Pod", "Job", "CronJob"} else "degraded"
    item = snapshot.find(_KNOWN[owner.kind], owner.namespace, owner.name)
    if item is None:
        return "degraded" if snapshot.is_whole((_KNOWN[owner.kind],)) else None
    desired, available = _counted(item, *counts)
    if available >= desired:
        return "at-risk"
    return "degraded" if available else "down"


def lacking(owner: Owner, snapshot: Snapshot) -> int:
    """Return how many pods an owner has too few; 0 where that cannot be said."""
    counts = _COUNTS.get(owner.kind)
    item = snapshot.find(_KNOWN[owner.kind], owner.namespace, owner.name) if counts is not None else None
    if counts is None or item is None:
        return 0
    desired, available = _counted(item, *counts)
    return max(0, desired - available)


def itself(kind: str, item: Object) -> Owner:
    """Return an object as the owner of its own faults."""
    return Owner(kind, namespace_of(item), name_of(item))


def above_job(job: Object) -> Owner:
    """Return what a Job belongs to: its CronJob, or itself."""
    return _above("Job", job)


def above_replica_set(item: Object) -> Owner:
    """Return what a ReplicaSet belongs to: its Deployment, or itself."""
    return _above("ReplicaSet", item)


def controller_of(item: Object) -> tuple[str, str]:
    """Return kind and name of what an object was made by; both empty where nobody looks after it."""
    return _named(_controller(item))


def is_on_lost_node(pod: Object, snapshot: Snapshot) -> bool:
    """Say whether a pod's node is not ready, or not heard of: what follows from that is `node_not_ready`'s."""
    found = snapshot.find("nodes", "", text_at(pod, "spec", "nodeName"))
    return found is not None and text_at(condition(found, "Ready"), "status") != "True"


def is_leaving(item: Object) -> bool:
    """Say whether an object is being deleted."""
    return at(item, "metadata", "deletionTimestamp") is not None


def is_over(pod: Object) -> bool:
    """Say whether a pod has ended or is on its way out: what it waits for no longer matters."""
    return is_leaving(pod) or text_at(pod, "status", "phase") in {
        "Succeeded",
        "Failed",
    }


def _counted(item: Object, wanted: tuple[str, ...], there: str) -> tuple[int, int]:
    return count_at(item, *wanted, default=1), count_at(item, "status", there)


def _controller(item: Any) -> Any:
    return next((o for o in items_at(item, "metadata", "ownerReferences") if o.get("controller") is True), {})


def _named(controller: Any) -> tuple[str, str]:
    return text_at(controller, "kind"), text_at(controller, "name")


def _above(kind: str, item: Any) -> Owner:
    """Return what a ReplicaSet or Job belongs to, or itself."""
    above = _controller(item)
    return Owner(text_at(above, "kind") or kind, namespace_of(item), text_at(above, "name") or name_of(item))


def _guessed(kind: str, name: str, pod: Object) -> tuple[str, str]:
    if kind == "Job":
        match = _OF_A_CRON_JOB.fullmatch(name)
        return ("CronJob", match["name"]) if match else (kind, name)
    for label, above in _TEMPLATES.items():
        end = f"-{text_at(pod, 'metadata', 'labels', label)}"
        if len(end) > 1 and name.endswith(end) and name != end:
            return above, name.removesuffix(end)
    return kind, name
