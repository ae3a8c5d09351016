"""A large cluster: what a detection costs is counted, so that no rule looks at everything for everything."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.rules import detect
from hotagents_k8s_monitor.testing.objects import (
    daemon_set,
    deployment,
    endpoint_slice,
    ingress,
    ingress_class,
    pod,
    pod_metrics,
    replica_set,
    service,
    stateful_set,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from hotagents_k8s_monitor.cluster import Snapshot

MOST_CALLS: Final = 700  # of functions, for each pod and what is around it


def cluster(pods: int) -> list[dict[str, Any]]:
    """Five pods a Deployment, each with its Service; some are sick."""
    found: list[dict[str, Any]] = [ingress_class("nginx"), ingress("all", namespace="shop", to=[("web-0", 80)])]
    agent = daemon_set("agent", namespace="shop", nodes=pods // 20, available=pods // 20 - 1)
    found += [agent, stateful_set("db", namespace="shop", replicas=3, ready=2)]
    for number in range(pods // 5):
        owner = deployment(f"web-{number}", namespace="shop", replicas=5, available=4 if number % 50 == 0 else 5)
        current = replica_set(f"web-{number}-5d4f7", owner=owner, replicas=5)
        found += [owner, current, service(f"web-{number}", namespace="shop")]
        found.append(endpoint_slice(f"web-{number}", namespace="shop", ready=0 if number % 50 == 0 else 5))
        for n in range(5):
            sick: dict[str, Any] = {"waiting": "CrashLoopBackOff", "restarts": 9} if n == 0 and number % 50 == 0 else {}
            name = f"web-{number}-5d4f7-{n}"
            found.append(pod(name, owner=current, **sick))
            found.append(pod_metrics(name, namespace="shop", memory={f"web-{number}": "250Mi" if sick else "20Mi"}))
    return found


def calls(snapshot: Snapshot) -> int:
    count = 0

    def counting(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(counting)
    try:
        detect(snapshot)
    finally:
        sys.setprofile(before)
    return count


def test_a_detection_costs_as_much_for_each_pod_however_many_there_are(seen: Callable[..., Snapshot]) -> None:
    small, large = calls(seen(cluster(250))) / 250, calls(seen(cluster(1000))) / 1000
    assert large < MOST_CALLS
    assert large < small * 1.5
