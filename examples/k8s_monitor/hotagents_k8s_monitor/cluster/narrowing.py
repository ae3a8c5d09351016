"""`list_in`: a list of some namespaces, each by itself, for an account that has rights in these alone.

One that fails leaves a gap in the whole, since nobody can say any more what is not there; what came of the others is
kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hotagents_k8s_monitor.cluster.kinds import KINDS
from hotagents_k8s_monitor.cluster.lists import list_all

if TYPE_CHECKING:
    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.deadline import Deadline
    from hotagents_k8s_monitor.cluster.snapshot import Gap, Object, Resource

__all__ = ["list_in"]


def list_in(
    api_client: ApiClient,
    resource: Resource,
    namespaces: tuple[str, ...],
    *,
    deadline: Deadline,
    attempts: int,
    was_there: bool = False,
) -> tuple[tuple[Object, ...], Gap | None]:
    """Return the objects of a resource in these namespaces, in all where none is given, and what is missing.

    Raises nothing; the arguments are those of `list_all`.
    """
    if not namespaces or not KINDS[resource].is_namespaced:
        return list_all(api_client, resource, deadline=deadline, attempts=attempts, was_there=was_there)
    found: list[Object] = []
    gaps: list[Gap] = []
    for left, namespace in zip(range(len(namespaces), 0, -1), namespaces, strict=True):
        share = deadline if left == 1 else deadline.within(deadline.left() / 2)
        objects, gap = list_all(
            api_client, resource, deadline=share, attempts=attempts, namespace=namespace, was_there=was_there
        )
        found += objects
        gaps += [replace(gap, detail=f"namespace {namespace}: {gap.detail}")] if gap is not None else []
    return tuple(found), _joined(gaps)


def _joined(gaps: list[Gap]) -> Gap | None:
    if len(gaps) <= 1:
        return gaps[0] if gaps else None
    return replace(gaps[0], detail=f"{gaps[0].detail} (and {len(gaps) - 1} more namespaces)")
