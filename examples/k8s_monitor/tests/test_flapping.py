"""What goes back and forth is told about as often as what stays as bad as it is at worst."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from hotagents_k8s_monitor.testing.objects import NOW, deployment

MINUTE: Final = timedelta(minutes=1)
LONG: Final = NOW - timedelta(days=1)


def short(bench: Any, available: int, *, minutes: int) -> list[tuple[str, str]]:
    """What is told of a Deployment of P1: SEV-2 where some are available, SEV-1 where none is, after one hour."""
    item = deployment("checkout-api", namespace="payments", replicas=9, available=available, since=LONG)
    for _ in range(minutes):
        bench.look(item, after=MINUTE)
    return [(kind, severity) for kind, severity, _ in bench.heard.taken()]


@pytest.fixture
def flat(bench: Any) -> Any:
    """A bench where degraded is SEV-2 at any time, and down SEV-1."""
    bench.edit("agents/escalation-manager.md", ("{0m: SEV-2, 30m: SEV-1}", "SEV-2"))
    return bench


@pytest.mark.parametrize(("down", "up"), [(1, 1), (1, 5), (5, 1), (3, 8)])
def test_down_and_degraded_by_turns_is_told_as_often_as_down(flat: Any, down: int, up: int) -> None:
    told = []
    for _ in range(6 * 60 // (down + up)):
        told += short(flat, 0, minutes=down) + short(flat, 4, minutes=up)
    assert len(told) <= 13
    assert told.count(("reminder", "SEV-1")) + told.count(("worse", "SEV-1")) >= 8


def test_it_is_better_once_it_has_been_so_for_ten_minutes(flat: Any) -> None:
    assert short(flat, 0, minutes=1) == [("alert", "SEV-1")]
    assert short(flat, 4, minutes=10) == []
    assert short(flat, 4, minutes=1) == [("update", "SEV-2")]


def test_a_moment_of_worse_begins_the_ten_minutes_anew(flat: Any) -> None:
    short(flat, 0, minutes=1)
    assert short(flat, 4, minutes=9) + short(flat, 0, minutes=1) + short(flat, 4, minutes=9) == []


def test_what_was_better_and_stays_as_bad_again_is_told_after_ten_minutes(flat: Any) -> None:
    short(flat, 0, minutes=1)
    short(flat, 4, minutes=15)
    assert short(flat, 0, minutes=10) == []
    assert short(flat, 0, minutes=1) == [("worse", "SEV-1")]


def test_what_is_worse_than_ever_is_told_at_once(flat: Any) -> None:
    assert short(flat, 4, minutes=1) == [("alert", "SEV-2")]
    assert short(flat, 0, minutes=1) == [("worse", "SEV-1")]


def test_a_clock_that_is_set_back_holds_neither_back(flat: Any) -> None:
    short(flat, 0, minutes=1)
    assert short(flat, 4, minutes=2) == []
    flat.set_clock(NOW - timedelta(hours=5))
    assert short(flat, 4, minutes=11) == [("reminder", "SEV-2")]
    flat.set_clock(NOW - timedelta(hours=10))
    assert short(flat, 0, minutes=1) == [("worse", "SEV-1")]
