"""`Look`: what one cycle came to; the record of it, its verdict, and its one line for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

from hotagents import escape
from hotagents_k8s_monitor.findings import SEVERITIES
from hotagents_k8s_monitor.rules import monitor_blind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from hotagents import AgentSpec, Cycle, Generation
    from hotagents_k8s_monitor.cluster import Gap, Snapshot
    from hotagents_k8s_monitor.coverage import Coverage
    from hotagents_k8s_monitor.delivery import Delivery
    from hotagents_k8s_monitor.policy import Policy
    from hotagents_k8s_monitor.tracking import Book, Tracked

__all__ = ["Look", "Verdict", "provenance"]

Verdict: TypeAlias = Literal["blind", "findings", "impaired", "healthy"]
"""Not all could be seen; something is wrong; something of the monitor's own failed; none of these."""

_MOST_TROUBLES: Final = 3


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One cycle's outcome.

    Attributes:
        cycle: The cycle, with the generation that decided all of it.
        at: When it was judged, aware UTC.
        policy: What the generation says.
        snapshot: What was seen.
        book: What is remembered after it.
        told: What was delivered.
        troubles: What of the monitor's own failed, in words: a delivery, a record.
        coverage: What the configuration speaks of and this look has nothing to say about.
        analysis: What a model added, JSON-ready; None where none is asked.
    """

    cycle: Cycle
    at: datetime
    policy: Policy
    snapshot: Snapshot
    book: Book
    told: tuple[Delivery, ...]
    troubles: tuple[str, ...]
    coverage: Coverage
    analysis: Mapping[str, Any] | None = None

    @property
    def verdict(self) -> Verdict:
        """What it comes to; what mutes a finding does not make a blind monitor see."""
        tracked = self.book.tracked.values()
        is_blind = (item.finding.rule == monitor_blind.RULE.id and item.absent_since is None for item in tracked)
        if self.snapshot.gaps or any(is_blind):
            return "blind"
        if any(item.counts for item in tracked):
            return "findings"
        return "impaired" if self.troubles else "healthy"

    @property
    def summary(self) -> str:
        """One line for people: the verdict, how many findings of which severity, and what else there is to know."""
        states = Counter(_state(item) for item in self.book.tracked.values())
        severities = Counter(item.finding.severity for item in self.book.tracked.values() if item.counts)
        counted = ", ".join(f"{severities[severity]} {severity}" for severity in SEVERITIES if severities[severity])
        parts = [
            f"{self.verdict}: {counted or 'no findings'}",
            f"{states['pending']} within their hold time" if states["pending"] else "",
            f"{states['muted']} muted" if states["muted"] else "",
            *_unseen(self.snapshot.gaps.values()),
            *self.troubles[:_MOST_TROUBLES],
            *self.coverage.said(),
            str(self.analysis["trouble"]) if self.analysis is not None else "",
        ]
        return "; ".join(part for part in parts if part)

    def to_dict(self) -> dict[str, Any]:
        """Return the cycle's record, ready for JSON."""
        generation = self.cycle.generation
        return {
            "cycle": self.cycle.id,
            "at": self.at.isoformat(),
            "trigger": self.cycle.trigger,
            "generation": provenance(generation),
            "cluster": self.policy.context.cluster,
            "verdict": self.verdict,
            "seen": {resource: len(items) for resource, items in self.snapshot.objects.items()},
            "gaps": [
                {"resource": gap.resource, "reason": gap.reason, "detail": gap.detail}
                for gap in self.snapshot.gaps.values()
            ],
            "missing_services": list(self.coverage.missing_services),
            "unwatched": list(self.coverage.unwatched),
            "findings": [_described(item, self.at) for item in _worst_first(self.book)],
            "told": [delivery.to_dict() for delivery in self.told],
            "troubles": list(self.troubles),
            "analysis": self.analysis,
            "agents": {name: _agent(agent) for name, agent in generation.agents.items()},
        }


def provenance(generation: Generation[Any]) -> Mapping[str, Any]:
    """Return what names a generation: number and digest, and the release and commit of its lock, empty without one."""
    lock = generation.lock
    return {
        "number": generation.number,
        "digest": generation.digest,
        "restores": generation.restores,
        "release": lock.release if lock is not None else "",
        "commit": lock.commit if lock is not None else "",
    }


def _unseen(gaps: Iterable[Gap]) -> list[str]:
    """Return what cannot be seen, what fails for the same reason named together."""
    reasons: dict[str, list[str]] = {}
    for gap in gaps:
        reasons.setdefault(f"{gap.reason}: {gap.detail}", []).append(gap.resource)
    return [f"cannot see {', '.join(names)}: {reason}" for reason, names in reasons.items()]


def _worst_first(book: Book) -> list[Tracked]:
    return sorted(
        book.tracked.values(), key=lambda item: (item.finding.severity, item.finding.owner, item.finding.rule)
    )


def _state(item: Tracked) -> str:
    if item.opened_at is None:
        return "pending"
    return "muted" if item.finding.muted is not None else "open"


def _described(item: Tracked, look: datetime) -> dict[str, Any]:
    absent = item.absent_since.isoformat() if item.absent_since is not None else None
    last_seen = item.last_seen.isoformat() if item.last_seen is not None else None
    seen = {"state": _state(item), "first_seen": item.first_seen.isoformat(), "last_seen": last_seen}
    follows = item.cause.to_dict() if item.cause is not None else None
    over_time = {"absent_since": absent, "unsure": item.unsure, "phase": item.phase(look), "follows": follows}
    return item.finding.to_dict() | seen | over_time


def _agent(agent: AgentSpec) -> dict[str, Any]:
    tools = None if agent.tools is None else list(agent.tools)
    return {"model": escape(agent.model, limit=100), "tools": tools, "digest": agent.digest}
