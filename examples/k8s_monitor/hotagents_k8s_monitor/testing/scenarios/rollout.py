"""An ordinary roll-out: six replicas that are replaced step by step, and two that are replaced at once.

Nothing in it deserves an alert, though pods are pending, fewer are available than wanted, and one is short of a node.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.testing.building import NOW
from hotagents_k8s_monitor.testing.objects import node
from hotagents_k8s_monitor.testing.recording import Frame, Recording
from hotagents_k8s_monitor.testing.scenarios.applications import Application, Life
from hotagents_k8s_monitor.testing.scenarios.parts import namespaces

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["rollout"]

_NODES: Final = ("node-a", "node-b", "node-c", "node-d")
_SECONDS: Final = (0, 20, 95, 170, 320, 480)

_STOREFRONT: Final = Application(
    name="storefront",
    namespace="shop",
    replicas=6,
    changed=0,
    version=("2.30.4", "2.31.0"),
    lives=(
        Life("node-a", deleted=2, gone=33),
        Life("node-b", deleted=150, gone=181),
        Life("node-c", deleted=160, gone=190),
        Life("node-d", deleted=240, gone=271),
        Life("node-a", deleted=300, gone=331),
        Life("node-b", deleted=310, gone=341),
        Life("node-c", created=2, placed=2, started=25, ready=150, revision=2),
        Life("node-d", created=2, placed=2, started=27, ready=160, revision=2),
        Life("node-a", created=2, placed=62, started=100, ready=240, revision=2),
        Life("node-b", created=151, placed=151, started=172, ready=300, revision=2),
        Life("node-c", created=161, placed=161, started=180, ready=310, revision=2),
        Life("node-d", created=241, placed=241, started=260, ready=390, revision=2),
    ),
)
_IMPORTER: Final = Application(
    name="importer",
    namespace="shop",
    replicas=2,
    strategy="Recreate",
    changed=5,
    short=(5, 205),
    version=("0.9.2", "0.9.3"),
    lives=(
        Life("node-a", deleted=5, gone=36),
        Life("node-c", deleted=5, gone=37),
        Life("node-a", created=38, placed=38, started=60, ready=200, revision=2),
        Life("node-d", created=38, placed=38, started=61, ready=205, revision=2),
    ),
)
_OTHERS: Final = (
    Application(name="cart", namespace="shop", replicas=3, lives=tuple(Life(name) for name in _NODES[:3])),
    Application(name="search", namespace="shop", replicas=2, lives=tuple(Life(name) for name in _NODES[2:])),
    Application(name="coredns", namespace="kube-system", replicas=2, lives=tuple(Life(name) for name in _NODES[:2])),
)


def rollout() -> Recording:
    """Return it, in six frames over eight minutes."""
    frames = tuple(_frame(second, NOW + timedelta(seconds=second)) for second in _SECONDS)
    return Recording("rollout", "An ordinary roll-out of two Deployments: nothing to alert on.", frames)


def _frame(second: int, at: datetime) -> Frame:
    applications = (_STOREFRONT, _IMPORTER, *_OTHERS)
    return Frame(
        at,
        (
            *namespaces(("kube-system", "shop")),
            *(node(name, now=at) for name in _NODES),
            *(item for application in applications for item in application.at(second, NOW)),
        ),
    )
