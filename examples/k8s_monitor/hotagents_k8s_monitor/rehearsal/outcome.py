"""`Outcome`: what a replay came to: which findings counted, how bad they were, and what was told.

Times are counted from the first look, so that an outcome reads the same whenever it was recorded. What never lasted for
its hold time is not in it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.policy import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

__all__ = ["Fault", "Outcome", "OutcomeBuilder", "Telling"]

_LONGEST: Final = 300


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One finding over the whole of a replay, that lasted for its hold time.

    Attributes:
        about: Whose it is: ``Deployment shop/cart``.
        rule: Which rule's.
        severity: The worst that it was.
        opened: How long after the first look it had lasted for its hold time.
        over: How long after the first look it was over for good; None where it was not.
        muted: Why nobody was to hear of it, where that was so to the last: a known issue, maintenance.
        places: What decided at its worst, and where that stands; no part of what is compared.
    """

    about: str
    rule: str
    severity: str
    opened: timedelta
    over: timedelta | None = None
    muted: str = ""
    places: Mapping[str, str] = field(default_factory=dict, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return what is kept of it; what is empty is left out."""
        found: dict[str, Any] = {"about": self.about, "rule": self.rule, "severity": self.severity}
        found["opened"] = shown(self.opened)
        if self.over is not None:
            found["over"] = shown(self.over)
        return found | ({"muted": self.muted} if self.muted else {})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One message.

    Attributes:
        after: How long after the first look.
        kind: ``alert``, ``worse``, ``resolved`` and so on.
        severity: As how bad.
        about: About whom.
        channel: Where to; empty for the log alone.
        folded: Whether it shares one message with others.
    """

    after: timedelta
    kind: str
    severity: str
    about: str
    channel: str = ""
    folded: bool = False

    def __str__(self) -> str:
        """Return ``alert as SEV-2 to #incidents after 5m``."""
        where = f" to {self.channel}" if self.channel else ""
        together = ", with others in one message" if self.folded else ""
        return f"{self.kind} as {self.severity}{where} after {shown(self.after)}{together}"

    def to_dict(self) -> dict[str, Any]:
        """Return what is kept of it."""
        found: dict[str, Any] = {
            "after": shown(self.after),
            "kind": self.kind,
            "severity": self.severity,
            "about": self.about,
        }
        found |= {"channel": self.channel} if self.channel else {}
        return found | ({"folded": True} if self.folded else {})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a replay came to.

    Attributes:
        verdicts: How many looks came to which verdict.
        faults: What counted, by owner and rule.
        told: What was told, in its order.
    """

    verdicts: Mapping[str, int]
    faults: tuple[Fault, ...]
    told: tuple[Telling, ...]

    @property
    def looks(self) -> int:
        """How many looks there were."""
        return sum(self.verdicts.values())

    def to_dict(self) -> dict[str, Any]:
        """Return what is kept of it, ready for YAML and JSON."""
        return {
            "verdicts": dict(sorted(self.verdicts.items())),
            "findings": [fault.to_dict() for fault in self.faults],
            "told": [telling.to_dict() for telling in self.told],
        }


@final
class OutcomeBuilder:
    """Collects an outcome from the data of cycles, in their order."""

    def __init__(self) -> None:
        self._verdicts: Counter[str] = Counter()
        self._faults: dict[tuple[str, str], Fault] = {}
        self._told: list[Telling] = []

    def add(self, data: Mapping[str, Any], after: timedelta, places: Iterable[Mapping[str, str]]) -> None:
        """Add one cycle.

        Args:
            data: Of its result.
            after: When it was judged, from the first look.
            places: What decided on each of its findings.
        """
        self._verdicts[data["verdict"]] += 1
        here = set()
        for finding, decided in zip(data["findings"], places, strict=True):
            if finding["state"] != "pending" and finding["absent_since"] is None:
                here.add(self._see(finding, after, decided))
        for key in self._faults.keys() - here:
            fault = self._faults[key]
            if fault.over is None:
                self._faults[key] = _changed(fault, over=after)
        self._told += [_telling(told, after) for told in data["told"]]

    def _see(self, finding: Mapping[str, Any], after: timedelta, places: Mapping[str, str]) -> tuple[str, str]:
        about, rule = str(Owner.from_dict(finding["owner"])), finding["rule"]
        old = self._faults.get((about, rule))
        is_worst = old is None or finding["severity"] < old.severity
        self._faults[about, rule] = Fault(
            about=about,
            rule=rule,
            severity=finding["severity"] if old is None or is_worst else old.severity,
            opened=after if old is None else old.opened,
            muted=finding["muted"]["kind"] if finding["muted"] is not None else "",
            places=places if old is None or is_worst else old.places,
        )
        return about, rule

    def outcome(self) -> Outcome:
        """Return what it all came to."""
        return Outcome(
            verdicts=dict(self._verdicts),
            faults=tuple(fault for _, fault in sorted(self._faults.items())),
            told=tuple(self._told),
        )


def _changed(fault: Fault, *, over: timedelta) -> Fault:
    return Fault(
        about=fault.about,
        rule=fault.rule,
        severity=fault.severity,
        opened=fault.opened,
        over=over,
        muted=fault.muted,
        places=fault.places,
    )


def _telling(told: Mapping[str, Any], after: timedelta) -> Telling:
    return Telling(
        after=after,
        kind=told["kind"],
        severity=told["severity"],
        about=str(Owner.from_dict(told["owner"])),
        channel=escape(told.get("channel", ""), limit=_LONGEST),
        folded=bool(told.get("folded")),
    )
