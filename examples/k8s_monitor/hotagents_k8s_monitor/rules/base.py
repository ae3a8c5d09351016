"""`Rule`: one way to find a fault, as a pure function of a snapshot.

A rule knows neither tiers nor severities, nor what is switched off: those are the current generation's, and `judging`
applies them. A rule never raises for what the cluster says (`cluster.objects` reads any JSON); should it raise all the
same, that is found too: the monitor is blind for what this rule watches.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeAlias, final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotagents_k8s_monitor.cluster import Resource, Snapshot
    from hotagents_k8s_monitor.findings import Signal

__all__ = ["Detect", "Limit", "Rule"]

Limit: TypeAlias = int | timedelta
"""How much is too much."""


class Detect(Protocol):
    """What a rule's author writes; that of a rule with limits takes these by keyword, with the same defaults."""

    def __call__(self, snapshot: Snapshot, /) -> Iterable[Signal]:
        """Yield what is wrong; several signals of one owner are joined by the caller."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule and what is said of it.

    Attributes:
        id: What it is called by, in configuration and records.
        summary: One line for people.
        detect: Finds.
        needs: Resources that must have been seen whole before the absence of a signal means that all is well.
        uses: Further resources that say what a signal means, such as whether a claim waits on purpose.
        of_pods: Whether it finds owners by their pods, and may take a pod for another owner's where a list between the
            two fails.
        hold: For how long a fault must last before anybody hears of it, unless the configuration says otherwise.
        consecutive: Whether its hold time begins anew once a look could have seen it and did not.
        switchable: Whether the configuration may switch it off.
        limits: What the configuration may set beside its switch and hold time, by name, with what counts otherwise;
            see `hotagents_k8s_monitor.policy.analyzer.RuleSettings` for the names that there are.
    """

    id: str
    summary: str
    detect: Detect
    needs: tuple[Resource, ...]
    hold: timedelta
    uses: tuple[Resource, ...] = ()
    of_pods: bool = False
    consecutive: bool = False
    switchable: bool = True
    limits: Mapping[str, Limit] = field(default_factory=lambda: MappingProxyType({}))

    def within(self, limits: Mapping[str, Limit]) -> Rule:
        """Return the rule with other limits; names that it does not have are left out."""
        own = {name: limits.get(name, limit) for name, limit in self.limits.items()}
        return replace(self, detect=partial(self.detect, **own), limits=MappingProxyType(own)) if own else self
