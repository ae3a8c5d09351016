"""How two outcomes of one recording differ, in words: what happens to each owner's findings, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.policy import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from hotagents_k8s_monitor.rehearsal.outcome import Fault, Outcome, Telling

__all__ = ["Difference", "differences"]

_MOST_TOLD: Final = 3
_LONGEST: Final = 500


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One owner whose findings, or messages, are others.

    Attributes:
        about: Whose.
        findings: What becomes of each finding that is another, in words.
        told: What becomes of the messages, in words; empty where they are the same.
    """

    about: str
    findings: tuple[str, ...]
    told: str = ""

    def __str__(self) -> str:
        """Return one line: ``Deployment shop/cart: deployment-short: SEV-2 → SEV-4; nobody told (was: ...)``."""
        return escape(
            f"{self.about}: {'; '.join((*self.findings, *([self.told] if self.told else [])))}", limit=_LONGEST
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"about": self.about, "findings": list(self.findings), "told": self.told}


def differences(before: Outcome, after: Outcome, *, known: Collection[str] | None = None) -> tuple[Difference, ...]:
    """Return what is another after than before, by owner.

    Args:
        before: What was, or is expected.
        after: What is.
        known: The rules that there were before; None for the same.
    """
    owners = dict.fromkeys([*(f.about for f in before.faults), *(f.about for f in after.faults)])
    owners |= dict.fromkeys([*(t.about for t in before.told), *(t.about for t in after.told)])
    found = (_of_owner(about, before, after, known) for about in sorted(owners))
    return tuple(difference for difference in found if difference.findings or difference.told)


def _of_owner(about: str, before: Outcome, after: Outcome, known: Collection[str] | None) -> Difference:
    old, new = _by_rule(before, about), _by_rule(after, about)
    findings = (_change(rule, old.get(rule), new.get(rule), known) for rule in sorted({*old, *new}))
    return Difference(
        about=about, findings=tuple(filter(None, findings)), told=_told(_heard(before, about), _heard(after, about))
    )


def _by_rule(outcome: Outcome, about: str) -> Mapping[str, Fault]:
    return {fault.rule: fault for fault in outcome.faults if fault.about == about}


def _heard(outcome: Outcome, about: str) -> tuple[Telling, ...]:
    return tuple(telling for telling in outcome.told if telling.about == about)


def _change(rule: str, old: Fault | None, new: Fault | None, known: Collection[str] | None) -> str:
    if new is None:
        return f"{rule}: {old.severity} → no finding" if old is not None else ""
    places = ", ".join(f"{what} by {place}" for what, place in _places(new, old))
    where = f" ({places})" if places else ""
    if old is None:
        is_new = known is not None and rule not in known
        return (
            f"{rule}: {'a new rule finds' if is_new else 'no finding →'} {_state(new)} after {shown(new.opened)}{where}"
        )
    parts = [
        f"{_state(old)} → {_state(new)}{where}" if _state(old) != _state(new) else "",
        f"counts after {shown(old.opened)} → after {shown(new.opened)}" if old.opened != new.opened else "",
        f"over {_end(old)} → {_end(new)}" if old.over != new.over else "",
    ]
    said = ", ".join(part for part in parts if part)
    return f"{rule}: {said}" if said else ""


def _state(fault: Fault) -> str:
    return f"{fault.severity}, muted as {fault.muted}" if fault.muted else fault.severity


def _end(fault: Fault) -> str:
    return "never" if fault.over is None else f"after {shown(fault.over)}"


def _places(new: Fault, old: Fault | None) -> Iterator[tuple[str, str]]:
    """Yield what decided on a finding now, of that alone which is another."""
    asked = ["muted"] if new.muted and (old is None or old.muted != new.muted) else []
    asked += ["tier", "severity"] if old is None or old.severity != new.severity else []
    yield from ((what, new.places[what]) for what in asked if new.places.get(what))


def _told(old: Sequence[Telling], new: Sequence[Telling]) -> str:
    if [*old] == [*new]:
        return ""
    if not new:
        return f"nobody told (was: {_listed(old)})"
    return f"told: {_listed(new)} (was: {_listed(old) if old else 'nobody'})"


def _listed(told: Sequence[Telling]) -> str:
    more = f", and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return ", ".join(map(str, told[:_MOST_TOLD])) + more
