"""`briefed`: an incident as a model is told of it: what the rules found, on which fields, and what was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.analysis.bodies import redacted_value
from hotagents_k8s_monitor.analysis.looking import resource_of
from hotagents_k8s_monitor.evidence import fields_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.findings import Owner
    from hotagents_k8s_monitor.incidents import Incident
    from hotagents_k8s_monitor.judging import Finding

__all__ = ["briefed"]

_MOST_FINDINGS: Final = 8


def briefed(
    name: str, incident: Incident, snapshot: Snapshot, changes: Sequence[Any] = (), *, emails: bool = True
) -> dict[str, Any]:
    """Return an incident, JSON-ready and without secrets.

    Args:
        name: The id that the model is told.
        incident: What it is about.
        snapshot: What was seen.
        changes: What was changed before it began, JSON-ready.
        emails: Whether e-mail addresses are taken out.
    """
    first = incident.findings[0]
    told = {
        "incident": name,
        "owner": _id(incident.owner, snapshot),
        "kind": incident.owner.kind,
        "severity": incident.severity,
        "tier": first.tier,
        "since": incident.since.isoformat(),
        "findings": [_finding(finding, snapshot) for finding in incident.findings[:_MOST_FINDINGS]],
        "more_findings": max(0, len(incident.findings) - _MOST_FINDINGS),
        "changes": list(changes),
    }
    found: dict[str, Any] = redacted_value(told, emails=emails)
    return found


def _finding(finding: Finding, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": f"finding/{finding.fingerprint}",
        "rule": finding.rule,
        "severity": finding.severity,
        "impact": finding.impact,
        "message": finding.message,
        "objects": list(finding.objects),
        "fields": fields_of(finding.to_dict(), snapshot),
    }


def _id(owner: Owner, snapshot: Snapshot) -> str:
    resource = resource_of(owner.kind)
    if resource is None or snapshot.find(resource, owner.namespace, owner.name) is None:
        return f"{owner.kind} {owner.namespace}/{owner.name}"
    return f"{resource}/{owner.namespace}/{owner.name}"
