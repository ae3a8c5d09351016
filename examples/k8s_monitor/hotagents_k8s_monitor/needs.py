"""What a look must see under a policy: who switches a rule off need not grant the right that it alone needs.

Only a refusal of such a list is no gap then. Whatever else fails is one, and so is a refusal of all there is: that says
more of the account than of the list.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.rules import RULES

if TYPE_CHECKING:
    from hotagents_k8s_monitor.cluster import Resource, Snapshot
    from hotagents_k8s_monitor.policy import Policy

__all__ = ["needed", "without_needless_gaps"]

_VITAL: Final[tuple[Resource, ...]] = ("nodes", "pods", "deployments.apps")
# What says whose a pod is, how much of that still works, and whether its node is lost.
_OF_PODS: Final[frozenset[Resource]] = frozenset(
    {
        "daemonsets.apps",
        "deployments.apps",
        "jobs.batch",
        "nodes",
        "replicasets.apps",
        "statefulsets.apps",
    }
)


def needed(policy: Policy) -> frozenset[Resource]:
    """Return what the rules that are on look at."""
    found: set[Resource] = set()
    for rule in RULES.values():
        if policy.is_on(rule):
            found |= {*rule.needs, *rule.uses, *(_OF_PODS if rule.of_pods else ())}
    return frozenset(found)


def without_needless_gaps(snapshot: Snapshot, policy: Policy) -> Snapshot:
    """Return a snapshot without the refusals that cost nothing under a policy, and without what came of these lists."""
    needs = needed(policy)
    refused = {name for name, gap in snapshot.gaps.items() if gap.reason == "forbidden" and name not in needs}
    if not refused or not any(name not in snapshot.gaps for name in _VITAL):
        return snapshot
    objects = {name: items for name, items in snapshot.objects.items() if name not in refused}
    gaps = {name: gap for name, gap in snapshot.gaps.items() if name not in refused}
    return replace(snapshot, objects=MappingProxyType(objects), gaps=MappingProxyType(gaps))
