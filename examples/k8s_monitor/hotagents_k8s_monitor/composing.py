"""`messages_of`: a plan in words. What a model had to add is put beside them here, after all was decided."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hotagents import escape
from hotagents_k8s_monitor.findings import SEVERITIES, cut, worst
from hotagents_k8s_monitor.messages import MOST_LINES, Line, Message
from hotagents_k8s_monitor.policy import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from hotagents import Generation
    from hotagents_k8s_monitor.delivery import Delivery, Digest, Notice, Plan
    from hotagents_k8s_monitor.incidents import Ack, Incident
    from hotagents_k8s_monitor.judging import Finding
    from hotagents_k8s_monitor.messages import MessageKind
    from hotagents_k8s_monitor.policy import Policy

__all__ = ["lasts", "messages_of", "status_of"]

_LONGEST: Final = 300
_LONGEST_ANNOTATION: Final = 1500
_FLAPS: Final = "it comes and goes, at least 4 changes within an hour; until it has settled this is not told each time"
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def messages_of(
    plan: Plan,
    policy: Policy,
    generation: Generation[Any],
    now: datetime,
    *,
    annotations: Mapping[str, str] = _NONE,
    unanalysed: Mapping[str, str] = _NONE,
) -> tuple[Message, ...]:
    """Return what is sent: one message a delivery that is not folded, one a digest, one a notice.

    Args:
        plan: What is told.
        policy: What the generation says.
        generation: What decided it.
        now: When.
        annotations: What a model said about incidents, by id; untrusted, and shown as what it is.
        unanalysed: Why a model said nothing about others, by id; empty where it is only not at it yet.
    """
    composing = _Composing(policy, generation, now, annotations, unanalysed)
    singles = [composing.of(delivery) for delivery in plan.deliveries if not delivery.folded]
    digests = [composing.digest(digest, number) for number, digest in enumerate(plan.digests, 1)]
    return (*singles, *digests, *(composing.notice(notice) for notice in plan.notices))


def status_of(
    incident: Incident,
    policy: Policy,
    generation: Generation[Any],
    now: datetime,
    *,
    annotations: Mapping[str, str] = _NONE,
    unanalysed: Mapping[str, str] = _NONE,
) -> Message:
    """Return an incident as it is now, for a channel that keeps one text of it up to date; see `messages_of`."""
    return _Composing(policy, generation, now, annotations, unanalysed).status(incident)


def lasts(message: Message, now: datetime) -> str:
    """Return for how long it is, or was, so: ``1h30m``; empty for what has no beginning."""
    if message.since is None:
        return ""
    return shown((message.ended_at or now) - message.since)


class _Composing:
    def __init__(
        self,
        policy: Policy,
        generation: Generation[Any],
        now: datetime,
        annotations: Mapping[str, str],
        unanalysed: Mapping[str, str],
    ) -> None:
        self._annotations = annotations
        self._unanalysed = unanalysed
        self._policy = policy
        self._now = now
        self._same: dict[str, Any] = {
            "at": now,
            "cluster": escape(policy.context.cluster, limit=_LONGEST),
            "generation": generation.number,
            "digest": generation.digest,
        }

    def of(self, delivery: Delivery) -> Message:
        told = delivery.incident.told
        return self._about(
            delivery.incident,
            kind=delivery.kind,
            form=delivery.form,
            number=told.number + 1 if told is not None else 1,
            audience=delivery.audience,
            channel=escape(delivery.channel, limit=_LONGEST),
            contact=escape(delivery.contact, limit=_LONGEST),
            other=delivery.other,
            note=self._note(delivery),
        )

    def status(self, incident: Incident) -> Message:
        heard_as = min(incident.severity, incident.told.severity) if incident.told is not None else incident.severity
        return self._about(
            incident,
            kind="status",
            form="full",
            number=0,
            audience=heard_as,
            channel=escape(self._policy.channel(heard_as), limit=_LONGEST),
            contact=escape(self._policy.contact(incident.findings[0].tier), limit=_LONGEST),
            note=self._without_analysis(incident),
        )

    def digest(self, digest: Digest, number: int) -> Message:
        found = digest.deliveries
        severity = worst(delivery.incident.severity for delivery in found)
        counted = {name: sum(delivery.incident.severity == name for delivery in found) for name in SEVERITIES}
        title = f"and {len(found)} more: {', '.join(f'{count} {name}' for name, count in counted.items() if count)}"
        return Message(
            thread=f"digest-{self._now:%Y%m%dT%H%M%S.%fZ}-{number}",
            number=1,
            kind="digest",
            form="full",
            severity=severity,
            audience=min(delivery.audience for delivery in found),
            title=title,
            lines=tuple(_summed(delivery) for delivery in found[:MOST_LINES]),
            more=max(0, len(found) - MOST_LINES),
            channel=escape(found[0].channel, limit=_LONGEST),
            note="; ".join(dict.fromkeys(filter(None, (self._without_analysis(each.incident) for each in found)))),
            **self._same,
        )

    def notice(self, notice: Notice) -> Message:
        issue = notice.issue
        return Message(
            thread=f"known-issue-{issue.key}",
            number=1,
            kind="expiring",
            form="full",
            severity="SEV-4",
            audience=notice.audience,
            title=escape(f"known issue ends at {issue.until:%Y-%m-%d %H:%M %Z}: {issue.about}", limit=_LONGEST),
            channel=escape(notice.channel, limit=_LONGEST),
            note=escape(f"{issue.reason}; after that it is told as any other", limit=_LONGEST),
            **self._same,
        )

    def _about(self, incident: Incident, *, kind: MessageKind, **more: Any) -> Message:
        own = [finding for finding in incident.findings if finding.owner == incident.owner]
        following = [finding for finding in incident.findings if finding.owner != incident.owner]
        first = (own or following)[0]
        ordered = [*own, *following]
        return Message(
            kind=kind,
            thread=incident.id,
            severity=incident.severity,
            owner=incident.owner,
            title=f"{incident.owner} ({first.tier}, {first.impact})",
            since=incident.since,
            ended_at=incident.ended_at,
            lines=tuple(_line(finding, incident) for finding in ordered[:MOST_LINES]),
            more=max(0, len(ordered) - MOST_LINES),
            annotation=escape(self._annotations.get(incident.id, ""), limit=_LONGEST_ANNOTATION),
            **more,
            **self._same,
        )

    def _note(self, delivery: Delivery) -> str:
        parts = [
            _acked(delivery.ack, self._policy) if delivery.ack is not None else "",
            _FLAPS if delivery.kind == "flapping" else "",
            self._without_analysis(delivery.incident),
        ]
        return "; ".join(part for part in parts if part)

    def _without_analysis(self, incident: Incident) -> str:
        return "" if incident.end is not None else self._unanalysed.get(incident.id, "")


def _acked(ack: Ack, policy: Policy) -> str:
    until = policy.context.local(ack.until)
    reason = f": {ack.reason}" if ack.reason else ""
    return escape(f"acknowledged by {ack.by} until {until:%Y-%m-%d %H:%M %Z}{reason}", limit=_LONGEST)


def _line(finding: Finding, incident: Incident) -> Line:
    whose = "" if finding.owner == incident.owner else f"{finding.owner}: "
    return Line(
        fingerprint=finding.fingerprint,
        rule=finding.rule,
        owner=finding.owner,
        severity=finding.severity,
        tier=finding.tier,
        impact=finding.impact,
        since=finding.since,
        text=cut(whose + finding.message, 2 * _LONGEST),
    )


def _summed(delivery: Delivery) -> Line:
    incident = delivery.incident
    first = incident.findings[0]
    return Line(
        fingerprint="",
        rule=delivery.kind,
        owner=incident.owner,
        severity=incident.severity,
        tier=first.tier,
        impact=first.impact,
        since=incident.since,
        text=cut(f"{incident.owner}: {first.rule}: {first.message}; incident {incident.id}", 2 * _LONGEST),
    )
