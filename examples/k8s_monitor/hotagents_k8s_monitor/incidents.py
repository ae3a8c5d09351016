"""`Incident`: what one owner suffers from at a time; `turned` says what a look made of all of them.

It ends with its last open finding, and is *gone*, and not resolved, where its owner is no longer there. What a node
that is down brings along is a part of the node's incident, which is as bad as the worst of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, final

from hotagents_k8s_monitor.findings import worst

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.findings import Owner, Severity
    from hotagents_k8s_monitor.judging import Finding, Tracked

__all__ = ["Ack", "End", "Event", "Incident", "Told", "turned"]

End: TypeAlias = Literal["resolved", "gone", "withdrawn", "muted"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """Somebody has taken an incident over: until then it is told again only where it gets worse, and when it is over.

    Attributes:
        incident: Its id.
        by: Who, as they say.
        reason: Why, as they say; may be empty.
        at: When.
        until: When this ends by itself.
        severity: How bad it was then.
    """

    incident: str
    by: str
    reason: str
    at: datetime
    until: datetime
    severity: Severity

    def to_dict(self) -> dict[str, str]:
        """Return JSON-ready values."""
        return {
            "incident": self.incident,
            "by": self.by,
            "reason": self.reason,
            "at": self.at.isoformat(),
            "until": self.until.isoformat(),
            "severity": self.severity,
        }


@final
@dataclass(frozen=True, slots=True)
class Told:
    """What was told about an incident.

    Attributes:
        at: When it was told last.
        severity: As how bad it was told last.
        fingerprints: About which findings it was told last.
        heard: When it was last told as how bad; of each severity that it was ever told as.
        full_at: When it was last told in full; None where that was before this was kept.
        number: How often it was told.
        flapping: Whether it was told that it is flapping.
        acked: When the acknowledgement was given that was told last, or None.
    """

    at: datetime
    severity: Severity
    fingerprints: frozenset[str]
    heard: Mapping[Severity, datetime]
    full_at: datetime | None = None
    number: int = 1
    flapping: bool = False
    acked: datetime | None = None

    @property
    def worst(self) -> Severity:
        """The worst that it was ever told as."""
        return worst(self.heard)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What one owner suffers from.

    Attributes:
        id: Unique; sorts by the time of its beginning.
        owner: Who suffers.
        opened_at: When it began to count.
        findings: Those that count, worst first; at its end, those that did last.
        told: What was told last, or None.
        milder_since: Since when it is milder than it was told; None where it is not.
        worse_since: Since when it is worse than it was told; None where it is not.
        end: How it ended, or None while it goes on. One that ended stays until that was told.
        ended_at: When it ended, or None.
        flapping: Whether something of it comes and goes.
    """

    id: str
    owner: Owner
    opened_at: datetime
    findings: tuple[Finding, ...]
    told: Told | None = None
    milder_since: datetime | None = None
    worse_since: datetime | None = None
    end: End | None = None
    ended_at: datetime | None = None
    flapping: bool = False

    @property
    def severity(self) -> Severity:
        """How bad it is: its worst finding."""
        return worst(finding.severity for finding in self.findings)

    @property
    def since(self) -> datetime:
        """When the first of its faults began."""
        return min(finding.since for finding in self.findings)

    @property
    def fingerprints(self) -> frozenset[str]:
        """Of its findings."""
        return frozenset(finding.fingerprint for finding in self.findings)

    def after_telling(self, at: datetime, *, in_full: bool = True, acked: datetime | None = None) -> Incident:
        """Return it after it was told as it is.

        Args:
            at: When.
            in_full: Whether all of it was said.
            acked: When the acknowledgement was given that was said with it, if one was.
        """
        before = self.told
        heard = {**(before.heard if before is not None else {}), self.severity: at}
        told = Told(
            at=at,
            severity=self.severity,
            fingerprints=self.fingerprints,
            heard=MappingProxyType(heard),
            full_at=at if in_full or before is None else before.full_at,
            number=before.number + 1 if before is not None else 1,
            flapping=self.flapping,
            acked=acked or (before.acked if before is not None else None),
        )
        return replace(self, told=told, milder_since=None, worse_since=None)


@final
@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an incident at one look.

    Attributes:
        incident: Its id.
        what: In words.
        remark: What a model said of it, JSON-ready; empty where it is something else that happened.
    """

    incident: str
    what: str
    remark: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def turned(
    before: Mapping[str, Incident],
    tracked: Mapping[str, Tracked],
    *,
    withdrawn: Collection[str],
    gone: Collection[Owner],
    now: datetime,
) -> tuple[dict[str, Incident], list[Event]]:
    """Return the incidents after a look, and what happened to them.

    Args:
        before: The incidents before it, by id.
        tracked: Faults by fingerprint, after it.
        withdrawn: Fingerprints of which nothing is to be said any more.
        gone: Owners that are there no more.
        now: The time of the look.
    """
    counting: dict[Owner, list[Finding]] = {}
    flapping: set[Owner] = set()
    for item in tracked.values():
        if item.counts:
            counting.setdefault(item.home, []).append(item.finding)
            flapping |= {item.home} if item.flapping else set()
    incidents: dict[str, Incident] = {}
    events: list[Event] = []
    for old in before.values():
        if old.end is None and (findings := counting.pop(old.owner, None)) is not None:
            now_so = replace(old, findings=_worst_first(findings), flapping=old.owner in flapping)
            incidents[old.id] = _going_on(now_so, now)
        else:
            end = old.end or _end(old, tracked, withdrawn, gone)
            incidents[old.id] = replace(old, end=end, ended_at=old.ended_at or now)
        events += _happened(old, incidents[old.id])
    for owner, findings in sorted(counting.items()):
        worst_first = _worst_first(findings)
        name = _id(owner, worst_first, now)
        new = Incident(id=name, owner=owner, opened_at=now, findings=worst_first, flapping=owner in flapping)
        incidents[new.id] = new
        events += [Event(new.id, f"opened: {finding.rule}: {finding.severity}") for finding in new.findings]
    return incidents, events


def _going_on(incident: Incident, now: datetime) -> Incident:
    told = incident.told
    is_milder = told is not None and incident.severity > told.severity
    is_worse = told is not None and incident.severity < told.severity
    return replace(
        incident,
        milder_since=min(incident.milder_since or now, now) if is_milder else None,
        worse_since=min(incident.worse_since or now, now) if is_worse else None,
    )


def _end(old: Incident, tracked: Mapping[str, Tracked], withdrawn: Collection[str], gone: Collection[Owner]) -> End:
    names = [finding.fingerprint for finding in old.findings]
    if any(name in tracked and tracked[name].finding.muted is not None for name in names):
        return "muted"
    if any(name in withdrawn or name in tracked for name in names):
        return "withdrawn"
    return "gone" if old.owner in gone else "resolved"


def _happened(old: Incident, new: Incident) -> Iterator[Event]:
    if new.end is not None:
        if old.end is None:
            yield Event(new.id, new.end)
        return
    before = {finding.fingerprint: finding for finding in old.findings}
    after = {finding.fingerprint: finding for finding in new.findings}
    for name, finding in after.items():
        if name not in before:
            yield Event(new.id, f"opened: {finding.rule}: {finding.severity}")
        elif before[name].severity != finding.severity:
            yield Event(new.id, f"{finding.rule}: {before[name].severity} became {finding.severity}")
    yield from (Event(new.id, f"over: {finding.rule}") for name, finding in before.items() if name not in after)


def _worst_first(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (finding.severity, finding.rule)))


def _id(owner: Owner, findings: tuple[Finding, ...], now: datetime) -> str:
    """The time of the beginning, so that names sort by it, and a fingerprint, so that two never meet."""
    own = next((finding for finding in findings if finding.owner == owner), findings[0])
    return f"{now:%Y%m%dT%H%M%S.%fZ}-{own.fingerprint[:8]}"
