"""How an incident ends: what is said of it, to whom, and at which hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.testing.objects import NOW, bare, deployment, node, pod, replica_set

MINUTE: Final = timedelta(minutes=1)
NIGHT: Final = timedelta(hours=12)  # ten in the evening
LONG: Final = NOW - timedelta(days=1)
WHOLE: Final = deployment("checkout-api", namespace="payments", replicas=3)
DOWN: Final = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=LONG)
OF: Final = replica_set("checkout-api-5d4f", owner=WHOLE)
FALLEN: Final = pod("p", owner=OF, waiting="ImagePullBackOff", since=LONG)
OTHERS: Final = (deployment("cart", namespace="shop"), node("node-a"), pod("q"))


def ended(bench: Any, *objects: Any, gaps: Any = ()) -> list[tuple[str, str, str]]:
    """What is told when a fault is seen no more, at two looks."""
    bench.heard.taken()
    bench.look(*objects, gaps=gaps, after=MINUTE)
    bench.again(after=MINUTE)
    found: list[tuple[str, str, str]] = bench.heard.taken()
    return found


# --- resolved, or gone ------------------------------------------------------------------------------------------------


def test_a_deployment_that_was_deleted_is_gone_and_not_resolved(bench: Any) -> None:
    bench.look(DOWN)
    assert ended(bench, *OTHERS) == [("gone", "SEV-1", "checkout-api")]
    assert bench.heard.lines[-1].startswith("GONE SEV-1 Deployment payments/checkout-api ")


def test_one_that_works_again_is_resolved(bench: Any) -> None:
    bench.look(DOWN)
    assert ended(bench, *OTHERS, WHOLE) == [("resolved", "SEV-1", "checkout-api")]


def test_one_that_was_deleted_and_is_back_at_the_second_look_is_resolved(bench: Any) -> None:
    bench.look(DOWN)
    bench.look(*OTHERS, after=MINUTE)
    assert ended(bench, *OTHERS, WHOLE) == [("resolved", "SEV-1", "checkout-api")]


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(pod("alone", waiting="ImagePullBackOff", since=LONG), id="a pod of nobody's"),
        pytest.param(node("node-b", ready="False", since=LONG), id="a node"),
    ],
)
def test_so_are_pods_and_nodes(bench: Any, item: Any) -> None:
    bench.look(*OTHERS, item)
    assert [kind for kind, _, _ in ended(bench, *OTHERS)] == ["gone"]


def test_where_nobody_can_know_it_is_resolved_as_the_rule_says(bench: Any) -> None:
    stateful = bare("apps/v1", "StatefulSet", "db", namespace="shop")
    bench.look(pod("db-0", owner=stateful, waiting="ImagePullBackOff", since=LONG))
    assert [kind for kind, _, _ in ended(bench, *OTHERS)] == ["resolved"]


def test_what_was_not_seen_is_not_gone(bench: Any) -> None:
    bench.look(DOWN, OF, FALLEN)
    assert ended(bench, *OTHERS, gaps=[Gap("deployments.apps", "forbidden", "no right")])[0][0] == "alert"
    assert {kind for kind, _, name in ended(bench, *OTHERS) if name == "checkout-api"} == {"gone"}


# --- to whom, and when ------------------------------------------------------------------------------------------------


def better_at_night(bench: Any) -> None:
    """Paged as SEV-1 at night, told as SEV-3, which waits for business hours, in the same night."""
    bench.clock.advance(NIGHT.total_seconds())
    bench.look(DOWN, OF, FALLEN)
    bench.look(WHOLE, OF, FALLEN, after=MINUTE)
    bench.again(after=MINUTE)  # half a minute later the Deployment is whole
    bench.again(after=10 * MINUTE)
    assert [(kind, severity) for kind, severity, _ in bench.heard.taken()] == [("alert", "SEV-1"), ("update", "SEV-3")]


def test_who_was_paged_at_night_hears_at_night_that_it_is_better_and_that_it_is_over(bench: Any) -> None:
    better_at_night(bench)
    assert ended(bench, WHOLE) == [("resolved", "SEV-3", "checkout-api")]


def test_both_are_told_where_the_page_was(bench: Any) -> None:
    better_at_night(bench)
    bench.look(WHOLE, after=MINUTE)
    told = bench.again(after=MINUTE).data["told"]
    channels = [line.partition("; channel ")[2].partition(";")[0] for line in bench.heard.lines]
    assert channels == ["#incidents"] * 3
    assert [one["channel"] for one in told] == ["#incidents"]


def test_a_reminder_of_what_is_mild_by_now_waits_for_the_morning(bench: Any) -> None:
    better_at_night(bench)
    bench.edit("agents/escalation-manager.md", ("  SEV-3: 1d\n", "  SEV-3: 10m\n"))
    bench.look(WHOLE, OF, FALLEN, after=20 * MINUTE)
    assert bench.heard.taken() == []
    bench.again(after=timedelta(hours=11))
    assert bench.heard.taken() == [("reminder", "SEV-3", "checkout-api")]


def test_what_was_never_worse_than_sev_3_waits_for_the_morning_with_its_end_too(bench: Any) -> None:
    cart = deployment("trainer", namespace="ml", replicas=3, available=0, since=LONG)
    bench.look(cart)
    assert bench.heard.taken() == [("alert", "SEV-3", "trainer")]
    bench.clock.advance(NIGHT.total_seconds())
    assert ended(bench, deployment("trainer", namespace="ml")) == []
    bench.again(after=timedelta(hours=11))
    assert bench.heard.taken() == [("resolved", "SEV-3", "trainer")]


# --- an end that waits ------------------------------------------------------------------------------------------------


def queued(bench: Any) -> None:
    """Told as SEV-3 in the last hour of the day, and over before anybody may hear of it."""
    bench.clock.advance(6.5 * 3600)
    bench.look(WHOLE, OF, FALLEN)
    assert bench.heard.taken() == [("alert", "SEV-3", "checkout-api")]
    bench.look(WHOLE, OF, after=30 * MINUTE)
    bench.again(after=MINUTE)
    assert bench.heard.taken() == []


def test_an_end_that_waited_for_the_morning_says_how_long_it_lasted_and_not_how_long_it_waited(bench: Any) -> None:
    queued(bench)
    bench.again(after=timedelta(hours=17))
    assert bench.heard.taken() == [("resolved", "SEV-3", "checkout-api")]
    assert "; for 1d7h1m; " in bench.heard.lines[-1]
    assert "goes on" not in bench.heard.lines[-1]


def test_it_says_so_where_something_else_is_wrong_with_the_same_owner_by_then(bench: Any) -> None:
    queued(bench)
    bench.look(DOWN, OF, after=9 * 60 * MINUTE)
    assert bench.heard.taken() == [("alert", "SEV-1", "checkout-api")]
    (worse,) = (one.id for one in bench.monitor._book.incidents.values() if one.end is None)
    told = bench.again(after=timedelta(hours=8)).data["told"]
    assert ("resolved", worse) in [(one["kind"], one["other"]) for one in told]
    (line,) = (line for line in bench.heard.lines if line.startswith("RESOLVED"))
    assert f"; another incident of it goes on: {worse}; " in line
    assert "goes on" not in next(line for line in bench.heard.lines if line.startswith("REMINDER"))
