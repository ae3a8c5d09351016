"""`EscalationManager`: what the frontmatter of escalation-manager.md says to the monitor, beside a model.

A matrix gives the severity of a finding by the tier of its owner, by how much of it is hit, and by how long that has
lasted. Where it says nothing the built-in one counts.
"""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias, final

from pydantic import AfterValidator, Field, WrapValidator

from hotagents import AgentSpec
from hotagents_k8s_monitor.findings import Impact, Severity, Tier
from hotagents_k8s_monitor.policy.analyzer import READING
from hotagents_k8s_monitor.policy.values import Duration, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidatorFunctionWrapHandler

__all__ = ["ESCALATION_MANAGER", "EscalationManager", "Told"]

ESCALATION_MANAGER: Final = "escalation-manager"
Told: TypeAlias = Literal["SEV-1", "SEV-2", "SEV-3"]
"""Severities that are told; SEV-4 is only recorded."""

_DEFAULTS: Final[Mapping[Tier, Mapping[Impact, Severity]]] = MappingProxyType(
    {
        "P0": {"down": "SEV-1", "degraded": "SEV-2", "at-risk": "SEV-3"},
        "P1": {"down": "SEV-2", "degraded": "SEV-2", "at-risk": "SEV-3"},
        "P2": {"down": "SEV-2", "degraded": "SEV-3", "at-risk": "SEV-4"},
        "P3": {"down": "SEV-3", "degraded": "SEV-4", "at-risk": "SEV-4"},
        "unlisted": {"down": "SEV-3", "degraded": "SEV-3", "at-risk": "SEV-4"},
        "platform": {"down": "SEV-1", "degraded": "SEV-2", "at-risk": "SEV-3"},
    }
)
_REPEAT: Final[Mapping[Told, timedelta]] = MappingProxyType(
    {"SEV-1": timedelta(minutes=30), "SEV-2": timedelta(hours=3), "SEV-3": timedelta(days=1)}
)
_SHORTEST: Final = timedelta(minutes=1)


def _steps(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    if not isinstance(value, (str, dict)):
        raise ValueError("expected a severity, or one for each duration; such as SEV-2, or {0m: SEV-2, 30m: SEV-1}")  # noqa: TRY004  pydantic takes only this
    said = {"0s": value} if isinstance(value, str) else value
    steps: dict[timedelta, Severity] = handler(said)
    if timedelta(0) not in steps:
        raise ValueError("expected a severity from the beginning on, got none; add 0m: SEV-3")
    if len(steps) < len(said):
        raise ValueError("expected each duration once, got one twice in different words; remove one of the two")
    return steps


Steps: TypeAlias = Annotated[dict[Duration, Severity], WrapValidator(_steps)]
"""A severity for each duration from which on it holds; one alone, ``SEV-1``, holds from the beginning on."""


def _long_enough(value: timedelta) -> timedelta:
    if value < _SHORTEST:
        raise ValueError(f"expected a pause of at least {shown(_SHORTEST)}")
    return value


Pause: TypeAlias = Annotated[Duration, AfterValidator(_long_enough)]
"""How long nothing is told again."""


@final
class EscalationManager(AgentSpec):
    """How bad a finding is, and when it is told again."""

    known_tools = READING

    severities: dict[Tier, dict[Impact, Steps]] = Field(default_factory=dict)
    repeat: dict[Told, Pause] = Field(default_factory=dict)
    full_after: Pause = timedelta(hours=3)
    """What is told within this time after all of it was said is told in one line."""
    most_messages: Annotated[int, Field(strict=True, ge=1, le=200)] = 20
    """How many incidents are told each by a message of its own in one cycle; the others share one."""

    def severity(self, tier: Tier, impact: Impact, lasted: timedelta) -> Severity:
        """Return the severity of a fault that has lasted for so long."""
        return self._steps(tier, impact)[self.reached(tier, impact, lasted)]

    def reached(self, tier: Tier, impact: Impact, lasted: timedelta) -> timedelta:
        """Return the duration from which on that severity holds."""
        return max(after for after in self._steps(tier, impact) if after <= max(lasted, timedelta(0)))

    def _steps(self, tier: Tier, impact: Impact) -> Mapping[timedelta, Severity]:
        return self.severities.get(tier, {}).get(impact) or {timedelta(0): _DEFAULTS[tier][impact]}

    def repeat_after(self, severity: Severity) -> timedelta | None:
        """Return the time after which a finding that goes on is told again; None for never."""
        if severity == "SEV-4":
            return None
        return self.repeat.get(severity, _REPEAT[severity])
