"""Incidents of nodes: one that is lost with 200 pods, and one that comes and goes."""

from __future__ import annotations

from typing import Any, Final

from hotagents_k8s_monitor.testing.incidents.scene import NODES, Item, Scene, at, cluster
from hotagents_k8s_monitor.testing.objects import deployment, node
from hotagents_k8s_monitor.testing.scenarios.parts import lost, owned, pods

__all__ = ["SCENES"]

_LOST: Final = "node-c"
_WELL: Final = tuple(name for name in NODES if name != _LOST)
_DOWN, _BACK, _READY = 3, 24, 25  # minutes: not heard of; heard of again; its pods are ready again
_DEPLOYMENTS: Final = 100
_DROPS: Final = ((4, 11), (14, 21), (24, 31), (34, 41))  # minutes without the kubelet


def _tenant(number: int, minute: float) -> list[Item]:
    """Return a Deployment with two of three pods on the node that is lost, which wait there for it to come back."""
    is_hit = _DOWN <= minute < _READY
    since: dict[str, Any] = {"since": at(_DOWN)} if is_hit else {"since": at(_READY)} if minute >= _READY else {}
    owner = deployment(f"tenant-{number:03}", namespace="tenants", replicas=3, available=1 if is_hit else 3, **since)
    current = owned(owner, replicas=3, ready=1 if is_hit else 3)
    kept = pods(current, [_WELL[number % 3]])
    back: dict[str, Any] = {"since": at(_READY)} if minute >= _READY else {}
    there = pods(current, [_LOST, _LOST], first=1, **back)
    return [owner, current, *kept, *([lost(each, at(_DOWN)) for each in there] if is_hit else there)]


def _node_down(minute: float) -> list[Item]:
    """A node is lost for 21 minutes; its pods tolerate that, so nothing is made elsewhere."""
    found = cluster(minute, without=[_LOST], lost=[_LOST])
    if _DOWN <= minute < _BACK:
        found.append(node(_LOST, ready="Unknown", since=at(_DOWN)))
    else:
        since: dict[str, Any] = {"since": at(_BACK)} if minute >= _BACK else {}
        found.append(node(_LOST, now=at(minute - minute % 5), **since))
    return [*found, *(item for number in range(_DEPLOYMENTS) for item in _tenant(number, minute))]


def _flapping(minute: float) -> list[Item]:
    """A node is lost for seven minutes and back for three, four times."""
    found = cluster(minute, without=["node-d"], lost=["node-d"])
    for begin, end in _DROPS:
        if begin <= minute < end:
            return [*found, node("node-d", ready="Unknown", since=at(begin))]
    back = max((end for _, end in _DROPS if end <= minute), default=None)
    since: dict[str, Any] = {} if back is None else {"since": at(back)}
    return [*found, node("node-d", now=at(minute - minute % 5), **since)]


SCENES: Final = (
    Scene(
        name="incidents/node-down",
        summary="A node is lost for 21 minutes, and 200 pods of 100 Deployments with it.",
        minutes=32,
        objects=_node_down,
    ),
    Scene(
        name="incidents/flapping",
        summary="A node is lost and comes back, four times.",
        minutes=50,
        objects=_flapping,
    ),
)
