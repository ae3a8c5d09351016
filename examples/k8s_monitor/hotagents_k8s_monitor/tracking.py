"""`Book`: what the monitor remembers between two looks; `advance` turns one page, as a pure function.

A fault is *pending* until it has lasted for its hold time, then *open*. It is *resolved* when looks could have seen it
and did not for half a minute, and *withdrawn* when the configuration no longer has anything to say about it. A look
that could not see what a rule needs changes nothing: silence is no proof. Nothing is remembered for ever, though: what
no look could see for an hour while it is pending, or for a week while it is open, is withdrawn too.

A container that falls again and again is one fault: while `container-waiting` sees it, `restart-burst` does not begin.

What came and went twice within an hour is *flapping*: it stays open until less than that has happened within the last
hour, so that it is told as that and not each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from hotagents_k8s_monitor.cluster.restarts import Restarts
from hotagents_k8s_monitor.findings import fingerprint
from hotagents_k8s_monitor.incidents import Ack, End, Event, Incident, Told, turned
from hotagents_k8s_monitor.judging import Tracked, judge
from hotagents_k8s_monitor.noise import HOUR, homed, is_flapping
from hotagents_k8s_monitor.rules import RULES, detect
from hotagents_k8s_monitor.rules.owners import is_gone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.judging import Finding
    from hotagents_k8s_monitor.policy import Policy
    from hotagents_k8s_monitor.rules import Detection

__all__ = ["Ack", "Book", "End", "Event", "Incident", "Told", "Tracked", "advance"]

_SETTLES: Final = timedelta(seconds=30)  # an edit makes a look follow at once, which proves nothing
_PENDING_LASTS: Final = timedelta(hours=1)  # unseen; what was there a day ago must not open at once for that
_OPEN_LASTS: Final = timedelta(days=7)
_SAID_BY: Final = {"restart-burst": "container-waiting"}  # the same fault, seen by its number


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """All that is remembered, immutable.

    Attributes:
        cluster: What the configuration calls the cluster, for people who read it; empty before the first look.
        tracked: Faults by fingerprint.
        incidents: By id, in the order of their beginning.
        changes: When faults came and went within the last hour, by fingerprint.
        warned: Known issues of which was told that they soon end, by `hotagents_k8s_monitor.policy.Expiring.key`.
        restarts: When containers were started anew.
    """

    cluster: str = ""
    tracked: Mapping[str, Tracked] = field(default_factory=lambda: MappingProxyType({}))
    incidents: Mapping[str, Incident] = field(default_factory=lambda: MappingProxyType({}))
    changes: Mapping[str, tuple[datetime, ...]] = field(default_factory=lambda: MappingProxyType({}))
    warned: frozenset[str] = frozenset()
    restarts: Restarts = field(default_factory=Restarts)

    def resumed(self) -> Book:
        """Return it as a monitor that begins anew takes it over."""
        anew = {name: replace(item, unsure_since=None) for name, item in self.tracked.items()}
        return replace(self, tracked=MappingProxyType(anew))

    def told(self, incident: Incident, at: datetime, *, in_full: bool = True, acked: datetime | None = None) -> Book:
        """Return the book after an incident was told as it is; one that has ended is struck out."""
        incidents = dict(self.incidents)
        if incident.end is not None:
            incidents.pop(incident.id, None)
        else:
            incidents[incident.id] = incident.after_telling(at, in_full=in_full, acked=acked)
        return replace(self, incidents=MappingProxyType(incidents))


def advance(book: Book, snapshot: Snapshot, policy: Policy, now: datetime) -> tuple[Book, tuple[Event, ...]]:
    """Return the book after a look, and what happened to incidents by it."""
    seen = replace(snapshot, taken_at=now)  # what lasts is judged by one clock, the one of all that is remembered
    restarts = book.restarts.after(seen)
    snapshot = replace(seen, restarts=restarts)
    turning = _Turning(book, snapshot, policy, now)
    tracked = MappingProxyType(homed(turning.tracked(), book.tracked, snapshot, now))
    gone = frozenset(i.owner for i in book.incidents.values() if is_gone(i.owner, snapshot))
    incidents, events = turned(book.incidents, tracked, withdrawn=turning.withdrawn, gone=gone, now=now)
    page = Book(
        cluster=policy.context.cluster,
        tracked=tracked,
        incidents=MappingProxyType(incidents),
        changes=MappingProxyType({name: tuple(times) for name, times in turning.changes.items() if times}),
        warned=book.warned,
        restarts=restarts,
    )
    return page, tuple(events)


@final
class _Turning:
    """What one look makes of each fault.

    Attributes:
        withdrawn: Fingerprints of which nothing is to be said any more.
        changes: As of `Book`, this look's included.
    """

    def __init__(self, book: Book, snapshot: Snapshot, policy: Policy, now: datetime) -> None:
        self._before = book.tracked
        self._snapshot = snapshot
        self._policy = policy
        self._now = now
        self._detection = detect(snapshot, rules=policy.analyzer.applied())
        self.withdrawn: set[str] = set()
        self.changes = {name: [t for t in times if _is_recent(t, now)] for name, times in book.changes.items()}

    def tracked(self) -> dict[str, Tracked]:
        """Return the faults after the look; called once."""
        signals, before, now = self._detection.signals, self._before, self._now
        findings = judge(signals, self._policy, before=before, now=now)
        seen = {finding.fingerprint for finding in findings if finding.muted is None}
        new = [finding for finding in findings if not self._is_said(finding, seen)]
        tracked = {finding.fingerprint: self._seen(finding, before.get(finding.fingerprint)) for finding in new}
        tolerated = {fingerprint(signal.owner, signal.rule) for signal in signals} - tracked.keys()
        for name, old in before.items():
            if name in tracked:
                continue
            left = self._left(name, old, is_tolerated=name in tolerated)
            if not _is_watched(old, self._policy) or _is_lost(left, now):
                self.withdrawn.add(name)
            elif left is not None:
                muted = self._policy.muted(old.finding.rule, old.finding.owner, now)
                tracked[name] = replace(left, finding=replace(old.finding, muted=muted))
        return tracked

    def _is_said(self, finding: Finding, seen: Collection[str]) -> bool:
        """Say whether another rule's finding, which is there already, says all that one that would begin could say."""
        old, other = self._before.get(finding.fingerprint), _SAID_BY.get(finding.rule)
        if other is None or (old is not None and old.opened_at is not None):
            return False
        name = fingerprint(finding.owner, other)
        lingers = name in self._before and (finding.owner, other) in self._detection.lingering
        return name in seen or (lingers and self._before[name].finding.muted is None)

    def _seen(self, finding: Finding, old: Tracked | None) -> Tracked:
        now, name = self._now, finding.fingerprint
        earlier = old.opened_at if old is not None else None
        # What is open stays so while it is seen: only a longer hold time closes it, and no clock that was set back.
        stays = old is not None and earlier is not None and finding.hold <= old.finding.hold
        opened_at = (earlier or now) if stays or now >= finding.due else None
        if opened_at is not None and (earlier is None or (old is not None and old.away)):
            self._changed(name)
        is_worse = old is not None and earlier is not None and finding.severity < old.finding.severity
        return Tracked(
            finding=finding,
            # Not later than now: a clock that was ahead and has been set right must not hold a fault back until then.
            first_seen=min(old.first_seen, now) if old is not None else now,
            opened_at=opened_at,
            last_seen=now,
            worse_at=now if is_worse else old.worse_at if old is not None else None,
            flapping=opened_at is not None and is_flapping(self.changes.get(name, ()), now),
        )

    def _left(self, name: str, old: Tracked, *, is_tolerated: bool) -> Tracked | None:
        """Return what becomes of a fault that was not seen; None once two looks prove that it is over."""
        owner_is_gone = is_gone(old.finding.owner, self._snapshot)
        is_seen_well = is_tolerated or owner_is_gone
        left = _absent(old, self._now) if is_seen_well else _unseen(old, self._detection, self._now)
        if left is not None or old.opened_at is None:
            return left
        if not old.away:
            self._changed(name)
        if owner_is_gone or not is_flapping(self.changes.get(name, ()), self._now):
            return None
        return replace(old, absent_since=old.absent_since or self._now, unsure_since=None, flapping=True, away=True)

    def _changed(self, name: str) -> None:
        self.changes.setdefault(name, []).append(self._now)


def _is_recent(at: datetime, now: datetime) -> bool:
    return timedelta(0) <= now - at < HOUR  # one in the future is a clock's that has been set right since


def _unseen(old: Tracked, detection: Detection, now: datetime) -> Tracked | None:
    """Return what becomes of a fault that was not seen; None once two looks prove that it is over."""
    rule, owner = old.finding.rule, old.finding.owner
    if rule in RULES and detection.is_unsure(owner, RULES[rule]):
        return replace(old, unsure_since=min(old.unsure_since or now, now))
    if (owner, rule) in detection.lingering:
        return replace(old, absent_since=None, unsure_since=None)
    return _absent(old, now)


def _absent(old: Tracked, now: datetime) -> Tracked | None:
    since = min(old.absent_since or now, now)
    rule = RULES.get(old.finding.rule)
    begins_anew = old.opened_at is None and rule is not None and rule.consecutive
    over = begins_anew or now - since >= _SETTLES
    return None if over else replace(old, absent_since=since, unsure_since=None)


def _is_watched(old: Tracked, policy: Policy) -> bool:
    """Say whether the configuration has anything to say about a fault, as it was seen last."""
    finding, rule = old.finding, RULES.get(old.finding.rule)
    if rule is None or not policy.looks_at(rule, finding.owner):
        return False
    _, service = policy.tier_of(finding.owner)
    return service is None or not service.tolerates(finding.impact, finding.missing)


def _is_lost(item: Tracked | None, now: datetime) -> bool:
    """Say whether no look could have seen a fault for so long that nobody knows about it any more."""
    if item is None or item.unsure_since is None:
        return False
    return now - item.unsure_since >= (_PENDING_LASTS if item.opened_at is None else _OPEN_LASTS)
