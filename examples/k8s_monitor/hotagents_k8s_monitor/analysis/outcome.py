"""`Question` and `Outcome`: what one analysis was about, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, final

from hotagents import escape

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping
    from datetime import datetime

    from hotagents import Pin
    from hotagents_k8s_monitor.analysis.remarks import Remark
    from hotagents_k8s_monitor.analysis.usage import Usage
    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.incidents import Incident
    from hotagents_k8s_monitor.policy import Policy

__all__ = ["Outcome", "Question", "State", "unfinished"]

State: TypeAlias = Literal["ok", "unavailable", "stopped"]
"""There are remarks; there was no model, or no use of it; its budget was used up first."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an analysis is about; all of it belongs to one look.

    Attributes:
        pin: The look's generation, for the analysis alone; closed at its end.
        policy: What that says.
        snapshot: What was seen.
        incidents: About what.
        at: When the look was.
        logger: The cycle's.
    """

    pin: Pin[Any]
    policy: Policy
    snapshot: Snapshot
    incidents: tuple[Incident, ...]
    at: datetime
    logger: logging.LoggerAdapter[logging.Logger]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an analysis came to.

    Attributes:
        state: Whether there are remarks.
        said: Why not, for people; empty where there are.
        reason: Why not, for machines; empty where there are.
        remarks: What the model said.
        asked: The fingerprints of each incident that it was asked about.
        generation: Number of the generation.
        digest: Its digest.
        at: When the look was that it is about.
        seconds: How long it took.
        spent: Tokens by the id of a model.
        dollars: What those cost whose prices are known.
        retry_after: Seconds for which the model's server asks to be left alone.
    """

    state: State
    said: str = ""
    reason: str = ""
    remarks: tuple[Remark, ...] = ()
    asked: tuple[frozenset[str], ...]
    generation: int
    digest: str
    at: datetime
    seconds: float
    spent: Mapping[str, Usage] = field(default_factory=lambda: MappingProxyType({}))
    dollars: float = 0.0
    retry_after: float = 0.0

    def __str__(self) -> str:
        """Return one line for people."""
        requests = sum(usage.requests for usage in self.spent.values())
        tokens = sum(usage.tokens for usage in self.spent.values())
        took = f"{requests} requests, {tokens} tokens, {self.seconds:.1f} s"
        cost = f", {self.dollars:.4f} US dollars" if self.dollars else ""
        about = f"of {len(self.asked)} incidents by generation {self.generation}"
        result = f"remarks: {len(self.remarks)}" if self.state == "ok" else f"{self.state}: {self.said}"
        return f"analysis {about}: {result} ({took}{cost})"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, for the record of the cycle that it came to."""
        return {
            "state": self.state,
            "said": self.said,
            "reason": self.reason,
            "generation": self.generation,
            "digest": self.digest,
            "look": self.at.isoformat(),
            "incidents": len(self.asked),
            "seconds": round(self.seconds, 3),
            "spent": {model: usage.to_dict() for model, usage in self.spent.items()},
            "dollars": round(self.dollars, 6),
            "remarks": [remark.to_dict() for remark in self.remarks],
        }


def unfinished(question: Question, said: str) -> Outcome:
    """Return what an analysis comes to that was never made, or of which nobody knows anything."""
    generation = question.pin.generation
    return Outcome(
        state="unavailable",
        said=escape(said, limit=400),
        reason="failed",
        asked=tuple(incident.fingerprints for incident in question.incidents),
        generation=generation.number,
        digest=generation.digest,
        at=question.at,
        seconds=0.0,
    )
