"""What the monitor remembers: faults that come, last and go, as far as it could see."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

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


def test_a_list_of_deployments_that_comes_and_goes_changes_no_severity(bench: Any) -> None:
    of = replica_set("checkout-api-5d4f", owner=CHECKOUT)
    fallen = pod("p", owner=of, waiting="CrashLoopBackOff", since=NOW - 20 * MINUTE)
    bench.look(CHECKOUT, of, fallen)
    for reason in ("forbidden", "failed", "truncated") * 3:
        gap = Gap("deployments.apps", reason, "no answer")
        unseen = bench.look(of, fallen, gaps=[gap], after=MINUTE)
        for result in (unseen, bench.look(CHECKOUT, of, fallen, after=MINUTE)):
            rated = {f["rule"]: (f["impact"], f["severity"]) for f in result.data["findings"] if f["tier"] == "P0"}
            assert rated == dict.fromkeys(("container-waiting", "deployment-short"), ("down", "SEV-1"))
    assert [kind for kind, _, _ in bench.heard.taken()] == ["alert"]


def test_a_list_of_nodes_that_comes_in_part_changes_no_severity(bench: Any) -> None:
    dead = [node(f"node-{letter}", ready="Unknown", since=NOW - DAY) for letter in "ab"]
    for gaps in ([], [Gap("nodes", "truncated", "page 2 did not come")], []):
        result = bench.look(*dead[: 1 if gaps else 2], gaps=gaps, after=MINUTE)
        assert {f["severity"] for f in result.data["findings"] if f["rule"] == "node-not-ready"} == {"SEV-1"}


def test_what_was_never_seen_to_be_worse_is_degraded(bench: Any) -> None:
    of = replica_set("checkout-api-5d4f", owner=CHECKOUT)
    fallen = pod("p", owner=of, waiting="CrashLoopBackOff", since=NOW - DAY)
    result = bench.look(of, fallen, gaps=[NO_DEPLOYMENTS])
    rated = {f["rule"]: (f["impact"], f["severity"]) for f in result.data["findings"]}
    assert rated["container-waiting"] == ("degraded", "SEV-1")  # since a day; at first it was SEV-2
