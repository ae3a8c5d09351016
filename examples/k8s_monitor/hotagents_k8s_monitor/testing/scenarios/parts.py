"""What several scenarios are made of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hotagents_k8s_monitor.testing.building import LONG_AGO, bare, condition, digest, suffix
from hotagents_k8s_monitor.testing.objects import deployment, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["daemons", "lost", "namespaces", "owned", "pods", "steady", "version"]


def namespaces(names: Iterable[str]) -> list[dict[str, Any]]:
    """Return namespaces."""
    status = {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    return [bare("v1", "Namespace", name) | status for name in names]


def owned(owner: Mapping[str, Any], *, revision: int = 1, **options: Any) -> dict[str, Any]:
    """Return the ReplicaSet of a Deployment for a revision; the options are those of `replica_set`."""
    name, namespace = owner["metadata"]["name"], owner["metadata"]["namespace"]
    template_hash = suffix(namespace, name, str(revision), length=10)
    return replica_set(f"{name}-{template_hash}", owner=owner, revision=revision, **options)


def pods(
    owner: Mapping[str, Any], nodes: Sequence[str | None], *, first: int = 0, **options: Any
) -> list[dict[str, Any]]:
    """Return a pod of a ReplicaSet, or of a Job, for each of these nodes; the options are those of `pod`.

    Args:
        owner: Of the pods.
        nodes: Where they run.
        first: The number of the first, so that they get names of their own.
        **options: Of all.
    """
    name = owner["metadata"]["name"]
    return [
        pod(f"{name}-{suffix(name, str(number))}", owner=owner, node=node, **options)
        for number, node in enumerate(nodes, start=first)
    ]


def steady(name: str, namespace: str, nodes: Sequence[str], **options: Any) -> list[dict[str, Any]]:
    """Return a Deployment that has all its pods, one on each of these nodes; the options are those of `pod`."""
    made = LONG_AGO - timedelta(hours=int(digest(namespace, name), 16) % 900)
    image = f"{name}:{version(namespace, name)}"
    owner = deployment(name, namespace=namespace, replicas=len(nodes), image=image, created=made, since=made)
    current = owned(owner, replicas=len(nodes), created=made)
    return [owner, current, *pods(current, nodes, **{"created": made, **options})]


def daemons(name: str, namespace: str, nodes: Sequence[str]) -> list[dict[str, Any]]:
    """Return the pods of a DaemonSet, one on each of these nodes."""
    owner = bare("apps/v1", "DaemonSet", name, namespace=namespace)
    return [pod(f"{name}-{suffix(name, node)}", owner=owner, node=node) for node in nodes]


def lost(item: dict[str, Any], since: datetime) -> dict[str, Any]:
    """Return a pod as the node controller leaves it: not ready, while its containers look as they were last seen."""
    kept = [one for one in item["status"]["conditions"] if one["type"] != "Ready"]
    conditions = [*kept, condition("Ready", "False", since)]
    return item | {"status": item["status"] | {"conditions": conditions}}


def version(*parts: str) -> str:
    """Return the same version each time for the same parts."""
    number = int(digest("version", *parts), 16)
    return f"{number % 4}.{number // 4 % 30}.{number // 120 % 9}"
