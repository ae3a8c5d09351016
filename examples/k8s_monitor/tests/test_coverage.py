"""What "no findings" does not cover: services that are not there, and a configuration that looks at nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.rules import RULES as ALL
from hotagents_k8s_monitor.testing.objects import bare, deployment, job, node, pod

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents import CycleResult

CONTEXT: Final = "CLAUDE.md"
ANALYZER: Final = "agents/k8s-analyzer.md"
SHIPPED: Final = (
    "container-waiting", "deployment-short", "node-not-ready", "certificate-expiring", "container-oom", "job-too-long",
    "memory-near-limit", "quota-full", "restart-burst", "pod-unschedulable",
)  # fmt: skip
SHOP: Final = tuple(deployment(name, namespace="shop") for name in ("storefront", "cart", "search"))
CHECKOUT: Final = deployment("checkout-api", namespace="payments")
CRON: Final = bare("batch/v1", "CronJob", "nightly", namespace="shop")
RUN: Final = job("nightly-29900160", owner=CRON)
STATEFUL: Final = bare("apps/v1", "StatefulSet", "db", namespace="shop")
ROLLED: Final = bare("apps/v1", "ReplicaSet", "pay-7c9d8", namespace="shop")
ROLLED["metadata"]["ownerReferences"] = [{"kind": "Rollout", "name": "pay", "controller": True}]


@pytest.fixture
def missing(bench: Any) -> Callable[..., list[str]]:
    """Return which of some services of P0 are missing among objects."""

    def of(services: str, *objects: Mapping[str, Any], gaps: Any = (), tier: str = "P0") -> list[str]:
        old = bench.files[CONTEXT].partition("services:\n")[2].partition("\n\n")[0]
        prose = "- report-generator: monthly figures, may fail by night"
        bench.edit(CONTEXT, (old, f"  {tier}: {services}"), (prose, ""))
        found: list[str] = bench.look(*objects, gaps=gaps).data["missing_services"]
        return found

    return of


def test_a_listed_deployment_that_was_deleted_is_said_at_each_look_and_is_no_finding(bench: Any) -> None:
    assert bench.look(*SHOP, CHECKOUT).summary == "healthy: no findings"
    for _ in range(2):
        result: CycleResult = bench.look(*SHOP)
        assert result.summary == "healthy: no findings; 1 listed service not found: payments/checkout-api"
        assert (result.data["missing_services"], result.data["findings"]) == (["payments/checkout-api"], [])
    assert bench.heard.taken() == []


def test_of_many_the_first_three_are_named(bench: Any) -> None:
    assert bench.look(node("node-a")).summary.endswith(
        "; 4 listed services not found: payments/checkout-api, shop/storefront, shop/cart and 1 more"
    )


@pytest.mark.parametrize(
    ("services", "objects"),
    [
        pytest.param("[cart]", [SHOP[1]], id="in any namespace"),
        pytest.param("[shop/cart]", [deployment("cart", namespace="shop", replicas=0)], id="scaled to nothing"),
        pytest.param("[shop/nightly]", [RUN], id="a CronJob whose Job is there"),
        pytest.param("[shop/migrate]", [job("migrate", namespace="shop")], id="a Job"),
        pytest.param("[shop/db]", [pod("db-0", owner=STATEFUL)], id="a StatefulSet whose pod is there"),
        pytest.param("[shop/pay]", [ROLLED], id="a Rollout whose ReplicaSet is there"),
        pytest.param("[shop/debug]", [pod("debug", namespace="shop")], id="a pod of nobody's"),
        pytest.param("[{name: cart, namespace: shop, kind: Deployment}]", [SHOP[1]], id="of its kind"),
        pytest.param("[shop/*, 'c?rt', '[c]art', '*/cart']", [], id="patterns"),
        pytest.param("[{name: db, kind: Rollout}]", [], id="a kind that is not listed"),
    ],
)
def test_these_are_not_missing(missing: Callable[..., list[str]], services: str, objects: list[Any]) -> None:
    assert missing(services, *objects) == []


@pytest.mark.parametrize(
    ("services", "objects", "expected"),
    [
        pytest.param("[cart]", [], ["cart"], id="in no namespace"),
        pytest.param("[other/cart]", [SHOP[1]], ["other/cart"], id="in another namespace"),
        pytest.param("[{name: db, kind: Deployment}]", [pod("db-0", owner=STATEFUL)], ["db"], id="of another kind"),
        pytest.param("[shop/nightly]", [], ["shop/nightly"], id="a CronJob of which nothing is there"),
        pytest.param("[cart, cart]", [], ["cart"], id="twice"),
    ],
)
def test_these_are_missing(missing: Any, services: str, objects: list[Any], expected: list[str]) -> None:
    assert missing(services, *objects) == expected


@pytest.mark.parametrize(("tier", "said"), [("P0", True), ("P1", True), ("P2", True), ("P3", False)])
def test_what_matters_little_may_be_missing(missing: Any, tier: str, said: bool) -> None:  # noqa: FBT001
    assert bool(missing("[cart]", tier=tier)) is said


@pytest.mark.parametrize("resource", ["pods", "deployments.apps", "replicasets.apps", "jobs.batch"])
def test_where_not_all_was_seen_nothing_is_missing(missing: Any, resource: Any) -> None:
    assert missing("[cart]", gaps=[Gap(resource, "truncated", "page 2 did not come")]) == []


def test_what_is_not_looked_at_is_not_missing(bench: Any) -> None:
    bench.edit(ANALYZER, ("exclude: []", "exclude: [shop]"))
    assert bench.look(node("node-a")).data["missing_services"] == ["payments/checkout-api"]


def test_a_service_that_only_the_prose_lists_can_be_missing_too(bench: Any) -> None:
    bench.edit(CONTEXT, ("## Internal tools (P3)", "## Internal tools (P2)"))
    assert bench.look(*SHOP, CHECKOUT).data["missing_services"] == ["report-generator"]


def test_a_configuration_without_a_rule_says_so(bench: Any) -> None:
    others = "".join(f"  {rule}: {{enabled: false}}\n" for rule in sorted(set(ALL) - {*SHIPPED, "monitor-blind"}))
    bench.edit(ANALYZER, ("rules:\n", f"rules:\n{others}"))
    for rule in SHIPPED[:-1]:
        bench.edit(ANALYZER, (f"  {rule}: {{", f"  {rule}: {{enabled: false, "))
    assert bench.look(*SHOP, CHECKOUT).data["unwatched"] == []
    bench.edit(ANALYZER, (f"  {SHIPPED[-1]}: {{", f"  {SHIPPED[-1]}: {{enabled: false, "))
    result = bench.again()
    assert result.summary == "healthy: no findings; no rule is on"
    assert result.data["unwatched"] == ["no rule is on"]


@pytest.mark.parametrize("edit", [("exclude: []", 'exclude: ["*"]'), ('include: ["*"]', "include: [paymets]")])
def test_a_configuration_that_looks_into_no_namespace_says_so(bench: Any, edit: tuple[str, str]) -> None:
    bench.edit(ANALYZER, edit)
    assert bench.look(*SHOP, CHECKOUT, node("node-a")).summary == "healthy: no findings; no namespace is looked at"


def test_one_namespace_is_enough(bench: Any) -> None:
    bench.edit(ANALYZER, ('include: ["*"]', "include: [payments]"))
    assert bench.look(*SHOP, CHECKOUT).summary == "healthy: no findings"
