"""`Finding`: a signal, rated by what the current generation says; a pure function of the two and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

from hotagents import escape
from hotagents_k8s_monitor.findings import Owner, fingerprint
from hotagents_k8s_monitor.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotagents_k8s_monitor.findings import Impact, Severity, Signal, Tier
    from hotagents_k8s_monitor.policy import Muted, Policy

__all__ = ["Finding", "Phase", "Tracked", "judge", "moment"]

Phase: TypeAlias = Literal["pending", "new", "ongoing", "worse", "flapping"]
_LONGEST: Final = 300


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault, rated.

    Attributes:
        fingerprint: Names it across cycles and restarts.
        rule: Id of the rule that saw it.
        owner: Whose it is.
        impact: How much of the owner is hit.
        tier: How much the owner matters.
        severity: How bad that is, after it has lasted for so long.
        message: For people, on one line, escaped.
        objects: What exactly is at fault, escaped.
        since: Since when, aware UTC.
        due: When it has lasted for its hold time; before that nobody hears of it.
        muted: Why nobody hears of it though it is due, or None.
        reached: The longest duration of the severities' that it has reached; no clock that is set back takes it away.
        missing: Replicas that are missing, where the rule counts them.
    """

    fingerprint: str
    rule: str
    owner: Owner
    impact: Impact
    tier: Tier
    severity: Severity
    message: str
    objects: tuple[str, ...]
    since: datetime
    due: datetime
    muted: Muted | None
    reached: timedelta = timedelta(0)
    missing: int = 0

    @property
    def hold(self) -> timedelta:
        """How long it must last."""
        return self.due - self.since

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        muted = self.muted
        until = muted.until.isoformat() if muted is not None and muted.until is not None else None
        return {
            "fingerprint": self.fingerprint,
            "rule": self.rule,
            "owner": self.owner.to_dict(),
            "impact": self.impact,
            "tier": self.tier,
            "severity": self.severity,
            "message": self.message,
            "objects": list(self.objects),
            "since": self.since.isoformat(),
            "due": self.due.isoformat(),
            "muted": {"kind": muted.kind, "reason": muted.reason, "until": until} if muted is not None else None,
            "reached": int(self.reached.total_seconds()),
            "missing": self.missing,
        }

    @classmethod
    def from_dict(cls, values: Any) -> Finding:
        """Return the finding that `to_dict` described, as it was; what mutes it is judged anew at each look.

        Raises:
            ArithmeticError, LookupError, TypeError, ValueError: If the values describe none.
        """
        return cls(
            fingerprint=str(values["fingerprint"]),
            rule=str(values["rule"]),
            owner=Owner.from_dict(values["owner"]),
            impact=values["impact"],
            tier=values["tier"],
            severity=values["severity"],
            message=str(values["message"]),
            objects=tuple(map(str, values["objects"])),
            since=moment(values["since"]),
            due=moment(values["due"]),
            muted=None,
            reached=timedelta(seconds=int(values["reached"])),
            missing=int(values["missing"]),
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A fault over time.

    Attributes:
        finding: As it was last seen and rated.
        first_seen: When the monitor saw it first.
        opened_at: When it had lasted for its hold time; None while it is pending.
        absent_since: When a look that could have seen it first did not; None where the last such look saw it.
        unsure_since: When looks that could not have seen it began, without one since that could; None after one.
        last_seen: When a look saw it last; None where that was before this was kept.
        worse_at: When it got worse last, since it was opened; None where it never did.
        flapping: Whether it came and went so often within the last hour that only that is still told.
        away: Whether it is over for now and only kept because it is flapping.
        cause: Whose fault brings it along, such as a node's that is down; it counts as a part of that.
        cause_over: When that cause was last there, where it is there no more; for a while longer it explains this.
    """

    finding: Finding
    first_seen: datetime
    opened_at: datetime | None = None
    absent_since: datetime | None = None
    unsure_since: datetime | None = None
    last_seen: datetime | None = None
    worse_at: datetime | None = None
    flapping: bool = False
    away: bool = False
    cause: Owner | None = None
    cause_over: datetime | None = None

    @property
    def unsure(self) -> bool:
        """Whether the last look could not have seen it."""
        return self.unsure_since is not None

    @property
    def counts(self) -> bool:
        """Whether somebody should hear of it: open, and neither known nor under maintenance."""
        return self.opened_at is not None and self.finding.muted is None

    @property
    def home(self) -> Owner:
        """Whose incident it is a part of."""
        return self.cause or self.finding.owner

    def phase(self, look: datetime) -> Phase:
        """Return where it stands at the look of that time, beside what the configuration mutes."""
        if self.opened_at is None:
            return "pending"
        if self.flapping:
            return "flapping"
        if self.worse_at == look:
            return "worse"
        return "new" if self.opened_at == look else "ongoing"


def moment(text: Any) -> datetime:
    """Return an aware time from its ISO form.

    Raises:
        TypeError, ValueError: If it is none.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"expected a time with an offset from UTC, got {text}")
    return found.astimezone(timezone.utc)


def judge(
    signals: Iterable[Signal], policy: Policy, *, before: Mapping[str, Tracked], now: datetime
) -> tuple[Finding, ...]:
    """Return the findings that the generation has anything to say about, in a steady order.

    Args:
        signals: What all rules saw, one for each rule and owner.
        policy: What the generation says.
        before: What is remembered, by fingerprint.
        now: The time of this look.
    """
    found = (_finding(signal, policy, before.get(fingerprint(signal.owner, signal.rule)), now) for signal in signals)
    return tuple(sorted((f for f in found if f is not None), key=lambda f: (f.severity, f.owner, f.rule)))


def _finding(signal: Signal, policy: Policy, old: Tracked | None, now: datetime) -> Finding | None:
    rule, owner = RULES[signal.rule], signal.owner
    if not policy.looks_at(rule, owner):
        return None
    tier, service = policy.tier_of(owner)
    impact = signal.impact or (old.finding.impact if old is not None else "degraded")
    if service is not None and service.tolerates(impact, signal.missing):
        return None
    since = _since(signal, old, now)
    earlier = old.finding.reached if old is not None and old.opened_at is not None else timedelta(0)
    lasted = max(now - since, earlier)
    return Finding(
        fingerprint=fingerprint(owner, rule.id),
        rule=rule.id,
        owner=owner,
        impact=impact,
        tier=tier,
        severity=policy.escalation.severity(tier, impact, lasted),
        message=escape(signal.message, limit=_LONGEST),
        objects=tuple(escape(name, limit=_LONGEST) for name in signal.objects),
        since=since,
        due=since + policy.hold_of(rule, service),
        muted=policy.muted(rule.id, owner, now),
        reached=max(policy.escalation.reached(tier, impact, lasted), earlier),
        missing=signal.missing,
    )


def _since(signal: Signal, old: Tracked | None, now: datetime) -> datetime:
    """Return since when a fault counts: by the older of the object's word and the monitor's memory, but no sooner than
    it may; never in the future, should the two clocks disagree. Once it is open that moves no more, whatever the object
    says later.
    """
    if old is not None and old.opened_at is not None:
        return min(old.finding.since, now)
    first_seen = old.first_seen if old is not None else now
    since = min(first_seen, signal.since or first_seen)
    return min(max(since, signal.not_before or since), now)
