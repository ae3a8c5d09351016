"""The matrix of severities, and when something is told again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.findings import IMPACTS, SEVERITIES, Tier
from hotagents_k8s_monitor.policy import EscalationManager
from hotagents_k8s_monitor.policy.values import shown

if TYPE_CHECKING:
    from hotagents_k8s_monitor.findings import Impact, Severity

TIERS: Final[tuple[Tier, ...]] = get_args(Tier)
MINUTE: Final = timedelta(minutes=1)
DURATIONS: Final = st.integers(1, 366 * 24 * 60).map(lambda minutes: minutes * MINUTE)


def manager(**keys: Any) -> EscalationManager:
    return EscalationManager.model_validate({"name": "escalation-manager", "description": "x"} | keys)


def rated(keys: Any, *, minutes: float = 0, tier: Tier = "P0", impact: Impact = "down") -> Severity:
    return manager(severities=keys).severity(tier, impact, minutes * MINUTE)


@pytest.mark.parametrize(
    ("minutes", "severity"),
    [(-5, "SEV-3"), (0, "SEV-3"), (9.9, "SEV-3"), (10, "SEV-2"), (59, "SEV-2"), (60, "SEV-1"), (9e5, "SEV-1")],
)
def test_a_step_holds_from_its_duration_on(minutes: float, severity: Severity) -> None:
    steps = {"1h": "SEV-1", "0m": "SEV-3", "10m": "SEV-2"}
    assert rated({"P0": {"down": steps}}, minutes=minutes) == severity


@pytest.mark.parametrize(("minutes", "reached"), [(-5, 0), (0, 0), (9.9, 0), (10, 10), (59, 10), (60, 60), (9e5, 60)])
def test_the_step_that_is_reached_is_known(minutes: float, reached: int) -> None:
    said = manager(severities={"P0": {"down": {"1h": "SEV-1", "0m": "SEV-3", "10m": "SEV-2"}}})
    assert said.reached("P0", "down", minutes * MINUTE) == reached * MINUTE
    assert said.reached("P0", "degraded", minutes * MINUTE) == timedelta(0)


@pytest.mark.parametrize("steps", ["SEV-1", {"0m": "SEV-1"}, {"0": "SEV-1"}, {"0d0h": "SEV-1"}])
def test_one_severity_alone_holds_from_the_beginning_on(steps: Any) -> None:
    assert {rated({"P3": {"at-risk": steps}}, minutes=m, tier="P3", impact="at-risk") for m in (0, 1e6)} == {"SEV-1"}


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("impact", IMPACTS)
def test_where_the_matrix_is_silent_the_built_in_one_counts(tier: Tier, impact: Impact) -> None:
    built_in = manager().severity(tier, impact, timedelta(0))
    other_tier = next(other for other in TIERS if other != tier)
    other_impact = next(other for other in IMPACTS if other != impact)
    partial: Any
    for partial in ({}, {tier: {}}, {tier: {other_impact: "SEV-4"}}, {other_tier: {impact: "SEV-4"}}):
        assert rated(partial, tier=tier, impact=impact) == built_in
    said = next(severity for severity in SEVERITIES if severity != built_in)
    assert rated({tier: {impact: said}}, tier=tier, impact=impact) == said


def test_the_built_in_matrix_rates_no_milder_fault_or_tier_as_worse() -> None:
    rows = [[manager().severity(tier, impact, timedelta(0)) for impact in IMPACTS] for tier in ("P0", "P1", "P2", "P3")]
    assert all(row == sorted(row) for row in rows)
    assert all(list(column) == sorted(column) for column in zip(*rows, strict=True))


@given(st.dictionaries(DURATIONS, st.sampled_from(SEVERITIES)), st.sampled_from(SEVERITIES), DURATIONS, DURATIONS)
def test_what_lasts_longer_is_no_milder_if_the_steps_say_so(
    steps: dict[timedelta, Severity], first: Severity, one: timedelta, other: timedelta
) -> None:
    severities = sorted([first, *steps.values()], reverse=True)
    times = [timedelta(0), *sorted(steps)]
    written = {shown(time): severity for time, severity in zip(times, severities, strict=True)}
    short, long = (rated({"P1": {"down": written}}, minutes=t / MINUTE, tier="P1") for t in sorted((one, other)))
    assert SEVERITIES.index(long) <= SEVERITIES.index(short)


@given(st.dictionaries(DURATIONS, st.sampled_from(SEVERITIES), max_size=5), DURATIONS)
def test_the_last_step_that_has_begun_counts(steps: dict[timedelta, Severity], lasted: timedelta) -> None:
    written = {"0s": "SEV-4", **{shown(time): severity for time, severity in steps.items()}}
    begun = [time for time in steps if time <= lasted]
    expected = steps[max(begun)] if begun else "SEV-4"
    assert rated({"P0": {"down": written}}, minutes=lasted / MINUTE) == expected


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [
        ({}, {"SEV-1": 30 * MINUTE, "SEV-2": 180 * MINUTE, "SEV-3": timedelta(days=1), "SEV-4": None}),
        ({"SEV-1": "1m"}, {"SEV-1": MINUTE, "SEV-2": 180 * MINUTE}),
        ({"SEV-2": 3600, "SEV-3": "1w"}, {"SEV-1": 30 * MINUTE, "SEV-2": 60 * MINUTE, "SEV-3": timedelta(days=7)}),
    ],
)
def test_what_goes_on_is_told_again_after_a_pause(repeat: Any, expected: dict[Any, Any]) -> None:
    said = manager(repeat=repeat)
    assert {severity: said.repeat_after(severity) for severity in expected} == expected
