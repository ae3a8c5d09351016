"""`Plan`: what is told to whom, decided by a pure function of incidents, generation and clock; never by a model.

SEV-1 and SEV-2 are told at once, SEV-3 in business hours, SEV-4 is only recorded. What is told once is told again when
it gets worse, when something is added, when its repeat time has passed, and when it is over. Who was paged at night
hears at night that it is better, and that it is over, where that was told.

What goes back and forth is told as often as what stays as bad: it is better, or as bad again as somebody has heard,
once it has been so for ten minutes, or when its repeat time has passed since. What was acknowledged is told only where
it gets worse than it was then, and when it is over. All is said at first and when it is worse; what follows is one
line, until the time for that has passed. Beyond the most messages of a cycle many incidents share one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.findings import Severity
    from hotagents_k8s_monitor.messages import Form
    from hotagents_k8s_monitor.policy import Expiring, Policy
    from hotagents_k8s_monitor.tracking import Ack, Book, Incident, Told

__all__ = ["Delivery", "Digest", "Kind", "Notice", "Plan", "deliveries", "is_settled", "plan", "remembered"]

Kind: TypeAlias = Literal[
    "alert",
    "worse",
    "update",
    "reminder",
    "flapping",
    "acknowledged",
    "resolved",
    "gone",
    "withdrawn",
    "muted",
]
_SETTLES: Final = timedelta(minutes=10)
_IN_FULL: Final = frozenset({"alert", "worse"})
_NOBODY: Final[Mapping[str, Ack]] = MappingProxyType({})
_OPERATIONS: Final[Severity] = "SEV-3"  # who hears that a known issue ends


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What is told of one incident.

    Attributes:
        kind: Why it is told.
        incident: What it is about, as it is now.
        channel: Where to, as the configuration names it; empty where it names none.
        contact: Whom to ask; empty where the configuration says nothing.
        other: Of an incident that has ended, the id of another one of its owner that goes on; empty for none.
        form: Whether all of it is said.
        audience: The severity whose channel that is.
        ack: The acknowledgement that is in force, or None.
        folded: Whether it is told in one message with others.
    """

    kind: Kind
    incident: Incident
    channel: str
    contact: str
    other: str = ""
    form: Form = "full"
    audience: Severity = "SEV-1"
    ack: Ack | None = None
    folded: bool = False

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
            "form": self.form,
            "folded": self.folded,
            "ack": self.ack.to_dict() if self.ack is not None else None,
        }


@final
@dataclass(frozen=True, slots=True)
class Digest:
    """Many incidents that share one message, the worst first; all for one channel."""

    deliveries: tuple[Delivery, ...]


@final
@dataclass(frozen=True, slots=True)
class Notice:
    """A known issue that soon ends, and where that is told."""

    issue: Expiring
    channel: str
    audience: Severity


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is told now.

    Attributes:
        deliveries: Of each incident; those that are folded are in a digest too.
        digests: What is told together.
        notices: Of known issues that soon end.
    """

    deliveries: tuple[Delivery, ...] = ()
    digests: tuple[Digest, ...] = ()
    notices: tuple[Notice, ...] = ()


def plan(
    incidents: Iterable[Incident],
    policy: Policy,
    now: datetime,
    *,
    acks: Mapping[str, Ack] = _NOBODY,
    warned: Collection[str] = frozenset(),
) -> Plan:
    """Return what is to be told now, worst first.

    Args:
        incidents: As they are now.
        policy: What the generation says.
        now: The time of the look.
        acks: Who has taken over what, by the incident's id; those that are over count no more.
        warned: Keys of known issues of which was told already that they end.
    """
    wanted, most = deliveries(incidents, policy, now, acks=acks), policy.escalation.most_messages
    singles, rest = wanted[:most], tuple(replace(delivery, folded=True) for delivery in wanted[most:])
    if len(rest) == 1:
        singles, rest = wanted, ()
    by_channel = sorted(rest, key=lambda delivery: delivery.channel)
    ending = (e for e in policy.expiring(now) if e.key not in warned and not policy.may_wait(now, e.until))
    return Plan(
        deliveries=(*singles, *rest),
        digests=tuple(Digest(tuple(some)) for _, some in groupby(by_channel, key=lambda delivery: delivery.channel)),
        notices=tuple(Notice(issue, policy.channel(_OPERATIONS), _OPERATIONS) for issue in ending),
    )


def deliveries(
    incidents: Iterable[Incident], policy: Policy, now: datetime, *, acks: Mapping[str, Ack] = _NOBODY
) -> tuple[Delivery, ...]:
    """Return what is to be told of each incident now, worst first."""
    incidents = tuple(incidents)
    in_force = {name: ack for name, ack in acks.items() if now < ack.until}
    told = ((incident, _kind(incident, policy, now, in_force.get(incident.id))) for incident in incidents)
    open_ones = {incident.owner: incident.id for incident in incidents if incident.end is None}
    return tuple(
        Delivery(
            kind=kind,
            incident=incident,
            channel=policy.channel(_heard_as(incident)),
            contact=policy.contact(incident.findings[0].tier),
            other=open_ones.get(incident.owner, "") if incident.end is not None else "",
            form="full" if kind in _IN_FULL or _is_full_again(incident, policy, now) else "brief",
            audience=_heard_as(incident),
            ack=in_force.get(incident.id),
        )
        for incident, kind in sorted(told, key=lambda pair: (pair[0].severity, pair[0].id))
        if kind is not None
    )


def remembered(book: Book, plan: Plan, policy: Policy, now: datetime) -> Book:
    """Return the book once a plan is as good as told, without the incidents that ended and need no more telling."""
    for delivery in plan.deliveries:
        acked = delivery.ack.at if delivery.ack is not None else None
        book = book.told(delivery.incident, now, in_full=delivery.form == "full", acked=acked)
    left = {name: incident for name, incident in book.incidents.items() if not is_settled(incident)}
    ending = {issue.key for issue in policy.expiring(now)}
    warned = (book.warned & ending) | {notice.issue.key for notice in plan.notices}
    return replace(book, incidents=MappingProxyType(left), warned=frozenset(warned))


def is_settled(incident: Incident) -> bool:
    """Say whether an incident has ended and nobody needs to hear of it, since nobody heard that it began."""
    return incident.end is not None and incident.told is None


def _kind(incident: Incident, policy: Policy, now: datetime, ack: Ack | None) -> Kind | None:
    """Return why an incident is to be told now, or None."""
    told = incident.told
    if _heard_as(incident) == "SEV-3" and not policy.in_business_hours(now):
        return None
    if told is None:
        return "alert" if incident.end is None and incident.severity != "SEV-4" else None
    return incident.end or _going_on(incident, told, policy, now, ack)


def _heard_as(incident: Incident) -> Severity:
    """Return the severity that decides where and at which hours an incident is told: that of those who heard of it."""
    told = incident.told
    if told is None:
        return incident.severity
    return told.worst if incident.end is not None else min(incident.severity, told.severity)


def _going_on(incident: Incident, told: Told, policy: Policy, now: datetime, ack: Ack | None) -> Kind | None:
    """Return why an incident that goes on, and of which somebody heard, is told again."""
    severity = incident.severity
    repeat = policy.escalation.repeat_after(severity)
    heard = (at for as_bad, at in told.heard.items() if as_bad <= severity)
    is_due = not any(_is_within(repeat, at, now) for at in heard) or _has_lasted(incident.worse_since, now)
    if severity < told.severity and is_due and (ack is None or severity < ack.severity):
        return "worse"
    if ack is not None:
        return "acknowledged" if told.acked != ack.at else None
    if incident.flapping and not told.flapping:
        return "flapping"
    if incident.fingerprints - told.fingerprints or _has_lasted(incident.milder_since, now):
        return "update"
    return "reminder" if repeat is not None and not _is_within(repeat, told.at, now) else None


def _is_full_again(incident: Incident, policy: Policy, now: datetime) -> bool:
    """Say whether all of what goes on is to be said again, since that was long ago."""
    if incident.end is not None:
        return False
    full_at = incident.told.full_at if incident.told is not None else None
    return full_at is None or not _is_within(policy.escalation.full_after, full_at, now)


def _has_lasted(since: datetime | None, now: datetime) -> bool:
    return since is not None and not _is_within(_SETTLES, since, now)


def _is_within(span: timedelta | None, since: datetime, now: datetime) -> bool:
    # A time in the future is a clock's that has been set right since.
    return span is None or timedelta(0) <= now - since < span
