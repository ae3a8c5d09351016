"""Builders of what surrounds workloads: storage, traffic, and what guards them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from hotagents_k8s_monitor.testing.building import LONG_AGO, condition, metadata, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

__all__ = [
    "api_service",
    "autoscaler",
    "budget",
    "claim",
    "endpoint_slice",
    "ingress",
    "ingress_class",
    "namespace",
    "quota",
    "service",
    "storage_class",
]


def claim(
    name: str,
    *,
    namespace: str = "default",
    phase: Literal["Bound", "Pending", "Lost"] = "Bound",
    storage_class: str | None = "fast",
    created: datetime = LONG_AGO,
) -> dict[str, Any]:
    """Return a PersistentVolumeClaim, by default one that has its volume; None is the default class."""
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}}
    spec |= {} if storage_class is None else {"storageClassName": storage_class}
    return _made("v1", "PersistentVolumeClaim", name, namespace, created=created, spec=spec, status={"phase": phase})


def storage_class(name: str, *, waits: bool = True, is_default: bool = False) -> dict[str, Any]:
    """Return a StorageClass; it waits for the first pod or not."""
    found = _made("storage.k8s.io/v1", "StorageClass", name, provisioner="csi.example.com", reclaimPolicy="Delete")
    found["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": str(is_default).lower()}
    return found | {"volumeBindingMode": "WaitForFirstConsumer" if waits else "Immediate"}


def service(
    name: str,
    *,
    namespace: str = "default",
    selector: Mapping[str, str] | None = None,
    kind: Literal["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"] = "ClusterIP",
    ports: Sequence[tuple[str, int]] = (("http", 80),),
) -> dict[str, Any]:
    """Return a Service; None is the selector of the application of its name, an empty one chooses nothing."""
    said = [{"name": called, "port": port, "protocol": "TCP", "targetPort": 8080} for called, port in ports]
    spec: dict[str, Any] = {"type": kind, "selector": dict({"app": name} if selector is None else selector)}
    spec |= {"ports": said} if said else {}
    return _made("v1", "Service", name, namespace, spec=spec, status={"loadBalancer": {}})


def endpoint_slice(
    of: str, *, namespace: str = "default", ready: int = 1, unready: int = 0, silent: int = 0, number: int = 0
) -> dict[str, Any]:
    """Return an EndpointSlice of a Service; of ``silent`` endpoints nothing is said: they are ready."""
    states = [*[{"ready": True}] * ready, *[{"ready": False}] * unready, *[{}] * silent]
    found = _made("discovery.k8s.io/v1", "EndpointSlice", f"{of}-{number:05}", namespace, addressType="IPv4")
    found["metadata"]["labels"] = {"kubernetes.io/service-name": of}
    endpoints = [{"addresses": [f"10.244.9.{n + 2}"], "conditions": state} for n, state in enumerate(states)]
    return found | {"endpoints": endpoints, "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]}


def ingress(
    name: str,
    *,
    namespace: str = "default",
    to: Sequence[tuple[str, str | int]] = (),
    class_name: str | None = "nginx",
) -> dict[str, Any]:
    """Return an Ingress that leads to some Services, each with the name or number of a port."""
    paths = [
        {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": service, "port": {_port(port): port}}}}
        for service, port in to
    ]
    spec: dict[str, Any] = {"rules": [{"host": f"{name}.example.com", "http": {"paths": paths}}]}
    spec |= {} if class_name is None else {"ingressClassName": class_name}
    return _made("networking.k8s.io/v1", "Ingress", name, namespace, spec=spec, status={"loadBalancer": {}})


def ingress_class(name: str) -> dict[str, Any]:
    """Return an IngressClass."""
    return _made("networking.k8s.io/v1", "IngressClass", name, spec={"controller": "example.com/controller"})


def autoscaler(  # noqa: PLR0913 - each argument is one thing that may be off
    name: str,
    *,
    namespace: str = "default",
    least: int = 1,
    most: int = 5,
    current: int = 2,
    active: Literal["True", "False"] = "True",
    reason: str = "",
    limited: str = "",
    since: datetime = LONG_AGO,
) -> dict[str, Any]:
    """Return a HorizontalPodAutoscaler; ``limited`` is why it may not scale as it would, empty if it may."""
    conditions = [
        condition("AbleToScale", "True", since, reason="ReadyForNewScale"),
        condition("ScalingActive", active, since, reason=reason or "ValidMetricFound", message="as it is"),
        condition("ScalingLimited", "True" if limited else "False", since, reason=limited or "DesiredWithinRange"),
    ]
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec = {"minReplicas": least, "maxReplicas": most, "scaleTargetRef": target}
    status = {"currentReplicas": current, "desiredReplicas": current, "conditions": conditions}
    return _made("autoscaling/v2", "HorizontalPodAutoscaler", name, namespace, spec=spec, status=status)


def budget(
    name: str, *, namespace: str = "default", desired: int = 2, healthy: int = 3, expected: int = 3
) -> dict[str, Any]:
    """Return a PodDisruptionBudget."""
    status = {
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "expectedPods": expected,
        "disruptionsAllowed": max(0, healthy - desired),
        "observedGeneration": 1,
    }
    spec = {"minAvailable": desired, "selector": {"matchLabels": {"app": name}}}
    return _made("policy/v1", "PodDisruptionBudget", name, namespace, spec=spec, status=status)


def quota(name: str, *, namespace: str = "default", hard: Mapping[str, Any], used: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ResourceQuota."""
    status = {"hard": dict(hard), "used": dict(used)}
    return _made("v1", "ResourceQuota", name, namespace, spec={"hard": dict(hard)}, status=status)


def namespace(
    name: str, *, deleted: datetime | None = None, remains: str = "", kind: str = "NamespaceContentRemaining"
) -> dict[str, Any]:
    """Return a Namespace; ``remains`` is what keeps it from being gone, in words."""
    found = _made("v1", "Namespace", name, spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"})
    if deleted is not None:
        found["metadata"]["deletionTimestamp"] = text_of(deleted)
        said = condition(kind, "True" if remains else "False", deleted, reason="SomeResourcesRemain", message=remains)
        found["status"] = {"phase": "Terminating", "conditions": [said]}
    return found


def api_service(
    name: str, *, available: Literal["True", "False", "Unknown"] = "True", since: datetime = LONG_AGO
) -> dict[str, Any]:
    """Return an APIService, by default one that answers."""
    reason, message = ("Passed", "all checks passed") if available == "True" else ("MissingEndpoints", "no endpoints")
    conditions = [condition("Available", available, since, reason=reason, message=message)]
    version, _, group = name.partition(".")
    spec: dict[str, Any] = {"groupPriorityMinimum": 100, "versionPriority": 100, "version": version}
    spec |= {"group": group, "service": {"name": "adapter", "namespace": "kube-system"}} if group else {}
    api_version = "apiregistration.k8s.io/v1"
    return _made(api_version, "APIService", name, spec=spec, status={"conditions": conditions})


def _port(port: str | int) -> str:
    return "number" if isinstance(port, int) else "name"


def _made(
    api_version: str, kind: str, name: str, namespace: str = "", *, created: datetime = LONG_AGO, **parts: Any
) -> dict[str, Any]:
    found = metadata(kind, name, namespace=namespace, created=created)
    return {"apiVersion": api_version, "kind": kind, "metadata": found | {"generation": 1}, **parts}
