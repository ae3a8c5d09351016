"""Incidents as the API server shows them: the right rule, owner and severity, one alert for each cause, one end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing.building import condition, text_of
from hotagents_k8s_monitor.testing.objects import (
    NOW,
    autoscaler,
    budget,
    certificate,
    claim,
    cron_job,
    daemon_set,
    deployment,
    endpoint_slice,
    ingress,
    ingress_class,
    job,
    namespace,
    node,
    pod,
    replica_set,
    service,
    stateful_set,
    storage_class,
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


def test_a_crash_loop_takes_all_down_and_is_one_incident_with_one_alert(lived: Callable[..., Any]) -> None:
    def objects(minute: float) -> list[dict[str, Any]]:
        if minute >= 40:
            return web()
        return web(
            ready=0,
            waiting=LOOP,
            restarts=4 + int(minute),
            last_at=at(minute),
            name="checkout-api",
            namespace="payments",
        )

    found = lived(objects, 45)
    about = "Deployment payments/checkout-api"
    assert found.alerts() == [("SEV-1", about)]
    assert found.opened[f"{about} container-waiting"][0] == "SEV-1"
    assert {who for _, _, who in found.heard} == {about}
    assert found.kinds()[-1] in {"resolved", "gone"}
    assert found.kinds().count("alert") == 1
    assert "Service payments/checkout-api-http service-no-endpoints" in found.opened
    assert "PodDisruptionBudget payments/checkout-api-pdb pdb-violated" in found.opened


def test_an_image_that_cannot_be_pulled_is_told_once_whatever_the_kubelet_calls_it(lived: Callable[..., Any]) -> None:
    def objects(minute: float) -> list[dict[str, Any]]:
        reason = ("ErrImagePull", "ImagePullBackOff")[int(minute) % 2]
        return web(ready=2, waiting=reason)

    found = lived(objects, 30)
    assert found.alerts() == [("SEV-3", "Deployment shop/web")]
    assert "resolved" not in found.kinds()
    assert set(found.opened) == {"Deployment shop/web container-waiting", "Deployment shop/web deployment-short"}


def init_loop(minute: float) -> list[dict[str, Any]]:
    return web(ready=0, init=LOOP, restarts=3, last_at=at(minute - 1))


def sidecar_memory(_: float) -> list[dict[str, Any]]:
    found = web()
    status = {
        "name": "proxy",
        "ready": True,
        "started": True,
        "restartCount": 1,
        "state": {"running": {"startedAt": text_of(at(1))}},
        "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": text_of(at(0))}},
    }
    found[2]["spec"]["initContainers"] = [{"name": "proxy", "restartPolicy": "Always"}]
    found[2]["status"]["initContainerStatuses"] = [status]
    return found


def static_pod(minute: float) -> list[dict[str, Any]]:
    control = node("control-1")
    return [
        control,
        pod(
            "kube-scheduler-control-1",
            namespace="kube-system",
            owner=control,
            node="control-1",
            waiting=LOOP,
            restarts=7,
            since=at(0),
            last_at=at(minute),
        ),
    ]


def indexed_job(_: float) -> list[dict[str, Any]]:
    found = job(
        "train",
        namespace="ml",
        state="failed",
        reason="FailedIndexes",
        message="Job has failed indexes",
        finished=at(0),
        failures=3,
    )
    found["spec"] |= {"completionMode": "Indexed", "completions": 10, "backoffLimitPerIndex": 1}
    found["status"] |= {"completedIndexes": "0-3,5-9", "failedIndexes": "4"}
    found["status"]["conditions"].insert(0, condition("FailureTarget", "True", at(0), reason="FailedIndexes"))
    return [found]


def failing_cron_job(minute: float) -> list[dict[str, Any]]:
    cron = cron_job(
        "import", namespace="batch", schedule="*/5 * * * *", scheduled=at(minute - minute % 5), succeeded=at(-6)
    )
    runs = [
        job(f"import-{29405340 + n}", owner=cron, state="failed", finished=at(n + 1), started=at(n), failures=7)
        for n in range(0, int(minute) + 1, 5)
        if n + 1 <= minute
    ]
    return [cron, *runs]


def cron_job_without_a_status(_: float) -> list[dict[str, Any]]:
    cron = cron_job("import", namespace="batch", schedule="*/5 * * * *", scheduled=None, succeeded=None, created=at(-2))
    return [cron, job("import-29405340", owner=cron, state="failed", finished=at(-1), started=at(-2), failures=7)]


def claim_of_a_stateful_set(_: float) -> list[dict[str, Any]]:
    owner = stateful_set("db", namespace="shop", replicas=1, ready=0)
    waiting = pod(
        "db-0",
        owner=owner,
        unschedulable="0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.",
        since=at(0),
    )
    waiting["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]
    doors = [service("db", namespace="shop"), endpoint_slice("db", namespace="shop", ready=0)]
    doors[0]["spec"]["clusterIP"] = "None"
    return [
        owner,
        waiting,
        *doors,
        storage_class("fast", waits=False),
        claim("data-db-0", namespace="shop", phase="Pending", created=at(0)),
        node("node-a"),
    ]


def daemon(_: float) -> list[dict[str, Any]]:
    owner = daemon_set("agent", namespace="kube-system", nodes=3, available=2)
    nodes = [node(f"node-{n}") for n in "abc"]
    pods = [pod(f"agent-{n}", owner=owner, node=f"node-{n}") for n in "ab"]
    return [owner, *nodes, *pods, pod("agent-c", owner=owner, node="node-c", waiting="ImagePullBackOff", since=at(0))]


def lost_node(_: float) -> list[dict[str, Any]]:
    found = web(ready=0)
    for item in found:
        if item["kind"] == "Pod":
            item["status"] |= {
                "phase": "Running",
                "reason": "NodeLost",
                "message": "Node node-a which was running pod is unresponsive",
            }
            item["status"]["conditions"] = [condition("PodScheduled", "True", OLD), condition("Ready", "False", at(0))]
            item["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": text_of(OLD)}}
    others = [node("node-b")]
    return [*(item for item in found if item["kind"] != "Node"), node("node-a", ready="Unknown", since=at(0)), *others]


def refused_by_quota(_: float) -> list[dict[str, Any]]:
    said = 'pods "web-5d4f7-x" is forbidden: exceeded quota: compute, requested: cpu=500m, used: cpu=4, limited: cpu=4'
    owner = deployment("web", namespace="shop", replicas=3, available=2, total=2, failure=said, since=at(0))
    return [
        owner,
        replica_set("web-5d4f7", owner=owner, replicas=3, ready=2, total=2),
        *(pod(f"web-5d4f7-{n}", owner=replica_set("web-5d4f7", owner=owner)) for n in range(2)),
    ]


def selects_nothing(_: float) -> list[dict[str, Any]]:
    found = [item for item in web() if item["kind"] not in {"Service", "EndpointSlice"}]
    return [
        *found,
        service("web-http", namespace="shop", selector={"app": "wbe"}),
        endpoint_slice("web-http", namespace="shop", ready=0),
    ]


def leads_nowhere(_: float) -> list[dict[str, Any]]:
    return [
        *web(),
        ingress_class("nginx"),
        ingress("shop", namespace="shop", to=[("web-http", 80), ("web-http", 8443), ("gone", 80)]),
    ]


def stuck_namespace(_: float) -> list[dict[str, Any]]:
    return [
        namespace(
            "preview",
            deleted=at(0),
            remains="Some resources are remaining: widgets.example.com has 1 resource instances",
        )
    ]


def evicted(_: float) -> list[dict[str, Any]]:
    return [*web(), *(pod(f"web-5d4f7-e{n}", owner=web()[1], finished="Evicted", since=at(0)) for n in range(4))]


def held_back(_: float) -> list[dict[str, Any]]:
    return [*web(), pod("web-5d4f7-z", owner=web()[1], deleted=at(0), finalizers=("example.com/drain",))]


def not_renewed(_: float) -> list[dict[str, Any]]:
    found = certificate("shop-tls", namespace="shop")
    found["status"] |= {
        "notBefore": text_of(at(0) - timedelta(days=85)),
        "notAfter": text_of(at(0) + timedelta(days=5)),
        "renewalTime": text_of(at(0) - timedelta(days=25)),
    }
    return [found]


def scaler_of_nothing(_: float) -> list[dict[str, Any]]:
    found = autoscaler("old-web", namespace="shop")
    found["status"] = {
        "currentReplicas": 0,
        "desiredReplicas": 0,
        "conditions": [
            condition(
                "AbleToScale", "False", at(0), reason="FailedGetScale", message='deployments.apps "old-web" not found'
            )
        ],
    }
    return [found]


def volume_by_hand(_: float) -> list[dict[str, Any]]:
    return [
        storage_class("fast", is_default=True),
        claim("nfs", namespace="shop", phase="Pending", storage_class="", created=at(0)),
    ]


SICK: Final[dict[str, tuple[Any, str, str, str, set[str]]]] = {
    "init container": (init_loop, "Deployment shop/web", "SEV-3", "container-waiting", {"deployment-short"}),
    "static pod": (static_pod, "Pod kube-system/kube-scheduler-control-1", "SEV-3", "container-waiting", set()),
    "indexed job": (indexed_job, "Job ml/train", "SEV-3", "job-failed", set()),
    "cron job": (failing_cron_job, "CronJob batch/import", "SEV-3", "job-failed", {"cronjob-missed"}),
    "cron job without a status": (
        cron_job_without_a_status,
        "CronJob batch/import",
        "SEV-3",
        "job-failed",
        {"cronjob-missed"},
    ),
    "claim": (claim_of_a_stateful_set, "PersistentVolumeClaim shop/data-db-0", "SEV-3", "pvc-pending", set()),
    "daemon": (daemon, "DaemonSet kube-system/agent", "SEV-3", "container-waiting", {"daemonset-short"}),
    "lost node": (lost_node, "Node node-a", "SEV-2", "node-not-ready", set()),
    "quota": (refused_by_quota, "Deployment shop/web", "SEV-3", "replica-failure", {"deployment-short"}),
    "selector": (selects_nothing, "Service shop/web-http", "SEV-3", "service-no-endpoints", set()),
    "ingress": (leads_nowhere, "Ingress shop/shop", "SEV-3", "ingress-broken", set()),
    "certificate": (not_renewed, "Certificate shop/shop-tls", "SEV-3", "certificate-expiring", set()),
    "scaler of nothing": (scaler_of_nothing, "HorizontalPodAutoscaler shop/old-web", "SEV-3", "hpa-blind", set()),
    "volume by hand": (volume_by_hand, "PersistentVolumeClaim shop/nfs", "SEV-3", "pvc-pending", set()),
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


QUIET: Final[dict[str, tuple[Any, str]]] = {
    "sidecar": (sidecar_memory, "Deployment shop/web container-oom"),
    "namespace": (stuck_namespace, "Namespace preview namespace-stuck"),
    "evicted": (evicted, "Deployment shop/web pod-evicted"),
    "held back": (held_back, "Deployment shop/web pod-stuck-terminating"),
}


@pytest.mark.parametrize("name", QUIET)
def test_what_is_only_at_risk_is_found_once(lived: Callable[..., Any], name: str) -> None:
    objects, about = QUIET[name]
    found = lived(objects, 40)
    assert set(found.opened) == {about}
    assert len(found.told) == (1 if "Namespace" in about else 0)


@pytest.mark.untraced
@pytest.mark.parametrize("name", [*SICK])
def test_a_hundred_looks_at_the_same_give_one_alert(lived: Callable[..., Any], name: str) -> None:
    objects, *_ = SICK[name]
    found = lived(lambda _: objects(30), 130, first=30)
    assert found.kinds().count("alert") == 1
    assert set(found.kinds()) <= {"alert", "update", "reminder"}


@pytest.mark.parametrize("name", [name for name in SICK if name not in {"cron job", "cron job without a status"}])
def test_what_was_told_is_over_at_the_second_look_that_finds_it_well(lived: Callable[..., Any], name: str) -> None:
    objects, *_ = SICK[name]
    well = [*web(), node("node-a"), node("node-b"), node("node-c"), node("control-1")]
    found = lived(lambda minute: objects(minute) if minute < 40 else well, 60)
    assert found.kinds()[-1] in {"resolved", "gone"}
    assert found.kinds().count("alert") == 1
    assert found.told[-1][0] == 41
