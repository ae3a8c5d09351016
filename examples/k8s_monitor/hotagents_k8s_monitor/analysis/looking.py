"""`looking`: the functions with which an agent looks at the cluster; all of them read, and nothing else.

What the last look saw is answered from its snapshot, so that an agent sees what the rules saw. Events and the logs of
pods are asked for when they are wanted, logs only of the namespaces of the settings. A namespace that the configuration
leaves out is left out here too.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from hotagents_k8s_monitor.analysis.functions import Function, FunctionError, bounded, data
from hotagents_k8s_monitor.cluster.kinds import KINDS
from hotagents_k8s_monitor.cluster.objects import (
    condition,
    items_at,
    mapping_at,
    name_of,
    namespace_of,
    text_at,
)
from hotagents_k8s_monitor.redaction import Redactor, redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hotagents_k8s_monitor.cluster import Object, Resource, Snapshot
    from hotagents_k8s_monitor.policy import Policy

__all__ = ["Reads", "looked_into", "looking", "resource_of"]

_MOST_LISTED: Final = 100
_LINES: Final = 100
_NAMESPACES: Final = "namespaces"
_REVISION: Final = "deployment.kubernetes.io/revision"
_RESOURCE: Final = {
    "type": "string",
    "description": "A kind of object, such as pods or deployments.apps",
    "enum": list(KINDS),
}
_NAMESPACE: Final = {"type": "string", "description": "Its namespace; empty for what belongs to none"}
_NAME: Final = {"type": "string", "description": "Its name"}


class Reads(Protocol):
    """What is asked for events and logs."""

    def events(self, kind: str, namespace: str, name: str, uid: str = "") -> Sequence[Mapping[str, Any]]:
        """Return an object's events, the newest last."""
        ...

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False, lines: int = 100) -> str:
        """Return the end of a container's log."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


def looking(
    snapshot: Snapshot, policy: Policy, reads: Reads, *, logs_of: tuple[str, ...], emails: bool
) -> tuple[Function, ...]:
    """Return the functions, over one look.

    Args:
        snapshot: What was seen.
        policy: Says which namespaces are looked into.
        reads: Is asked for events and logs.
        logs_of: Namespaces of whose pods logs may be read.
        emails: Whether e-mail addresses are taken out.
    """
    return tuple(_Looking(snapshot, policy, reads, logs_of, emails=emails).all())


def looked_into(snapshot: Snapshot, policy: Policy) -> Snapshot:
    """Return what was seen without what belongs to namespaces that the configuration leaves out, and without these."""
    objects = {
        resource: tuple(item for item in items if _is_within(policy, resource, item))
        for resource, items in snapshot.objects.items()
    }
    return replace(snapshot, objects=MappingProxyType(objects))


def _is_within(policy: Policy, resource: str, item: Object) -> bool:
    namespace = name_of(item) if resource == _NAMESPACES else namespace_of(item)
    return not namespace or policy.looks_into(namespace)


def resource_of(kind: str) -> Resource | None:
    """Return what an object of a kind is listed as; None for a kind that is not looked at."""
    return next((resource for resource, known in KINDS.items() if known.name == kind), None)


@final
class _Looking:
    def __init__(
        self, snapshot: Snapshot, policy: Policy, reads: Reads, logs_of: tuple[str, ...], *, emails: bool
    ) -> None:
        self._snapshot = snapshot
        self._policy = policy
        self._reads = reads
        self._logs_of = logs_of
        self._emails = emails
        self._redactor = Redactor()

    def all(self) -> Iterator[Function]:
        one = {"resource": _RESOURCE, "namespace": _NAMESPACE, "name": _NAME}
        yield self._function(
            "get", "Names and states of objects as the last look saw them; of one, or of all of a kind.",
            {**one, "name": {**_NAME, "description": "Its name; leave it out for all"}}, ("resource",), self.get,
        )  # fmt: skip
        yield self._function(
            "describe", "One object whole, as the last look saw it; secrets are left out.",
            one, ("resource", "name"), self.describe,
        )  # fmt: skip
        yield self._function(
            "events", "What Kubernetes reported about one object, the newest last.",
            one, ("resource", "name"), self.events,
        )  # fmt: skip
        yield self._function(
            "rollout_history", "The revisions of a Deployment with their images, the newest first.",
            {"namespace": _NAMESPACE, "name": _NAME}, ("namespace", "name"), self.rollout_history,
        )  # fmt: skip
        yield self._function(
            "logs", "The last lines that a container of a pod wrote, the newest first.",
            {
                "namespace": _NAMESPACE,
                "name": {**_NAME, "description": "The pod's name"},
                "container": {"type": "string", "description": "Of several, which"},
                "previous": {"type": "boolean", "description": "Whether those before its last restart"},
            },
            ("namespace", "name"), self.logs,
        )  # fmt: skip

    def _function(
        self,
        name: str,
        description: str,
        properties: Mapping[str, Any],
        required: tuple[str, ...],
        call: Callable[[Mapping[str, Any]], str],
    ) -> Function:
        return Function(name=name, description=description, properties=properties, required=required, call=call)

    def get(self, given: Mapping[str, Any]) -> str:
        resource, namespace = given["resource"], given.get("namespace", "")
        self._refuse_what_is_left_out(namespace)
        if given.get("name", ""):
            return self._said(_summary(resource, self._one(given)))
        found = [item for item in self._snapshot.all(resource) if self._shows(resource, item, namespace)]
        gap = self._snapshot.gaps.get(resource)
        return self._said(
            {
                "resource": resource,
                "objects": [_summary(resource, item) for item in found[:_MOST_LISTED]],
                "left_out": max(0, len(found) - _MOST_LISTED),
                "not_seen": f"{gap.reason}: {gap.detail}" if gap is not None else None,
            }
        )

    def describe(self, given: Mapping[str, Any]) -> str:
        item = self._one(given)
        try:
            return self._said(self._redactor.item(item))
        except RecursionError:
            raise FunctionError("it is nested too deeply to be shown; get has its state") from None

    def events(self, given: Mapping[str, Any]) -> str:
        item = self._one(given)
        kind = KINDS[given["resource"]].name
        found = self._reads.events(kind, namespace_of(item), name_of(item), text_at(item, "metadata", "uid"))
        return self._said({"events": [_event(event) for event in found]})

    def rollout_history(self, given: Mapping[str, Any]) -> str:
        owner = self._one({**given, "resource": "deployments.apps"})
        sets = [item for item in self._snapshot.all("replicasets.apps") if _belongs(item, owner)]
        sets.sort(key=lambda item: text_at(item, "metadata", "creationTimestamp"), reverse=True)
        return self._said({"revisions": [_revision(item) for item in sets[:_MOST_LISTED]]})

    def logs(self, given: Mapping[str, Any]) -> str:
        namespace = given["namespace"]
        if namespace not in self._logs_of:
            named = ", ".join(self._logs_of) or "none"
            raise FunctionError(f"logs may be read in these namespaces only: {named}")
        pod = self._one({**given, "resource": "pods"})
        container, previous = given.get("container", ""), bool(given.get("previous", False))
        text = self._reads.logs(namespace, name_of(pod), container, previous=previous, lines=_LINES)
        hidden = redacted(text, emails=self._emails)
        # Its end says more than its beginning, so that comes first, and the rest is cut.
        return bounded("\n".join(reversed(hidden.splitlines()))) or "it wrote nothing"

    def _one(self, given: Mapping[str, Any]) -> Object:
        resource, namespace, name = given["resource"], given.get("namespace", ""), given.get("name", "")
        self._refuse_what_is_left_out(name if resource == _NAMESPACES else namespace)
        found = self._snapshot.find(resource, namespace, name)
        if found is None:
            gap = self._snapshot.gaps.get(resource)
            why = f"; not all of them could be seen: {gap.reason}" if gap is not None else ""
            raise FunctionError(f"the last look saw no {bounded(f'{resource} {namespace}/{name}', 300)}{why}")
        return found

    def _refuse_what_is_left_out(self, namespace: str) -> None:
        if namespace and not self._policy.looks_into(namespace):
            raise FunctionError(f"the configuration leaves out the namespace {bounded(namespace, 100)}")

    def _shows(self, resource: str, item: Object, namespace: str) -> bool:
        return (not namespace or namespace_of(item) == namespace) and _is_within(self._policy, resource, item)

    def _said(self, value: Any) -> str:
        return data(value, emails=self._emails)


def _summary(resource: str, item: Object) -> dict[str, Any]:
    status = mapping_at(item, "status")
    ready = condition(item, "Ready") or condition(item, "Available")
    found = {
        "id": "/".join((resource, namespace_of(item), name_of(item))),
        "phase": text_at(status, "phase"),
        "ready": text_at(ready, "status"),
        "reason": text_at(ready, "reason") or text_at(status, "reason"),
        "replicas": [status.get(key) for key in ("replicas", "readyReplicas", "availableReplicas") if key in status],
        "created": text_at(item, "metadata", "creationTimestamp"),
    }
    return {key: value for key, value in found.items() if value}


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    places = (("series", "lastObservedTime"), ("lastTimestamp",), ("eventTime",), ("firstTimestamp",))
    last = max(text_at(event, *place)[:19] for place in places)  # to the second, in UTC, as Kubernetes writes them
    return {
        "last": last,
        "count": event.get("count"),
        "type": text_at(event, "type"),
        "reason": text_at(event, "reason"),
        "message": text_at(event, "message"),
        "by": text_at(event, "source", "component") or text_at(event, "reportingComponent"),
    }


def _revision(item: Object) -> dict[str, Any]:
    return {
        "id": "/".join(("replicasets.apps", namespace_of(item), name_of(item))),
        "revision": text_at(item, "metadata", "annotations", _REVISION),
        "created": text_at(item, "metadata", "creationTimestamp"),
        "replicas": mapping_at(item, "status").get("replicas"),
        "images": [text_at(c, "image") for c in items_at(item, "spec", "template", "spec", "containers")],
    }


def _belongs(item: Object, owner: Object) -> bool:
    uid = text_at(owner, "metadata", "uid")
    same = namespace_of(item) == namespace_of(owner)
    owners = items_at(item, "metadata", "ownerReferences")
    return same and any(
        reference.get("kind") == "Deployment"
        and (text_at(reference, "uid") == uid if uid else text_at(reference, "name") == name_of(owner))
        for reference in owners
    )
