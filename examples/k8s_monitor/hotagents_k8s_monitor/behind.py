"""Who stands behind what has no pods of its own: a Service, a budget, an autoscaler, an extension of the API.

Where a Deployment's pods fall, its Service has no endpoint, its budget is not kept, what Argo CD made of it is
degraded; and where the metrics server falls, so does its API, and each autoscaler. All of that is one fault.
`Behind.sick` names the workloads that are short of pods at this look; nobody is behind what fails though they are well.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.cluster.kinds import KINDS
from hotagents_k8s_monitor.cluster.objects import condition, items_at, mapping_at, namespace_of, text_at
from hotagents_k8s_monitor.cluster.selectors import chooses
from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.rules.owners import impact_on, is_over, itself, owner_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hotagents_k8s_monitor.cluster import Resource, Snapshot
    from hotagents_k8s_monitor.judging import Finding

__all__ = ["Behind"]

_WORKLOADS: Final[Mapping[str, Resource]] = {
    "DaemonSet": "daemonsets.apps",
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
}
_RESOURCES: Final[Mapping[str, Resource]] = {kind.name: resource for resource, kind in KINDS.items()}
_SHORT: Final = frozenset({"degraded", "down"})
_WELL: Final = frozenset({"", "Healthy", "Suspended"})
_API_OF: Final = {  # where the numbers come from that an autoscaler could not get
    "FailedGetContainerResourceMetric": "metrics.k8s.io",
    "FailedGetExternalMetric": "external.metrics.k8s.io",
    "FailedGetObjectMetric": "custom.metrics.k8s.io",
    "FailedGetPodsMetric": "custom.metrics.k8s.io",
    "FailedGetResourceMetric": "metrics.k8s.io",
}
# As Flux writes of what it waits for in vain: [Deployment/shop/web status: 'InProgress'].
_AWAITED: Final = re.compile(r"\b(DaemonSet|Deployment|StatefulSet)/([^/\s]{1,63})/([^/\s]{1,253}) status\b")


@final
class Behind:
    """What was seen at one look, to be asked who stands behind what; it is read once, when first asked."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def sick(self, finding: Finding) -> tuple[Owner, ...]:
        """Return the workloads whose lack of pods explains a finding, in a steady order; none where nothing does.

        Where an extension of the API that has no sick pods itself explains it, that is returned.
        """
        find = _BY_RULE.get(finding.rule)
        return tuple(sorted(set(find(finding, self)))) if find is not None else ()

    def chosen(self, namespace: str, selector: Mapping[str, Any]) -> Iterator[Owner]:
        """Yield the workloads that are short of pods which a selector chooses."""
        there = self._labelled.get(namespace, ())
        yield from self.short({owner for labels, owner in there if chooses(selector, labels)})

    def short(self, owners: Iterable[Owner]) -> Iterator[Owner]:
        """Yield those that have fewer pods than they should; of what is not listed, those that have a sick one."""
        for owner in owners:
            resource = _RESOURCES.get(owner.kind)
            if resource is None:
                is_short = owner in self._unready
            else:  # a Job, or a pod of nobody's, has no number of pods
                is_listed = owner.kind in _WORKLOADS and self.snapshot.find(resource, owner.namespace, owner.name)
                is_short = bool(is_listed) and impact_on(owner, self.snapshot) in _SHORT
            if is_short:
                yield owner

    @cached_property
    def _labelled(self) -> Mapping[str, list[tuple[Mapping[str, Any], Owner]]]:
        """By namespace, the labels of all pods and of what makes some, of which there may be none at all."""
        found: dict[str, list[tuple[Mapping[str, Any], Owner]]] = {}
        for pod in self.snapshot.all("pods"):
            if not is_over(pod):
                labels = mapping_at(pod, "metadata", "labels")
                found.setdefault(namespace_of(pod), []).append((labels, owner_of(pod, self.snapshot)))
        for kind, resource in _WORKLOADS.items():
            for item in self.snapshot.all(resource):
                labels = mapping_at(item, "spec", "template", "metadata", "labels")
                found.setdefault(namespace_of(item), []).append((labels, itself(kind, item)))
        return found

    @cached_property
    def _unready(self) -> frozenset[Owner]:
        pods = (pod for pod in self.snapshot.all("pods") if not is_over(pod))
        sick = (pod for pod in pods if condition(pod, "Ready").get("status") != "True")
        return frozenset(owner_of(pod, self.snapshot) for pod in sick)


def _of_service(finding: Finding, behind: Behind) -> Iterator[Owner]:
    yield from _behind_service(finding.owner.namespace, finding.owner.name, behind)


def _behind_service(namespace: str, name: str, behind: Behind) -> Iterator[Owner]:
    selector = mapping_at(behind.snapshot.find("services", namespace, name), "spec", "selector")
    if selector:
        yield from behind.chosen(namespace, {"matchLabels": selector})


def _of_budget(finding: Finding, behind: Behind) -> Iterator[Owner]:
    owner = finding.owner
    budget = behind.snapshot.find("poddisruptionbudgets.policy", owner.namespace, owner.name)
    yield from behind.chosen(owner.namespace, mapping_at(budget, "spec", "selector"))


def _of_scaler(finding: Finding, behind: Behind) -> Iterator[Owner]:
    owner = finding.owner
    scaler = behind.snapshot.find("horizontalpodautoscalers.autoscaling", owner.namespace, owner.name)
    active = condition(scaler, "ScalingActive")
    if active.get("status") != "False":  # it is at its limit, and that is its own
        return
    down = list(_behind_api(_API_OF.get(text_at(active, "reason"), ""), behind))
    target = mapping_at(scaler, "spec", "scaleTargetRef")
    workload = Owner(text_at(target, "kind"), owner.namespace, text_at(target, "name"))
    yield from down or behind.short([workload])


def _of_api(finding: Finding, behind: Behind) -> Iterator[Owner]:
    service = mapping_at(
        behind.snapshot.find("apiservices.apiregistration.k8s.io", "", finding.owner.name), "spec", "service"
    )
    yield from _behind_service(text_at(service, "namespace"), text_at(service, "name"), behind)


def _behind_api(group: str, behind: Behind) -> Iterator[Owner]:
    """Yield who is behind an extension of the API that does not answer; itself where nobody is."""
    for api in behind.snapshot.all("apiservices.apiregistration.k8s.io"):
        if group and text_at(api, "spec", "group") == group and condition(api, "Available").get("status") == "False":
            place = text_at(api, "spec", "service", "namespace"), text_at(api, "spec", "service", "name")
            yield from tuple(_behind_service(*place, behind)) or (itself("APIService", api),)


def _of_delivery(finding: Finding, behind: Behind) -> Iterator[Owner]:
    owner = finding.owner
    item = (
        behind.snapshot.find(_RESOURCES[owner.kind], owner.namespace, owner.name) if owner.kind in _RESOURCES else None
    )
    if owner.kind != "Application":
        awaited = _AWAITED.findall(text_at(condition(item, "Ready"), "message"))
        yield from behind.short(Owner(*found) for found in awaited)
    elif text_at(item, "status", "health", "status") not in _WELL:
        parts = list(items_at(item, "status", "resources"))
        sick = [part for part in parts if text_at(part, "health", "status") not in _WELL]
        if all(text_at(part, "kind") in _WORKLOADS for part in sick):  # where none says so, any may be it
            yield from behind.short(Owner(*(text_at(p, k) for k in ("kind", "namespace", "name"))) for p in parts)


def _of_blindness(finding: Finding, behind: Behind) -> Iterator[Owner]:
    """Yield who is behind what cannot be seen, where all of it is served by extensions of the API that are down."""
    groups = {name.partition(".")[2] for name in finding.objects}
    found = [list(_behind_api(group, behind)) for group in groups]
    if found and all(found):
        yield from (owner for some in found for owner in some)


_BY_RULE: Final[Mapping[str, Callable[[Finding, Behind], Iterable[Owner]]]] = {
    "apiservice-down": _of_api,
    "gitops-degraded": _of_delivery,
    "hpa-blind": _of_scaler,
    "monitor-blind": _of_blindness,
    "pdb-violated": _of_budget,
    "service-no-endpoints": _of_service,
}
