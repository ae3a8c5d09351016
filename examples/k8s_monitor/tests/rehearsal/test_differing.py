"""Two outcomes differ in words that a person understands."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotagents import escape
from hotagents_k8s_monitor.rehearsal.differing import differences
from hotagents_k8s_monitor.rehearsal.expected import read_expected, write_expected
from hotagents_k8s_monitor.rehearsal.outcome import Fault, Outcome, Telling
from hotagents_k8s_monitor.rehearsal.recording import EXPECTED, RecordingError
from hotagents_k8s_monitor.rules import RULES

if TYPE_CHECKING:
    from pathlib import Path

CART = "Deployment shop/cart"


def fault(severity: str = "SEV-2", **changes: Any) -> Fault:
    values: dict[str, Any] = {
        "about": CART, "rule": "deployment-short", "severity": severity, "opened": timedelta(minutes=15)
    }  # fmt: skip
    return Fault(**(values | changes))


def told(kind: str = "alert", severity: str = "SEV-2") -> Telling:
    return Telling(after=timedelta(minutes=15), kind=kind, severity=severity, about=CART, channel="#a")


def outcome(*faults: Fault, told: tuple[Telling, ...] = ()) -> Outcome:
    return Outcome(verdicts={"findings": 3}, faults=faults, told=told)


def said(before: Outcome, after: Outcome, **options: Any) -> list[str]:
    return [str(each) for each in differences(before, after, **options)]


def test_a_severity_that_nobody_is_told_of_any_more() -> None:
    after = outcome(fault("SEV-4", places={"severity": "agents/escalation-manager.md:14"}))
    assert said(outcome(fault(), told=(told(),)), after) == [
        (
            "Deployment shop/cart: deployment-short: SEV-2 → SEV-4 (severity by agents/escalation-manager.md:14); "
            "nobody told (was: alert as SEV-2 to #a after 15m)"
        )
    ]


def test_a_finding_that_is_no_more_and_one_that_is_new() -> None:
    assert said(outcome(fault()), outcome()) == ["Deployment shop/cart: deployment-short: SEV-2 → no finding"]
    assert said(outcome(), outcome(fault(), told=(told(),))) == [
        (
            "Deployment shop/cart: deployment-short: no finding → SEV-2 after 15m; "
            "told: alert as SEV-2 to #a after 15m (was: nobody)"
        )
    ]


def test_a_rule_that_did_not_exist_is_called_a_new_one() -> None:
    (line,) = said(outcome(), outcome(fault()), known=["node-not-ready"])
    assert "deployment-short: a new rule finds SEV-2 after 15m" in line


def test_times_and_what_mutes_are_differences_too() -> None:
    muted = fault(muted="known issue", places={"muted": "CLAUDE.md:21"})
    assert said(outcome(fault()), outcome(muted)) == [
        "Deployment shop/cart: deployment-short: SEV-2 → SEV-2, muted as known issue (muted by CLAUDE.md:21)"
    ]
    (line,) = said(outcome(fault()), outcome(fault(opened=timedelta(minutes=5), over=timedelta(hours=1))))
    assert line.endswith("counts after 15m → after 5m, over never → after 1h")


def test_many_messages_are_counted() -> None:
    many = tuple(told("reminder") for _ in range(9))
    (line,) = said(outcome(fault()), outcome(fault(), told=many))
    assert "and 6 more" in line


TEXTS = st.text(max_size=40).map(escape)
TIMES = st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds))
FAULTS = st.builds(Fault, about=TEXTS, rule=TEXTS, severity=TEXTS, opened=TIMES, over=st.none() | TIMES, muted=TEXTS)
TELLINGS = st.builds(Telling, after=TIMES, kind=TEXTS, severity=TEXTS, about=TEXTS, channel=TEXTS, folded=st.booleans())


@settings(max_examples=40, deadline=None)
@given(st.lists(FAULTS, max_size=4, unique_by=lambda f: (f.about, f.rule)), st.lists(TELLINGS, max_size=4))
def test_what_is_written_as_expected_is_read_as_the_same(
    tmp_path_factory: pytest.TempPathFactory, faults: list[Fault], tellings: list[Telling]
) -> None:
    directory = tmp_path_factory.mktemp("expected")
    ordered = tuple(sorted(faults, key=lambda f: (f.about, f.rule)))
    value = Outcome(verdicts={"healthy": 1}, faults=ordered, told=tuple(tellings))
    write_expected(directory, value)
    read = read_expected(directory)
    assert read == (value, frozenset(RULES))
    assert not differences(value, read[0])


@pytest.mark.parametrize(
    "text", ["", "[]", "version: 9", "version: 1\nverdicts: 3", "a: b: c", "version: 1\n" + "[" * 9999]
)
def test_what_is_no_expectation_is_refused_with_its_path(text: str, tmp_path: Path) -> None:
    (tmp_path / EXPECTED).write_text(text, encoding="utf-8")
    with pytest.raises(RecordingError, match=r"expected\.yaml"):
        read_expected(tmp_path)


def test_nothing_expected_is_no_error(tmp_path: Path) -> None:
    assert read_expected(tmp_path) is None
