"""`Snapshot`: what was seen of a cluster at one look, and `Gap`: what was not.

A list that failed is not an empty list. Whoever reads a snapshot must ask `Snapshot.gap` before it takes absence for a
fact: an object that is not here may exist where there is a gap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final, get_args

from hotagents_k8s_monitor.cluster.objects import name_of, namespace_of
from hotagents_k8s_monitor.cluster.restarts import Restarts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

__all__ = ["RESOURCES", "Gap", "GapReason", "Object", "Resource", "Snapshot"]

Object: TypeAlias = "Mapping[str, Any]"
"""One object as the API server sent it: untrusted JSON."""

Resource = Literal[
    "nodes",
    "pods",
    "deployments.apps",
    "replicasets.apps",
    "jobs.batch",
    "statefulsets.apps",
    "daemonsets.apps",
    "cronjobs.batch",
    "persistentvolumeclaims",
    "storageclasses.storage.k8s.io",
    "services",
    "endpointslices.discovery.k8s.io",
    "ingresses.networking.k8s.io",
    "ingressclasses.networking.k8s.io",
    "horizontalpodautoscalers.autoscaling",
    "poddisruptionbudgets.policy",
    "resourcequotas",
    "namespaces",
    "apiservices.apiregistration.k8s.io",
    "certificates.cert-manager.io",
    "pods.metrics.k8s.io",
    "applications.argoproj.io",
    "kustomizations.kustomize.toolkit.fluxcd.io",
    "helmreleases.helm.toolkit.fluxcd.io",
]
"""What is looked at, as ``kubectl`` and RBAC name it."""

RESOURCES: Final[tuple[Resource, ...]] = get_args(Resource)
"""All of it, in the order in which it is asked for: what most depends on first."""

GapReason = Literal[
    "unreachable",  # no connection, or it was cut
    "unauthorized",  # 401: the token or certificate is not accepted
    "forbidden",  # 403: a right is missing
    "missing",  # 404: the API server does not have it
    "throttled",  # 429, for longer than may be waited
    "failed",  # any other answer than 200
    "slow",  # not answered in time
    "malformed",  # answered, but not with a list of objects
    "truncated",  # some pages came, the rest did not
    "empty",  # none at all, where a cluster cannot be without any
]


@final
@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be seen.

    Attributes:
        resource: What; ``version`` for the API server as such.
        reason: Why.
        detail: The same for people, on one line, escaped and bounded; never a credential.
    """

    resource: Resource | Literal["version"]
    reason: GapReason
    detail: str

    def __str__(self) -> str:
        """Return ``pods: forbidden: ...``."""
        return f"{self.resource}: {self.reason}: {self.detail}"


@final
@dataclass(frozen=True)
class Snapshot:
    """What was seen at one look; immutable by agreement, nobody writes into the objects.

    Attributes:
        taken_at: When the look began, aware UTC.
        objects: All objects seen, by resource.
        gaps: What could not be seen, or not all of it, by resource. ``objects`` may hold a part of it.
        restarts: What earlier looks saw of containers that start anew, this one included; nothing where nobody kept it.
    """

    taken_at: datetime
    objects: Mapping[Resource, tuple[Object, ...]]
    gaps: Mapping[Resource, Gap] = field(default_factory=lambda: MappingProxyType({}))
    restarts: Restarts = field(default_factory=Restarts)

    def all(self, resource: Resource) -> tuple[Object, ...]:
        """Return the objects of a resource that were seen, in the API server's order."""
        return self.objects.get(resource, ())

    def find(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """Return one object; None where it was not seen."""
        return self._index.get((resource, namespace, name))

    def is_whole(self, resources: Iterable[Resource]) -> bool:
        """Say whether absence can be believed: all of these were seen whole."""
        return not any(resource in self.gaps or resource not in self.objects for resource in resources)

    @cached_property
    def _index(self) -> Mapping[tuple[Resource, str, str], Object]:
        return {
            (resource, namespace_of(item), name_of(item)): item
            for resource, items in self.objects.items()
            for item in items
        }
