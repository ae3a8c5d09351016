"""`Coverage`: what the configuration speaks of and a look has nothing to say about, though all of it could be seen.

Where a listed service is not there, or nothing at all is looked at, "no findings" says little. So this is said beside
the verdict; it is no finding, since a service may rightly not be there: one between two runs of its CronJob.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from hotagents import escape
from hotagents_k8s_monitor.cluster.objects import namespace_of
from hotagents_k8s_monitor.policy.match import is_exact
from hotagents_k8s_monitor.rules import RULES
from hotagents_k8s_monitor.rules.owners import owners_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Resource, Snapshot
    from hotagents_k8s_monitor.findings import Owner
    from hotagents_k8s_monitor.policy import Policy
    from hotagents_k8s_monitor.policy.context import Service

__all__ = ["Coverage", "coverage"]

_TIERS: Final = frozenset({"P0", "P1", "P2"})
_NEEDS: Final[tuple[Resource, ...]] = (
    "pods",
    "deployments.apps",
    "replicasets.apps",
    "jobs.batch",
    "statefulsets.apps",
    "daemonsets.apps",
    "cronjobs.batch",
)
_KINDS: Final = frozenset({None, "CronJob", "DaemonSet", "Deployment", "StatefulSet"})
_SHOWN: Final = 3
_LONGEST: Final = 300


@final
@dataclass(frozen=True, slots=True)
class Coverage:
    """What a look cannot speak for.

    Attributes:
        missing_services: Services of P0 to P2, listed by their very name, that nothing in the cluster runs; escaped.
        unwatched: What the configuration has switched off as a whole, in words.
    """

    missing_services: tuple[str, ...] = ()
    unwatched: tuple[str, ...] = ()

    def said(self) -> tuple[str, ...]:
        """Return all of it for people, each on one line."""
        missing = self.missing_services
        if not missing:
            return self.unwatched
        names = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
        return (*self.unwatched, f"{len(missing)} listed service{'s' if len(missing) > 1 else ''} not found: {names}")


def coverage(policy: Policy, snapshot: Snapshot) -> Coverage:
    """Return what a look under this policy cannot speak for; of services nothing where not all was seen."""
    missing = tuple(_missing(policy, snapshot)) if snapshot.is_whole(_NEEDS) else ()
    return Coverage(tuple(dict.fromkeys(missing)), tuple(_unwatched(policy, snapshot)))


def _missing(policy: Policy, snapshot: Snapshot) -> Iterator[str]:
    owners: dict[str, set[Owner]] = {}
    for owner in owners_in(snapshot):
        owners.setdefault(owner.name, set()).add(owner)
    for tier, service in policy.services:
        if tier not in _TIERS or not _can_be_found(service) or _is_excluded(service, policy):
            continue
        if not any(service.runs_as(owner) for owner in owners.get(service.name, ())):
            name = f"{service.namespace}/{service.name}" if service.namespace is not None else service.name
            yield escape(name, limit=_LONGEST)


def _can_be_found(service: Service) -> bool:
    """Say whether a service is one workload, of a kind that is listed or whose pods are."""
    is_one = is_exact(service.name) and (service.namespace is None or is_exact(service.namespace))
    return is_one and service.kind in _KINDS


def _is_excluded(service: Service, policy: Policy) -> bool:
    return service.namespace is not None and not policy.looks_into(service.namespace)


def _unwatched(policy: Policy, snapshot: Snapshot) -> Iterator[str]:
    if not any(policy.is_on(rule) for rule in RULES.values() if rule.switchable):
        yield "no rule is on"
    spaces = {namespace_of(item) for items in snapshot.objects.values() for item in items} - {""}
    if spaces and not any(map(policy.looks_into, spaces)):
        yield "no namespace is looked at"
