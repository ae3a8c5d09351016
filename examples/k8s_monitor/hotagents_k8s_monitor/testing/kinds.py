"""`Kind`: the kinds of object that the fake API server knows, and how each is named in paths, rules and lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

__all__ = ["KINDS", "Kind", "kind_at", "kind_named", "kind_of"]


@final
@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    Attributes:
        group: The API group, empty for the core.
        version: Of the group.
        plural: As in paths.
        name: As in ``kind``.
        is_namespaced: Whether its objects live in namespaces.
        short_names: What ``kubectl`` takes beside ``plural``.
        is_optional: Whether its group is an add-on's: it is there once an object of it is.
    """

    group: str
    version: str
    plural: str
    name: str
    is_namespaced: bool = True
    short_names: tuple[str, ...] = ()
    is_optional: bool = False

    @property
    def resource(self) -> str:
        """The name that ``kubectl`` and a snapshot use: ``pods``, ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """What stands in ``apiVersion``: ``v1``, ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version


_RBAC: Final = "rbac.authorization.k8s.io"

KINDS: Final[tuple[Kind, ...]] = (
    Kind("", "v1", "configmaps", "ConfigMap", short_names=("cm",)),
    Kind("", "v1", "events", "Event", short_names=("ev",)),
    Kind("", "v1", "namespaces", "Namespace", is_namespaced=False, short_names=("ns",)),
    Kind("", "v1", "nodes", "Node", is_namespaced=False, short_names=("no",)),
    Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", short_names=("pvc",)),
    Kind("", "v1", "pods", "Pod", short_names=("po",)),
    Kind("", "v1", "resourcequotas", "ResourceQuota", short_names=("quota",)),
    Kind("", "v1", "secrets", "Secret"),
    Kind("", "v1", "serviceaccounts", "ServiceAccount", short_names=("sa",)),
    Kind("", "v1", "services", "Service", short_names=("svc",)),
    Kind("apiregistration.k8s.io", "v1", "apiservices", "APIService", is_namespaced=False),
    Kind("apps", "v1", "daemonsets", "DaemonSet", short_names=("ds",)),
    Kind("apps", "v1", "deployments", "Deployment", short_names=("deploy",)),
    Kind("apps", "v1", "replicasets", "ReplicaSet", short_names=("rs",)),
    Kind("apps", "v1", "statefulsets", "StatefulSet", short_names=("sts",)),
    Kind("argoproj.io", "v1alpha1", "applications", "Application", short_names=("app",), is_optional=True),
    Kind("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", is_namespaced=False),
    Kind("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", short_names=("hpa",)),
    Kind("batch", "v1", "cronjobs", "CronJob", short_names=("cj",)),
    Kind("batch", "v1", "jobs", "Job"),
    Kind("cert-manager.io", "v1", "certificates", "Certificate", short_names=("cert",), is_optional=True),
    Kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
    Kind("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease", short_names=("hr",), is_optional=True),
    Kind("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization", short_names=("ks",), is_optional=True),
    Kind("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", is_optional=True),
    Kind("networking.k8s.io", "v1", "ingressclasses", "IngressClass", is_namespaced=False),
    Kind("networking.k8s.io", "v1", "ingresses", "Ingress", short_names=("ing",)),
    Kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", short_names=("netpol",)),
    Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", short_names=("pdb",)),
    Kind(_RBAC, "v1", "clusterrolebindings", "ClusterRoleBinding", is_namespaced=False),
    Kind(_RBAC, "v1", "clusterroles", "ClusterRole", is_namespaced=False),
    Kind(_RBAC, "v1", "rolebindings", "RoleBinding"),
    Kind(_RBAC, "v1", "roles", "Role"),
    Kind("storage.k8s.io", "v1", "storageclasses", "StorageClass", is_namespaced=False, short_names=("sc",)),
)

_BY_PATH: Final = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
_BY_NAME: Final = {(kind.api_version, kind.name): kind for kind in KINDS}


def kind_at(group: str, version: str, plural: str) -> Kind | None:
    """Return the kind that a path names, or None."""
    return _BY_PATH.get((group, version, plural))


def kind_of(api_version: str, name: str) -> Kind:
    """Return the kind that an object says it is.

    Raises:
        ValueError: If the fake does not know it.
    """
    try:
        return _BY_NAME[api_version, name]
    except KeyError:
        raise ValueError(f"apiVersion {api_version!r}, kind {name!r}: not a kind that the fake cluster knows") from None


def kind_named(name: str) -> Kind:
    """Return a kind by its name alone, such as ``Pod``; no two have the same.

    Raises:
        ValueError: If the fake does not know it.
    """
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise ValueError(f"kind {name!r}: expected one of {', '.join(kind.name for kind in KINDS)}")
