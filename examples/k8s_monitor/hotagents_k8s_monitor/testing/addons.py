"""Builders of what add-ons bring: certificates, metrics of pods, and what Argo CD and Flux roll out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from hotagents_k8s_monitor.testing.building import LONG_AGO, NOW, condition, metadata, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["application", "certificate", "helm_release", "kustomization", "pod_metrics"]


def certificate(
    name: str,
    *,
    namespace: str = "default",
    ready: Literal["True", "False"] = "True",
    since: datetime = LONG_AGO,
    begins: datetime | None = LONG_AGO,
    ends: datetime | None = NOW + timedelta(days=87),
) -> dict[str, Any]:
    """Return a Certificate of cert-manager's, by default one of 90 days that is three days old."""
    status: dict[str, Any] = {"conditions": [condition("Ready", ready, since, reason="Issued", message="as it is")]}
    status |= {} if begins is None else {"notBefore": text_of(begins)}
    status |= {} if ends is None else {"notAfter": text_of(ends)}
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Certificate",
        "metadata": metadata("Certificate", name, namespace=namespace, created=LONG_AGO),
        "spec": {"secretName": name, "issuerRef": {"name": "issuer", "kind": "ClusterIssuer"}},
        "status": status,
    }


def pod_metrics(name: str, *, namespace: str = "default", memory: Mapping[str, str]) -> dict[str, Any]:
    """Return the metrics of a pod: how much memory each of its containers uses."""
    return {
        "apiVersion": "metrics.k8s.io/v1beta1",
        "kind": "PodMetrics",
        "metadata": metadata("PodMetrics", name, namespace=namespace, created=NOW),
        "timestamp": text_of(NOW),
        "window": "15s",
        "containers": [{"name": each, "usage": {"cpu": "12m", "memory": used}} for each, used in memory.items()],
    }


def application(
    name: str,
    *,
    namespace: str = "argocd",
    health: str = "Healthy",
    sync: str = "Synced",
    message: str = "",
    since: datetime | None = None,
) -> dict[str, Any]:
    """Return an Application of Argo CD's."""
    said = {"status": health, **({"message": message} if message else {})}
    said |= {} if since is None else {"lastTransitionTime": text_of(since)}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": metadata("Application", name, namespace=namespace, created=LONG_AGO),
        "spec": {"project": "default"},
        "status": {"health": said, "sync": {"status": sync}},
    }


def kustomization(name: str, **options: Any) -> dict[str, Any]:
    """Return a Kustomization of Flux's; the options are those of `helm_release`."""
    return _flux("kustomize.toolkit.fluxcd.io/v1", "Kustomization", name, **options)


def helm_release(name: str, **options: Any) -> dict[str, Any]:
    """Return a HelmRelease of Flux's.

    Args:
        name: Of it.
        **options: ``namespace``; ``ready``, the status of that condition, and ``since`` when; ``message``;
            ``suspended``.
    """
    return _flux("helm.toolkit.fluxcd.io/v2", "HelmRelease", name, **options)


def _flux(
    api_version: str,
    kind: str,
    name: str,
    *,
    namespace: str = "flux-system",
    ready: str = "True",
    message: str = "as it is",
    since: datetime = LONG_AGO,
    suspended: bool = False,
) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata(kind, name, namespace=namespace, created=LONG_AGO),
        "spec": {"interval": "10m", "suspend": suspended},
        "status": {"conditions": [condition("Ready", ready, since, reason="Reconciled", message=message)]},
    }
