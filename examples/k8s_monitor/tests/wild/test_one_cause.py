"""What has no pods of its own fails with those that it stands on: that is one incident, and each fact is kept in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.testing.objects import (
    NOW,
    api_service,
    application,
    autoscaler,
    budget,
    deployment,
    endpoint_slice,
    kustomization,
    node,
    pod,
    replica_set,
    service,
)

if TYPE_CHECKING:
    from collections.abc import Callable

OLD: Final = NOW - timedelta(days=3)
LOOP: Final = "CrashLoopBackOff"


def at(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


def web(
    *, ready: int = 3, name: str = "web", namespace: str = "shop", since: float = 0, **of_pods: Any
) -> list[dict[str, Any]]:
    """A Deployment of three pods with its Service, endpoints and budget; some of its pods are sick from minute 0 on."""
    when: dict[str, Any] = {"since": at(since)} if ready < 3 else {}
    owner = deployment(name, namespace=namespace, replicas=3, available=ready, **when)
    current = replica_set(f"{name}-5d4f7", owner=owner, replicas=3, ready=ready)
    pods = [pod(f"{name}-5d4f7-{n}", owner=current) for n in range(ready)]
    pods += [pod(f"{name}-5d4f7-{n}", owner=current, **{"since": at(since), **of_pods}) for n in range(ready, 3)]
    doors = [
        service(f"{name}-http", namespace=namespace, selector={"app": name}),
        endpoint_slice(f"{name}-http", namespace=namespace, ready=ready, unready=3 - ready),
    ]
    kept = budget(f"{name}-pdb", namespace=namespace, desired=2, healthy=ready)
    kept["spec"]["selector"] = {"matchLabels": {"app": name}}
    return [owner, current, *pods, *doors, kept, node("node-a")]


def argo(_: float) -> list[dict[str, Any]]:
    found = application("shop", namespace="argocd", health="Degraded", since=at(0))
    found["status"]["resources"] = [
        {
            "group": "apps",
            "version": "v1",
            "kind": "Deployment",
            "namespace": "shop",
            "name": "web",
            "status": "Synced",
            "health": {"status": "Degraded", "message": 'Deployment "web" exceeded its progress deadline'},
        },
        {
            "version": "v1",
            "kind": "Service",
            "namespace": "shop",
            "name": "web-http",
            "status": "Synced",
            "health": {"status": "Healthy"},
        },
    ]
    return [*web(ready=0, waiting="ImagePullBackOff"), found]


def metrics_server(minute: float) -> list[dict[str, Any]]:
    """The metrics server falls, and with it its API and all autoscalers."""
    found = web(ready=0, waiting=LOOP, restarts=6, last_at=at(minute), name="metrics-server", namespace="kube-system")
    answers = api_service("v1beta1.metrics.k8s.io", available="False", since=at(0))
    answers["spec"]["service"] = {"name": "metrics-server-http", "namespace": "kube-system"}
    said = "unable to get metrics for resource cpu: the server is currently unable to handle the request"
    scalers = [
        autoscaler(f"hpa-{n}", namespace="shop", active="False", reason="FailedGetResourceMetric", since=at(0))
        for n in range(3)
    ]
    for scaler in scalers:
        scaler["status"]["conditions"][1]["message"] = said
    return [*found, answers, *scalers]


def blind_with_it(minute: float) -> list[dict[str, Any]]:
    return [item for item in metrics_server(minute) if item["kind"] != "HorizontalPodAutoscaler"]


def flux(_: float) -> list[dict[str, Any]]:
    found = kustomization("apps", ready="False", since=at(0))
    found["status"]["conditions"][0] |= {
        "reason": "HealthCheckFailed",
        "message": "health check failed after 5m0s: timeout waiting for: [Deployment/shop/web status: 'InProgress']",
    }
    return [*web(ready=0, waiting="CreateContainerConfigError"), found]


def scaler_without_pods(_: float) -> list[dict[str, Any]]:
    found = autoscaler("web", namespace="shop", active="False", reason="FailedGetResourceMetric", since=at(0))
    found["status"]["conditions"][1]["message"] = "did not receive metrics for targeted pods (pods might be unready)"
    return [*web(ready=0, waiting="ImagePullBackOff"), found]


def by_expression(_: float) -> list[dict[str, Any]]:
    found = web(ready=0, waiting="ImagePullBackOff")
    kept = next(item for item in found if item["kind"] == "PodDisruptionBudget")
    kept["spec"]["selector"] = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "other"]}]}
    return found


SICK: Final[dict[str, tuple[Any, str, str, str, set[str]]]] = {
    "argo": (argo, "Deployment shop/web", "SEV-3", "container-waiting", {"deployment-short"}),
    "flux": (flux, "Deployment shop/web", "SEV-3", "container-waiting", {"deployment-short"}),
    "scaler": (scaler_without_pods, "Deployment shop/web", "SEV-3", "container-waiting", {"deployment-short"}),
    "expression": (by_expression, "Deployment shop/web", "SEV-3", "container-waiting", {"deployment-short"}),
    "metrics server": (
        metrics_server,
        "Deployment kube-system/metrics-server",
        "SEV-3",
        "container-waiting",
        {"deployment-short"},
    ),
}


@pytest.mark.parametrize("name", SICK)
def test_each_cause_is_one_incident_with_one_alert(lived: Callable[..., Any], name: str) -> None:
    objects, about, severity, rule, others = SICK[name]
    found = lived(objects, 40)
    own = {key.rpartition(" ")[2] for key in found.opened if key.startswith(f"{about} ")}
    assert own == {rule, *others}
    assert found.findings[f"{about} {rule}"] == severity
    assert [who for _, who in found.alerts()] == [about]
    assert {who for _, _, who in found.heard} == {about}
    assert set(found.kinds()) <= {"alert", "update", "worse"}


def test_what_cannot_be_seen_for_an_api_that_is_down_is_told_with_its_cause(lived: Callable[..., Any]) -> None:
    gap = Gap("pods.metrics.k8s.io", "failed", "HTTP 503")
    found = lived(blind_with_it, 30, gaps=lambda _: [gap])
    assert set(found.verdicts) == {"blind"}
    assert [about for _, about in found.alerts()] == ["Deployment kube-system/metrics-server"]
    assert found.follows["Monitor k8s-monitor monitor-blind"] == "Deployment kube-system/metrics-server"


def test_what_cannot_be_seen_for_another_reason_is_told_by_itself(lived: Callable[..., Any]) -> None:
    gaps = [Gap("pods.metrics.k8s.io", "failed", "HTTP 503"), Gap("resourcequotas", "forbidden", "no right")]
    found = lived(blind_with_it, 30, gaps=lambda _: gaps)
    assert "Monitor k8s-monitor" in [about for _, about in found.alerts()]
