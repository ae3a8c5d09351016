"""`Book`: what the monitor remembers between two looks; `advance` turns one page, as a pure function.

A fault is *pending* until it has lasted for its hold time, then *open*. It is *resolved* when looks could have seen it
and did not for half a minute, and *withdrawn* when the configuration no longer has anything to say about it. A look
that could not see what a rule needs changes nothing: silence is no proof.

What one owner suffers from at a time is one *incident*, which ends with its last open finding; it is *gone*, and not
resolved, where its owner is no longer there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final

from hotagents_k8s_monitor.findings import fingerprint, worst
from hotagents_k8s_monitor.judging import Tracked, judge
from hotagents_k8s_monitor.rules import RULES, detect
from hotagents_k8s_monitor.rules.owners import is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.findings import Owner, Severity
    from hotagents_k8s_monitor.judging import Finding
    from hotagents_k8s_monitor.policy import Policy
    from hotagents_k8s_monitor.rules import Detection

__all__ = ["Book", "End", "Event", "Incident", "Told", "Tracked", "advance"]

End: TypeAlias = Literal["resolved", "gone", "withdrawn", "muted"]
_SETTLES: Final = timedelta(seconds=30)  # an edit makes a look follow at once, which proves nothing


@final
@dataclass(frozen=True, slots=True)
class Told:
    """What was last told about an incident: when, as how bad, about which fingerprints; and the worst that ever was."""

    at: datetime
    severity: Severity
    fingerprints: frozenset[str]
    worst: Severity


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
        end: How it ended, or None while it goes on. One that ended stays until that was told.
    """

    id: str
    owner: Owner
    opened_at: datetime
    findings: tuple[Finding, ...]
    told: Told | None = None
    end: End | None = None

    @property
    def severity(self) -> Severity:
        """How bad it is: its worst finding."""
        return worst(finding.severity for finding in self.findings)


@final
@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an incident at one look."""

    incident: str
    what: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """All that is remembered, immutable.

    Attributes:
        cluster: What the configuration calls the cluster, for people who read it; empty before the first look.
        tracked: Faults by fingerprint.
        incidents: By id, in the order of their beginning.
    """

    cluster: str = ""
    tracked: Mapping[str, Tracked] = field(default_factory=lambda: MappingProxyType({}))
    incidents: Mapping[str, Incident] = field(default_factory=lambda: MappingProxyType({}))

    def told(self, incident: Incident, at: datetime) -> Book:
        """Return the book after an incident was told as it is; one that has ended is struck out."""
        incidents = dict(self.incidents)
        if incident.end is not None:
            incidents.pop(incident.id, None)
        else:
            names = frozenset(finding.fingerprint for finding in incident.findings)
            ever = worst([incident.severity, *([incident.told.worst] if incident.told is not None else [])])
            incidents[incident.id] = replace(incident, told=Told(at, incident.severity, names, ever))
        return replace(self, incidents=MappingProxyType(incidents))


def advance(book: Book, snapshot: Snapshot, policy: Policy, now: datetime) -> tuple[Book, tuple[Event, ...]]:
    """Return the book after a look, and what happened to incidents by it."""
    detection, before = detect(snapshot), book.tracked
    findings = judge(detection.signals, policy, before=before, now=now)
    tracked = {finding.fingerprint: _seen(finding, before.get(finding.fingerprint), now) for finding in findings}
    signalled = {fingerprint(signal.owner, signal.rule) for signal in detection.signals}
    withdrawn: set[str] = set()
    for name, old in before.items():
        if name in tracked:
            continue
        if name in signalled or not _is_watched(old, policy):
            withdrawn.add(name)
        elif (kept := _unseen(old, detection, policy, now)) is not None:
            tracked[name] = kept
    gone = frozenset(i.owner for i in book.incidents.values() if is_gone(i.owner, snapshot))
    incidents, events = _incidents(book.incidents, tracked, withdrawn, gone, now)
    cluster = policy.context.cluster
    page = Book(cluster=cluster, tracked=MappingProxyType(tracked), incidents=MappingProxyType(incidents))
    return page, tuple(events)


def _seen(finding: Finding, old: Tracked | None, now: datetime) -> Tracked:
    earlier = old.opened_at if old is not None else None
    # What is open stays so while it is seen: only a longer hold time closes it, and no clock that was set back.
    stays = old is not None and earlier is not None and finding.hold <= old.finding.hold
    opened_at = (earlier or now) if stays or now >= finding.due else None
    # Not later than now: a clock that was ahead and has been set right must not hold a fault back until then.
    first_seen = min(old.first_seen, now) if old is not None else now
    return Tracked(finding=finding, first_seen=first_seen, opened_at=opened_at)


def _unseen(old: Tracked, detection: Detection, policy: Policy, now: datetime) -> Tracked | None:
    """Return what becomes of a fault that was not seen; None once two looks prove that it is over."""
    rule, owner = old.finding.rule, old.finding.owner
    finding = replace(old.finding, muted=policy.muted(rule, owner, now))
    if rule in detection.unsure:
        return replace(old, finding=finding, unsure=True)
    if (owner, rule) in detection.lingering:
        return replace(old, finding=finding, absent_since=None, unsure=False)
    since = min(old.absent_since or now, now)
    begins_anew = old.opened_at is None and RULES[rule].consecutive
    if begins_anew or now - since >= _SETTLES:
        return None
    return replace(old, finding=finding, absent_since=since, unsure=False)


def _is_watched(old: Tracked, policy: Policy) -> bool:
    rule = RULES.get(old.finding.rule)
    return rule is not None and policy.looks_at(rule, old.finding.owner)


def _incidents(
    before: Mapping[str, Incident],
    tracked: Mapping[str, Tracked],
    withdrawn: set[str],
    gone: frozenset[Owner],
    now: datetime,
) -> tuple[dict[str, Incident], list[Event]]:
    """Return the incidents after a look, and what happened to them."""
    counting: dict[Owner, list[Finding]] = {}
    for item in tracked.values():
        if item.counts:
            counting.setdefault(item.finding.owner, []).append(item.finding)
    incidents: dict[str, Incident] = {}
    events: list[Event] = []
    for old in before.values():
        if old.end is None and (findings := counting.pop(old.owner, None)) is not None:
            incidents[old.id] = replace(old, findings=_worst_first(findings))
        else:
            incidents[old.id] = replace(old, end=old.end or _end(old, tracked, withdrawn, gone))
        events += _happened(old, incidents[old.id])
    for owner, findings in sorted(counting.items()):
        new = Incident(id=_id(findings[0], now), owner=owner, opened_at=now, findings=_worst_first(findings))
        incidents[new.id] = new
        events += [Event(new.id, f"opened: {finding.rule}: {finding.severity}") for finding in new.findings]
    return incidents, events


def _end(old: Incident, tracked: Mapping[str, Tracked], withdrawn: set[str], gone: frozenset[Owner]) -> End:
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


def _id(finding: Finding, now: datetime) -> str:
    """The time of the beginning, so that names sort by it, and a fingerprint, so that two never meet."""
    return f"{now:%Y%m%dT%H%M%S.%fZ}-{finding.fingerprint[:8]}"
