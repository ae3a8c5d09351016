"""What one generation says: tiers, hold times, what is looked at, and what is muted until when."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.policy import (
    Analyzer,
    ClusterContext,
    EscalationManager,
    GithubReviewer,
    Policy,
    SlackNotifier,
)
from hotagents_k8s_monitor.policy.context import Service, ServiceTier
from hotagents_k8s_monitor.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

TIERS: Final[tuple[ServiceTier, ...]] = get_args(ServiceTier)
BERLIN: Final = ZoneInfo("Europe/Berlin")
CART: Final = Owner("Deployment", "shop", "cart")
NODE: Final = Owner("Node", "", "node-a")
MONITOR: Final = Owner("Monitor", "", "k8s-monitor")
RULE: Final = "deployment-short"
MOMENTS: Final = st.datetimes(min_value=datetime(2000, 1, 2), max_value=datetime(2999, 12, 30))  # noqa: DTZ001
SECOND: Final = timedelta(seconds=1)

Make = "Callable[..., Policy]"


def at(text: str) -> datetime:
    """A local time in Berlin, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(timezone.utc)


def context(**keys: Any) -> ClusterContext:
    return ClusterContext.model_validate({"cluster": "demo"} | keys)


def of(keys: ClusterContext) -> Policy:
    """A policy of a context alone."""
    analyzer = Analyzer(name="k8s-analyzer", description="x")
    escalation = EscalationManager(name="escalation-manager", description="x")
    return Policy(keys, analyzer, escalation, tuple(keys.tiers()))


def muted(keys: ClusterContext, now: datetime, owner: Owner = CART) -> Any:
    return of(keys).muted(RULE, owner, now)


# --- the parts --------------------------------------------------------------------------------------------------------


def test_a_policy_is_made_of_the_generations_files(policy_of: Callable[..., Policy]) -> None:
    policy = policy_of(keys="services: {P0: [cart]}\n", body="## Others (P1)\n- search: finds\n")
    assert policy.context.cluster == "demo"
    assert [(tier, service.name) for tier, service in policy.services] == [("P0", "cart"), ("P1", "search")]
    assert policy.analyzer.name == "k8s-analyzer"
    assert policy.escalation.name == "escalation-manager"


@pytest.mark.parametrize(
    ("snake", "camel"),
    [
        ("time_zone: Europe/Berlin", "timeZone: Europe/Berlin"),
        ("known_issues: [{match: {name: x}, until: 2026-12-31, reason: y}]",) * 2,
        ("services: {P0: [{name: x, missing_replicas: 2}]}", "services: {P0: [{name: x, missingReplicas: 2}]}"),
        ("business_hours: {from: '09:00', to: '17:00'}", "businessHours: {start: '09:00', end: '17:00'}"),
        ("maintenance_windows: [{reason: x, start: 2026-01-01, end: 2026-01-01}]",
         "maintenanceWindows: [{reason: x, start: 2026-01-01, end: 2026-01-01}]"),
    ],
)  # fmt: skip
def test_keys_may_be_written_either_way(policy_of: Callable[..., Policy], snake: str, camel: str) -> None:
    assert policy_of(keys=f"{snake}\n").context == policy_of(keys=f"{camel}\n").context


def test_agents_keys_may_be_written_either_way(policy_of: Any) -> None:
    for keys in ("digest_length: 7\n", "digestLength: 7\n", "correlation_window: 7m\n", "correlationWindow: 7m\n"):
        policy_of("slack-notifier" if "igest" in keys else "github-reviewer", keys)


def test_nothing_in_a_policy_can_be_changed(policy_of: Any) -> None:
    policy: Policy = policy_of()
    for part, name in ((policy, "services"), (policy.context, "cluster"), (policy.analyzer, "rules")):
        with pytest.raises((AttributeError, ValidationError)):
            setattr(part, name, ())


def test_agents_that_are_not_used_yet_have_defaults() -> None:
    slack, github = SlackNotifier(name="x", description="x"), GithubReviewer(name="x", description="x")
    assert (slack.mentions, slack.blocks, slack.digest_length, slack.templates) == ({}, True, 20, {})
    assert (github.repositories, github.correlation_window) == ({}, timedelta(hours=2))


# --- tiers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "owner", "fits"),
    [
        ("cart", CART, True),
        ("shop/cart", CART, True),
        ("other/cart", CART, False),
        ("shop/*", CART, True),
        ("*/cart", CART, True),
        ({"name": "cart"}, CART, True),
        ({"name": "cart", "kind": "Deployment"}, CART, True),
        ({"name": "cart", "kind": "StatefulSet"}, CART, False),
        ({"name": "cart", "namespace": "sho?"}, CART, True),
        ("*", CART, True),
        ("*", NODE, False),
        ("*", MONITOR, False),
        ("node-a", NODE, False),
        ({"name": "node-*", "kind": "Node"}, NODE, True),
        ({"name": "node-*", "kind": "Node"}, CART, False),
        ({"name": "*", "kind": "Node"}, MONITOR, False),
        ({"name": "*", "kind": "*"}, CART, True),
        ({"name": "*", "kind": "*"}, NODE, False),
        ({"name": "*", "kind": "*"}, MONITOR, False),
        ({"name": "k8s-*", "kind": "?*"}, MONITOR, False),
        ({"name": "k8s-*", "kind": "Mon*"}, MONITOR, True),
    ],
)
def test_a_service_runs_as_a_workload(said: Any, owner: Owner, fits: bool) -> None:  # noqa: FBT001
    assert Service.model_validate(said).runs_as(owner) is fits


@pytest.mark.parametrize("kind", ["Rollout", "Cluster", "*", "[Dd]eployment", "?eployment"])
def test_a_kind_may_be_anybodys_own_or_a_pattern(kind: str) -> None:
    assert Service.model_validate({"name": "cart", "kind": kind}).kind == kind


def test_what_is_not_listed_is_unlisted_or_the_platform() -> None:
    everything = of(context(services={"P3": ["*"]}))
    assert everything.tier_of(CART)[0] == "P3"
    assert everything.tier_of(NODE) == ("platform", None)
    assert everything.tier_of(MONITOR) == ("platform", None)
    assert of(context()).tier_of(CART) == ("unlisted", None)


def test_the_first_that_fits_counts_within_a_tier() -> None:
    policy = of(context(services={"P1": [{"name": "cart", "hold": "1h"}, {"name": "c*", "hold": "2h"}]}))
    _, service = policy.tier_of(CART)
    assert service is not None
    assert service.hold == timedelta(hours=1)


@given(st.dictionaries(st.sampled_from(TIERS), st.sampled_from(["cart", "c*", "shop/cart", "other", "*"]), min_size=1))
def test_a_higher_tier_is_preferred_to_a_lower_one(services: dict[ServiceTier, str]) -> None:
    said = {tier: [name] for name, tier in {name: tier for tier, name in services.items()}.items()}  # one tier each
    fitting = [tier for tier in TIERS if tier in said and said[tier] != ["other"]]
    assert of(context(services=said)).tier_of(CART)[0] == (fitting[0] if fitting else "unlisted")


@pytest.mark.parametrize(
    ("listed", "prose", "tier"),
    [
        ({}, "## P2\n- cart: x\n", "P2"),
        ({}, "## P2\n- cart: x\n## P1\n- cart: x\n", "P1"),
        ({}, "## P2\n- shop/cart: x\n", "P2"),
        ({}, "## P2\n- other/cart: x\n", "unlisted"),
        ({"P3": ["cart"]}, "## P0\n- cart: x\n", "P3"),
        ({"P3": ["shop/cart"]}, "## P0\n- cart: x\n", "P3"),
        ({"P3": ["cart"]}, "## P0\n- shop/cart: x\n", "P3"),
        ({"P3": ["c*"]}, "## P0\n- cart: x\n", "P3"),
        ({"P3": ["other/cart"]}, "## P0\n- shop/cart: x\n", "P0"),
        ({"P3": [{"name": "cart", "kind": "StatefulSet"}]}, "## P0\n- cart: x\n", "unlisted"),
    ],
)
def test_the_frontmatter_stands_before_the_prose(policy_of: Any, listed: Any, prose: str, tier: str) -> None:
    policy: Policy = policy_of(keys=f"services: {listed}\n", body=prose)
    assert policy.tier_of(CART)[0] == tier


# --- what is looked at, and for how long a fault must last ------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "owner", "looked_at"),
    [
        ("", CART, True),
        ("rules: {deployment-short: {enabled: false}}\n", CART, False),
        ("rules: {node-not-ready: {enabled: false}}\n", CART, True),
        ("namespaces: {include: [shop]}\n", CART, True),
        ("namespaces: {include: [other]}\n", CART, False),
        ("namespaces: {exclude: [sh*]}\n", CART, False),
        ("namespaces: {include: [shop], exclude: [shop]}\n", CART, False),
        ("namespaces: {include: [other], exclude: ['*']}\n", NODE, True),
        ("namespaces: {exclude: ['*']}\n", MONITOR, True),
    ],
)
def test_rules_and_namespaces_say_what_is_looked_at(policy_of: Any, keys: str, owner: Owner, looked_at: bool) -> None:  # noqa: FBT001
    assert policy_of("k8s-analyzer", keys).looks_at(RULES[RULE], owner) is looked_at


@pytest.mark.parametrize(
    ("keys", "service", "rule", "minutes"),
    [
        ("", None, RULE, 15),
        ("rules: {deployment-short: {hold: 1m}}\n", None, RULE, 1),
        ("rules: {deployment-short: {hold: 0}}\n", None, RULE, 0),
        ("rules: {deployment-short: {enabled: true}}\n", None, RULE, 15),
        ("rules: {node-not-ready: {hold: 1m}}\n", None, RULE, 15),
        ("rules: {deployment-short: {hold: 1m}}\n", {"name": "x", "hold": "2m"}, RULE, 2),
        ("", {"name": "x", "hold": "0s"}, RULE, 0),
        ("", {"name": "x"}, RULE, 15),
        ("", {"name": "x", "hold": "2m"}, "monitor-blind", 0.5),
    ],
)
def test_the_nearest_says_for_how_long_a_fault_must_last(
    policy_of: Any, keys: str, service: Any, rule: str, minutes: float
) -> None:
    of_it = None if service is None else Service.model_validate(service)
    assert policy_of("k8s-analyzer", keys).hold_of(RULES[rule], of_it) == timedelta(minutes=minutes)


# --- what is muted ----------------------------------------------------------------------------------------------------


def known(until: Any, **match: str) -> ClusterContext:
    issue = {"match": match or {"name": "cart"}, "until": until, "reason": "the vendor knows"}
    return context(time_zone="Europe/Berlin", known_issues=[issue])


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("2026-12-31", at("2026-12-31T23:59:59")),
        ("2026-07-31", at("2026-07-31T23:59:59")),
        ("2026-12-31T18:00:00", at("2026-12-31T18:00:00")),
        ("2026-12-31T18:00:00Z", at("2026-12-31T19:00:00")),
        ("2026-12-31T18:00:00-05:00", at("2027-01-01T00:00:00")),
        # 02:30 comes twice in this night; the first is meant. And not at all in that one; it is 03:30 then.
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=timezone.utc)),
        ("2026-10-25T01:30:00Z", datetime(2026, 10, 25, 1, 30, tzinfo=timezone.utc)),
        ("2026-03-29T02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=timezone.utc)),
    ],
)
def test_a_known_issue_is_muted_up_to_its_last_second_in_the_clusters_zone(until: str, last: datetime) -> None:
    for now in (last - timedelta(days=300), last - SECOND, last, last + timedelta(microseconds=999_999)):
        found = muted(known(until), now)
        assert (found.kind, found.reason, found.until.tzinfo) == ("known issue", "the vendor knows", BERLIN)
        assert found.until.astimezone(timezone.utc) == last
    assert muted(known(until), last + SECOND) is None


def test_a_known_issue_speaks_of_what_it_matches_alone() -> None:
    now = at("2026-11-24T10:00:00")
    assert muted(known("2026-12-31", name="cart", namespace="other"), now) is None
    assert muted(known("2026-12-31", rule="node-not-ready"), now) is None
    assert muted(known("2026-12-31", rule=RULE), now) is not None
    assert muted(known("2026-12-31", kind="Node"), now, NODE) is not None


def test_of_several_the_first_that_still_holds_counts() -> None:
    issues = [
        {"match": {"name": name}, "until": until, "reason": reason}
        for name, until, reason in [
            ("cart", "2026-01-01", "old"),
            ("other", "2026-12-31", "no"),
            ("c*", "2026-12-31", "yes"),
        ]
    ]
    assert muted(context(known_issues=issues), at("2026-11-24T10:00:00")).reason == "yes"


def window(**keys: Any) -> ClusterContext:
    return context(time_zone="Europe/Berlin", maintenance_windows=[{"reason": "new disks"} | keys])


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2026-12-24", "2026-12-24", at("2026-12-24T00:00:00"), at("2026-12-24T23:59:59")),
        ("2026-12-24", "2026-12-26", at("2026-12-24T00:00:00"), at("2026-12-26T23:59:59")),
        ("2026-12-24T22:00", "2026-12-25T04:00", at("2026-12-24T22:00:00"), at("2026-12-25T04:00:00")),
        ("2026-12-24T22:00Z", "2026-12-25T04:00+01:00", at("2026-12-24T23:00:00"), at("2026-12-25T04:00:00")),
        ("2026-10-24", "2026-10-25", at("2026-10-24T00:00:00"), at("2026-10-25T23:59:59")),
    ],
)
def test_a_window_is_open_from_its_first_to_its_last_second(start: str, end: str, first: Any, last: Any) -> None:
    keys = window(start=start, end=end)
    assert muted(keys, first - SECOND) is None
    for now in (first, first + (last - first) / 2, last, last + timedelta(microseconds=1)):
        found = muted(keys, now)
        assert (found.kind, found.reason, found.until) == ("maintenance", "new disks", last)
    assert muted(keys, last + SECOND) is None


def test_a_window_that_returns_has_no_end() -> None:
    keys = window(weekly={"days": ["sun"], "from": "22:00", "to": "02:00"}, match={"kind": "Node"})
    night = at("2026-11-30T01:59:59")  # a Monday
    assert muted(keys, night, NODE) == ("maintenance", "new disks", None)
    assert muted(keys, night + SECOND, NODE) is None
    assert muted(keys, night) is None


def test_a_window_without_a_match_is_for_all() -> None:
    now = at("2026-12-24T12:00:00")
    assert all(muted(window(start="2026-12-24", end="2026-12-24"), now, owner) for owner in (CART, NODE, MONITOR))


@given(MOMENTS, st.timezones(), st.integers(0, 10**6))
def test_no_moment_in_no_zone_makes_it_fail(moment: datetime, zone: ZoneInfo, seconds: int) -> None:
    keys = context(
        time_zone=zone.key,
        known_issues=[{"match": {"name": "x"}, "until": moment.isoformat(), "reason": "y"}],
        maintenance_windows=[{"reason": "y", "start": moment.date().isoformat(), "end": moment.date().isoformat()}],
        business_hours={"from": "09:00", "to": "17:00"},
    )
    now = moment.replace(tzinfo=timezone.utc) + timedelta(seconds=seconds)
    muted(keys, now)
    assert of(keys).in_business_hours(now) in {True, False}


# --- business hours, channels, contacts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "at_work"),
    [
        ("2026-11-24T09:00:00", True),
        ("2026-11-24T08:59:59", False),
        ("2026-11-28T10:00:00", False),
        ("2026-07-01T16:59:59", True),
    ],
)
def test_business_hours_are_local(now: str, at_work: bool) -> None:  # noqa: FBT001
    days = ["mon", "tue", "wed", "thu", "fri"]
    keys = context(time_zone="Europe/Berlin", business_hours={"days": days, "from": "09:00", "to": "17:00"})
    assert of(keys).in_business_hours(at(now)) is at_work


def test_without_hours_people_are_always_at_work() -> None:
    assert of(context()).in_business_hours(at("2026-11-29T03:00:00"))


def test_channels_and_contacts_are_empty_where_nothing_is_said() -> None:
    policy = of(context(channels={"SEV-1": "#fire"}, contacts={"P0": "ring 4711"}))
    assert (policy.channel("SEV-1"), policy.channel("SEV-2")) == ("#fire", "")
    assert (policy.contact("P0"), policy.contact("unlisted")) == ("ring 4711", "")
