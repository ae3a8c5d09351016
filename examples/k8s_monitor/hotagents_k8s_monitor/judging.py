"""`Finding`: a signal, rated by what the current generation says; a pure function of the two and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.findings import Owner, fingerprint
from hotagents_k8s_monitor.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    from hotagents_k8s_monitor.findings import Impact, Severity, Signal, Tier
    from hotagents_k8s_monitor.policy import Muted, Policy

__all__ = ["Finding", "judge", "moment"]

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
        }

    @classmethod
    def from_dict(cls, values: Any) -> Finding:
        """Return the finding that `to_dict` described, as it was; what mutes it is judged anew at each look.

        Raises:
            LookupError, TypeError, ValueError: If the values describe none.
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
        )


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
    signals: Iterable[Signal],
    policy: Policy,
    *,
    first_seen: Mapping[str, datetime],
    open_since: Mapping[str, datetime],
    now: datetime,
) -> tuple[Finding, ...]:
    """Return the findings that the generation has anything to say about, in a steady order.

    Args:
        signals: What all rules saw, one for each rule and owner.
        policy: What the generation says.
        first_seen: For the fingerprints that were there at the last look: since when they are seen.
        open_since: For those that are open: since when they count. That moves no more, whatever an object says later.
        now: The time of this look.
    """
    found = (_finding(signal, policy, first_seen, open_since, now) for signal in signals)
    return tuple(sorted((f for f in found if f is not None), key=lambda f: (f.severity, f.owner, f.rule)))


def _finding(
    signal: Signal,
    policy: Policy,
    first_seen: Mapping[str, datetime],
    open_since: Mapping[str, datetime],
    now: datetime,
) -> Finding | None:
    rule, owner = RULES[signal.rule], signal.owner
    if not policy.looks_at(rule, owner):
        return None
    tier, service = policy.tier_of(owner)
    tolerated = 0 if service is None or signal.impact == "down" else service.missing_replicas  # never all of them
    if 0 < signal.missing <= tolerated:
        return None
    name = fingerprint(policy.context.cluster, owner, rule.id)
    since = min(open_since[name], now) if name in open_since else _since(signal, first_seen.get(name, now), now)
    return Finding(
        fingerprint=name,
        rule=rule.id,
        owner=owner,
        impact=signal.impact,
        tier=tier,
        severity=policy.escalation.severity(tier, signal.impact, now - since),
        message=escape(signal.message, limit=_LONGEST),
        objects=tuple(escape(name, limit=_LONGEST) for name in signal.objects),
        since=since,
        due=since + policy.hold_of(rule, service),
        muted=policy.muted(rule.id, owner, now),
    )


def _since(signal: Signal, first_seen: datetime, now: datetime) -> datetime:
    """Return since when a fault counts: by the older of the object's word and the monitor's memory, but no sooner than
    it may; never in the future, should the two clocks disagree.
    """
    since = min(first_seen, signal.since or first_seen)
    return min(max(since, signal.not_before or since), now)
