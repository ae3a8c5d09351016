"""A builder of pods."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from hotagents_k8s_monitor.testing.building import LONG_AGO, address, metadata, of_owner, text_of
from hotagents_k8s_monitor.testing.containers import Shape, conditions, container_statuses, init_statuses

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["pod"]

_READY_AFTER: Final = timedelta(seconds=20)
_CRASHING: Final = "CrashLoopBackOff"
_EVICTION: Final = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 91Mi."


def pod(  # noqa: PLR0913 - each argument is one thing that may be off
    name: str,
    *,
    namespace: str | None = None,
    owner: Mapping[str, Any] | None = None,
    node: str | None = "node-a",
    ready: bool | None = None,
    waiting: str = "",
    message: str = "",
    since: datetime | None = None,
    restarts: int = 0,
    last: str = "Error",
    last_at: datetime | None = None,
    init: str = "",
    unschedulable: str = "",
    gated: bool = False,
    finished: Literal["", "Succeeded", "Failed", "Evicted"] = "",
    deleted: datetime | None = None,
    finalizers: Collection[str] = (),
    image: str = "",
    created: datetime | None = None,
    placed: datetime | None = None,
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a pod of one container, by default one that has run and been ready for days.

    Args:
        name: Of it.
        namespace: Of it; None for the owner's.
        owner: Its controller; its template's labels, container and image become the pod's.
        node: Where it runs; None for a pod that the scheduler has not looked at.
        ready: Whether it is; None for what its state says.
        waiting: Why its container does not run, such as ``CrashLoopBackOff``, ``ContainerCreating``; empty if it does.
        message: The same in words; empty for what a kubelet would say.
        since: When it came into this state: became ready, or not ready, or unschedulable, or finished.
        restarts: How often its container (or init container, where that waits) was started again.
        last: Why it ended the last time: ``Error``, ``OOMKilled``, ``Completed``, ``Unknown``.
        last_at: When it ended the last time; None for half a minute after ``since`` or, if it runs now, after it began.
        init: Its init container: ``done``, ``running``, or why it waits; empty for none.
        unschedulable: Why no node takes it, in the scheduler's words.
        gated: Whether scheduling gates hold it back.
        finished: How it ended.
        deleted: When it was asked to end, which it has 30 seconds for.
        finalizers: What holds it back from being gone.
        image: Of the container; empty for the owner's.
        created: When; None for ``since`` if it never ran, else for long ago.
        placed: When a node took it; None for at once.
        labels: Beside the owner's.
    """
    namespace = of_owner(owner, namespace)
    created = created or _creation(since, waiting, init, restarts, is_placed=not (unschedulable or gated))
    template = _template(owner)["containers"][0]
    container = template.get("name") or (name if owner is None else owner["metadata"]["name"])
    found = metadata(
        "Pod", name, namespace=namespace, created=created, labels={**_labels(owner), **(labels or {})}, owner=owner
    )
    is_well = not (waiting or unschedulable or gated or finished) and node is not None and init in {"", "done"}
    since = since or (created + _READY_AFTER if is_well else created)
    shape = Shape(
        name=name,
        namespace=namespace,
        uid=found["uid"],
        node=node,
        container=container,
        image=image or template.get("image") or f"{container}:1.0.0",
        created=created,
        placed=placed or created,
        since=since,
        ready=is_well if ready is None else ready,
        waiting=waiting,
        message=message,
        init=init,
        restarts=restarts,
        last=last,
        last_at=last_at or (created if is_well else since) + timedelta(seconds=30),
        unschedulable=unschedulable,
        gated=gated,
        finished=finished,
    )
    found |= _end(deleted, finalizers)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": found,
        "spec": _spec(shape, owner),
        "status": _status(shape),
    }


def _creation(since: datetime | None, waiting: str, init: str, restarts: int, *, is_placed: bool) -> datetime:
    never_ran = not is_placed or init not in {"", "done"} or bool(waiting and waiting != _CRASHING)
    return since if since is not None and never_ran and not restarts else LONG_AGO


def _template(owner: Mapping[str, Any] | None) -> Mapping[str, Any]:
    template: Mapping[str, Any] = {"containers": [{}], "restartPolicy": "Always"}
    if owner is not None and "template" in owner.get("spec", {}):
        template = owner["spec"]["template"]["spec"]
    return template


def _labels(owner: Mapping[str, Any] | None) -> Mapping[str, str]:
    if owner is None:
        return {}
    if "template" not in owner.get("spec", {}):
        return {"app": owner["metadata"]["name"]}
    labels: Mapping[str, str] = owner["spec"]["template"]["metadata"]["labels"]
    return labels


def _end(deleted: datetime | None, finalizers: Collection[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"finalizers": list(finalizers)} if finalizers else {}
    if deleted is not None:
        # The API server writes down when the grace is over, not when the deletion was asked for.
        found |= {"deletionTimestamp": text_of(deleted + timedelta(seconds=30)), "deletionGracePeriodSeconds": 30}
    return found


def _spec(shape: Shape, owner: Mapping[str, Any] | None) -> dict[str, Any]:
    container = {
        "name": shape.container,
        "image": shape.image,
        "imagePullPolicy": "IfNotPresent",
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "50m", "memory": "128Mi"}},
    }
    spec: dict[str, Any] = {"containers": [container]}
    if shape.init:
        spec["initContainers"] = [{"name": "init", "image": shape.image, "imagePullPolicy": "IfNotPresent"}]
    if shape.is_placed:
        spec["nodeName"] = shape.node
    if shape.gated:
        spec["schedulingGates"] = [{"name": "example.com/capacity"}]
    return spec | {
        "restartPolicy": _template(owner)["restartPolicy"],
        "serviceAccountName": "default",
        "terminationGracePeriodSeconds": 30,
    }


def _status(shape: Shape) -> dict[str, Any]:
    status: dict[str, Any] = {"phase": shape.phase, "conditions": conditions(shape), "qosClass": "Burstable"}
    if shape.finished == "Evicted":
        status |= {"reason": "Evicted", "message": _EVICTION}
    if shape.is_placed:
        status |= {"hostIP": address(shape.node or "", prefix="10.0"), "startTime": text_of(shape.placed)}
    if shape.has_sandbox:
        status["podIP"] = address(shape.uid, prefix="10.244")
        status["podIPs"] = [{"ip": status["podIP"]}]
    if init := init_statuses(shape):
        status["initContainerStatuses"] = init
    if main := container_statuses(shape):
        status["containerStatuses"] = main
    return status
