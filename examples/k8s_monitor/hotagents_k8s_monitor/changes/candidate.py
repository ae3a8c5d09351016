"""`Candidate`: a change that lies in the window before a fault, and how well it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Candidate", "Candidates"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A commit, or a roll-out, also one of which the commit is known. Its texts are untrusted.

    Attributes:
        at: When it came into the cluster where that is seen, else when it was committed.
        score: From 0 to 1, see `hotagents_k8s_monitor.changes.score`.
        reasons: What the score is made of, in words.
        title: The first line of its message, or what was rolled out.
        repository: ``owner/name``; empty for a roll-out.
        commit: Its 40 digits; empty for a roll-out.
        author: The author's name at GitHub; empty where GitHub knows none.
        files: The first paths that it changes; none where they were not seen.
        evidence: The object of the cluster that shows its roll-out, ``resource/namespace/name``; empty for none.
    """

    at: datetime
    score: float
    reasons: tuple[str, ...]
    title: str
    repository: str = ""
    commit: str = ""
    author: str = ""
    files: tuple[str, ...] = ()
    evidence: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "at": self.at.isoformat(),
            "score": self.score,
            "reasons": list(self.reasons),
            "title": self.title,
            "repository": self.repository,
            "commit": self.commit,
            "author": self.author,
            "files": list(self.files),
            "evidence": self.evidence,
        }


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What may have to do with a fault, the best first.

    Attributes:
        items: At most ten.
        lacking: Why there may be more, for people; empty where everything was seen.
    """

    items: tuple[Candidate, ...]
    lacking: str = ""
