"""`fields_of`: the fields of objects that a finding stands on, with the values that they had.

Read generically, so that a rule that is added has them too: of each object that a finding names, and of its owner,
those fields by which Kubernetes itself says that something is wrong. Texts of the cluster are escaped and cut.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from hotagents import escape
from hotagents_k8s_monitor.cluster.objects import at, items_at, mapping_at, name_of, namespace_of, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents_k8s_monitor.cluster import Object, Resource, Snapshot

__all__ = ["MOST_FIELDS", "fields_of"]

MOST_FIELDS: Final = 12
_MOST_OBJECTS: Final = 3
_LONGEST: Final = 160
_COUNTS: Final = (
    ("spec", "replicas"), ("spec", "unschedulable"), ("spec", "suspend"), ("status", "phase"), ("status", "reason"),
    ("status", "replicas"), ("status", "updatedReplicas"), ("status", "readyReplicas"), ("status", "availableReplicas"),
    ("status", "numberUnavailable"), ("status", "desiredNumberScheduled"), ("status", "currentHealthy"),
    ("status", "desiredHealthy"), ("status", "active"), ("status", "failed"), ("metadata", "deletionTimestamp"),
)  # fmt: skip
_GOOD: Final = frozenset(  # conditions that are well where they are True; of all others False is
    {
        "Available", "ContainersReady", "Initialized", "PodReadyToStartContainers", "PodScheduled", "Progressing",
        "Ready", "ScalingActive", "AbleToScale", "Complete", "SuccessCriteriaMet", "EtcdIsVoter",
    }
)  # fmt: skip
_STATES: Final = (
    ("state", "waiting", "reason"),
    ("lastState", "terminated", "reason"),
    ("lastState", "terminated", "exitCode"),
    ("lastState", "terminated", "finishedAt"),
    ("restartCount",),
)


def fields_of(finding: Mapping[str, Any], snapshot: Snapshot) -> list[dict[str, str]]:
    """Return at most `MOST_FIELDS` fields, each with ``object``, ``field`` and ``value``; those of a gap for a finding
    about what could not be seen.
    """
    found = list(islice(_all(finding, snapshot), MOST_FIELDS))
    return [{name: escape(value, limit=_LONGEST) for name, value in each.items()} for each in found]


def _all(finding: Mapping[str, Any], snapshot: Snapshot) -> Iterator[dict[str, str]]:
    for resource in finding["objects"]:
        if (gap := snapshot.gaps.get(resource)) is not None:
            yield {"object": resource, "field": "list", "value": f"{gap.reason}: {gap.detail}"}
    for resource, item in _objects(finding, snapshot):
        place = "/".join(part for part in (namespace_of(item), name_of(item)) if part)
        for field, value in _wrong(item):
            yield {"object": f"{resource} {place}", "field": field, "value": value}


def _objects(finding: Mapping[str, Any], snapshot: Snapshot) -> Iterator[tuple[Resource, Object]]:
    """Yield what a finding names, then its owner; each once."""
    owner = finding["owner"]
    named = [name.partition("/") for name in finding["objects"][:_MOST_OBJECTS]]
    asked = [(kind.lower(), owner["namespace"], name) for kind, _, name in named if name]
    asked.append((owner["kind"].lower(), owner["namespace"], owner["name"]))
    for kind, namespace, name in dict.fromkeys(asked):
        for resource in snapshot.objects:
            if resource.partition(".")[0] in {f"{kind}s", f"{kind}es", kind}:
                item = snapshot.find(resource, namespace, name)
                if item is not None:
                    yield resource, item


def _wrong(item: Object) -> Iterator[tuple[str, str]]:
    for section in ("initContainerStatuses", "containerStatuses"):
        for status in items_at(item, "status", section):
            if status.get("ready") is not True or at(status, "lastState", "terminated") is not None:
                yield from _of_container(section, status)
    for condition in items_at(item, "status", "conditions"):
        kind, state = text_at(condition, "type"), text_at(condition, "status")
        if state != ("True" if kind in _GOOD else "False"):
            since, reason = text_at(condition, "lastTransitionTime"), text_at(condition, "reason")
            said = " ".join(part for part in (state, reason, f"since {since}" if since else "") if part)
            yield f"status.conditions[{kind}]", said
    for keys in _COUNTS:
        value = at(mapping_at(item), *keys)
        if value is not None and not isinstance(value, (dict, list)):
            yield ".".join(keys), str(value)


def _of_container(section: str, status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for keys in _STATES:
        value = at(status, *keys)
        if value is not None and value != 0 and not isinstance(value, (dict, list)):
            yield f"status.{section}[{text_at(status, 'name')}].{'.'.join(keys)}", str(value)
