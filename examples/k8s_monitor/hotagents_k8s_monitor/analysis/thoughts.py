"""`Thoughts`: what a cycle has from a model; beside what was decided, and nothing that decides."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents_k8s_monitor.analysis.outcome import Outcome
    from hotagents_k8s_monitor.analysis.remarks import Remark

__all__ = ["NO_THOUGHTS", "Thoughts"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Thoughts:
    """What a model has said.

    Attributes:
        remarks: By an incident's id.
        trouble: Why there are none of some incident, for people; empty where they are only not there yet.
        outcome: Of the analysis that ended since the last cycle, or None.
        is_asked: Whether an analysis is at work.
        untold: What could not be written, in words.
    """

    remarks: Mapping[str, Remark] = field(default_factory=lambda: MappingProxyType({}))
    trouble: str = ""
    outcome: Outcome | None = None
    is_asked: bool = False
    untold: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, for a cycle's record; an outcome is in that of one cycle alone."""
        return {
            "state": "asked" if self.is_asked else ("unavailable" if self.trouble else "ok"),
            "trouble": self.trouble,
            "remarks": len(self.remarks),
            "ended": self.outcome.to_dict() if self.outcome is not None else None,
        }


NO_THOUGHTS = Thoughts()
