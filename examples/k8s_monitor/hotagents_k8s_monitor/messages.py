"""`Message`: what leaves the monitor, complete in itself, so that it can wait on disk for days and still be said.

It is decided by one generation and names it. All its texts were escaped when it was made, and it has no more lines than
people read. Its JSON is the schema of the webhook, which has a version; `Message.from_dict` reads what the disk kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final, get_args

from hotagents_k8s_monitor.findings import Owner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents_k8s_monitor.findings import Severity

__all__ = ["ENDS", "MOST_LINES", "VERSION", "Form", "Line", "Message", "MessageKind"]

MessageKind: TypeAlias = Literal[
    "alert",  # somebody hears of it for the first time
    "worse",
    "update",  # something was added, or it is better
    "reminder",  # it goes on
    "flapping",  # it comes and goes
    "acknowledged",  # somebody has taken it over
    "resolved",
    "gone",  # its owner is there no more
    "withdrawn",  # the configuration, or its own age, has no more to say about it
    "muted",  # a known issue or a maintenance window speaks of it now
    "digest",  # many incidents in one message
    "expiring",  # a known issue soon ends
    "status",  # an incident as it is now; never sent as news
]
Form: TypeAlias = Literal["full", "brief"]

VERSION: Final = 1
"""Of the schema; a change that a reader could stumble over has the next one."""

ENDS: Final = frozenset({"resolved", "gone", "withdrawn", "muted"})
MOST_LINES: Final = 50
_KINDS: Final = get_args(MessageKind)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One finding, or one incident of a digest.

    Attributes:
        fingerprint: Names the finding across cycles and restarts; empty for an incident.
        rule: What saw it; the kind of message that it would have been, for an incident.
        owner: Whose it is.
        severity: How bad.
        tier: How much the owner matters.
        impact: How much of the owner is hit.
        since: Since when.
        text: For people, on one line, escaped.
    """

    fingerprint: str
    rule: str
    owner: Owner
    severity: Severity
    tier: str
    impact: str
    since: datetime
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "fingerprint": self.fingerprint,
            "rule": self.rule,
            "owner": self.owner.to_dict(),
            "severity": self.severity,
            "tier": self.tier,
            "impact": self.impact,
            "since": self.since.isoformat(),
            "text": self.text,
        }

    @classmethod
    def from_dict(cls, values: Any) -> Line:
        """Return the line that `to_dict` described.

        Raises:
            LookupError, TypeError, ValueError: If the values describe none.
        """
        texts = {name: str(values[name]) for name in ("fingerprint", "rule", "tier", "impact", "text")}
        owner, since = Owner.from_dict(values["owner"]), _moment(values["since"])
        return cls(owner=owner, since=since, severity=values["severity"], **texts)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, or with ``kind`` *status* what an incident is now.

    Attributes:
        thread: What belongs together: an incident's id, or the message's own.
        number: Which one of its thread, from 1; 0 for a status.
        kind: Why it is sent.
        form: Whether all of it is to be said, or one line to remind of it.
        severity: How bad it is.
        audience: The severity whose channel hears of it: who was called hears the end.
        at: When it was decided, aware UTC.
        since: Since when it is so; None for what has no beginning.
        ended_at: When it was over, or None.
        cluster: What the configuration calls the cluster.
        owner: Whose incident it is; None for a digest or a notice.
        title: On one line, what it is about.
        lines: What is wrong, worst first.
        more: How many lines were left out.
        channel: Where to, as the configuration named it when it was decided; empty where it named none.
        contact: Whom to ask; empty where the configuration says nothing.
        note: What else is to be said of it, on one line.
        other: Of an incident that has ended, another one of its owner that goes on.
        generation: Number of the generation that decided it.
        digest: Digest of the same.
        annotation: What a model had to add; never a reason to send, or not to.
    """

    thread: str
    number: int
    kind: MessageKind
    form: Form
    severity: Severity
    audience: Severity
    at: datetime
    cluster: str
    title: str
    generation: int
    digest: str
    owner: Owner | None = None
    since: datetime | None = None
    ended_at: datetime | None = None
    lines: tuple[Line, ...] = ()
    more: int = 0
    channel: str = ""
    contact: str = ""
    note: str = ""
    other: str = ""
    annotation: str = ""

    @property
    def id(self) -> str:
        """Unique, and the same however often it is sent: what a receiver tells a repetition by."""
        return f"{self.thread}/{self.number}"

    @property
    def is_end(self) -> bool:
        """Whether its thread ends with it."""
        return self.kind in ENDS or self.owner is None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "version": VERSION,
            "id": self.id,
            "thread": self.thread,
            "number": self.number,
            "kind": self.kind,
            "form": self.form,
            "severity": self.severity,
            "audience": self.audience,
            "at": self.at.isoformat(),
            "since": _text(self.since),
            "ended_at": _text(self.ended_at),
            "cluster": self.cluster,
            "owner": self.owner.to_dict() if self.owner is not None else None,
            "title": self.title,
            "lines": [line.to_dict() for line in self.lines],
            "more": self.more,
            "channel": self.channel,
            "contact": self.contact,
            "note": self.note,
            "other": self.other,
            "annotation": self.annotation,
            "generation": {"number": self.generation, "digest": self.digest},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Message:
        """Return the message that `to_dict` described.

        Raises:
            LookupError, TypeError, ValueError: If the values describe none.
        """
        if values["kind"] not in _KINDS:
            raise ValueError(f"expected one of {_KINDS}, got {values['kind']!r}")
        names = ("thread", "cluster", "title", "channel", "contact", "note", "other", "annotation")
        texts: dict[str, Any] = {name: str(values[name]) for name in names}
        return cls(
            number=int(values["number"]),
            at=_moment(values["at"]),
            since=_time(values["since"]),
            ended_at=_time(values["ended_at"]),
            owner=Owner.from_dict(values["owner"]) if values["owner"] is not None else None,
            lines=tuple(map(Line.from_dict, values["lines"])),
            more=int(values["more"]),
            generation=int(values["generation"]["number"]),
            digest=str(values["generation"]["digest"]),
            kind=values["kind"],
            form=values["form"],
            severity=values["severity"],
            audience=values["audience"],
            **texts,
        )


def _moment(text: Any) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"expected a time with an offset from UTC, got {text}")
    return found.astimezone(timezone.utc)


def _time(text: Any) -> datetime | None:
    return _moment(text) if text is not None else None


def _text(time: datetime | None) -> str | None:
    return time.isoformat() if time is not None else None
