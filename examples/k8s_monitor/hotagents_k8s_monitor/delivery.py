"""`Delivery`: what is told to whom, decided by a pure function of incidents, generation and clock; never by a model.

SEV-1 and SEV-2 are told at once, SEV-3 in business hours, SEV-4 is only recorded. What is told once is told again when
it gets worse, when something is added, when its repeat time has passed, and when it is over. Who was paged at night
hears at night that it is better, and that it is over, where that was told.

What goes back and forth is told as often as what stays as bad: it is better, or as bad again as somebody has heard,
once it has been so for ten minutes, or when its repeat time has passed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from hotagents_k8s_monitor.findings import Severity
    from hotagents_k8s_monitor.policy import Policy
    from hotagents_k8s_monitor.tracking import Incident, Told

__all__ = ["Delivery", "Kind", "deliveries", "is_settled"]

Kind: TypeAlias = Literal["alert", "worse", "update", "reminder", "resolved", "gone", "withdrawn", "muted"]
_SETTLES: Final = timedelta(minutes=10)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message.

    Attributes:
        kind: Why it is sent.
        incident: What it is about, as it is now.
        channel: Where to, as the configuration names it; empty where it names none.
        contact: Whom to ask; empty where the configuration says nothing.
        other: Of an incident that has ended, the id of another one of its owner that goes on; empty for none.
    """

    kind: Kind
    incident: Incident
    channel: str
    contact: str
    other: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "kind": self.kind,
            "incident": self.incident.id,
            "owner": self.incident.owner.to_dict(),
            "severity": self.incident.severity,
            "channel": self.channel,
            "contact": self.contact,
            "other": self.other,
        }


def deliveries(incidents: Iterable[Incident], policy: Policy, now: datetime) -> tuple[Delivery, ...]:
    """Return what is to be told now, worst first."""
    incidents = tuple(incidents)
    told = ((incident, _kind(incident, policy, now)) for incident in incidents)
    open_ones = {incident.owner: incident.id for incident in incidents if incident.end is None}
    return tuple(
        Delivery(
            kind=kind,
            incident=incident,
            channel=policy.channel(_heard_as(incident)),
            contact=policy.contact(incident.findings[0].tier),
            other=open_ones.get(incident.owner, "") if incident.end is not None else "",
        )
        for incident, kind in sorted(told, key=lambda pair: (pair[0].severity, pair[0].id))
        if kind is not None
    )


def is_settled(incident: Incident) -> bool:
    """Say whether an incident has ended and nobody needs to hear of it, since nobody heard that it began."""
    return incident.end is not None and incident.told is None


def _kind(incident: Incident, policy: Policy, now: datetime) -> Kind | None:
    """Return why an incident is to be told now, or None."""
    told = incident.told
    if _heard_as(incident) == "SEV-3" and not policy.in_business_hours(now):
        return None
    if told is None:
        return "alert" if incident.end is None and incident.severity != "SEV-4" else None
    return incident.end or _going_on(incident, told, policy, now)


def _heard_as(incident: Incident) -> Severity:
    """Return the severity that decides where and at which hours an incident is told: that of those who heard of it."""
    told = incident.told
    if told is None:
        return incident.severity
    return told.worst if incident.end is not None else min(incident.severity, told.severity)


def _going_on(incident: Incident, told: Told, policy: Policy, now: datetime) -> Kind | None:
    """Return why an incident that goes on, and of which somebody heard, is told again."""
    severity = incident.severity
    repeat = policy.escalation.repeat_after(severity)
    heard = (at for as_bad, at in told.heard.items() if as_bad <= severity)
    is_due = not any(_is_within(repeat, at, now) for at in heard) or _has_lasted(incident.worse_since, now)
    if severity < told.severity and is_due:
        return "worse"
    names = {finding.fingerprint for finding in incident.findings}
    if names - told.fingerprints or _has_lasted(incident.milder_since, now):
        return "update"
    return "reminder" if repeat is not None and not _is_within(repeat, told.at, now) else None


def _has_lasted(since: datetime | None, now: datetime) -> bool:
    return since is not None and not _is_within(_SETTLES, since, now)


def _is_within(span: timedelta | None, since: datetime, now: datetime) -> bool:
    # A time in the future is a clock's that has been set right since.
    return span is None or timedelta(0) <= now - since < span
