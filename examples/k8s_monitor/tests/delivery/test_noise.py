"""A node that is down is one alert; what comes and goes is told as that; an ordinary day is silent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from hotagents_k8s_monitor.testing.objects import NOW, deployment, node, pod, replica_set
from hotagents_k8s_monitor.testing.surroundings import claim, namespace, storage_class

MINUTE: Final = timedelta(minutes=1)
LONG: Final = NOW - timedelta(hours=1)


def told(bench: Any) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = bench.heard.taken()
    return found


def services(count: int, *, on: str, ready: bool = False) -> list[Any]:
    """Deployments of one replica each, whose pod is on a node."""
    found: list[Any] = []
    for n in range(count):
        whole = deployment(f"app-{n}", namespace="apps", replicas=1, available=int(ready), since=LONG)
        part = replica_set(f"app-{n}-5d4f", owner=whole)
        found += [whole, part, pod(f"app-{n}-5d4f-x", owner=part, node=on, ready=ready)]
    return found


DOWN: Final = node("node-c", ready="Unknown", since=NOW - 30 * MINUTE)
UP: Final = node("node-c")


def test_a_node_that_is_down_is_one_alert_and_not_two_hundred_pods(bench: Any) -> None:
    result = bench.look(DOWN, node("node-a"), *services(200, on="node-c"))
    assert told(bench) == [("alert", "SEV-2", "node-c")]
    follow = [f["follows"] for f in result.data["findings"] if f["rule"] == "deployment-short"]
    assert follow == [{"kind": "Node", "namespace": "", "name": "node-c"}] * 200
    bench.again(after=MINUTE)
    assert told(bench) == []


def test_what_follows_makes_the_node_s_alert_as_bad_as_it_is(bench: Any) -> None:
    whole = deployment("checkout-api", namespace="payments", replicas=1, available=0, since=LONG)
    part = replica_set("checkout-api-5d4f", owner=whole)
    result = bench.look(DOWN, node("node-a"), whole, part, pod("c-x", owner=part, node="node-c", ready=False))
    (message,) = bench.heard.messages
    assert (message.kind, message.severity, message.owner.name) == ("alert", "SEV-1", "node-c")
    assert message.contact == "payments on-call"
    own, *following = message.lines
    assert (own.owner.name, own.severity) == ("node-c", "SEV-2")
    assert {(line.owner.name, line.severity) for line in following} == {("checkout-api", "SEV-1")}
    assert all(line.text.startswith("Deployment payments/checkout-api: ") for line in following)
    assert result.data["verdict"] == "findings"


def test_what_fails_elsewhere_too_is_an_alert_of_its_own(bench: Any) -> None:
    whole = deployment("cart", namespace="shop", replicas=2, available=0, since=LONG)
    part = replica_set("cart-5d4f", owner=whole)
    pods = [pod(f"cart-{on}", owner=part, node=on, ready=False) for on in ("node-a", "node-c")]
    bench.look(DOWN, node("node-a"), whole, part, *pods)
    assert sorted(name for _, _, name in told(bench)) == ["cart", "node-c"]


def test_pods_that_were_never_made_do_not_follow_from_a_node(bench: Any) -> None:
    whole = deployment("cart", namespace="shop", replicas=3, available=0, since=LONG)
    part = replica_set("cart-5d4f", owner=whole)
    bench.look(DOWN, node("node-a"), whole, part, pod("cart-x", owner=part, node="node-c", ready=False))
    assert sorted(name for _, _, name in told(bench)) == ["cart", "node-c"]


def test_what_was_told_before_the_node_went_down_keeps_its_own_incident(bench: Any) -> None:
    apps = services(1, on="node-c")
    bench.look(node("node-c", ready="Unknown", since=NOW), node("node-a"), *apps)
    assert told(bench) == [("alert", "SEV-3", "app-0")]
    bench.again(after=10 * MINUTE)
    assert told(bench) == [("alert", "SEV-2", "node-c")]


def test_all_that_followed_has_ten_minutes_to_come_back_and_then_ends_with_the_node(bench: Any) -> None:
    bench.look(DOWN, node("node-a"), *services(5, on="node-c"))
    told(bench)
    for _ in range(5):
        bench.look(UP, node("node-a"), *services(5, on="node-c"), after=MINUTE)
    assert {kind for kind, _, _ in told(bench)} <= {"update"}
    for _ in range(2):
        bench.look(UP, node("node-a"), *services(5, on="node-c", ready=True), after=MINUTE)
    assert told(bench) == [("resolved", "SEV-3", "node-c")]


def test_what_does_not_come_back_becomes_an_alert_of_its_own(bench: Any) -> None:
    bench.look(DOWN, node("node-a"), *services(2, on="node-c"))
    told(bench)
    for _ in range(14):
        bench.look(UP, node("node-a"), *services(2, on="node-c"), after=MINUTE)
    assert [t for t in told(bench) if t[0] == "alert"] == [("alert", "SEV-3", "app-0"), ("alert", "SEV-3", "app-1")]


def test_a_node_under_maintenance_explains_nothing(bench: Any) -> None:
    window = "maintenance_windows:\n  - {reason: kernel, match: {kind: Node}, start: 2026-11-24, end: 2026-11-25}\n"
    bench.edit("CLAUDE.md", ("maintenance_windows: []\n", window))
    bench.look(DOWN, node("node-a"), *services(2, on="node-c"))
    assert [name for _, _, name in told(bench)] == ["app-0", "app-1"]


def test_pods_that_wait_for_a_claim_follow_from_it(bench: Any) -> None:
    whole = deployment("db", namespace="apps", replicas=1, available=0, since=LONG)
    part = replica_set("db-5d4f", owner=whole)
    waits = pod("db-x", owner=part, node=None, unschedulable="unbound PersistentVolumeClaims", since=LONG)
    waits["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    pending = claim("data", namespace="apps", phase="Pending", created=LONG)
    result = bench.look(node("node-a"), whole, part, waits, pending, storage_class("fast"))
    follows = {f["rule"]: (f["follows"] or {}).get("name") for f in result.data["findings"] if f["state"] == "open"}
    assert follows["pvc-pending"] is None
    assert follows["pod-unschedulable"] == "data"


def test_what_is_in_a_namespace_that_is_stuck_follows_from_it_and_is_as_bad_as_it_is(bench: Any) -> None:
    stuck = namespace("apps", deleted=LONG, remains="1 pod left")
    bench.look(node("node-a"), stuck, *services(30, on="node-a"))
    assert told(bench) == [("alert", "SEV-3", "apps")]


# --- flapping ---------------------------------------------------------------------------------------------------------

BAD: Final = deployment("search", namespace="shop", replicas=3, available=0, since=LONG)
WELL: Final = deployment("search", namespace="shop", replicas=3)


def flap(bench: Any, times: int, *, minutes: int = 2) -> list[str]:
    for _ in range(times):
        for item in (BAD, WELL):
            for _ in range(minutes):
                bench.look(item, after=MINUTE)
    return [kind for kind, _, _ in told(bench)]


def test_what_comes_and_goes_is_told_as_that_and_then_not_each_time(bench: Any) -> None:
    kinds = flap(bench, 14)  # 56 minutes
    assert kinds == ["alert", "resolved", "alert", "flapping"]
    (finding,) = bench.again(after=MINUTE).data["findings"]
    assert (finding["phase"], finding["state"]) == ("flapping", "open")


def test_it_is_over_once_it_has_settled(bench: Any) -> None:
    flap(bench, 3)
    for _ in range(65):
        bench.look(WELL, after=MINUTE)
    assert told(bench) == [("resolved", "SEV-2", "search")]
    assert bench.again(after=MINUTE).data["findings"] == []


def test_what_goes_on_after_it_has_flapped_is_open_as_any_other(bench: Any) -> None:
    flap(bench, 3)
    for _ in range(65):
        bench.look(BAD, after=MINUTE)
    result = bench.again(after=MINUTE)
    assert result.data["findings"][0]["phase"] == "ongoing"
    assert {kind for kind, _, _ in told(bench)} <= {"reminder"}


def test_two_falls_in_an_hour_are_two_alerts(bench: Any) -> None:
    assert flap(bench, 2, minutes=20) == ["alert", "resolved", "alert", "resolved"]


# --- the states of a finding ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [1, 30])
def test_a_finding_says_where_it_stands_and_when_it_was_seen(bench: Any, minutes: int) -> None:
    first = bench.look(BAD).data["findings"][0]
    assert (first["phase"], first["first_seen"], first["last_seen"]) == ("new", NOW.isoformat(), NOW.isoformat())
    second = bench.again(after=minutes * MINUTE).data["findings"][0]
    later = (NOW + minutes * MINUTE).isoformat()
    assert (second["phase"], second["first_seen"], second["last_seen"]) == ("ongoing", NOW.isoformat(), later)
    absent = bench.look(WELL, after=MINUTE).data["findings"][0]
    assert absent["last_seen"] == later


def test_a_finding_that_gets_worse_says_so_at_that_look(bench: Any) -> None:
    bench.look(deployment("search", namespace="shop", replicas=3, available=1, since=LONG))
    down = deployment("search", namespace="shop", replicas=3, available=0, since=LONG)
    phases = [bench.look(down, after=MINUTE).data["findings"][0]["phase"] for _ in range(2)]
    assert phases == ["worse", "ongoing"]
