"""Whose a pod is: the workload that survives it, also where the list between the two is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.rules import RULES, detect
from hotagents_k8s_monitor.rules.owners import is_gone, owner_of, owners_in
from hotagents_k8s_monitor.testing.objects import bare, deployment, job, node, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.cluster import Snapshot

CART: Final = deployment("cart", namespace="shop")
OF_CART: Final = replica_set("cart-5d4f7", owner=CART)
ORPHAN: Final = replica_set("web-5d4f7", namespace="shop")
ROLLOUT: Final = bare("argoproj.io/v1alpha1", "Rollout", "pay", namespace="shop")
CRON: Final = bare("batch/v1", "CronJob", "report", namespace="shop")
RUN: Final = job("report-29900160", owner=CRON)
ALONE: Final = job("migrate", namespace="shop")


def of_rollout() -> dict[str, Any]:
    """A ReplicaSet as Argo Rollouts makes it: the Deployment controller's label is not on it."""
    found = bare("apps/v1", "ReplicaSet", "pay-7c9d8", namespace="shop")
    reference = {"kind": "Rollout", "name": "pay", "controller": True}
    found["metadata"] |= {"ownerReferences": [reference], "labels": {"rollouts-pod-template-hash": "7c9d8"}}
    return found


OF_ROLLOUT: Final = of_rollout()
OF_PAY: Final = pod("pay-7c9d8-x", owner=OF_ROLLOUT, labels={"rollouts-pod-template-hash": "7c9d8"})


def claiming(kind: Any, name: Any, **more: Any) -> dict[str, Any]:
    """A pod with an owner reference that anybody could have written."""
    found = pod("a", namespace="shop")
    found["metadata"]["ownerReferences"] = [{"kind": kind, "name": name, "controller": True} | more]
    return found


@pytest.mark.parametrize(
    ("objects", "owner"),
    [
        pytest.param([CART, OF_CART, pod("a", owner=OF_CART)], "Deployment shop/cart", id="Deployment"),
        pytest.param([OF_CART, pod("a", owner=OF_CART)], "Deployment shop/cart", id="a Deployment that is gone"),
        pytest.param([ORPHAN, pod("a", owner=ORPHAN)], "ReplicaSet shop/web-5d4f7", id="orphan"),
        pytest.param([OF_ROLLOUT, OF_PAY], "Rollout shop/pay", id="Argo Rollout"),
        pytest.param([RUN, pod("a", owner=RUN)], "CronJob shop/report", id="CronJob"),
        pytest.param([ALONE, pod("a", owner=ALONE)], "Job shop/migrate", id="Job"),
        pytest.param([pod("a", namespace="shop")], "Pod shop/a", id="nobody's"),
        pytest.param([claiming("Node", "node-a")], "Pod shop/a", id="static"),
        pytest.param([claiming("Cluster", "pg")], "Cluster shop/pg", id="an operator's"),
        pytest.param([claiming("Cluster", "")], "Pod shop/a", id="no name"),
        pytest.param([claiming("Cluster", 7)], "Pod shop/a", id="a name of another type"),
        pytest.param([claiming("Cluster", "pg", controller=False)], "Pod shop/a", id="an owner that does not control"),
        pytest.param([claiming("Cluster", "pg", controller="true")], "Pod shop/a", id="a claim in words"),
    ],
)
def test_a_pod_belongs_to_what_survives_it(
    seen: Callable[..., Snapshot], objects: list[Mapping[str, Any]], owner: str
) -> None:
    assert str(owner_of(objects[-1], seen(objects))) == owner


@pytest.mark.parametrize(
    ("item", "owner"),
    [
        pytest.param(pod("a", owner=OF_CART), "Deployment shop/cart", id="by the hash of the template"),
        pytest.param(OF_PAY, "Rollout shop/pay", id="by the hash of Argo Rollouts"),
        pytest.param(claiming("ReplicaSet", "web"), "ReplicaSet shop/web", id="a ReplicaSet made by hand"),
        pytest.param(pod("a", owner=RUN), "CronJob shop/report", id="by the minute that the Job is for"),
        pytest.param(claiming("Job", "a-b-29900160"), "CronJob shop/a-b", id="a name with hyphens"),
        pytest.param(claiming("Job", "backup-20261124"), "Job shop/backup-20261124", id="a day is no such minute"),
        pytest.param(claiming("Job", "backup-20261124153000"), "Job shop/backup-20261124153000", id="nor is a second"),
        pytest.param(claiming("Job", "backup-2990016"), "Job shop/backup-2990016", id="nor has it seven digits"),
        pytest.param(claiming("Job", "migrate"), "Job shop/migrate", id="a Job of its own"),
        pytest.param(claiming("Job", "-29900160"), "Job shop/-29900160", id="nothing before the minute"),
    ],
)
@pytest.mark.parametrize("resource", ["replicasets.apps", "jobs.batch"])
def test_what_was_not_seen_between_the_two_is_guessed(seen: Any, item: Any, owner: str, resource: Any) -> None:
    assert str(owner_of(item, seen([item], Gap(resource, "forbidden", "no right")))) == owner


@pytest.mark.parametrize(("name", "template", "kind"), [("web-x", "x", "Deployment"), ("web-", "", "ReplicaSet")])
def test_a_hash_may_be_short_but_not_empty(seen: Any, name: str, template: str, kind: str) -> None:
    item = claiming("ReplicaSet", name)
    item["metadata"]["labels"] = {"pod-template-hash": template}
    assert owner_of(item, seen([item])).kind == kind


@pytest.mark.parametrize("template", ["", "5d4f7", "web-5d4f7", "other", 7, None])
def test_a_hash_that_does_not_end_the_name_guesses_nothing(seen: Any, template: Any) -> None:
    item = claiming("ReplicaSet", "5d4f7" if template == "5d4f7" else "web-5d4f7")
    item["metadata"]["labels"] = {"pod-template-hash": template}
    assert owner_of(item, seen([item])).kind == "ReplicaSet"


def test_all_owners_that_a_look_saw_are_known(seen: Any) -> None:
    alone, bare_pod = deployment("off", namespace="shop", replicas=0), pod("debug", namespace="shop")
    shown = seen([CART, OF_CART, ORPHAN, OF_ROLLOUT, RUN, ALONE, alone, bare_pod, pod("a", owner=OF_CART)])
    assert {str(owner) for owner in owners_in(shown)} == {
        "CronJob shop/report",
        "Deployment shop/cart",
        "Deployment shop/off",
        "Job shop/migrate",
        "Pod shop/debug",
        "ReplicaSet shop/web-5d4f7",
        "Rollout shop/pay",
    }


@pytest.mark.parametrize(
    ("owner", "gone"),
    [
        (Owner("Deployment", "shop", "cart"), False),
        (Owner("Deployment", "shop", "other"), True),
        (Owner("Deployment", "other", "cart"), True),
        (Owner("Node", "", "node-a"), False),
        (Owner("Node", "", "node-b"), True),
        (Owner("Pod", "shop", "a"), False),
        (Owner("Pod", "shop", "b"), True),
        (Owner("Job", "shop", "migrate"), False),
        (Owner("ReplicaSet", "shop", "web-5d4f7"), False),
        (Owner("StatefulSet", "shop", "db"), False),
        (Owner("Rollout", "shop", "pay"), False),
        (Owner("Monitor", "", "k8s-monitor"), False),
    ],
)
def test_what_is_gone_is_known_where_its_kind_was_seen_whole(seen: Any, owner: Owner, gone: bool) -> None:  # noqa: FBT001
    objects = [CART, ORPHAN, ALONE, node("node-a"), pod("a", namespace="shop")]
    assert is_gone(owner, seen(objects)) is gone
    assert not is_gone(owner, seen(objects, *(Gap(resource, "truncated", "cut") for resource in RESOURCES)))


@pytest.mark.parametrize("between", [OF_CART, OF_ROLLOUT, RUN, ALONE])
def test_a_fault_stays_the_same_when_a_list_fails_and_comes_back(seen: Any, between: Any) -> None:
    labels = between["metadata"].get("labels", {})
    sick = pod("a", owner=between, waiting="CrashLoopBackOff", labels=labels)
    gap = Gap("replicasets.apps", "slow", "no answer in time")
    whole, blind = (
        detect(shown, rules=[RULES["container-waiting"]]).signals
        for shown in (seen([CART, between, sick]), seen([CART, sick], gap))
    )
    assert [signal.owner for signal in whole] == [signal.owner for signal in blind]
