"""``monitor-blind``: every gap is told, and how much of the sight it takes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, get_args

import pytest

from hotagents_k8s_monitor.cluster import Gap, GapReason, Snapshot
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.rules import RULES, blind, detect
from hotagents_k8s_monitor.testing.objects import NOW, node, pod

if TYPE_CHECKING:
    from hotagents_k8s_monitor.cluster import Resource

RULE: Final = RULES["monitor-blind"]
VITAL: Final = frozenset(
    {"nodes", "pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch", "cronjobs.batch",
     "persistentvolumeclaims", "services", "endpointslices.discovery.k8s.io"}
)  # fmt: skip


def test_a_look_that_saw_all_is_not_blind(signals: Any) -> None:
    assert signals(RULE.id, []) == ()
    assert signals(RULE.id, [node("a"), pod("b")]) == ()


@pytest.mark.parametrize("reason", get_args(GapReason))
@pytest.mark.parametrize("resource", RESOURCES)
def test_each_gap_of_each_kind_is_told(signals: Any, resource: Resource, reason: Any) -> None:
    (signal,) = signals(RULE.id, [node("a")], Gap(resource, reason, "so it is"))
    assert str(signal.owner) == "Monitor k8s-monitor"
    assert signal.message == f"cannot see {resource}: {reason}: so it is"
    assert signal.objects == (resource,)
    assert signal.impact == ("degraded" if resource in VITAL else "at-risk")
    assert (signal.since, signal.not_before) == (None, None)


def test_many_gaps_are_one_signal_with_the_worst_first(signals: Any) -> None:
    gaps = [Gap(resource, "forbidden", "no right") for resource in ("resourcequotas", "replicasets.apps", "pods")]
    (signal,) = signals(RULE.id, [node("a")], *gaps)
    assert signal.impact == "degraded"
    assert signal.message == "cannot see pods: forbidden: no right (and 2 more)"
    assert set(signal.objects) == {gap.resource for gap in gaps}


@pytest.mark.parametrize("objects", [{}, dict.fromkeys(RESOURCES, ())])
def test_a_look_that_saw_nothing_is_down(objects: Any) -> None:
    gaps = {resource: Gap(resource, "unreachable", "no route to host") for resource in RESOURCES}
    (signal,) = detect(Snapshot(NOW, objects, gaps), rules=[RULE]).signals
    assert signal.impact == "down"


def test_a_part_of_one_list_is_better_than_nothing() -> None:
    gaps = {resource: Gap(resource, "slow", "no answer in time") for resource in RESOURCES}
    (signal,) = detect(Snapshot(NOW, {"pods": (pod("a"),)}, gaps), rules=[RULE]).signals
    assert signal.impact == "degraded"


def test_an_empty_list_that_came_whole_is_something_that_was_seen(signals: Any) -> None:
    (signal,) = signals(RULE.id, [], Gap("nodes", "forbidden", "no right"))
    assert signal.impact == "degraded"


def test_it_cannot_be_switched_off_and_waits_for_a_second_look_in_a_row() -> None:
    assert not RULE.switchable
    assert RULE.consecutive
    assert timedelta(0) < RULE.hold < timedelta(minutes=1)  # the usual time from one look to the next
    assert RULE.needs == ()


def test_others_can_say_that_they_are_blind() -> None:
    signal = blind("records", "cannot write", impact="at-risk")
    assert (signal.rule, signal.message, signal.objects) == ("monitor-blind", "cannot write", ("records",))
