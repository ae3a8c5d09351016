"""`KINDS`: what is listed, and by which call of the client each list comes.

What `optional` says of a kind: its API group may not be installed, which is no fault. Such a list that is answered with
404 is empty; one that is refused is not, unless the API server says itself that it has no such group.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hotagents_k8s_monitor.cluster.answers import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents_k8s_monitor.cluster.snapshot import Resource

__all__ = ["GROUPS", "KINDS", "Kind", "group_of", "list_call"]

GROUPS: Final = Call("ApisApi", "get_api_versions")
"""Asks which API groups there are; everybody who is known to the API server may."""

_BEFORE_A_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CUSTOM: Final = "CustomObjectsApi"


class Kind(NamedTuple):
    """One kind of object.

    Attributes:
        name: As in ``kind``.
        api: The class of the client that lists it.
        is_namespaced: Whether its objects live in namespaces.
        versions: Of an API group that may not be installed, the newest first; the first that is there is taken.
    """

    name: str
    api: str = "CoreV1Api"
    is_namespaced: bool = True
    versions: tuple[str, ...] = ()

    @property
    def optional(self) -> bool:
        """Whether a cluster may well not have it."""
        return bool(self.versions)


KINDS: Final[Mapping[Resource, Kind]] = MappingProxyType(
    {
        "nodes": Kind("Node", is_namespaced=False),
        "pods": Kind("Pod"),
        "deployments.apps": Kind("Deployment", "AppsV1Api"),
        "replicasets.apps": Kind("ReplicaSet", "AppsV1Api"),
        "jobs.batch": Kind("Job", "BatchV1Api"),
        "statefulsets.apps": Kind("StatefulSet", "AppsV1Api"),
        "daemonsets.apps": Kind("DaemonSet", "AppsV1Api"),
        "cronjobs.batch": Kind("CronJob", "BatchV1Api"),
        "persistentvolumeclaims": Kind("PersistentVolumeClaim"),
        "storageclasses.storage.k8s.io": Kind("StorageClass", "StorageV1Api", is_namespaced=False),
        "services": Kind("Service"),
        "endpointslices.discovery.k8s.io": Kind("EndpointSlice", "DiscoveryV1Api"),
        "ingresses.networking.k8s.io": Kind("Ingress", "NetworkingV1Api"),
        "ingressclasses.networking.k8s.io": Kind("IngressClass", "NetworkingV1Api", is_namespaced=False),
        "horizontalpodautoscalers.autoscaling": Kind("HorizontalPodAutoscaler", "AutoscalingV2Api"),
        "poddisruptionbudgets.policy": Kind("PodDisruptionBudget", "PolicyV1Api"),
        "resourcequotas": Kind("ResourceQuota"),
        "namespaces": Kind("Namespace", is_namespaced=False),
        "apiservices.apiregistration.k8s.io": Kind("APIService", "ApiregistrationV1Api", is_namespaced=False),
        "certificates.cert-manager.io": Kind("Certificate", _CUSTOM, versions=("v1",)),
        "pods.metrics.k8s.io": Kind("PodMetrics", _CUSTOM, versions=("v1beta1",)),
        "applications.argoproj.io": Kind("Application", _CUSTOM, versions=("v1alpha1",)),
        "kustomizations.kustomize.toolkit.fluxcd.io": Kind("Kustomization", _CUSTOM, versions=("v1", "v1beta2")),
        "helmreleases.helm.toolkit.fluxcd.io": Kind("HelmRelease", _CUSTOM, versions=("v2", "v2beta2", "v2beta1")),
    }
)


def group_of(resource: str) -> str:
    """Return the API group of a resource, empty for the core."""
    return resource.partition(".")[2]


def list_call(resource: Resource, *, namespace: str = "", version: str = "") -> tuple[Call, dict[str, Any]]:
    """Return the call that lists a resource, and its arguments.

    Args:
        resource: What.
        namespace: Whose; empty for those of all. What belongs to none is listed either way.
        version: Of a group that may not be installed.
    """
    kind = KINDS[resource]
    where = {"namespace": namespace} if namespace and kind.is_namespaced else {}
    if kind.optional:
        plural, _, group = resource.partition(".")
        method = "list_namespaced_custom_object" if where else "list_cluster_custom_object"
        return Call(kind.api, method), {"group": group, "version": version, "plural": plural, **where}
    name = _BEFORE_A_CAPITAL.sub("_", kind.name.replace("API", "Api")).lower()
    if not kind.is_namespaced:
        return Call(kind.api, f"list_{name}"), {}
    return Call(kind.api, f"list_namespaced_{name}" if where else f"list_{name}_for_all_namespaces"), where
