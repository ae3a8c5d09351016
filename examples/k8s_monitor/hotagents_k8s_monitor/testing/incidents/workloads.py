"""Incidents of workloads: a roll-out that is stuck, a service with no endpoint, a Job that failed, a quota."""

from __future__ import annotations

from typing import Final

from hotagents_k8s_monitor.testing.building import text_of
from hotagents_k8s_monitor.testing.incidents.scene import NODES, Item, Scene, at, cluster, endpoints, made
from hotagents_k8s_monitor.testing.objects import deployment, job
from hotagents_k8s_monitor.testing.scenarios.parts import owned, pods, steady

__all__ = ["SCENES"]

_QUOTA: Final = (
    'pods "search-6c9f" is forbidden: exceeded quota: compute, requested: limits.memory=256Mi, used: '
    "limits.memory=4Gi, limited: limits.memory=4Gi"
)


def _rollout_stuck(minute: float) -> list[Item]:
    """The new pods run and are never ready; one of the old ones is gone for them."""
    others = cluster(minute, without=["cart"])
    if minute < 2:  # noqa: PLR2004 - the roll-out begins
        return [*others, *steady("cart", "shop", NODES[:3])]
    is_late = minute >= 12  # noqa: PLR2004 - progressDeadlineSeconds later
    owner = deployment(
        "cart", namespace="shop", replicas=3, available=2, total=4, updated=2, generation=2, revision=2,
        progress="ProgressDeadlineExceeded" if is_late else "ReplicaSetUpdated", progressed=at(12 if is_late else 2),
    )  # fmt: skip
    old, new = owned(owner, revision=1, replicas=2), owned(owner, revision=2, replicas=2, ready=0, created=at(2))
    unready = pods(new, NODES[2:], ready=False, created=at(2), since=at(2.5))
    return [*others, owner, old, new, *pods(old, NODES[:2]), *unready]


def _endpoints_empty(minute: float) -> list[Item]:
    """From minute 3 on no endpoint of a service is ready, though its pods run: a selector was changed."""
    found = cluster(minute)
    if minute < 3:  # noqa: PLR2004
        return found
    rest = [
        item for item in found if not (item["kind"] == "EndpointSlice" and item["metadata"]["name"] == "search-x7k2p")
    ]
    return [*rest, endpoints("search", "shop", ready=0)]


def _job_failed(minute: float) -> list[Item]:
    """The nightly report fails for good at minute 4."""
    cron = made("batch/v1", "CronJob", "month-end", "batch", spec={"schedule": "0 10 * * *", "suspend": False})
    cron["status"] = {"lastScheduleTime": text_of(at(0)), "lastSuccessfulTime": text_of(at(7 - 24 * 60))}
    is_over = minute >= 4  # noqa: PLR2004
    failed = job(
        "month-end-29404440", owner=cron, state="failed" if is_over else "active", started=at(0), finished=at(4),
        failures=7 if is_over else 2,
    )  # fmt: skip
    fallen = pods(failed, NODES[:2], finished="Failed", created=at(0), since=at(1))
    running = [] if is_over else pods(failed, NODES[2:3], first=2, created=at(1), since=at(1.5))
    return [*cluster(minute), cron, failed, *fallen, *running]


def _quota(minute: float) -> list[Item]:
    """Two of four replicas cannot be made, since a quota is used up; it is raised at minute 26."""
    others = cluster(minute, without=["search"])
    is_over = minute >= 26  # noqa: PLR2004
    owner = deployment(
        "search", namespace="shop", replicas=4, available=4 if is_over else 2, total=4 if is_over else 2, since=at(1),
        failure="" if is_over else _QUOTA, progress="NewReplicaSetAvailable" if is_over else "ReplicaSetUpdated",
        progressed=at(26 if is_over else 1),
    )  # fmt: skip
    current = owned(owner, replicas=4, ready=4 if is_over else 2, total=4 if is_over else 2)
    hard = {"limits.memory": "8Gi" if is_over else "4Gi"}
    quota = made(
        "v1", "ResourceQuota", "compute", "shop", spec={"hard": hard},
        status={"hard": hard, "used": {"limits.memory": "4Gi"}},
    )  # fmt: skip
    return [*others, owner, current, quota, *pods(current, NODES if is_over else NODES[:2])]


SCENES: Final = (
    Scene(
        name="incidents/rollout-stuck",
        summary="The pods of a roll-out are never ready.",
        minutes=36,
        objects=_rollout_stuck,
    ),
    Scene(
        name="incidents/endpoints-empty",
        summary="A service has no ready endpoint, though its pods run.",
        minutes=14,
        objects=_endpoints_empty,
    ),
    Scene(
        name="incidents/job-failed",
        summary="A Job fails for good.",
        minutes=14,
        objects=_job_failed,
    ),
    Scene(
        name="incidents/quota",
        summary="A quota keeps two of four replicas from being made.",
        minutes=34,
        objects=_quota,
    ),
)
