"""What the monitor remembers: faults that come, last and go, as far as it could see."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hotagents.testing import FakeClock
from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.testing.objects import NOW, deployment, node, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Mapping

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
CHECKOUT = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE)
PARTLY = deployment(
    "checkout-api", namespace="payments", replicas=9, available=8, since=NOW - DAY, progressed=NOW - DAY
)
WHOLE = deployment("checkout-api", namespace="payments", replicas=3)
NO_DEPLOYMENTS = Gap("deployments.apps", "forbidden", "no right")


def states(result: Any) -> dict[str, str]:
    return {finding["rule"]: finding["state"] for finding in result.data["findings"]}


def test_a_fault_without_a_time_of_its_own_counts_from_the_first_look(bench: Any) -> None:
    partly: Mapping[str, Any] = {**PARTLY, "status": {**PARTLY["status"], "conditions": []}}
    first = bench.look(partly)
    assert states(first) == {"deployment-short": "pending"}
    assert first.data["verdict"] == "healthy"
    assert "1 within their hold time" in first.summary
    assert states(bench.again(after=14 * MINUTE)) == {"deployment-short": "pending"}
    assert states(bench.again(after=1 * MINUTE)) == {"deployment-short": "open"}
    assert [kind for kind, _, _ in bench.heard.taken()] == ["alert"]


def test_a_fault_with_a_time_of_its_own_is_told_at_the_first_look(bench: Any) -> None:
    result = bench.look(CHECKOUT)
    assert states(result) == {"deployment-short": "open"}
    assert result.data["findings"][0]["since"] == (NOW - 20 * MINUTE).isoformat()


def test_what_goes_on_is_not_told_again_a_hundred_times(bench: Any) -> None:
    bench.look(CHECKOUT)
    bench.heard.taken()
    for _ in range(100):
        bench.again(after=timedelta(seconds=15))  # 25 minutes in all, less than the repeat time
    assert bench.heard.taken() == []


def test_a_fault_is_resolved_after_a_second_look_that_does_not_see_it(bench: Any) -> None:
    bench.look(CHECKOUT)
    bench.heard.taken()
    once = bench.look(WHOLE, after=MINUTE)
    assert states(once) == {"deployment-short": "open"}
    assert once.data["findings"][0]["absent_since"] == bench.clock.now().isoformat()
    assert bench.heard.taken() == []
    assert states(bench.again(after=MINUTE)) == {}
    assert bench.heard.taken() == [("resolved", "SEV-1", "checkout-api")]
    bench.again(after=MINUTE)
    assert bench.heard.taken() == []


def test_a_look_that_follows_at_once_proves_nothing(bench: Any) -> None:
    bench.look(CHECKOUT)
    bench.heard.taken()
    bench.look(WHOLE, after=MINUTE)
    bench.edit("CLAUDE.md", ("P0: payments on-call", "P0: others"))
    assert states(bench.again(after=timedelta(seconds=1))) == {"deployment-short": "open"}
    assert states(bench.again(after=timedelta(seconds=28))) == {"deployment-short": "open"}
    assert states(bench.again(after=timedelta(seconds=1))) == {}
    assert bench.heard.taken() == [("resolved", "SEV-1", "checkout-api")]


def test_what_is_open_stays_so_through_a_roll_out_and_a_clock_that_is_set_back(bench: Any) -> None:
    bench.look(CHECKOUT)
    bench.heard.taken()
    restarted = deployment(
        "checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE,
        progress="ReplicaSetUpdated", progressed=NOW + MINUTE,
    )  # fmt: skip
    for after in (2 * MINUTE, MINUTE):
        assert states(bench.look(restarted, after=after)) == {"deployment-short": "open"}
    bench.monitor._clock = FakeClock(NOW - timedelta(hours=1))
    assert states(bench.look(restarted)) == {"deployment-short": "open"}
    assert "withdrawn" not in {kind for kind, _, _ in bench.heard.taken()}


def test_a_container_that_runs_between_two_falls_is_one_fault(bench: Any) -> None:
    whole = deployment("checkout-api", namespace="payments")
    of = replica_set("checkout-api-5d4f", owner=whole)
    told = []
    for _ in range(20):  # five minutes of waiting, two of running
        fallen = pod("p", owner=of, waiting="CrashLoopBackOff", since=bench.clock.now())
        for _ in range(5):
            told += bench.look(whole, of, fallen, after=MINUTE).data["told"]
        for _ in range(2):
            told += bench.look(whole, of, pod("p", owner=of), after=MINUTE).data["told"]
    assert {one["kind"] for one in told} == {"alert"}
    assert len(told) == 1
    for _ in range(11):
        told += bench.look(whole, of, pod("p", owner=of), after=MINUTE).data["told"]
    assert [one["kind"] for one in told] == ["alert", "resolved"]


def test_who_was_paged_at_night_hears_at_night_that_it_is_better(bench: Any) -> None:
    bench.clock.advance(12 * 3600)  # ten in the evening
    of = replica_set("checkout-api-5d4f", owner=WHOLE)
    fallen = pod("p", owner=of, waiting="CrashLoopBackOff", since=NOW)
    bench.look(CHECKOUT, of, fallen)
    bench.look(WHOLE, of, fallen, after=MINUTE)
    bench.again(after=MINUTE)
    told = [(kind, severity) for kind, severity, _ in bench.heard.taken()]
    assert (told[0], told[-1]) == (("alert", "SEV-1"), ("update", "SEV-3"))


def test_a_fault_that_comes_back_before_the_second_look_was_never_away(bench: Any) -> None:
    bench.look(CHECKOUT)
    bench.heard.taken()
    bench.look(WHOLE, after=MINUTE)
    result = bench.look(CHECKOUT, after=MINUTE)
    assert result.data["findings"][0]["absent_since"] is None
    bench.look(WHOLE, after=MINUTE)
    assert bench.heard.taken() == []


def test_a_look_that_could_not_see_resolves_nothing(bench: Any) -> None:
    bench.look(CHECKOUT)
    bench.heard.taken()
    for _ in range(4):
        bench.look(gaps=[NO_DEPLOYMENTS], after=MINUTE)
    blind = bench.look(gaps=[NO_DEPLOYMENTS], after=MINUTE)
    assert states(blind) == {"deployment-short": "open", "monitor-blind": "open"}
    assert blind.data["verdict"] == "blind"
    assert [finding["unsure"] for finding in blind.data["findings"] if finding["rule"] == "deployment-short"] == [True]
    assert "resolved" not in [kind for kind, _, _ in bench.heard.taken()]
    bench.look(WHOLE, after=MINUTE)
    bench.again(after=MINUTE)
    kinds = sorted((kind, name) for kind, _, name in bench.heard.taken())
    assert kinds == [("resolved", "checkout-api"), ("resolved", "k8s-monitor")]


def test_what_is_seen_in_half_a_list_counts_and_what_is_not_seen_there_does_not(bench: Any) -> None:
    other = deployment("cart", namespace="shop", replicas=3, available=0, since=NOW - DAY)
    bench.look(CHECKOUT, other)
    cut = Gap("deployments.apps", "truncated", "page 2 did not come")
    result = bench.look(CHECKOUT, gaps=[cut], after=MINUTE)
    result = bench.again(after=MINUTE)
    unsure = {f["owner"]["name"]: f["unsure"] for f in result.data["findings"] if f["rule"] == "deployment-short"}
    assert unsure == {"checkout-api": False, "cart": True}


def test_findings_of_one_owner_are_one_incident_and_one_message(bench: Any) -> None:
    of = replica_set("checkout-api-5d4f", owner=CHECKOUT)
    pods = [pod(f"p{n}", owner=of, waiting="CrashLoopBackOff", since=NOW - 20 * MINUTE) for n in range(3)]
    result = bench.look(CHECKOUT, of, *pods)
    assert states(result) == {"container-waiting": "open", "deployment-short": "open"}
    assert len({told["incident"] for told in result.data["told"]}) == len(result.data["told"]) == 1
    assert "container-waiting: " in bench.heard.lines[0]
    assert "deployment-short: " in bench.heard.lines[0]


def test_a_second_fault_of_the_same_owner_is_an_update(bench: Any) -> None:
    bench.look(CHECKOUT)
    bench.heard.taken()
    of = replica_set("checkout-api-5d4f", owner=CHECKOUT)
    bench.look(CHECKOUT, of, pod("p", owner=of, waiting="ImagePullBackOff", since=NOW - 20 * MINUTE), after=MINUTE)
    assert bench.heard.taken() == [("update", "SEV-1", "checkout-api")]


def test_a_fault_that_gets_worse_is_told(bench: Any) -> None:
    search = deployment("search", namespace="shop", replicas=3, available=1, since=NOW - DAY)
    bench.look(search)
    assert bench.heard.taken() == [("alert", "SEV-3", "search")]
    bench.look(deployment("search", namespace="shop", replicas=3, available=0, since=NOW - DAY), after=MINUTE)
    assert bench.heard.taken() == [("worse", "SEV-2", "search")]


def test_sev_4_is_recorded_and_never_told(bench: Any) -> None:
    of = replica_set("other-5d4f", owner=deployment("other", namespace="shop"))
    crash = pod("p", owner=of, waiting="CrashLoopBackOff", since=NOW - DAY)
    result = bench.look(deployment("other", namespace="shop"), of, crash)
    assert [finding["severity"] for finding in result.data["findings"]] == ["SEV-4"]
    bench.look(deployment("other", namespace="shop"), of, after=MINUTE)
    bench.again(after=MINUTE)
    assert bench.heard.taken() == []


def test_a_delivery_that_fails_is_due_until_it_succeeds(bench: Any) -> None:
    bench.heard.broken = ConnectionError("no route to anybody")
    result = bench.look(CHECKOUT)
    assert result.status == "ok"
    assert "NOT TOLD" in result.summary
    assert "ConnectionError: no route to anybody" in result.data["troubles"][0]
    bench.heard.broken = None
    bench.again(after=MINUTE)
    assert bench.heard.taken() == [("alert", "SEV-1", "checkout-api")]
    bench.heard.broken = ConnectionError("again")
    bench.look(WHOLE, after=MINUTE)
    bench.again(after=MINUTE)  # resolved, and nobody can be told
    assert bench.again(after=MINUTE).data["verdict"] == "impaired"
    bench.heard.broken = None
    assert bench.again(after=MINUTE).data["verdict"] == "healthy"
    assert bench.heard.taken() == [("resolved", "SEV-1", "checkout-api")]


def test_a_node_that_is_down_is_the_platforms_and_not_a_services(bench: Any) -> None:
    result = bench.look(node("node-a", ready="Unknown", since=NOW - 10 * MINUTE), node("node-b"))
    finding = result.data["findings"][0]
    assert (finding["tier"], finding["severity"], finding["owner"]["kind"]) == ("platform", "SEV-2", "Node")


def test_a_clock_that_was_ahead_and_is_set_right_holds_nothing_back(bench: Any, make_bench: Any) -> None:
    cart: dict[str, Any] = deployment("cart", namespace="shop", replicas=9, available=8)
    cart["status"]["conditions"] = []  # no time of its own
    ahead = make_bench()
    ahead.look(CHECKOUT, cart, after=DAY)
    ahead.look(cart)
    bench.monitor._book = ahead.monitor._book  # all of it remembered with times of tomorrow
    assert [told["kind"] for told in bench.look(CHECKOUT, cart).data["told"]] == ["reminder"]
    bench.look(cart, after=14 * MINUTE)
    result = bench.again(after=MINUTE)
    assert [(told["kind"], told["owner"]["name"]) for told in result.data["told"]] == [
        ("resolved", "checkout-api"),
        ("alert", "cart"),
    ]


def test_a_clock_that_is_behind_the_clusters_never_counts_from_the_future(bench: Any) -> None:
    ahead = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW + DAY)
    result = bench.look(ahead)
    assert states(result) == {"deployment-short": "pending"}
    assert result.data["findings"][0]["since"] == NOW.isoformat()


def test_a_pod_that_may_be_taken_for_anothers_resolves_nothing(bench: Any) -> None:
    bench.look(pod("p", waiting="CrashLoopBackOff", since=NOW - DAY))
    no_jobs = Gap("jobs.batch", "forbidden", "no right")
    for _ in range(12):
        bench.look(gaps=[no_jobs], after=MINUTE)
    assert states(bench.again(after=MINUTE))["container-waiting"] == "open"
