"""A monitor that is blind says so at once, and calls somebody when it still is at the next look."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.rules import RULES, detect
from hotagents_k8s_monitor.testing.objects import NOW, deployment, node

if TYPE_CHECKING:
    from hotagents import CycleResult

CONTEXT: Final = "CLAUDE.md"
MINUTE: Final = timedelta(minutes=1)
SECOND: Final = timedelta(seconds=1)
NO_PODS: Final = Gap("pods", "forbidden", "no right")
ALERT: Final = [("alert", "SEV-2", "k8s-monitor")]


def looks(bench: Any, sights: str, *, after: timedelta = MINUTE) -> list[CycleResult]:
    """Look once for each letter, of which ``b`` is blind."""
    return [bench.look(node("node-a"), gaps=[NO_PODS] if sight == "b" else [], after=after) for sight in sights]


def test_one_blind_look_is_a_verdict_and_a_record_and_calls_nobody(bench: Any) -> None:
    results = looks(bench, "gbgg")
    assert [result.data["verdict"] for result in results] == ["healthy", "blind", "healthy", "healthy"]
    assert [gap["resource"] for gap in results[1].data["gaps"]] == ["pods"]
    assert [finding["rule"] for finding in results[1].data["findings"]] == ["monitor-blind"]
    assert results[2].data["findings"] == []
    assert bench.heard.taken() == []


def test_the_second_blind_look_in_a_row_calls_somebody_once(bench: Any) -> None:
    looks(bench, "gbbbbb")
    assert bench.heard.taken() == ALERT
    assert [result.data["verdict"] for result in looks(bench, "gg")] == ["findings", "healthy"]
    assert bench.heard.taken() == [("resolved", "SEV-2", "k8s-monitor")]


def test_blind_looks_that_do_not_follow_each_other_call_nobody(bench: Any) -> None:
    results = looks(bench, "bg" * 10)
    assert [result.data["verdict"] for result in results] == ["blind", "healthy"] * 10
    assert bench.heard.taken() == []


def test_a_look_that_follows_an_edit_at_once_is_no_second_one(bench: Any) -> None:
    looks(bench, "bbb", after=10 * SECOND)
    assert bench.heard.taken() == []
    looks(bench, "b", after=10 * SECOND)
    assert bench.heard.taken() == ALERT


def test_a_monitor_that_was_told_of_stays_so_through_single_good_looks(bench: Any) -> None:
    looks(bench, "bb" + "gb" * 10)
    assert bench.heard.taken() == ALERT


def test_a_rule_that_fails_is_blindness_at_once(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_snapshot: Any) -> Any:
        raise KeyError("x")

    broken = [replace(RULES["node-not-ready"], detect=failing)]
    monkeypatch.setattr("hotagents_k8s_monitor.tracking.detect", lambda snapshot, **_: detect(snapshot, rules=broken))
    (result,) = looks(bench, "g")
    assert (result.data["gaps"], result.data["verdict"]) == ([], "blind")


KNOWN: Final = "known_issues: [{{match: {match}, until: 2026-11-30, reason: known}}]\n"
CHECKOUT: Final = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE)


@pytest.mark.parametrize(
    ("match", "audible"),
    [
        ('{name: "*"}', True),
        ('{rule: "*", kind: "*", namespace: "*"}', True),
        ("{rule: monitor-blind}", False),
        ("{kind: Monitor}", False),
    ],
)
def test_only_what_names_it_mutes_a_blind_monitor(bench: Any, match: str, audible: bool) -> None:  # noqa: FBT001
    bench.edit(CONTEXT, ("known_issues: []\n", KNOWN.format(match=match)))
    looks(bench, "bb")
    assert bench.heard.taken() == (ALERT if audible else [])
    assert looks(bench, "b")[0].data["verdict"] == "blind"


@pytest.mark.parametrize("match", ["", ', match: {name: "*"}'])
def test_maintenance_of_everything_mutes_everything_but_that(bench: Any, match: str) -> None:
    window = f"maintenance_windows: [{{reason: new disks, weekly: {{from: '00:00', to: '24:00'}}{match}}}]\n"
    bench.edit(CONTEXT, ("maintenance_windows: []\n", window))
    bench.look(CHECKOUT, node("node-a", ready="False", since=NOW - 20 * MINUTE))
    assert bench.heard.taken() == []
    looks(bench, "bb")
    assert bench.heard.taken() == ALERT
