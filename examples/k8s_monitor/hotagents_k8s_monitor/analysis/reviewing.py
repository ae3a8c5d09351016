"""`reviewing`: the functions with which an agent looks at what was changed, and what it is told before it asks.

Roll-outs come from the cluster and are told of each incident. GitHub is asked only where the settings say so, and only
about repositories that the configuration lists.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.analysis.functions import Function, FunctionError
from hotagents_k8s_monitor.changes import Changes, ChangesError, GitHub
from hotagents_k8s_monitor.policy.messengers import GITHUB_REVIEWER, GithubReviewer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from hotagents import Generation
    from hotagents_k8s_monitor.changes import ChangeSource
    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.cluster.deadline import Deadline
    from hotagents_k8s_monitor.incidents import Incident

__all__ = ["changes_before", "changes_of", "reviewing"]

_MOST_CHARACTERS: Final = 6_000  # of one incident; an analysis has ten
_MOST_FILES: Final = 8


def changes_of(generation: Generation[Any], source: ChangeSource | None, until: Deadline) -> Changes:
    """Return the changes that a generation's reviewer may look at before ``until``; without a source, roll-outs
    alone.
    """
    reviewer = generation.agent(GITHUB_REVIEWER, GithubReviewer)
    repositories = reviewer.repositories if source is not None else {}
    asked = source if source is not None else GitHub("", base_url="", seconds=1.0)  # never, without a repository
    return Changes(repositories, window=reviewer.correlation_window, source=asked, until=until)


def changes_before(changes: Changes, incident: Incident, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Return what was changed before an incident began, JSON-ready, the best first; and why there may be more.

    It is bounded, since all of it stands in each request of an analysis: what is left out, agents can ask for.
    """
    found = changes.candidates_for(snapshot, incident.owner, incident.since)
    told: list[dict[str, Any]] = []
    left = _MOST_CHARACTERS
    for candidate in found.items:
        one = candidate.to_dict() | {"files": list(candidate.files[:_MOST_FILES])}
        left -= len(json.dumps(one))
        if left < 0:
            break
        told.append(one)
    left_out = len(found.items) - len(told)
    lacking = [found.lacking, f"{left_out} that fit less are left out here" if left_out else ""]
    return [*told, *({"not_known": text} for text in lacking if text)]


def reviewing(changes: Changes, incident: Incident) -> Iterator[Function]:
    """Yield the functions that ask GitHub, for one incident; none where no repository may be asked about."""
    for told in changes.definitions():
        schema = told["input_schema"]
        yield Function(
            name=told["name"],
            description=told["description"],
            properties=schema["properties"],
            required=tuple(schema["required"]),
            call=partial(_called, changes, told["name"], incident.since),
        )


def _called(changes: Changes, name: str, begin: datetime, given: Mapping[str, Any]) -> str:
    try:
        return changes.call(name, given, began=begin)
    except ChangesError as error:
        raise FunctionError(str(error)) from error
