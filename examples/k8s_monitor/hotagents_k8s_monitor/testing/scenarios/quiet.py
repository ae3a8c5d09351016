"""What surrounds the workloads of a healthy cluster, much of which looks wrong at first sight and is right."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hotagents_k8s_monitor.testing.building import NOW
from hotagents_k8s_monitor.testing.objects import (
    api_service,
    application,
    autoscaler,
    budget,
    certificate,
    claim,
    cron_job,
    endpoint_slice,
    helm_release,
    ingress,
    ingress_class,
    kustomization,
    namespace,
    quota,
    service,
    storage_class,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["surroundings"]


def surroundings() -> Iterator[dict[str, Any]]:
    """Yield it; the namespaces and Deployments that it names are those of `healthy`."""
    yield from _storage()
    yield from _traffic()
    yield from _guards()
    yield cron_job("archive", namespace="platform", suspended=True, scheduled=None, succeeded=None)
    yield namespace("preview-17", deleted=NOW - timedelta(seconds=40), remains="pods. has 2 resource instances")
    yield from (api_service("v1."), api_service("v1beta1.metrics.k8s.io"))
    yield certificate("storefront-tls", namespace="shop")
    yield certificate("mesh", namespace="platform", begins=NOW - timedelta(hours=2), ends=NOW + timedelta(hours=22))
    yield from (application("shop"), application("sandbox", health="Suspended"))
    yield from (kustomization("apps"), kustomization("old", ready="False", suspended=True), helm_release("search"))


def _storage() -> Iterator[dict[str, Any]]:
    yield from (storage_class("fast", is_default=True), storage_class("shared", waits=False))
    yield from (claim(f"data-postgres-{number}", namespace="payments") for number in range(3))
    yield claim("scratch", namespace="ml", phase="Pending", created=NOW - timedelta(days=2))  # no pod uses it yet


def _traffic() -> Iterator[dict[str, Any]]:
    for name, space, ready in (("storefront", "shop", 14), ("search-api", "search", 10), ("ledger", "payments", 5)):
        yield from (service(name, namespace=space), endpoint_slice(name, namespace=space, ready=ready, unready=1))
    yield service("load-test", namespace="staging")  # its Deployment is scaled to zero
    yield service("mail", namespace="shop", kind="ExternalName", selector={}, ports=())
    yield service("legacy", namespace="shop", selector={})  # somebody fills in its endpoints by hand
    yield ingress_class("nginx")
    yield ingress("shop", namespace="shop", to=[("storefront", "http"), ("mail", 80)])


def _guards() -> Iterator[dict[str, Any]]:
    yield autoscaler("storefront", namespace="shop", most=20, current=14)
    yield autoscaler("fixed", namespace="shop", least=3, most=3, current=3, limited="TooManyReplicas")
    yield autoscaler("load-test", namespace="staging", active="False", reason="ScalingDisabled")
    yield budget("storefront", namespace="shop", desired=12, healthy=14, expected=14)
    yield budget("load-test", namespace="staging", desired=1, healthy=0, expected=0)
    yield quota("compute", namespace="ml", hard={"limits.memory": "64Gi", "services.nodeports": "0"},
                used={"limits.memory": "50Gi", "services.nodeports": "0"})  # fmt: skip
