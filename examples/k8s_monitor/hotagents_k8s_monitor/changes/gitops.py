"""`deliveries_of`: what Argo CD and Flux brought into the cluster, as far as it is what a workload comes from.

Which of them a workload comes from is read from their own lists of what they made, and from the labels that Flux puts
on it. A condition says only when something became ready the last time, so it is asked where there is no history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.changes.rollout import Rollout, evidence_of, git_sha
from hotagents_k8s_monitor.cluster.objects import (
    condition,
    count_at,
    items_at,
    mapping_at,
    name_of,
    namespace_of,
    text_at,
    time_at,
)
from hotagents_k8s_monitor.findings import cut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Resource, Snapshot
    from hotagents_k8s_monitor.findings import Owner

__all__ = ["deliveries_of"]

_LONGEST: Final = 300
_ARGO: Final[Resource] = "applications.argoproj.io"
_KUSTOMIZE: Final[Resource] = "kustomizations.kustomize.toolkit.fluxcd.io"
_HELM: Final[Resource] = "helmreleases.helm.toolkit.fluxcd.io"


def deliveries_of(snapshot: Snapshot, owner: Owner, item: Object) -> Iterator[Rollout]:
    """Yield the revisions that were brought, in no order; ``item`` is the workload, empty where it was not seen."""
    for application in snapshot.all(_ARGO):
        if _lists(application, owner):
            yield from _changes("Application", _ARGO, application, _of_argo(application))
    for kustomization in snapshot.all(_KUSTOMIZE):
        if _has_made(kustomization, owner) or _is_labelled(item, "kustomize", kustomization):
            yield from _changes("Kustomization", _KUSTOMIZE, kustomization, _of_kustomization(kustomization))
    for release in snapshot.all(_HELM):
        if _is_labelled(item, "helm", release):
            yield from _changes("HelmRelease", _HELM, release, _of_release(release))


def _lists(application: Object, owner: Owner) -> bool:
    wanted = (owner.kind, owner.namespace, owner.name)
    return any(
        (text_at(made, "kind"), text_at(made, "namespace"), text_at(made, "name")) == wanted
        for made in items_at(application, "status", "resources")
    )


def _has_made(kustomization: Object, owner: Owner) -> bool:
    wanted = f"{owner.namespace}_{owner.name}_apps_{owner.kind}"
    return any(text_at(made, "id") == wanted for made in items_at(kustomization, "status", "inventory", "entries"))


def _is_labelled(item: Object, tool: str, by: Object) -> bool:
    said = (_label(item, f"{tool}.toolkit.fluxcd.io/namespace"), _label(item, f"{tool}.toolkit.fluxcd.io/name"))
    return said == (namespace_of(by), name_of(by)) and said[1] != ""


def _label(item: Object, key: str) -> str:
    return text_at(item, "metadata", "labels", key)


def _of_argo(application: Object) -> Iterator[tuple[datetime | None, str]]:
    for entry in items_at(application, "status", "history"):
        yield time_at(entry, "deployedAt"), _revision(entry)
    done = mapping_at(application, "status", "operationState")
    if done.get("phase") == "Succeeded":
        said = text_at(done, "syncResult", "revision") or text_at(application, "status", "sync", "revision")
        yield time_at(done, "finishedAt"), said


def _revision(entry: Any) -> str:
    several = entry.get("revisions")
    first = several[0] if isinstance(several, list) and several else ""
    return text_at(entry, "revision") or (first if isinstance(first, str) else "")


def _of_kustomization(item: Object) -> Iterator[tuple[datetime | None, str]]:
    history = [
        (time_at(entry, "firstReconciled"), text_at(entry, "metadata", "revision"))
        for entry in items_at(item, "status", "history")
    ]
    yield from history or [_when_ready(item, text_at(item, "status", "lastAppliedRevision"))]


def _of_release(item: Object) -> Iterator[tuple[datetime | None, str]]:
    history = [
        (time_at(entry, "lastDeployed"), f"{text_at(entry, 'chartVersion')}, release {count_at(entry, 'version')}")
        for entry in items_at(item, "status", "history")
    ]
    said = text_at(item, "status", "lastAppliedRevision") or text_at(item, "status", "lastAttemptedRevision")
    yield from history or [_when_ready(item, said)]


def _when_ready(item: Object, revision: str) -> tuple[datetime | None, str]:
    ready = condition(item, "Ready")
    return (time_at(ready, "lastTransitionTime") if ready.get("status") == "True" else None), revision


def _changes(
    kind: str, resource: Resource, item: Object, deliveries: Iterator[tuple[datetime | None, str]]
) -> Iterator[Rollout]:
    """Yield a roll-out for each delivery of another revision than the one before: repairs of the same are none."""
    before = ""
    for when, revision in sorted((when, revision) for when, revision in deliveries if when is not None and revision):
        if revision != before:
            yield Rollout(
                at=when,
                kind=kind,
                namespace=cut(namespace_of(item), _LONGEST),
                name=cut(name_of(item), _LONGEST),
                revision=cut(revision, _LONGEST),
                source_revision=git_sha(revision),
                evidence=(evidence_of(resource, item),),
            )
        before = revision
