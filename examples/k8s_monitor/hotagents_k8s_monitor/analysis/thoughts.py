"""`Thoughts`: what a cycle has from a model; beside what was decided, and nothing that decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents_k8s_monitor.analysis.outcome import Outcome
    from hotagents_k8s_monitor.analysis.remarks import Remark

__all__ = ["NO_THOUGHTS", "State", "Thoughts"]

State: TypeAlias = Literal["ok", "asked", "unavailable", "waiting"]
"""All was analysed; an analysis is at work; the last one failed; the next one's time has not come."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Thoughts:
    """What a model has said.

    Attributes:
        remarks: By an incident's id.
        without: Why there is none, for people, by the id of each other one; empty where it is only not there yet.
        waiting: How many incidents were not analysed yet.
        trouble: Why not, for people; empty where that is only to come, or where there are none.
        outcome: Of the analysis that ended since the last cycle, or None.
        is_asked: Whether an analysis is at work.
        untold: What could not be written, in words.
    """

    remarks: Mapping[str, Remark] = field(default_factory=lambda: MappingProxyType({}))
    without: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    waiting: int = 0
    trouble: str = ""
    outcome: Outcome | None = None
    is_asked: bool = False
    untold: str = ""

    @property
    def state(self) -> State:
        """What there is to know of all of it at once."""
        if self.is_asked:
            return "asked"
        if self.trouble:
            return "unavailable"
        return "waiting" if self.waiting else "ok"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, for a cycle's record; an outcome is in that of one cycle alone."""
        return {
            "state": self.state,
            "trouble": self.trouble,
            "remarks": len(self.remarks),
            "waiting": self.waiting,
            "ended": self.outcome.to_dict() if self.outcome is not None else None,
        }


NO_THOUGHTS = Thoughts()
