"""`Signal`: what a rule saw; `Owner`: whose it is; and the words that rate it.

A fingerprint names one fault across cycles and restarts: the same rule on the same owner. It never holds a text that
changes: not the name of a pod, which a roll-out replaces, nor what the configuration calls the cluster.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final, get_args

from hotagents import escape

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = [
    "IMPACTS",
    "SEVERITIES",
    "Impact",
    "Owner",
    "Severity",
    "Signal",
    "Tier",
    "cut",
    "fingerprint",
    "grouped",
    "worst",
]

Impact: TypeAlias = Literal["down", "degraded", "at-risk"]
"""Nothing of it works; a part of it does not; it works, but the next fault would be felt."""

Severity: TypeAlias = Literal["SEV-1", "SEV-2", "SEV-3", "SEV-4"]
Tier: TypeAlias = Literal["P0", "P1", "P2", "P3", "unlisted", "platform"]
"""How much a service matters; ``unlisted`` is any other workload, ``platform`` nodes and the monitor itself."""

IMPACTS: Final[tuple[Impact, ...]] = get_args(Impact)
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
_LONGEST: Final = 300
_LONGEST_NAME: Final = 253  # Kubernetes has no longer ones; an owner reference may claim anything
_MOST_OBJECTS: Final = 20


@final
@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """What a fault belongs to: a workload, a node, or the monitor itself."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return ``Deployment shop/cart``, safe for terminals and logs."""
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return escape(f"{self.kind} {place}", limit=_LONGEST)

    def to_dict(self) -> dict[str, str]:
        """Return JSON-ready values."""
        return {"kind": self.kind, "namespace": self.namespace, "name": self.name}

    @classmethod
    def from_dict(cls, values: Any) -> Owner:
        """Return the owner that `to_dict` described.

        Raises:
            LookupError, TypeError: If a value is missing, or these are no values.
        """
        return cls(str(values["kind"]), str(values["namespace"]), str(values["name"]))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A fault that a rule saw at one look.

    Attributes:
        rule: The rule's id.
        owner: Whose fault it is.
        impact: How much of the owner is hit; None where that could not be seen.
        message: For people; untrusted, to be escaped where it is shown.
        objects: What exactly is at fault, such as ``pod/cart-7d9f-x``.
        since: Since when by the object's own word, or None where it has none.
        not_before: From when on it may count at all, such as a roll-out's last progress; None for any time.
        missing: Replicas that are missing, where the rule counts them.
        lingering: Whether nothing is wrong at this moment, but was a moment ago and will be again as far as one knows:
            what is remembered of it stays as it is, and nothing begins.
    """

    rule: str
    owner: Owner
    impact: Impact | None
    message: str
    objects: tuple[str, ...] = ()
    since: datetime | None = None
    not_before: datetime | None = None
    missing: int = 0
    lingering: bool = False


def fingerprint(owner: Owner, rule: str) -> str:
    """Return 16 hexadecimal digits that name one fault across cycles and restarts."""
    # Quoted, so that no name can hold what separates it from the next.
    parts = ascii((owner.kind, owner.namespace, owner.name, rule))
    return sha256(parts.encode()).hexdigest()[:16]


def worst(severities: Iterable[Severity]) -> Severity:
    """Return the worst of some severities, the mildest where there is none."""
    return min(severities, default=SEVERITIES[-1])


def cut(text: str, limit: int) -> str:
    """Return a text of at most so many characters, which ends in an ellipsis where something is left out."""
    return text if len(text) <= limit else f"{text[: limit - 1]}\u2026"


def grouped(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """Return one signal for each rule and owner: five pods of one Deployment are one fault.

    It has the worst impact and the first message with that, with the number of the others; the earliest beginning;
    and the most replicas missing. No text in it is longer than people read, whatever the cluster says.
    """
    groups: dict[tuple[Owner, str], list[Signal]] = {}
    for signal in map(_bounded, signals):
        groups.setdefault((signal.owner, signal.rule), []).append(signal)
    return tuple(_joined(group) for _, group in sorted(groups.items()))


def _bounded(signal: Signal) -> Signal:
    owner = signal.owner
    return replace(
        signal,
        owner=Owner(*(cut(part, _LONGEST_NAME) for part in (owner.kind, owner.namespace, owner.name))),
        message=cut(signal.message, _LONGEST),
        objects=tuple(cut(name, _LONGEST) for name in signal.objects[:_MOST_OBJECTS]),
    )


def _joined(group: list[Signal]) -> Signal:
    if len(group) == 1:
        return group[0]
    group = sorted(group, key=lambda signal: (_rank(signal.impact), signal.objects, signal.message))
    first, others = group[0], f" (and {len(group) - 1} more)"
    objects = dict.fromkeys(name for signal in group for name in signal.objects)
    at_once = any(signal.not_before is None for signal in group)
    return Signal(
        rule=first.rule,
        owner=first.owner,
        impact=first.impact,
        message=cut(first.message, _LONGEST - len(others)) + others,
        objects=tuple(objects)[:_MOST_OBJECTS],
        since=_earliest(signal.since for signal in group),
        not_before=None if at_once else _earliest(signal.not_before for signal in group),
        missing=max(signal.missing for signal in group),
    )


def _rank(impact: Impact | None) -> int:
    return len(IMPACTS) if impact is None else IMPACTS.index(impact)


def _earliest(times: Iterable[datetime | None]) -> datetime | None:
    return min((time for time in times if time is not None), default=None)
