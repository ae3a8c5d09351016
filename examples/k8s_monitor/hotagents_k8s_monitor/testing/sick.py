"""A cluster in which each rule has something to find: one object for each, as the API server would list them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hotagents_k8s_monitor.cluster.restarts import Restarts
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES, Snapshot
from hotagents_k8s_monitor.testing.building import NOW
from hotagents_k8s_monitor.testing.kinds import kind_of
from hotagents_k8s_monitor.testing.objects import (
    api_service,
    application,
    autoscaler,
    budget,
    certificate,
    claim,
    cron_job,
    daemon_set,
    deployment,
    endpoint_slice,
    helm_release,
    ingress,
    ingress_class,
    job,
    kustomization,
    namespace,
    node,
    pod,
    pod_metrics,
    quota,
    replica_set,
    service,
    stateful_set,
    storage_class,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents_k8s_monitor.cluster import Object, Resource

__all__ = ["sick_cluster", "sick_snapshot"]

_HOUR = timedelta(hours=1)
_SPACE = "shop"


def sick_cluster() -> Mapping[Resource, tuple[dict[str, Any], ...]]:
    """Return its objects by resource; they are yours."""
    found: dict[str, list[dict[str, Any]]] = {resource: [] for resource in RESOURCES}
    for item in (*_workloads(), *_surroundings(), *_addons()):
        found[kind_of(item["apiVersion"], item["kind"]).resource].append(item)
    return MappingProxyType({resource: tuple(found[resource]) for resource in RESOURCES})


def sick_snapshot() -> Snapshot:
    """Return a look at it at `NOW`, after one five minutes earlier."""
    now = Snapshot(NOW, sick_cluster())
    calm = tuple(_calm(item) for item in now.all("pods"))
    before = Snapshot(NOW - timedelta(minutes=5), MappingProxyType(dict(now.objects) | {"pods": calm}))
    return replace(now, restarts=Restarts().after(before).after(now))


def _calm(item: Object) -> Object:
    statuses = [dict(status) | {"restartCount": 1} for status in item["status"].get("containerStatuses", ())]
    return dict(item) | {"status": dict(item["status"]) | {"containerStatuses": statuses}}


def _workloads() -> Iterator[dict[str, Any]]:
    cart = deployment(
        "cart",
        namespace=_SPACE,
        replicas=3,
        available=1,
        progress="ProgressDeadlineExceeded",
        failure="exceeded quota",
    )
    of_cart = replica_set("cart-5d4f7", owner=cart)
    late = deployment("late", namespace=_SPACE, generation=3, observed=2)
    cron = cron_job("report", namespace=_SPACE, scheduled=NOW - 5 * _HOUR, succeeded=NOW - 5 * _HOUR)
    run = job("report-29900160", owner=cron, finished=NOW - 5 * _HOUR)
    failed = job("import", namespace=_SPACE, state="failed", failures=7)
    endless = job("endless", namespace=_SPACE, state="active", started=NOW - 13 * _HOUR)
    store = stateful_set("store", namespace=_SPACE, replicas=3, ready=2)
    yield from (node("node-a", ready="Unknown"), node("node-b", pressure=["DiskPressure"]))
    yield from (cart, of_cart, late, cron, run, failed, endless, store)
    yield daemon_set("agent", namespace=_SPACE, nodes=2, available=1)
    yield pod("cart-5d4f7-x", owner=of_cart, waiting="CrashLoopBackOff", restarts=7)
    yield pod("cart-5d4f7-y", owner=of_cart, unschedulable="no room")
    yield pod("cart-5d4f7-z", owner=of_cart, ready=False, since=NOW - _HOUR, node="node-b")
    yield pod("cart-5d4f7-o", owner=of_cart, restarts=1, last="OOMKilled", last_at=NOW - timedelta(minutes=2))
    yield pod("cart-5d4f7-e", owner=of_cart, finished="Evicted", since=NOW - timedelta(minutes=2))
    yield pod("store-0", owner=store, deleted=NOW - _HOUR, finalizers=["example.com/wait"], node="node-b")
    yield pod("report-29900160-x", owner=run, init="ImagePullBackOff")
    tight = pod("tight", namespace=_SPACE)
    tight["spec"]["containers"][0]["resources"] = {"limits": {"memory": "128Mi"}}
    yield from (tight, pod_metrics("tight", namespace=_SPACE, memory={"tight": "125Mi"}))


def _surroundings() -> Iterator[dict[str, Any]]:
    yield claim("data", namespace=_SPACE, phase="Pending", storage_class="slow")
    yield storage_class("slow", waits=False)
    yield from (service("cart", namespace=_SPACE), endpoint_slice("cart", namespace=_SPACE, ready=0, unready=2))
    yield ingress("shop", namespace=_SPACE, to=[("gone", 80), ("cart", "http")])
    yield ingress_class("nginx")
    yield autoscaler("cart", namespace=_SPACE, active="False", reason="FailedGetResourceMetric")
    yield budget("cart", namespace=_SPACE, healthy=1)
    yield quota("compute", namespace=_SPACE, hard={"limits.memory": "4Gi"}, used={"limits.memory": "4000Mi"})
    yield namespace("old", deleted=NOW - _HOUR, remains="pods. has 1 resource instances")
    yield api_service("v1beta1.metrics.k8s.io", available="False", since=NOW - _HOUR)


def _addons() -> Iterator[dict[str, Any]]:
    yield certificate("shop-tls", namespace=_SPACE, begins=NOW - timedelta(days=85), ends=NOW + timedelta(days=5))
    yield application("shop", health="Degraded")
    yield kustomization("apps", ready="False")
    yield helm_release("cart", ready="False")
