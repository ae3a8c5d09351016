"""Each key of the frontmatter that operations people change alters the outcome of the very next cycle."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.testing.objects import NOW, deployment, node, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Mapping


CONTEXT = "CLAUDE.md"
ANALYZER = "agents/k8s-analyzer.md"
ESCALATION = "agents/escalation-manager.md"
MINUTE = timedelta(minutes=1)

Rated = "Callable[[CycleResult], dict[str, str]]"


def short(name: str, namespace: str, *, available: int = 0, replicas: int = 3, minutes: int = 20) -> dict[str, Any]:
    """A Deployment that is short of replicas, for so many minutes by its own word."""
    return deployment(
        name, namespace=namespace, replicas=replicas, available=available, since=NOW - minutes * MINUTE,
        progressed=NOW - timedelta(days=1),
    )  # fmt: skip


def crashing(name: str, namespace: str, *, minutes: int = 20) -> list[dict[str, Any]]:
    """A Deployment's pod that crashes, while the Deployment has what it needs."""
    whole = deployment(name, namespace=namespace)
    of = replica_set(f"{name}-5d4f", owner=whole)
    return [whole, of, pod(f"{name}-5d4f-x", owner=of, waiting="CrashLoopBackOff", since=NOW - minutes * MINUTE)]


def dead(name: str = "node-a", *, minutes: int = 20) -> dict[str, Any]:
    return node(name, ready="Unknown", since=NOW - minutes * MINUTE)


CHECKOUT = short("checkout-api", "payments")


# --- CLAUDE.md --------------------------------------------------------------------------------------------------------


def test_cluster_is_a_name_in_the_records_and_a_new_one_forgets_nothing(bench: Any) -> None:
    young = deployment("cart", namespace="shop", replicas=9, available=8)  # of no time of its own
    before = bench.look(CHECKOUT, young)
    assert bench.heard.taken() == [("alert", "SEV-1", "checkout-api")]
    bench.edit(CONTEXT, ("cluster: demo", "cluster: other"))
    after = bench.again(after=14 * MINUTE)
    assert (before.data["cluster"], after.data["cluster"]) == ("demo", "other")
    kept = ("fingerprint", "first_seen", "state")
    was, found = ([[f[key] for key in kept] for f in result.data["findings"]] for result in (before, after))
    assert was == found
    assert bench.heard.taken() == []
    bench.again(after=MINUTE)
    assert bench.heard.taken() == [("alert", "SEV-2", "cart")]


def test_services_give_a_tier_and_with_it_a_severity(bench: Any, rated: Any) -> None:
    objects = [short("trainer", "ml")]
    assert rated(bench.look(*objects)) == {"trainer deployment-short": "open SEV-3"}
    bench.edit(CONTEXT, ("  P0:\n", "  P0:\n    - ml/trainer\n"))
    result = bench.again()
    assert rated(result) == {"trainer deployment-short": "open SEV-1"}
    assert result.data["findings"][0]["tier"] == "P0"


def test_a_service_below_a_tier_in_the_prose_counts_too(bench: Any) -> None:
    objects = [short("figures", "batch")]
    assert bench.look(*objects).data["findings"][0]["tier"] == "unlisted"
    bench.edit(CONTEXT, ("- report-generator: monthly figures, may fail by night", "- batch/figures: monthly figures"))
    assert bench.again().data["findings"][0]["tier"] == "P3"


def test_missing_replicas_of_a_service_may_be_missing(bench: Any, rated: Any) -> None:
    objects = [short("storefront", "shop", replicas=5, available=3)]
    assert rated(bench.look(*objects)) == {"storefront deployment-short": "open SEV-2"}
    bench.edit(CONTEXT, ("missing_replicas: 1", "missing_replicas: 2"))
    assert rated(bench.again()) == {}
    assert bench.heard.taken()[-1][0] == "withdrawn"


def test_no_tolerance_covers_a_service_of_which_nothing_is_left(bench: Any, rated: Any) -> None:
    bench.edit(CONTEXT, ("missing_replicas: 1", "missing_replicas: 5"))
    assert rated(bench.look(short("storefront", "shop", replicas=1))) == {"storefront deployment-short": "open SEV-2"}


def test_hold_of_a_service_stands_before_the_rules(bench: Any, rated: Any) -> None:
    assert rated(bench.look(CHECKOUT)) == {"checkout-api deployment-short": "open SEV-1"}
    bench.edit(CONTEXT, ("      namespace: payments\n", "      namespace: payments\n      hold: 1h\n"))
    assert rated(bench.again()) == {"checkout-api deployment-short": "pending SEV-1"}


def test_kind_and_namespace_of_a_service_must_fit(bench: Any) -> None:
    assert bench.look(CHECKOUT).data["findings"][0]["tier"] == "P0"
    bench.edit(CONTEXT, ("      namespace: payments\n", "      namespace: payments\n      kind: StatefulSet\n"))
    assert bench.again().data["findings"][0]["tier"] == "unlisted"
    bench.edit(
        CONTEXT, ("      kind: StatefulSet\n", ""), ("      namespace: payments\n", "      namespace: elsewhere\n")
    )
    assert bench.again().data["findings"][0]["tier"] == "unlisted"


KNOWN = """known_issues:
  - match: {{{match}}}
    until: {until}
    reason: the vendor knows
"""


@pytest.mark.parametrize(
    ("match", "until", "muted"),
    [
        ("name: checkout-*", "2026-11-30", True),
        ("rule: deployment-short", "2026-11-24", True),
        ("kind: Deployment, namespace: payments", "2026-11-24T10:00:00Z", True),
        ("name: checkout-api", "2026-11-23", False),
        ("name: checkout-api", "2026-11-24T09:59:59Z", False),
        ("rule: node-not-ready", "2026-11-30", False),
        ("namespace: shop", "2026-11-30", False),
    ],
)
def test_known_issues_mute_what_they_match_until_their_day(bench: Any, match: str, until: str, muted: bool) -> None:  # noqa: FBT001
    assert bench.look(CHECKOUT).data["verdict"] == "findings"
    bench.edit(CONTEXT, ("known_issues: []\n", KNOWN.format(match=match, until=until)))
    result = bench.again()
    finding = result.data["findings"][0]
    assert (finding["state"] == "muted") is muted
    assert result.data["verdict"] == ("healthy" if muted else "findings")
    if muted:
        assert finding["muted"]["reason"] == "the vendor knows"
        assert "1 muted" in result.summary
        told = [told for told in bench.heard.taken() if told[0] != "expiring"]
        assert told == [("alert", "SEV-1", "checkout-api"), ("muted", "SEV-1", "checkout-api")]


def test_a_known_issue_that_expires_is_told_again(bench: Any) -> None:
    bench.edit(CONTEXT, ("known_issues: []\n", KNOWN.format(match="name: checkout-api", until="2026-11-24")))
    bench.look(CHECKOUT)
    assert bench.heard.taken() == [("expiring", "SEV-4", "")]
    bench.again(after=timedelta(hours=14))
    assert bench.heard.taken() == [("alert", "SEV-1", "checkout-api")]


WINDOW = "maintenance_windows:\n  - {{reason: new disks, {when}}}\n"


@pytest.mark.parametrize(
    ("when", "muted"),
    [
        ("start: 2026-11-24T09:00:00Z, end: 2026-11-24T11:00:00Z", True),
        ("start: 2026-11-24T09:00:00, end: 2026-11-24T11:00:00", True),
        ("start: 2026-11-24T11:00:00+01:00, end: 2026-11-24T12:00:00+01:00", True),
        ("start: 2026-11-24T11:00:00Z, end: 2026-11-24T12:00:00Z", False),
        ('weekly: {days: [tue], from: "09:00", to: "11:00"}', True),
        ('weekly: {from: "23:00", to: "10:30"}', True),
        ('weekly: {days: [wed], from: "09:00", to: "11:00"}', False),
        ('weekly: {from: "09:00", to: "11:00"}, match: {kind: Node}', False),
    ],
)
def test_maintenance_windows_mute_for_their_time(bench: Any, when: str, muted: bool) -> None:  # noqa: FBT001
    assert bench.look(CHECKOUT).data["findings"][0]["muted"] is None
    bench.edit(CONTEXT, ("maintenance_windows: []\n", WINDOW.format(when=when)))
    finding = bench.again().data["findings"][0]
    assert (finding["muted"] is not None) is muted


def test_business_hours_hold_sev_3_back_and_deliver_it_when_they_begin(bench: Any) -> None:
    trainer = short("trainer", "ml")
    bench.edit(CONTEXT, ('from: "09:00"', 'from: "12:00"'))
    assert bench.look(trainer).data["findings"][0]["severity"] == "SEV-3"
    assert bench.heard.taken() == []
    bench.again(after=timedelta(hours=2))
    assert bench.heard.taken() == [("alert", "SEV-3", "trainer")]


def test_time_zone_moves_business_hours(bench: Any) -> None:
    bench.edit(CONTEXT, ("time_zone: UTC", "time_zone: America/New_York"))  # 5 in the morning there
    bench.look(short("trainer", "ml"))
    assert bench.heard.taken() == []
    bench.edit(CONTEXT, ("time_zone: America/New_York", "time_zone: Europe/Berlin"))
    bench.again()
    assert bench.heard.taken() == [("alert", "SEV-3", "trainer")]


def test_channels_and_contacts_say_where_and_whom(bench: Any) -> None:
    bench.edit(CONTEXT, ('SEV-1: "#incidents"', 'SEV-1: "#fire"'), ("P0: payments on-call", "P0: ring 4711"))
    told = bench.look(CHECKOUT).data["told"]
    assert [(one["channel"], one["contact"]) for one in told] == [("#fire", "ring 4711")]
    assert "; channel #fire; contact ring 4711; " in bench.heard.lines[0]


# --- k8s-analyzer.md --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "objects", "name"),
    [
        ("container-waiting", crashing("api", "shop"), "api"),
        ("deployment-short", [short("api", "shop")], "api"),
        ("node-not-ready", [dead()], "node-a"),
        ("pod-unschedulable", [pod("api", unschedulable="no room", since=NOW - 20 * MINUTE)], "api"),
    ],
)
def test_rules_can_be_switched_off_and_held_longer(
    bench: Any, rated: Any, rule: str, objects: list[Mapping[str, Any]], name: str
) -> None:
    key = f"{name} {rule}"
    before = rated(bench.look(*objects))
    assert before[key].startswith("open ")
    hold = "15m" if rule in {"deployment-short", "pod-unschedulable"} else "5m"
    bench.edit(ANALYZER, (f"  {rule}: {{hold: {hold}}}", f"  {rule}: {{hold: 2h}}"))
    assert rated(bench.again())[key].startswith("pending ")
    bench.edit(ANALYZER, (f"  {rule}: {{hold: 2h}}", f"  {rule}: {{enabled: false}}"))
    assert key not in rated(bench.again())


def test_namespaces_that_are_excluded_or_not_included_are_not_looked_at(bench: Any, rated: Any) -> None:
    bench.look(CHECKOUT, short("api", "shop"))
    bench.edit(ANALYZER, ("exclude: []", "exclude: [pay*]"))
    assert rated(bench.again()) == {"api deployment-short": "open SEV-3"}
    bench.edit(ANALYZER, ("exclude: [pay*]", "exclude: []"), ('include: ["*"]', "include: [payments]"))
    assert rated(bench.again()) == {"checkout-api deployment-short": "open SEV-1"}


# --- escalation-manager.md --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tier", "impact", "objects"),
    [
        ("P0", "down", [short("checkout-api", "payments")]),
        ("P0", "degraded", [short("checkout-api", "payments", available=1)]),
        ("P0", "at-risk", crashing("checkout-api", "payments")),
        ("P1", "down", [short("cart", "shop")]),
        ("P1", "degraded", [short("cart", "shop", available=1)]),
        ("P1", "at-risk", crashing("cart", "shop")),
        ("P2", "down", [short("search", "shop")]),
        ("P2", "degraded", [short("search", "shop", available=1)]),
        ("P2", "at-risk", crashing("search", "shop")),
        ("P3", "down", [short("report-generator", "batch")]),
        ("P3", "degraded", [short("report-generator", "batch", available=1)]),
        ("P3", "at-risk", crashing("report-generator", "batch")),
        ("unlisted", "down", [short("other", "shop")]),
        ("unlisted", "degraded", [short("other", "shop", available=1)]),
        ("unlisted", "at-risk", crashing("other", "shop")),
        ("platform", "down", [dead()]),
        ("platform", "degraded", [dead(), node("node-b")]),
    ],
)
def test_each_cell_of_the_matrix_rates_what_it_speaks_of(
    bench: Any, tier: str, impact: str, objects: list[Mapping[str, Any]]
) -> None:
    before = bench.look(*objects).data["findings"][0]
    assert (before["tier"], before["impact"]) == (tier, impact)
    other = "SEV-4" if before["severity"] != "SEV-4" else "SEV-1"
    row = bench.files[ESCALATION].partition(f"  {tier}:")[2]
    cell = next(line for line in row.splitlines() if line.strip().startswith(f"{impact}:"))
    changed = row.replace(cell, f"    {impact}: {other}", 1)
    bench.edit(ESCALATION, (row, changed))
    assert bench.again().data["findings"][0]["severity"] == other


def test_the_matrix_rates_by_how_long_it_has_lasted(bench: Any) -> None:
    partly = short("checkout-api", "payments", available=1)
    assert bench.look(partly).data["findings"][0]["severity"] == "SEV-2"
    assert bench.heard.taken() == [("alert", "SEV-2", "checkout-api")]
    assert bench.again(after=9 * MINUTE).data["findings"][0]["severity"] == "SEV-2"
    assert bench.heard.taken() == []
    assert bench.again(after=1 * MINUTE).data["findings"][0]["severity"] == "SEV-1"  # half an hour by now
    assert bench.heard.taken() == [("worse", "SEV-1", "checkout-api")]


@pytest.mark.parametrize(
    ("severity", "objects", "pause"),
    [
        ("SEV-1", [short("checkout-api", "payments")], "30m"),
        ("SEV-2", [short("search", "shop")], "3h"),
        ("SEV-3", [short("other", "shop")], "1d"),
    ],
)
def test_repeat_tells_again_what_goes_on(bench: Any, severity: str, objects: list[Any], pause: str) -> None:
    bench.look(*objects)
    assert [kind for kind, _, _ in bench.heard.taken()] == ["alert"]
    bench.again(after=10 * MINUTE)
    assert bench.heard.taken() == []
    bench.edit(ESCALATION, (f"  {severity}: {pause}\n", f"  {severity}: 10m\n"))
    bench.again()
    assert [(kind, told) for kind, told, _ in bench.heard.taken()] == [("reminder", severity)]
