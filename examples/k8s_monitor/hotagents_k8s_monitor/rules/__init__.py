"""The rules: one file each, found here by their ids, and applied all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents_k8s_monitor.findings import grouped
from hotagents_k8s_monitor.rules.base import Limit, Rule
from hotagents_k8s_monitor.rules.monitor_blind import blind
from hotagents_k8s_monitor.rules.owners import guesses
from hotagents_k8s_monitor.rules.registry import Rules, built_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.findings import Owner, Signal
    from hotagents_k8s_monitor.rules.owners import Guess

__all__ = ["RULES", "Detection", "Limit", "Rule", "blind", "built_in", "detect"]

RULES: Final = Rules()
"""All rules by their ids; those of plugins are found when it is first asked."""


class Detection(NamedTuple):
    """What all rules together found.

    Attributes:
        signals: One for each rule and owner.
        unsure: Ids of the rules whose silence means nothing at this look: not all was seen that they need.
        lingering: Owners and ids of rules of what is not wrong at this moment, and will be again as far as one knows.
        guesses: Whose pods may be another's; of that one silence means nothing either.
    """

    signals: tuple[Signal, ...]
    unsure: frozenset[str]
    lingering: frozenset[tuple[Owner, str]] = frozenset()
    guesses: frozenset[Guess] = frozenset()

    def is_unsure(self, owner: Owner, rule: Rule) -> bool:
        """Say whether the silence of a rule about an owner means nothing at this look."""
        return rule.id in self.unsure or (rule.of_pods and any(guess.may_mean(owner) for guess in self.guesses))


def detect(snapshot: Snapshot, *, rules: Iterable[Rule] | None = None) -> Detection:
    """Apply rules to a snapshot, all of them unless others are given.

    One that raises leaves the monitor blind for what it watches, and stops no other; so does a plugin whose rules could
    not be had.
    """
    signals = [blind(f"plugin {name}", said) for name, said in RULES.failures.items()]
    unsure: set[str] = set()
    for rule in RULES.values() if rules is None else rules:
        try:
            signals.extend(rule.detect(snapshot))
        except Exception as error:  # noqa: BLE001 - a fault of the rule's is a finding, not the end of all others
            signals.append(blind(rule.id, f"rule {rule.id} failed: {type(error).__name__}: {error}"))
            unsure.add(rule.id)
        if not snapshot.is_whole(rule.needs):
            unsure.add(rule.id)
    lingering = grouped(signal for signal in signals if signal.lingering)
    return Detection(
        signals=grouped(signal for signal in signals if not signal.lingering),
        unsure=frozenset(unsure),
        lingering=frozenset((signal.owner, signal.rule) for signal in lingering),
        guesses=guesses(snapshot),
    )
