"""`Finding`: one thing that `hotagents doctor` looked at, what it saw, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, final

__all__ = ["Finding", "Level"]

Level = Literal["ok", "note", "warning", "problem"]


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen.

    Attributes:
        level: ``problem`` keeps edits from being served, ``warning`` may; ``note`` is worth knowing.
        check: What was looked at; stable, for programs.
        message: What was seen, for people; text from files is escaped.
        remedy: What to do; empty where nothing is to be done.
    """

    level: Level
    check: str
    message: str
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"level": self.level, "check": self.check, "message": self.message, "remedy": self.remedy}
