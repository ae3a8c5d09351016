"""`Incident`: what one owner suffers from at a time; `turned` says what a look made of all of them.

It ends with its last open finding, and is *gone*, and not resolved, where its owner is no longer there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, final

from hotagents_k8s_monitor.findings import worst

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.findings import Owner, Severity
    from hotagents_k8s_monitor.judging import Finding, Tracked

__all__ = ["End", "Event", "Incident", "Told", "turned"]

End: TypeAlias = Literal["resolved", "gone", "withdrawn", "muted"]


@final
@dataclass(frozen=True, slots=True)
class Told:
    """What was told about an incident.

    Attributes:
        at: When it was told last.
        severity: As how bad it was told last.
        fingerprints: About which findings it was told last.
        heard: When it was last told as how bad; of each severity that it was ever told as.
    """

    at: datetime
    severity: Severity
    fingerprints: frozenset[str]
    heard: Mapping[Severity, datetime]

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

    @property
    def severity(self) -> Severity:
        """How bad it is: its worst finding."""
        return worst(finding.severity for finding in self.findings)

    def after_telling(self, at: datetime) -> Incident:
        """Return it after it was told as it is."""
        names = frozenset(finding.fingerprint for finding in self.findings)
        heard = {**(self.told.heard if self.told is not None else {}), self.severity: at}
        return replace(
            self, told=Told(at, self.severity, names, MappingProxyType(heard)), milder_since=None, worse_since=None
        )


@final
@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an incident at one look."""

    incident: str
    what: str


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
    for item in tracked.values():
        if item.counts:
            counting.setdefault(item.finding.owner, []).append(item.finding)
    incidents: dict[str, Incident] = {}
    events: list[Event] = []
    for old in before.values():
        if old.end is None and (findings := counting.pop(old.owner, None)) is not None:
            incidents[old.id] = _going_on(replace(old, findings=_worst_first(findings)), now)
        else:
            end = old.end or _end(old, tracked, withdrawn, gone)
            incidents[old.id] = replace(old, end=end, ended_at=old.ended_at or now)
        events += _happened(old, incidents[old.id])
    for owner, findings in sorted(counting.items()):
        new = Incident(id=_id(findings[0], now), owner=owner, opened_at=now, findings=_worst_first(findings))
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


def _id(finding: Finding, now: datetime) -> str:
    """The time of the beginning, so that names sort by it, and a fingerprint, so that two never meet."""
    return f"{now:%Y%m%dT%H%M%S.%fZ}-{finding.fingerprint[:8]}"
