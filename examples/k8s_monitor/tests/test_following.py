"""What follows from a fault goes on with it, moves to another cause, or becomes a fault of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.testing.objects import (
    NOW,
    deployment,
    endpoint_slice,
    node,
    pod,
    replica_set,
    service,
    stateful_set,
)

MINUTE: Final = timedelta(minutes=1)
LONG: Final = NOW - timedelta(minutes=30)
CAUSE: Final = {"kind": "Deployment", "namespace": "shop", "name": "cart"}


def web(*, available: int, on: str = "node-a", name: str = "web") -> list[Any]:
    """A Deployment of two pods behind a Service."""
    whole = deployment("cart", namespace="shop", replicas=2, available=available, since=LONG)
    part = replica_set("cart-5d4f", owner=whole)
    pods = [pod(f"cart-{n}", owner=part, node=on, ready=available > 0, since=LONG) for n in range(2)]
    slices = endpoint_slice(name, namespace="shop", ready=available, unready=2 - available)
    return [whole, part, *pods, service(name, namespace="shop", selector={"app": "cart"}), slices]


def follows(result: Any) -> Any:
    (found,) = (f for f in result.data["findings"] if f["rule"] == "service-no-endpoints")
    return found["follows"]


def looked(bench: Any, *objects: Any, times: int, **more: Any) -> Any:
    for _ in range(times - 1):
        bench.look(*objects, after=MINUTE, **more)
    return bench.look(*objects, after=MINUTE, **more)


def alerts(bench: Any) -> list[str]:
    return [name for kind, _, name in bench.heard.taken() if kind == "alert"]


def test_a_service_is_a_part_of_the_incident_of_what_is_behind_it_though_that_is_told_later(bench: Any) -> None:
    bench.look(node("node-a"), *web(available=2))
    result = looked(bench, node("node-a"), *web(available=0), times=8)
    assert follows(result) == CAUSE
    assert alerts(bench) == ["cart"]
    kept = {(f["owner"]["kind"], f["rule"]) for f in result.data["findings"] if f["state"] == "open"}
    assert {("Service", "service-no-endpoints"), ("Deployment", "deployment-short")} <= kept


def test_it_ends_with_it(bench: Any) -> None:
    looked(bench, node("node-a"), *web(available=0), times=8)
    bench.heard.taken()
    looked(bench, node("node-a"), *web(available=2), times=3)
    assert bench.heard.taken() == [("resolved", "SEV-2", "cart")]


def test_a_service_that_stays_broken_though_all_pods_are_well_again_is_told_by_itself(bench: Any) -> None:
    looked(bench, node("node-a"), *web(available=0), times=8)
    bench.heard.taken()
    well = [item for item in web(available=2) if item["kind"] != "EndpointSlice"]
    none = endpoint_slice("web", namespace="shop", ready=0)
    assert follows(looked(bench, node("node-a"), *well, none, times=5)) == CAUSE
    assert follows(looked(bench, node("node-a"), *well, none, times=8)) is None
    assert alerts(bench) == ["web"]


def test_one_that_was_told_by_itself_stays_so(bench: Any) -> None:
    well = [item for item in web(available=2) if item["kind"] != "EndpointSlice"]
    looked(bench, node("node-a"), *well, endpoint_slice("web", namespace="shop", ready=0), times=8)
    assert alerts(bench) == ["web"]
    assert follows(looked(bench, node("node-a"), *web(available=0), times=8)) is None
    assert alerts(bench) == ["cart"]


def test_what_followed_from_a_node_follows_from_its_deployment_once_the_node_is_long_back(bench: Any) -> None:
    down = node("node-a", ready="Unknown", since=LONG)
    result = looked(bench, down, node("node-b"), *web(available=0), times=8)
    assert follows(result)["kind"] == "Node"
    assert alerts(bench) == ["node-a"]
    result = looked(bench, node("node-a"), node("node-b"), *web(available=0, on="node-b"), times=14)
    assert follows(result) == CAUSE
    assert alerts(bench) == ["cart"]


@pytest.mark.parametrize("unseen", ["services", "deployments.apps", "pods", "endpointslices.discovery.k8s.io"])
def test_what_a_look_could_not_see_stays_where_it_is(bench: Any, unseen: Any) -> None:
    looked(bench, node("node-a"), *web(available=0), times=8)
    bench.heard.taken()
    gap = Gap(unseen, "failed", "HTTP 500")
    rest = [item for item in web(available=0) if item["kind"] != {"services": "Service"}.get(unseen)]
    assert follows(looked(bench, node("node-a"), *rest, times=15, gaps=[gap])) == CAUSE
    assert set(alerts(bench)) == {"k8s-monitor"}


def test_a_service_in_front_of_two_workloads_follows_from_the_one_that_is_short(bench: Any) -> None:
    store = stateful_set("store", namespace="shop", replicas=2)
    store["spec"]["template"]["metadata"]["labels"]["app"] = "cart"
    result = looked(bench, node("node-a"), store, *web(available=0), times=8)
    assert follows(result) == CAUSE


def test_a_service_whose_deployment_lacks_pods_elsewhere_too_does_not_follow_from_a_node(bench: Any) -> None:
    down = node("node-a", ready="Unknown", since=LONG)
    objects = [item for item in web(available=0) if item["metadata"]["name"] != "cart-1"]  # one was never made
    assert follows(looked(bench, down, node("node-b"), *objects, times=8)) == CAUSE
    assert sorted(alerts(bench)) == ["cart", "node-a"]
