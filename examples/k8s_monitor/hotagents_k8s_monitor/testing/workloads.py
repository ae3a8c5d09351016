"""Builders of what makes pods: Deployments, ReplicaSets, Jobs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from hotagents_k8s_monitor.testing.building import LONG_AGO, NOW, condition, metadata, of_owner, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["JobState", "Progress", "Strategy", "deployment", "job", "replica_set"]

Strategy = Literal["RollingUpdate", "Recreate"]
Progress = Literal[
    "NewReplicaSetAvailable",
    "ReplicaSetUpdated",
    "NewReplicaSetCreated",
    "ProgressDeadlineExceeded",
    "DeploymentPaused",
]
JobState = Literal["complete", "active", "failed", "suspended"]

_PROGRESS_STATUS: Final[Mapping[str, str]] = {"ProgressDeadlineExceeded": "False", "DeploymentPaused": "Unknown"}
_PROGRESS_MESSAGE: Final[Mapping[str, str]] = {
    "NewReplicaSetAvailable": 'ReplicaSet "{0}" has successfully progressed.',
    "ReplicaSetUpdated": 'ReplicaSet "{0}" is progressing.',
    "NewReplicaSetCreated": 'Created new replica set "{0}"',
    "ProgressDeadlineExceeded": 'ReplicaSet "{0}" has timed out progressing.',
    "DeploymentPaused": "Deployment is paused",
}
_COMPLETIONS: Final = "Reached expected number of succeeded pods"


def deployment(  # noqa: PLR0913 - each argument is one thing that may be off
    name: str,
    *,
    namespace: str = "default",
    replicas: int = 1,
    available: int | None = None,
    ready: int | None = None,
    updated: int | None = None,
    total: int | None = None,
    since: datetime = LONG_AGO,
    progress: Progress = "NewReplicaSetAvailable",
    progressed: datetime | None = None,
    failure: str = "",
    paused: bool = False,
    strategy: Strategy = "RollingUpdate",
    generation: int = 1,
    observed: int | None = None,
    revision: int = 1,
    image: str = "",
    created: datetime = LONG_AGO,
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a Deployment, by default one that has all its replicas.

    Args:
        name: Of it, and of its container.
        namespace: Of it.
        replicas: How many are wanted.
        available: How many are; None for all.
        ready: How many are; None for as many as are available.
        updated: How many are of the present template; None for all.
        total: How many there are; None for as many as are wanted.
        since: When ``Available`` became what it is.
        progress: The reason of ``Progressing``.
        progressed: When it last progressed; None for ``since``.
        failure: The message of ``ReplicaFailure``, as of an exceeded quota; empty for none.
        paused: Whether roll-outs are.
        strategy: Of roll-outs.
        generation: Of the specification.
        observed: The generation that the controller has seen; None for the present one.
        revision: Of the template.
        image: Of the container; empty for one that is named after it.
        created: When.
        labels: Beside ``app``.
    """
    available = replicas if available is None else available
    total = replicas if total is None else total
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": _template(name, image, {"app": name, **(labels or {})}),
        "strategy": _strategy(strategy),
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }
    counts = {
        "replicas": total,
        "updatedReplicas": replicas if updated is None else updated,
        "readyReplicas": available if ready is None else ready,
        "availableReplicas": available,
        "unavailableReplicas": max(0, total - available),
    }
    conditions = [
        _available(replicas, available, strategy, since),
        _progressing(name, progress, progressed or since, since),
        *([condition("ReplicaFailure", "True", since, reason="FailedCreate", message=failure)] if failure else ()),
    ]
    found = metadata("Deployment", name, namespace=namespace, created=created, labels={"app": name, **(labels or {})})
    found |= {"generation": generation, "annotations": {"deployment.kubernetes.io/revision": str(revision)}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": found,
        "spec": spec | ({"paused": True} if paused else {}),
        "status": {
            "observedGeneration": generation if observed is None else observed,
            **_counted(counts),
            "conditions": conditions,
        },
    }


def replica_set(  # noqa: PLR0913 - each argument is one thing that may be off
    name: str,
    *,
    owner: Mapping[str, Any] | None = None,
    namespace: str | None = None,
    replicas: int = 1,
    ready: int | None = None,
    total: int | None = None,
    revision: int = 1,
    image: str = "",
    created: datetime = LONG_AGO,
) -> dict[str, Any]:
    """Return a ReplicaSet, by default one that has all its replicas.

    Args:
        name: ``<deployment>-<hash of the template>``; the hash becomes a label of its pods.
        owner: Its Deployment.
        namespace: Of it; None for the owner's.
        replicas: How many are wanted: 0 for one of an earlier revision.
        ready: How many are, and are available; None for all.
        total: How many there are; None for as many as are wanted.
        revision: Of the Deployment's template.
        image: Of the container; empty for the owner's.
        created: When.
    """
    app, _, template_hash = name.rpartition("-")
    container = app if owner is None else owner["metadata"]["name"]
    labels = {"app": container, **_template_labels(owner), "pod-template-hash": template_hash}
    found = metadata(
        "ReplicaSet", name, namespace=of_owner(owner, namespace), created=created, labels=labels, owner=owner
    )
    annotations = {"desired-replicas": str(replicas), "max-replicas": str(replicas + 1), "revision": str(revision)}
    found["annotations"] = {f"deployment.kubernetes.io/{key}": value for key, value in annotations.items()}
    ready = replicas if ready is None else ready
    counts = {"fullyLabeledReplicas": total or replicas, "readyReplicas": ready, "availableReplicas": ready}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": found | {"generation": 1},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": container, "pod-template-hash": template_hash}},
            "template": _template(container, image or _image_of(owner), labels),
        },
        "status": {
            "replicas": replicas if total is None else total,
            **_counted(counts),
            "observedGeneration": 1,
        },
    }


def job(  # noqa: PLR0913 - each argument is one thing that may be off
    name: str,
    *,
    owner: Mapping[str, Any] | None = None,
    namespace: str | None = None,
    state: JobState = "complete",
    reason: str = "BackoffLimitExceeded",
    message: str = "Job has reached the specified backoff limit",
    failures: int = 0,
    started: datetime | None = None,
    finished: datetime = NOW - timedelta(hours=2),
    restart_policy: Literal["Never", "OnFailure"] = "Never",
    image: str = "",
) -> dict[str, Any]:
    """Return a Job, by default one that completed two hours before `NOW`.

    Args:
        name: Of it, and of its container.
        owner: A CronJob, such as `bare` makes.
        namespace: Of it; None for the owner's.
        state: Of it.
        reason: Why it failed.
        message: Why it failed, in words.
        failures: How many of its pods did.
        started: When; None for a minute before ``finished``.
        finished: When it completed or failed, or was suspended.
        restart_policy: Of its pods.
        image: Of the container; empty for one that is named after it.
    """
    started = finished - timedelta(minutes=1) if started is None else started
    found = metadata("Job", name, namespace=of_owner(owner, namespace), created=started, owner=owner)
    labels = {"batch.kubernetes.io/controller-uid": found["uid"], "batch.kubernetes.io/job-name": name}
    status: dict[str, Any] = {
        "startTime": text_of(started),
        "ready": 0,
        "terminating": 0,
        "uncountedTerminatedPods": {},
    }
    status |= _counted({"active": int(state == "active"), "succeeded": int(state == "complete"), "failed": failures})
    status["conditions"] = _job_conditions(state, finished, reason, message)
    if state == "complete":
        status["completionTime"] = text_of(finished)
    if state == "suspended":
        del status["startTime"]
    container = name if owner is None else owner["metadata"]["name"]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": found | {"generation": 1, "labels": labels},
        "spec": {
            "parallelism": 1,
            "completions": 1,
            "backoffLimit": 6,
            "completionMode": "NonIndexed",
            "suspend": state == "suspended",
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": found["uid"]}},
            "template": _template(container, image, labels, restart=restart_policy),
        },
        "status": status,
    }


def _template(container: str, image: str, labels: Mapping[str, str], *, restart: str = "Always") -> dict[str, Any]:
    return {
        "metadata": {"labels": dict(labels)},
        "spec": {
            "containers": [{"name": container, "image": image or f"{container}:1.0.0"}],
            "restartPolicy": restart,
            "terminationGracePeriodSeconds": 30,
        },
    }


def _template_labels(owner: Mapping[str, Any] | None) -> Mapping[str, str]:
    labels: Mapping[str, str] = {} if owner is None else owner["spec"]["template"]["metadata"]["labels"]
    return labels


def _image_of(owner: Mapping[str, Any] | None) -> str:
    return "" if owner is None else str(owner["spec"]["template"]["spec"]["containers"][0]["image"])


def _strategy(strategy: Strategy) -> dict[str, Any]:
    if strategy == "Recreate":
        return {"type": strategy}
    return {"type": strategy, "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}


def _available(replicas: int, available: int, strategy: Strategy, since: datetime) -> dict[str, Any]:
    enough = replicas - (replicas // 4 if strategy == "RollingUpdate" else 0)
    if available >= enough:
        return condition(
            "Available",
            "True",
            since,
            reason="MinimumReplicasAvailable",
            message="Deployment has minimum availability.",
        ) | {"lastUpdateTime": text_of(since)}
    return condition(
        "Available",
        "False",
        since,
        reason="MinimumReplicasUnavailable",
        message="Deployment does not have minimum availability.",
    ) | {"lastUpdateTime": text_of(since)}


def _progressing(name: str, progress: Progress, updated: datetime, since: datetime) -> dict[str, Any]:
    status = _PROGRESS_STATUS.get(progress, "True")
    changed = updated if status == "False" else since
    message = _PROGRESS_MESSAGE[progress].format(name)
    return condition("Progressing", status, changed, reason=progress, message=message) | {
        "lastUpdateTime": text_of(updated)
    }


def _job_conditions(state: JobState, since: datetime, reason: str, message: str) -> list[dict[str, Any]]:
    match state:
        case "complete":
            return [
                condition(kind, "True", since, reason="CompletionsReached", message=_COMPLETIONS)
                for kind in ("SuccessCriteriaMet", "Complete")
            ]
        case "failed":
            return [
                condition(kind, "True", since, reason=reason, message=message) for kind in ("FailureTarget", "Failed")
            ]
        case "suspended":
            return [condition("Suspended", "True", since, reason="JobSuspended", message="Job suspended")]
        case "active":
            return []


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    """Leave zeros out, as the API server does."""
    return {name: count for name, count in counts.items() if count}
