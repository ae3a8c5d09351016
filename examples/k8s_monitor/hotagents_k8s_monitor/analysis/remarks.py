"""`Remark`: what a model added to one incident, after everything in it was checked that can be.

Names of objects, fingerprints and rules are compared with what there is, and left out where they are not. The command
and the entry for ``known_issues`` are written here, from names that were checked: nothing that a model wrote is to be
pasted into a shell or a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.findings import Owner, cut
from hotagents_k8s_monitor.judging import moment
from hotagents_k8s_monitor.redaction import redacted

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["LONGEST_ID", "MOST_EVIDENCE", "Remark", "said"]

LONGEST_ID: Final = 600
"""Characters of the id of an object."""
MOST_EVIDENCE: Final = 8
"""Pieces of evidence of one remark."""

_LINK: Final = re.compile(r"\b(mailto|javascript|data|[a-z][a-z0-9+.-]{1,20}(?=://)):", re.IGNORECASE)
_LONGEST: Final = 600
_LONGEST_COMMAND: Final = 1000
_LONGEST_NAME: Final = 253
_LONGEST_ENTRY: Final = 2500
_MOST_SHOWN: Final = 3  # pieces of evidence beside a message


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a model said; its texts are untrusted, redacted and bounded.

    Attributes:
        owner: Whose incident it is about.
        fingerprints: Of the findings that the incident had.
        at: When the look was that the model was told of, aware UTC; what came later it does not know.
        summary: What it means.
        cause: What probably brought it about; empty where no evidence was named that there is.
        evidence: Ids of objects and findings that there are.
        command: A ``kubectl`` line that reads; empty for none.
        known_issue: A proposed entry, as YAML to be pasted below ``known_issues``; empty for none.
    """

    owner: Owner
    fingerprints: frozenset[str]
    at: datetime
    summary: str
    cause: str = ""
    evidence: tuple[str, ...] = ()
    command: str = ""
    known_issue: str = ""

    def text(self) -> str:
        """Return it as people read it beside the findings."""
        parts = [
            self.summary,
            f"Probably: {self.cause} (evidence: {self._some_evidence()})" if self.cause else "",
            f"Next: {self.command}" if self.command else "",
            f"(As of {self.at:%Y-%m-%d %H:%M} UTC.)",
        ]
        return " ".join(part for part in parts if part)

    def _some_evidence(self) -> str:
        """Return what has room beside the rest; the record has all."""
        left = len(self.evidence) - _MOST_SHOWN
        return ", ".join(self.evidence[:_MOST_SHOWN]) + (f" and {left} more" if left > 0 else "")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "owner": self.owner.to_dict(),
            "fingerprints": sorted(self.fingerprints),
            "at": self.at.isoformat(),
            "summary": self.summary,
            "cause": self.cause,
            "evidence": list(self.evidence),
            "command": self.command,
            "known_issue": self.known_issue,
        }

    @classmethod
    def from_dict(cls, values: Any) -> Remark:
        """Return the remark that `to_dict` described, bounded anew: a file may hold anything.

        Raises:
            LookupError, TypeError, ValueError: If the values describe none.
        """
        owner = Owner.from_dict(values["owner"])
        return cls(
            owner=Owner(*(cut(part, _LONGEST_NAME) for part in (owner.kind, owner.namespace, owner.name))),
            fingerprints=frozenset(map(str, values["fingerprints"])),
            at=moment(values["at"]),
            summary=said(values["summary"]),
            cause=said(values["cause"]),
            evidence=tuple(said(name, LONGEST_ID) for name in list(values["evidence"])[:MOST_EVIDENCE]),
            command=said(values["command"], _LONGEST_COMMAND),
            known_issue=_whole_lines(values["known_issue"]),
        )


def said(value: Any, longest: int = _LONGEST) -> str:
    """Return what a model said, on one line, without secrets, and so that no program makes a link of it; empty where
    that is no text.
    """
    if not isinstance(value, str):
        return ""
    line = " ".join(redacted(value[: 4 * longest]).split())
    # What is invisible is longer once it is shown, and bounded again.
    return escape(escape(_LINK.sub(r"\1[:]", line), limit=longest), limit=longest)


def _whole_lines(value: Any) -> str:
    """Return an entry, or nothing: a part of one, or one with something invisible in it, is not to be pasted."""
    if not isinstance(value, str) or len(value) > _LONGEST_ENTRY:
        return ""
    return value if all(escape(line, limit=_LONGEST_ENTRY) == line for line in value.split("\n")) else ""
