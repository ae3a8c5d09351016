"""The ordinary maintenance of a node: cordoned, drained, rebooted, and back.

Nothing in it deserves an alert, though pods are evicted and wait a minute for a place, and a node is not ready
for two.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.testing.building import NOW, bare, suffix
from hotagents_k8s_monitor.testing.objects import node, pod
from hotagents_k8s_monitor.testing.recording import Frame, Recording
from hotagents_k8s_monitor.testing.scenarios.applications import Application, Life
from hotagents_k8s_monitor.testing.scenarios.parts import lost, namespaces

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["node_drain"]

_NODES: Final = ("node-a", "node-b", "node-c", "node-d")
_DRAINED: Final = "node-b"
_SECONDS: Final = (0, 75, 150, 360, 480, 720)
_DOWN, _UP, _UNCORDONED = 300, 420, 600


def _moved(to: str, at: int, *, waiting: int = 0) -> tuple[Life, Life]:
    """Return the life of a pod that is evicted, and that of the one which takes its place."""
    placed = at + waiting
    return (
        Life(_DRAINED, deleted=at, gone=at + 31),
        Life(to, created=at, placed=placed, started=placed + 15, ready=placed + 45),
    )


_APPLICATIONS: Final = (
    Application(
        name="cart",
        namespace="shop",
        replicas=3,
        short=(60, 105),
        lives=(Life("node-a"), Life("node-c"), *_moved("node-d", 60)),
    ),
    Application(
        name="search", namespace="shop", replicas=2, short=(65, 110), lives=(Life("node-d"), *_moved("node-a", 65))
    ),
    Application(
        name="checkout-api",
        namespace="payments",
        replicas=3,
        short=(65, 170),
        lives=(Life("node-a"), Life("node-d"), *_moved("node-c", 65, waiting=60)),
    ),
    Application(name="mailer", namespace="shop", replicas=1, short=(70, 175), lives=_moved("node-c", 70, waiting=60)),
    Application(
        name="coredns",
        namespace="kube-system",
        replicas=2,
        short=(60, 105),
        lives=(Life("node-c"), *_moved("node-d", 60)),
    ),
)


def node_drain() -> Recording:
    """Return it, in six frames over twelve minutes."""
    frames = tuple(_frame(second, NOW + timedelta(seconds=second)) for second in _SECONDS)
    return Recording("node-drain", "A node is drained, rebooted and put back: nothing to alert on.", frames)


def _frame(second: int, at: datetime) -> Frame:
    return Frame(
        at,
        (
            *namespaces(("kube-system", "payments", "shop")),
            *(node(name, now=at) for name in _NODES if name != _DRAINED),
            _drained(second, at),
            *(item for application in _APPLICATIONS for item in application.at(second, NOW)),
            *(_agent(owner, name, second) for owner in ("kube-proxy", "node-agent") for name in _NODES),
        ),
    )


def _drained(second: int, at: datetime) -> dict[str, Any]:
    is_cordoned = second < _UNCORDONED
    if second < _DOWN:
        return node(_DRAINED, unschedulable=is_cordoned, now=at)
    if second < _UP:
        return node(_DRAINED, unschedulable=is_cordoned, ready="Unknown", since=_time(_DOWN))
    return node(_DRAINED, unschedulable=is_cordoned, since=_time(_UP), now=at)


def _agent(name: str, on: str, second: int) -> dict[str, Any]:
    """Return a pod of a DaemonSet: a drain leaves it alone, a reboot starts it again."""
    owner = bare("apps/v1", "DaemonSet", name, namespace="kube-system")
    named = f"{name}-{suffix(name, on)}"
    if on != _DRAINED or second < _DOWN:
        return pod(named, owner=owner, node=on)
    if second < _UP:
        return lost(pod(named, owner=owner, node=on), _time(_DOWN))
    return pod(named, owner=owner, node=on, restarts=1, last="Unknown", last_at=_time(_UP + 5), since=_time(_UP + 20))


def _time(second: int) -> datetime:
    return NOW + timedelta(seconds=second)
