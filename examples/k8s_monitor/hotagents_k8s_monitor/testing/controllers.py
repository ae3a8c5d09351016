"""Builders of what else makes pods or Jobs: StatefulSets, DaemonSets, CronJobs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from hotagents_k8s_monitor.testing.building import LONG_AGO, NOW, metadata, text_of, uid

__all__ = ["cron_job", "daemon_set", "stateful_set"]


def stateful_set(  # noqa: PLR0913 - each argument is one thing that may be off
    name: str,
    *,
    namespace: str = "default",
    replicas: int = 1,
    ready: int | None = None,
    updated: int | None = None,
    partition: int = 0,
    strategy: Literal["RollingUpdate", "OnDelete"] = "RollingUpdate",
    generation: int = 1,
    observed: int | None = None,
    created: datetime = LONG_AGO,
) -> dict[str, Any]:
    """Return a StatefulSet, by default one that has all its replicas.

    Args:
        name: Of it, and of its container.
        namespace: Of it.
        replicas: How many are wanted.
        ready: How many are; None for all.
        updated: How many are of the present revision; None for all, so that no roll-out goes on.
        partition: How many stay at the earlier revision on purpose.
        strategy: Of roll-outs.
        generation: Of the specification.
        observed: The generation that the controller has seen; None for the present one.
        created: When.
    """
    ready = replicas if ready is None else ready
    rolling = {"rollingUpdate": {"partition": partition}} if strategy == "RollingUpdate" else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata("StatefulSet", name, namespace=namespace, created=created, labels={"app": name})
        | {"generation": generation},
        "spec": {
            "replicas": replicas,
            "serviceName": name,
            "selector": {"matchLabels": {"app": name}},
            "template": _template(name),
            "updateStrategy": {"type": strategy, **rolling},
        },
        "status": {
            "observedGeneration": generation if observed is None else observed,
            "replicas": replicas,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "currentRevision": f"{name}-6b7f" if updated is not None else f"{name}-7c8d",
            "updateRevision": f"{name}-7c8d",
            "updatedReplicas": replicas if updated is None else updated,
        },
    }


def daemon_set(  # noqa: PLR0913 - each argument is one thing that may be off
    name: str,
    *,
    namespace: str = "default",
    nodes: int = 1,
    available: int | None = None,
    scheduled: int | None = None,
    updated: int | None = None,
    misplaced: int = 0,
    strategy: Literal["RollingUpdate", "OnDelete"] = "RollingUpdate",
    created: datetime = LONG_AGO,
) -> dict[str, Any]:
    """Return a DaemonSet, by default one that has its pod on each node.

    Args:
        name: Of it, and of its container.
        namespace: Of it.
        nodes: On how many it should run.
        available: On how many it does; None for all.
        scheduled: On how many it has a pod; None for all.
        updated: On how many that is of the present template; None for all.
        misplaced: On how many it has one and should not.
        strategy: Of roll-outs.
        created: When.
    """
    available = nodes if available is None else available
    status = {
        "observedGeneration": 1,
        "desiredNumberScheduled": nodes,
        "currentNumberScheduled": nodes if scheduled is None else scheduled,
        "numberReady": available,
        "numberAvailable": available,
        "numberMisscheduled": misplaced,
        "updatedNumberScheduled": nodes if updated is None else updated,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": metadata("DaemonSet", name, namespace=namespace, created=created, labels={"app": name})
        | {"generation": 1},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": _template(name),
            "updateStrategy": {"type": strategy},
        },
        "status": status | ({"numberUnavailable": nodes - available} if available < nodes else {}),
    }


def cron_job(  # noqa: PLR0913 - each argument is one thing that may be off
    name: str,
    *,
    namespace: str = "default",
    schedule: str = "0 * * * *",
    zone: str | None = None,
    suspended: bool = False,
    policy: Literal["Allow", "Forbid", "Replace"] = "Allow",
    deadline: int | None = None,
    scheduled: datetime | None = NOW,
    succeeded: datetime | None = NOW - timedelta(minutes=59),
    active: int = 0,
    created: datetime = LONG_AGO,
) -> dict[str, Any]:
    """Return a CronJob, by default one that ran an hour before `NOW`, within a minute.

    Args:
        name: Of it.
        namespace: Of it.
        schedule: In five fields.
        zone: Its time zone; None for the controller's.
        suspended: Whether it is.
        policy: Whether its runs may overlap.
        deadline: How late a run may begin, in seconds; None for any time.
        scheduled: When a run began last; None for never.
        succeeded: When one succeeded last; None for never.
        active: How many runs go on.
        created: When.
    """
    spec: dict[str, Any] = {"schedule": schedule, "suspend": suspended, "concurrencyPolicy": policy}
    spec |= {} if zone is None else {"timeZone": zone}
    spec |= {} if deadline is None else {"startingDeadlineSeconds": deadline}
    status: dict[str, Any] = {}
    status |= {} if scheduled is None else {"lastScheduleTime": text_of(scheduled)}
    status |= {} if succeeded is None else {"lastSuccessfulTime": text_of(succeeded)}
    names = [f"{name}-{number}" for number in range(active)]
    runs = [{"kind": "Job", "namespace": namespace, "name": run, "uid": uid("Job", namespace, run)} for run in names]
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata("CronJob", name, namespace=namespace, created=created) | {"generation": 1},
        "spec": spec | {"jobTemplate": {"spec": {"template": _template(name)}}},
        "status": status | ({"active": runs} if runs else {}),
    }


def _template(name: str) -> dict[str, Any]:
    containers = [{"name": name, "image": f"{name}:1.0.0"}]
    spec = {"containers": containers, "restartPolicy": "Always", "terminationGracePeriodSeconds": 30}
    return {"metadata": {"labels": {"app": name}}, "spec": spec}
