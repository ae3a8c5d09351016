"""What a builder of pods says of containers: their statuses, and the conditions that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, final

from hotagents_k8s_monitor.testing.building import condition, digest, text_of

__all__ = ["Shape", "conditions", "container_statuses", "init_statuses"]

_BETWEEN: Final = frozenset({"ContainerCreating", "PodInitializing"})
_AFTER_A_START: Final = "CrashLoopBackOff"
_EXIT_CODES: Final = {"Completed": 0, "Error": 1, "OOMKilled": 137, "ContainerStatusUnknown": 137, "Unknown": 255}
_START: Final = timedelta(seconds=12)  # from a pod's place on a node to its container
_MESSAGES: Final = {
    "CrashLoopBackOff": "back-off 5m0s restarting failed container={container} pod={name}_{namespace}({uid})",
    "ImagePullBackOff": 'Back-off pulling image "{image}": ErrImagePull: rpc error: code = NotFound desc = failed to '
    'pull and unpack image "{image}": {image}: not found',
    "ErrImagePull": 'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": {image}: not found',
    "InvalidImageName": 'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": invalid '
    "reference format",
    "CreateContainerConfigError": 'secret "{container}" not found',
    "CreateContainerError": 'failed to reserve container name "{container}": name is reserved',
    "RunContainerError": 'failed to start container "{container}": exec: "/app/run": permission denied',
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A pod to be built; see `pod` for what the fields mean, which here are all decided."""

    name: str
    namespace: str
    uid: str
    node: str | None
    container: str
    image: str
    created: datetime
    placed: datetime
    since: datetime
    ready: bool
    waiting: str
    message: str
    init: str
    restarts: int
    last: str
    last_at: datetime
    unschedulable: str
    gated: bool
    finished: str

    @property
    def is_over(self) -> bool:
        """Whether none of its containers will run again."""
        return bool(self.finished)

    @property
    def is_placed(self) -> bool:
        """Whether it has a node."""
        return self.node is not None and not self.unschedulable and not self.gated

    @property
    def is_initialized(self) -> bool:
        """Whether its init containers, if any, are done."""
        return self.init in {"", "done"}

    @property
    def has_started(self) -> bool:
        """Whether a container of it, not an init container, ever ran."""
        has_run = not self.waiting or self.waiting == _AFTER_A_START or self.restarts > 0
        return self.is_placed and self.is_initialized and has_run

    @property
    def phase(self) -> str:
        """Its phase."""
        if self.is_over:
            return "Succeeded" if self.finished == "Succeeded" else "Failed"
        return "Running" if self.has_started else "Pending"

    @property
    def has_sandbox(self) -> bool:
        """Whether it has an address, because its network is up."""
        return self.is_placed and not self.is_over and (self.waiting not in _BETWEEN or self.restarts > 0)


def conditions(shape: Shape) -> list[dict[str, Any]]:
    """Return the conditions of a pod."""
    if shape.gated:
        message = "Scheduling is blocked due to non-empty scheduling gates"
        return [condition("PodScheduled", "False", shape.created, reason="SchedulingGated", message=message)]
    if shape.unschedulable:
        return [condition("PodScheduled", "False", shape.since, reason="Unschedulable", message=shape.unschedulable)]
    if not shape.is_placed:  # the scheduler has not seen it yet
        return []
    placed = condition("PodScheduled", "True", shape.placed)
    if shape.is_over:
        return [*_after_the_end(shape), placed]
    return [_sandbox(shape), _initialized(shape), *_readiness(shape), placed]


def container_statuses(shape: Shape) -> list[dict[str, Any]]:
    """Return the statuses of the containers, without those that only initialize."""
    if not shape.is_placed or shape.finished == "Evicted":
        return []
    status: dict[str, Any] = {
        "name": shape.container,
        "image": shape.image,
        "imageID": f"sha256:{digest('image', shape.image)}" if shape.has_started else "",
        "state": _state(shape),
        "lastState": _last_state(shape),
        "ready": shape.ready,
        "restartCount": shape.restarts if shape.is_initialized else 0,
        "started": "running" in _state(shape),
    }
    if shape.has_started:
        status["containerID"] = _id(shape, shape.restarts)
    return [status]


def init_statuses(shape: Shape) -> list[dict[str, Any]]:
    """Return the status of the init container, if there is one."""
    if not shape.init or not shape.is_placed:
        return []
    status: dict[str, Any] = {
        "name": "init",
        "image": shape.image,
        "imageID": "",
        "lastState": {},
        "ready": shape.init == "done",
        "restartCount": 0 if shape.is_initialized else shape.restarts,
        "started": False,
    }
    match shape.init:
        case "done":
            end = shape.placed + _START
            status["state"] = {"terminated": _terminated(shape, "Completed", end, number=-1)}
        case "running":
            status |= {"state": {"running": {"startedAt": text_of(shape.since)}}, "started": True}
        case reason:
            status |= {"state": _waiting(shape, reason), "lastState": _last_state(shape, always=True)}
    return [status]


def _state(shape: Shape) -> dict[str, Any]:
    if shape.is_over:
        reason = "Completed" if shape.finished == "Succeeded" else "Error"
        return {"terminated": _terminated(shape, reason, shape.since, number=shape.restarts)}
    if not shape.is_initialized:
        return {"waiting": {"reason": "PodInitializing"}}
    if shape.waiting:
        return _waiting(shape, shape.waiting)
    start = shape.last_at + timedelta(seconds=2) if shape.restarts else shape.placed + _START
    return {"running": {"startedAt": text_of(start)}}


def _waiting(shape: Shape, reason: str) -> dict[str, Any]:
    message = shape.message or _MESSAGES.get(reason, "").format(
        container=shape.container,
        name=shape.name,
        namespace=shape.namespace,
        uid=shape.uid,
        image=shape.image,
    )
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def _last_state(shape: Shape, *, always: bool = False) -> dict[str, Any]:
    if not shape.restarts or not (always or shape.is_initialized):
        return {}
    # One that waits has not begun again, so the last one is the newest there is.
    is_waiting = bool(shape.waiting) or not shape.is_initialized
    number = shape.restarts if is_waiting else shape.restarts - 1
    return {"terminated": _terminated(shape, shape.last, shape.last_at, number=number)}


def _terminated(shape: Shape, reason: str, end: datetime, *, number: int) -> dict[str, Any]:
    return {
        "exitCode": _EXIT_CODES.get(reason, 1),
        "reason": reason,
        "startedAt": text_of(max(end - timedelta(seconds=9), shape.created)),
        "finishedAt": text_of(end),
        "containerID": _id(shape, number),
    }


def _id(shape: Shape, number: int) -> str:
    return f"containerd://{digest('container', shape.uid, str(number))}"


def _sandbox(shape: Shape) -> dict[str, Any]:
    since = shape.placed + _START if shape.has_started else shape.placed
    return condition("PodReadyToStartContainers", str(shape.has_sandbox), since)


def _initialized(shape: Shape) -> dict[str, Any]:
    if shape.is_initialized:
        return condition("Initialized", "True", shape.placed + _START if shape.init else shape.placed)
    message = "containers with incomplete status: [init]"
    return condition("Initialized", "False", shape.placed, reason="ContainersNotInitialized", message=message)


def _readiness(shape: Shape) -> list[dict[str, Any]]:
    if shape.ready:
        return [condition(kind, "True", shape.since) for kind in ("Ready", "ContainersReady")]
    message = f"containers with unready status: [{shape.container}]"
    return [
        condition(kind, "False", shape.since, reason="ContainersNotReady", message=message)
        for kind in ("Ready", "ContainersReady")
    ]


def _after_the_end(shape: Shape) -> list[dict[str, Any]]:
    reason = "PodCompleted" if shape.finished == "Succeeded" else "PodFailed"
    found = [condition("PodReadyToStartContainers", "False", shape.since)]
    if shape.finished == "Evicted":
        message = "The node was low on resource: memory."
        found.append(condition("DisruptionTarget", "True", shape.since, reason="TerminationByKubelet", message=message))
    found.append(condition("Initialized", "True", shape.placed + _START))
    return found + [condition(kind, "False", shape.since, reason=reason) for kind in ("Ready", "ContainersReady")]
