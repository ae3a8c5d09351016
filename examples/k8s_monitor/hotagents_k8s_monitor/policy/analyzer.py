"""`Analyzer`: what the frontmatter of k8s-analyzer.md says to the monitor, beside what it says to a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, TypeAlias, final

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from hotagents import AgentSpec, did_you_mean
from hotagents_k8s_monitor.cluster.restarts import LONGEST
from hotagents_k8s_monitor.policy.match import Pattern, all_rules
from hotagents_k8s_monitor.policy.values import Duration, Strict, shown, some
from hotagents_k8s_monitor.rules import RULES

if TYPE_CHECKING:
    from datetime import timedelta

    from hotagents_k8s_monitor.rules import Limit, Rule

__all__ = ["ANALYZER", "LIMITS", "READING", "Analyzer", "Namespaces", "RuleSettings"]

ANALYZER: Final = "k8s-analyzer"
READING: Final = frozenset({"describe", "events", "get", "logs", "rollout_history"})
"""Tools that an agent may be given to look at a cluster."""

LIMITS: Final = ("after", "percent", "restarts", "urgent", "within")
"""What may be set of rules that have it, beside switch and hold time."""


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


def _some_time(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("expected more than no time; to switch the rule off, write enabled: false")
    return value


Span: TypeAlias = Annotated[Duration, AfterValidator(_some_time)]
"""How far or how long; never nothing, which every object would be beyond, or none."""


@final
class RuleSettings(Strict):
    """A rule's switch, its hold time, and how much is too much; None is the rule's own.

    Which limits a rule has, its `hotagents_k8s_monitor.rules.Rule.limits` says; another one would do nothing, and is
    refused.
    """

    enabled: bool = True
    hold: Duration | None = None
    after: Span | None = None
    """Longest duration that is none too long."""
    percent: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None
    """Of what there is."""
    restarts: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    """How many are too many."""
    urgent: Span | None = None
    """How close an end is that is worse than one within ``within``."""
    within: Span | None = None
    """How far away, ahead or back, something still counts."""

    @model_validator(mode="before")
    @classmethod
    def _settings(cls, value: object) -> object:
        if not isinstance(value, (dict, RuleSettings)):
            raise ValueError("expected settings; such as {enabled: false}, or {hold: 10m}")  # noqa: TRY004  pydantic takes only this
        return value

    def limits(self) -> dict[str, Limit]:
        """Return the limits that are set, by name."""
        said = {name: getattr(self, name) for name in LIMITS}
        return {name: limit for name, limit in said.items() if limit is not None}


def _has_them(rules: dict[str, RuleSettings]) -> dict[str, RuleSettings]:
    wrong = [
        InitErrorDetails(type="value_error", loc=(rule, name), input=_written(limit), ctx={"error": ValueError(said)})
        for rule, settings in rules.items()
        for name, limit in settings.limits().items()
        if (said := _mistake(rule, name, settings))
    ]
    if wrong:
        raise ValidationError.from_exception_data("rules", wrong)
    return rules


def _written(limit: Limit) -> int | str:
    return limit if isinstance(limit, int) else shown(limit)


def _mistake(rule: str, name: str, settings: RuleSettings) -> str:
    """Return what is wrong with a limit of a rule; empty where nothing is."""
    own = RULES[rule].limits
    if name not in own:
        there = f"only {', '.join(sorted(own))}" if own else "no limit"
        return f"expected {there} beside enabled and hold for {rule}; remove it"
    limits = {**own, **settings.limits()}
    if rule == "restart-burst" and name == "within" and limits[name] > LONGEST:  # type: ignore[operator]  # a duration
        return f"expected at most {shown(LONGEST)}, for which restarts are remembered"
    if name == "urgent" and limits["urgent"] > limits["within"]:  # type: ignore[operator]  # two durations
        return f"expected at most {shown(limits['within'])}, the rule's own within"  # type: ignore[arg-type]  # a duration
    return ""


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

    rules: Annotated[dict[RuleId, RuleSettings], AfterValidator(_has_them)] = Field(default_factory=dict)
    namespaces: Namespaces = Namespaces()

    def applied(self) -> tuple[Rule, ...]:
        """Return all rules with the limits that are set here; those that are off too, whose signals are left out."""
        own = {rule: settings.limits() for rule, settings in self.rules.items()}
        return tuple(rule.within(own.get(rule.id, {})) for rule in RULES.values())
