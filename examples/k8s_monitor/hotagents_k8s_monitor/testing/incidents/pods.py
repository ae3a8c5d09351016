"""Incidents that begin with pods: a crash loop, memory, an image, no room, a volume."""

from __future__ import annotations

from typing import Any, Final

from hotagents_k8s_monitor.testing.incidents.scene import NODES, Item, Scene, at, claim, cluster
from hotagents_k8s_monitor.testing.objects import deployment
from hotagents_k8s_monitor.testing.scenarios.parts import owned, pods, steady

__all__ = ["SCENES"]

_NO_GPU: Final = "0/4 nodes are available: 4 Insufficient nvidia.com/gpu."
_UNBOUND: Final = "0/4 nodes are available: pod has unbound immediate PersistentVolumeClaims."
_BACK_OFFS: Final = (0.2, 0.6, 1.3, 2.6, 5.3, 10.6, 15.6, 20.6, 25.6)  # minutes after the first fall


def _crash_loop(minute: float) -> list[Item]:
    """All replicas of a critical service crash from minute 2 on, and are mended at minute 24."""
    others = cluster(minute, without=["checkout-api"])
    if not 2 <= minute < 24:  # noqa: PLR2004 - as told above
        return [*others, *steady("checkout-api", "payments", NODES[:3])]
    falls = sum(2 + after <= minute for after in _BACK_OFFS)
    owner = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=at(2), revision=7)
    current = owned(owner, revision=7, replicas=3, ready=0)
    last = at(2 + max((after for after in _BACK_OFFS if 2 + after <= minute), default=0))
    state: dict[str, Any] = {"waiting": "CrashLoopBackOff", "since": at(2), "restarts": falls + 1, "last_at": last}
    return [*others, owner, current, *pods(current, NODES[:3], **state)]


def _out_of_memory(minute: float) -> list[Item]:
    """One of two replicas is killed for its memory, again and again, from minute 3 on."""
    others = cluster(minute, without=["search"])
    if minute < 3:  # noqa: PLR2004
        return [*others, *steady("search", "shop", NODES[2:])]
    falls = sum(3 + after <= minute for after in _BACK_OFFS)
    owner = deployment("search", namespace="shop", replicas=2, available=1, since=at(3))
    current = owned(owner, replicas=2, ready=1)
    last = at(3 + max(after for after in (0.0, *_BACK_OFFS) if 3 + after <= minute))
    (well,) = pods(current, NODES[2:3])
    (ill,) = pods(
        current, NODES[3:], first=1, waiting="CrashLoopBackOff", last="OOMKilled", since=at(3), restarts=falls + 1,
        last_at=last,
    )  # fmt: skip
    return [*others, owner, current, well, ill]


def _bad_image(minute: float) -> list[Item]:
    """A roll-out at minute 2 names an image that there is none of; the old pods stay."""
    others = cluster(minute, without=["storefront"])
    if minute < 2:  # noqa: PLR2004
        return [*others, *steady("storefront", "shop", [*NODES, NODES[0]])]
    is_late = minute >= 12  # noqa: PLR2004 - progressDeadlineSeconds after minute 2
    owner = deployment(
        "storefront", namespace="shop", replicas=5, available=4, total=7, updated=3, generation=2, revision=2,
        image="storefront:2.31.0-rc", progress="ProgressDeadlineExceeded" if is_late else "ReplicaSetUpdated",
        progressed=at(12) if is_late else at(2),
    )  # fmt: skip
    old, new = (
        owned(owner, revision=1, replicas=4, image="storefront:2.30.4"),
        owned(owner, revision=2, replicas=3, ready=0),
    )
    reason = "ErrImagePull" if minute < 4 else "ImagePullBackOff"  # noqa: PLR2004
    stuck = pods(new, NODES[:3], waiting=reason, since=at(2))
    return [*others, owner, old, new, *pods(old, NODES), *stuck]


def _unschedulable(minute: float) -> list[Item]:
    """A training job of 2 replicas finds no node with a GPU from minute 1 on."""
    others = cluster(minute)
    if minute < 1:
        return others
    owner = deployment("trainer", namespace="ml", replicas=2, available=0, since=at(1), created=at(1), progressed=at(1))
    current = owned(owner, replicas=2, ready=0, created=at(1))
    return [*others, owner, current, *pods(current, [None, None], unschedulable=_NO_GPU, since=at(1))]


def _pvc_pending(minute: float) -> list[Item]:
    """A new data base waits for a volume of a class that nobody provides."""
    others = cluster(minute)
    if minute < 1:
        return others
    owner = deployment(
        "reporting-db",
        namespace="batch",
        available=0,
        since=at(1),
        created=at(1),
        strategy="Recreate",
        progressed=at(1),
    )
    current = owned(owner, ready=0, created=at(1))
    waiting = pods(current, [None], unschedulable=_UNBOUND, since=at(1))
    for each in waiting:
        each["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "reporting-db"}}]
    return [*others, owner, current, *waiting, claim("reporting-db", "batch", phase="Pending", since=at(1))]


SCENES: Final = (
    Scene(
        name="incidents/crash-loop",
        summary="All replicas of a critical service crash for 22 minutes.",
        minutes=32,
        objects=_crash_loop,
    ),
    Scene(
        name="incidents/out-of-memory",
        summary="One of two replicas is killed for its memory.",
        minutes=28,
        objects=_out_of_memory,
    ),
    Scene(
        name="incidents/bad-image",
        summary="A roll-out names an image that there is none of.",
        minutes=32,
        objects=_bad_image,
    ),
    Scene(
        name="incidents/unschedulable",
        summary="No node has room for a Deployment's pods.",
        minutes=24,
        objects=_unschedulable,
    ),
    Scene(
        name="incidents/pvc-pending",
        summary="A claim waits for a volume of a class that nobody provides.",
        minutes=24,
        objects=_pvc_pending,
    ),
)
