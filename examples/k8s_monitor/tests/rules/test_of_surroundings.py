"""Rules about storage, traffic, guards and add-ons: what is well, what is sick, and what only looks so."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.testing.objects import (
    NOW,
    api_service,
    application,
    autoscaler,
    budget,
    certificate,
    claim,
    deployment,
    endpoint_slice,
    helm_release,
    ingress,
    ingress_class,
    kustomization,
    namespace,
    pod,
    quota,
    service,
    storage_class,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
NGINX: Final = ingress_class("nginx")
WEB: Final = service("web")
SLOW, WAITS = storage_class("slow", waits=False), storage_class("fast", waits=True)


def using(name: str, **options: Any) -> dict[str, Any]:
    item = pod("user", unschedulable="no volume", **options)
    item["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]
    return item


def pending(storage: str | None = "fast") -> dict[str, Any]:
    return claim("data", phase="Pending", storage_class=storage)


def limited(**options: Any) -> dict[str, Any]:
    return autoscaler("web", limited="TooManyReplicas", since=NOW - HOUR, **options)


def full(hard: Any, used: Any) -> list[dict[str, Any]]:
    return [quota("compute", hard={"limits.memory": hard}, used={"limits.memory": used})]


def ends(left: timedelta, *, life: timedelta | None = 90 * DAY, **options: Any) -> list[dict[str, Any]]:
    begins = None if life is None else NOW + left - life
    return [certificate("tls", begins=begins, ends=NOW + left, **options)]


def by_annotation() -> list[dict[str, Any]]:
    return [NGINX, ingress("web", to=[("redirect", "use-annotation")])]


SCALED: Final = "the Deployment is scaled to zero"
WELL: Final = [
    pytest.param("pvc-pending", [claim("data")], id="claim: bound"),
    pytest.param("pvc-pending", [pending(), WAITS], id="claim: waits for its first pod"),
    pytest.param("pvc-pending", [pending(None), storage_class("any", is_default=True)], id="claim: so by default"),
    pytest.param("pvc-pending", [pending(), WAITS, using("other")], id="claim: a pod uses another"),
    pytest.param("pvc-pending", [pending(), WAITS, using("data", finished="Failed")], id="claim: its pod is over"),
    pytest.param("service-no-endpoints", [WEB, endpoint_slice("web")], id="service: ready"),
    pytest.param(
        "service-no-endpoints", [WEB, endpoint_slice("web", ready=0, silent=1)], id="service: unsaid is ready"
    ),
    pytest.param(
        "service-no-endpoints",
        [WEB, endpoint_slice("web", ready=0, unready=2), endpoint_slice("web", number=1)],
        id="service: ready in another slice",
    ),
    pytest.param("service-no-endpoints", [service("ext", kind="ExternalName", selector={"a": "b"})], id="ExternalName"),
    pytest.param("service-no-endpoints", [service("by-hand", selector={})], id="service: chooses nothing"),
    pytest.param("service-no-endpoints", [WEB, deployment("web", replicas=0)], id="service: scaled to zero"),
    pytest.param(
        "ingress-broken", [NGINX, WEB, ingress("web", to=[("web", "http"), ("web", 80)])], id="ingress: leads"
    ),
    pytest.param("ingress-broken", [WEB, ingress("web", to=[("web", 80)], class_name=None)], id="ingress: no class"),
    pytest.param("ingress-broken", by_annotation(), id="ingress: an action of its controller"),
    pytest.param(
        "ingress-broken",
        [NGINX, service("x", kind="ExternalName", ports=()), ingress("web", to=[("x", 443)])],
        id="ingress: leads outside",
    ),
    pytest.param("hpa-blind", [autoscaler("web")], id="autoscaler: works"),
    pytest.param("hpa-blind", [autoscaler("web", active="False", reason="ScalingDisabled")], id="autoscaler: off"),
    pytest.param("hpa-blind", [autoscaler("web", current=5)], id="autoscaler: at its most, and content"),
    pytest.param("hpa-blind", [limited(least=3, most=3, current=3)], id="autoscaler: a fixed number"),
    pytest.param("pdb-violated", [budget("web")], id="budget: kept"),
    pytest.param("pdb-violated", [budget("web", desired=2, healthy=2)], id="budget: just kept"),
    pytest.param("pdb-violated", [budget("web", desired=1, healthy=0, expected=0)], id="budget: scaled to zero"),
    pytest.param("quota-full", full("10Gi", "9Gi"), id="quota: at the edge"),
    pytest.param("quota-full", full("0", "0"), id="quota: nothing is allowed"),
    pytest.param("quota-full", full("much", "more"), id="quota: no numbers"),
    pytest.param("quota-full", full("4Gi", None), id="quota: nobody counted yet"),
    pytest.param("namespace-stuck", [namespace("shop")], id="namespace: active"),
    pytest.param("namespace-stuck", [namespace("old", deleted=NOW)], id="namespace: nothing remains"),
    pytest.param("namespace-stuck", [namespace("old", deleted=NOW, remains="x", kind="Other")], id="namespace: other"),
    pytest.param("certificate-expiring", ends(60 * DAY), id="certificate: for long"),
    pytest.param("certificate-expiring", ends(21 * DAY), id="certificate: at the edge"),
    pytest.param("certificate-expiring", ends(20 * HOUR, life=DAY), id="certificate: lives for a day"),
    pytest.param(
        "certificate-expiring",
        [certificate("tls", ready="False", since=NOW - HOUR / 10, begins=None, ends=None)],
        id="certificate: being issued",
    ),
    pytest.param("apiservice-down", [api_service("v1beta1.metrics.k8s.io")], id="extension: answers"),
    pytest.param("apiservice-down", [api_service("v1beta1.x.io", available="Unknown")], id="extension: unknown"),
    pytest.param("apiservice-down", [api_service("v1.")], id="extension: the API server itself"),
    pytest.param("gitops-degraded", [application("shop"), kustomization("a"), helm_release("b")], id="gitops: well"),
    pytest.param("gitops-degraded", [application("shop", health="Suspended")], id="gitops: suspended in Argo CD"),
    pytest.param(
        "gitops-degraded", [kustomization("a", ready="False", suspended=True)], id="gitops: suspended in Flux"
    ),
]

PVC: Final = "PersistentVolumeClaim default/data"
SERVICE: Final = "Service default/web"
INGRESS: Final = "Ingress default/web"
HPA: Final = "HorizontalPodAutoscaler default/web"
QUOTA: Final = "ResourceQuota default/compute"
TLS: Final = "Certificate default/tls"
METRICS: Final = "APIService v1beta1.metrics.k8s.io"
SICK: Final = [
    pytest.param("pvc-pending", [pending("slow"), SLOW], PVC, "down", id="claim: its class waits for nobody"),
    pytest.param("pvc-pending", [pending(), WAITS, using("data")], PVC, "down", id="claim: a pod waits"),
    pytest.param("pvc-pending", [claim("data", phase="Lost")], PVC, "down", id="claim: lost"),
    pytest.param("pvc-pending", [pending("gone"), SLOW], PVC, "down", id="claim: no such class"),
    pytest.param("service-no-endpoints", [WEB], SERVICE, "down", id="service: no slice"),
    pytest.param("service-no-endpoints", [WEB, endpoint_slice("web", ready=0)], SERVICE, "down", id="an empty slice"),
    pytest.param(
        "service-no-endpoints", [WEB, endpoint_slice("web", ready=0, unready=3)], SERVICE, "down", id="none is ready"
    ),
    pytest.param(
        "service-no-endpoints", [WEB, endpoint_slice("web", namespace="other")], SERVICE, "down", id="another namespace"
    ),
    pytest.param(
        "service-no-endpoints",
        [WEB, deployment("web"), deployment("other", replicas=0)],
        SERVICE,
        "down",
        id="another is scaled to zero",
    ),
    pytest.param("ingress-broken", [NGINX, ingress("web", to=[("gone", 80)])], INGRESS, "down", id="no service"),
    pytest.param("ingress-broken", [NGINX, WEB, ingress("web", to=[("web", 81)])], INGRESS, "down", id="no such port"),
    pytest.param("ingress-broken", [NGINX, WEB, ingress("web", to=[("web", "x")])], INGRESS, "down", id="no such name"),
    pytest.param(
        "ingress-broken",
        [NGINX, WEB, ingress("web", to=[("web", 80), ("gone", 80)])],
        INGRESS,
        "degraded",
        id="one of two",
    ),
    pytest.param("ingress-broken", [WEB, ingress("web", to=[("web", 80)])], INGRESS, "down", id="no such class"),
    pytest.param(
        "hpa-blind",
        [autoscaler("web", active="False", reason="FailedGetResourceMetric")],
        HPA,
        "degraded",
        id="no metrics",
    ),
    pytest.param("hpa-blind", [limited(most=5, current=5)], HPA, "at-risk", id="at its most, and would need more"),
    pytest.param("hpa-blind", [limited(most=5, current=6)], HPA, "at-risk", id="beyond its most"),
    pytest.param(
        "pdb-violated", [budget("web", healthy=1)], "PodDisruptionBudget default/web", "at-risk", id="one less"
    ),
    pytest.param("pdb-violated", [budget("web", healthy=0)], "PodDisruptionBudget default/web", "at-risk", id="none"),
    pytest.param(
        "pdb-violated",
        [budget("web", desired=3, healthy=2)],
        "PodDisruptionBudget default/web",
        "at-risk",
        id="of three",
    ),
    pytest.param("quota-full", full("10Gi", "9217Mi"), QUOTA, "at-risk", id="quota: over the edge"),
    pytest.param("quota-full", full("1", "950m"), QUOTA, "at-risk", id="quota: thousandths"),
    pytest.param("quota-full", full("2e3", "2k"), QUOTA, "at-risk", id="quota: all of it"),
    pytest.param(
        "namespace-stuck", [namespace("old", deleted=NOW, remains="pods.")], "Namespace old", "at-risk", id="ns"
    ),
    pytest.param(
        "namespace-stuck",
        [namespace("old", deleted=NOW, remains="x", kind="NamespaceFinalizersRemaining")],
        "Namespace old",
        "at-risk",
        id="ns: finalizers",
    ),
    pytest.param(
        "namespace-stuck",
        [namespace("old", deleted=NOW, remains="x", kind="NamespaceDeletionDiscoveryFailure")],
        "Namespace old",
        "at-risk",
        id="ns: an extension is down",
    ),
    pytest.param("certificate-expiring", ends(20 * DAY), TLS, "at-risk", id="20 days"),
    pytest.param("certificate-expiring", ends(6 * DAY), TLS, "degraded", id="6 days"),
    pytest.param("certificate-expiring", ends(-HOUR), TLS, "down", id="over"),
    pytest.param("certificate-expiring", ends(20 * DAY, life=None), TLS, "at-risk", id="nobody says since when"),
    pytest.param("certificate-expiring", ends(5 * HOUR, life=DAY), TLS, "at-risk", id="lives for a day"),
    pytest.param(
        "certificate-expiring",
        [certificate("tls", ready="False", since=NOW - HOUR, begins=None, ends=None)],
        TLS,
        "degraded",
        id="never issued",
    ),
    pytest.param(
        "apiservice-down", [api_service("v1beta1.metrics.k8s.io", available="False")], METRICS, "degraded", id="api"
    ),
    pytest.param(
        "gitops-degraded", [application("a", health="Degraded")], "Application argocd/a", "degraded", id="argo"
    ),
    pytest.param(
        "gitops-degraded", [application("a", health="Progressing")], "Application argocd/a", "at-risk", id="on"
    ),
    pytest.param("gitops-degraded", [application("a", sync="OutOfSync")], "Application argocd/a", "at-risk", id="sync"),
    pytest.param(
        "gitops-degraded", [kustomization("a", ready="False")], "Kustomization flux-system/a", "degraded", id="k"
    ),
    pytest.param(
        "gitops-degraded", [helm_release("a", ready="Unknown")], "HelmRelease flux-system/a", "at-risk", id="h"
    ),
]


@pytest.mark.parametrize(("rule", "objects"), WELL)
def test_these_are_well(signals: Any, rule: str, objects: list[Mapping[str, Any]]) -> None:
    assert signals(rule, objects) == ()


@pytest.mark.parametrize(("rule", "objects", "owner", "impact"), SICK)
def test_these_are_sick(signals: Any, rule: str, objects: Any, owner: str, impact: str) -> None:
    (signal,) = signals(rule, objects)
    assert (str(signal.owner), signal.impact) == (owner, impact)
    assert signal.message
    assert signal.objects


def test_what_was_not_seen_is_not_taken_for_gone(signals: Any) -> None:
    lost = [ingress("web", to=[("gone", 80)])]
    gaps = [Gap(name, "forbidden", "no right") for name in ("services", "ingressclasses.networking.k8s.io")]
    assert signals("ingress-broken", lost, *gaps) == ()


def test_a_claim_counts_from_its_first_pod_where_it_waited_for_one(signals: Any) -> None:
    (signal,) = signals("pvc-pending", [pending(), WAITS, using("data", created=NOW - HOUR)])
    assert signal.since == NOW - HOUR
    (signal,) = signals("pvc-pending", [pending("slow"), SLOW, using("data", created=NOW - HOUR)])
    assert signal.since == NOW - timedelta(days=3)
