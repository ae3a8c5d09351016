"""`Analyzer`: what the frontmatter of k8s-analyzer.md says to the monitor, beside what it says to a model."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias, final

from pydantic import AfterValidator, Field, model_validator

from hotagents import AgentSpec, did_you_mean
from hotagents_k8s_monitor.policy.match import Pattern, all_rules
from hotagents_k8s_monitor.policy.values import Duration, Strict, some
from hotagents_k8s_monitor.rules import RULES

__all__ = ["ANALYZER", "READING", "Analyzer", "Namespaces", "RuleSettings"]

ANALYZER: Final = "k8s-analyzer"
READING: Final = frozenset({"describe", "events", "get", "logs", "rollout_history"})
"""Tools that an agent may be given to look at a cluster."""


def _can_be_set(rule: str) -> str:
    if rule not in RULES:
        raise ValueError(f"expected a rule that there is; {did_you_mean(rule, RULES) or all_rules()}")
    if not RULES[rule].switchable:
        raise ValueError(
            "expected a rule that can be set; remove this one: what is not seen must never read as healthy"
        )
    return rule


RuleId: TypeAlias = Annotated[str, AfterValidator(_can_be_set)]
"""The id of a rule that there is, and that may be switched off."""


@final
class RuleSettings(Strict):
    """A rule's switch and its hold time; None is the rule's own."""

    enabled: bool = True
    hold: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _settings(cls, value: object) -> object:
        if not isinstance(value, (dict, RuleSettings)):
            raise ValueError("expected settings; such as {enabled: false}, or {hold: 10m}")  # noqa: TRY004  pydantic takes only this
        return value


@final
class Namespaces(Strict):
    """Which namespaces are looked at, by name or pattern; what is excluded is out, whatever includes it.

    Nodes and the monitor itself belong to none and are always looked at.
    """

    include: Annotated[tuple[Pattern, ...], AfterValidator(some)] = ("*",)
    exclude: tuple[Pattern, ...] = ()


@final
class Analyzer(AgentSpec):
    """Which rules are on, how long a fault must last, and where is looked."""

    known_tools = READING

    rules: dict[RuleId, RuleSettings] = Field(default_factory=dict)
    namespaces: Namespaces = Namespaces()
