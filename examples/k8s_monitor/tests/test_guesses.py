"""A list between pods and owners that fails, for a moment or for good: whose fault is over, and whose may not be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.testing.objects import NOW, bare, deployment, job, node, pod, replica_set

if TYPE_CHECKING:
    from pathlib import Path

    from hotagents_k8s_monitor.cluster import Resource

MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
CART: Final = deployment("cart", namespace="shop")
OF: Final = replica_set("cart-5d4f", owner=CART)
CRON: Final = bare("batch/v1", "CronJob", "report", namespace="shop")
BY_HAND: Final = job("by-hand", owner=CRON)
RUN: Final = job("report-29900160", owner=CRON)
OLD_SET: Final = replica_set("old-77", namespace="shop")
STATEFUL: Final = bare("apps/v1", "StatefulSet", "db", namespace="shop")
ELSEWHERE: Final = pod("x", owner=job("by-hand", namespace="other"))


def unhashed(**values: Any) -> dict[str, Any]:
    """A pod of the Deployment that does not say so by its labels."""
    found = pod("cart-5d4f-y", owner=OF, **values)
    found["metadata"]["labels"] = {}
    return found


def no(*resources: Resource) -> list[Gap]:
    return [Gap(resource, "forbidden", "no right") for resource in resources]


def sick(owner: Any) -> dict[str, Any]:
    return pod("p", owner=owner, namespace=None if owner else "shop", waiting="ImagePullBackOff", since=NOW - DAY)


def left(bench: Any, owner: Any, *then: Any, gaps: list[Gap]) -> bool:
    """Whether a fault of an owner's pod is still there after looks that do not see it."""
    items = [CART, OF, RUN, BY_HAND, OLD_SET]
    bench.look(*items, sick(owner), after=MINUTE)
    for _ in range(2):
        bench.look(CART, *then, gaps=gaps, after=MINUTE)
    found = bench.again(after=MINUTE).data["findings"]
    return "container-waiting" in {finding["rule"] for finding in found}


@pytest.mark.parametrize(
    ("owner", "then", "missing"),
    [
        pytest.param(OF, [pod("q", owner=RUN)], "jobs.batch", id="a Deployment beside a Job"),
        pytest.param(OF, [pod("q", owner=OF)], "replicasets.apps", id="a Deployment whose pods have its hash"),
        pytest.param(OF, [], "replicasets.apps", id="a Deployment without pods"),
        pytest.param(STATEFUL, [pod("q", owner=BY_HAND)], "jobs.batch", id="a StatefulSet beside a Job"),
        pytest.param(STATEFUL, [unhashed()], "replicasets.apps", id="a StatefulSet beside a ReplicaSet"),
        pytest.param(None, [pod("q", owner=BY_HAND)], "jobs.batch", id="a pod of nobody's beside a Job"),
        pytest.param(RUN, [pod("q", owner=RUN)], "jobs.batch", id="a CronJob whose Job has its time"),
        pytest.param(RUN, [ELSEWHERE], "jobs.batch", id="a CronJob while a Job runs elsewhere"),
        pytest.param(RUN, [pod("q", owner=BY_HAND, finished="Failed")], "jobs.batch", id="a Job that is over"),
        pytest.param(job("j", namespace="shop"), [pod("q", owner=BY_HAND)], "jobs.batch", id="another Job"),
        pytest.param(OLD_SET, [unhashed()], "replicasets.apps", id="another ReplicaSet"),
    ],
)
def test_these_are_over(bench: Any, owner: Any, then: list[Any], missing: Any) -> None:
    assert not left(bench, owner, *then, gaps=no(missing))


@pytest.mark.parametrize(
    ("owner", "then", "gaps"),
    [
        pytest.param(OF, [unhashed()], no("replicasets.apps"), id="a Deployment whose pod does not say so"),
        pytest.param(RUN, [pod("q", owner=BY_HAND)], no("jobs.batch"), id="a CronJob beside a Job by hand"),
        pytest.param(OF, [], no("pods"), id="no pods"),
        pytest.param(RUN, [], no("pods", "jobs.batch"), id="neither pods nor Jobs"),
    ],
)
def test_of_these_nobody_knows(bench: Any, owner: Any, then: list[Any], gaps: list[Gap]) -> None:
    assert left(bench, owner, *then, gaps=gaps)


def test_what_is_certainly_gone_is_over_though_the_pods_are_not_seen(bench: Any) -> None:
    bench.look(CART, OF, sick(OF))
    assert [kind for kind, _, _ in bench.heard.taken()] == ["alert"]
    for _ in range(3):
        bench.look(node("node-a"), gaps=no("pods"), after=MINUTE)
    assert ("gone", "cart") in [(kind, name) for kind, _, name in bench.heard.taken()]


def test_a_hundred_jobs_leave_nothing_where_jobs_are_never_seen(bench: Any) -> None:
    for number in range(100):
        run = job(f"j{number}", namespace="batch")
        bench.look(pod(f"p{number}", owner=run, waiting="ErrImagePull"), gaps=no("jobs.batch"), after=MINUTE)
    assert len(bench.monitor._book.tracked) < 5


def cut(bench: Any, *items: Any, after: timedelta) -> Any:
    """Look at a list of pods that is cut off."""
    return bench.look(*items, gaps=[Gap("pods", "truncated", "page 2 did not come")], after=after)


def test_what_no_look_could_see_for_an_hour_and_was_pending_begins_anew(bench: Any) -> None:
    young = pod("p", namespace="shop", waiting="ImagePullBackOff", since=NOW)
    cut(bench, young, after=MINUTE)
    cut(bench, after=MINUTE)
    assert [f["state"] for f in cut(bench, after=50 * MINUTE).data["findings"] if f["owner"]["name"] == "p"] == [
        "pending"
    ]
    again = cut(bench, after=10 * MINUTE)
    assert [f for f in again.data["findings"] if f["owner"]["name"] == "p"] == []
    fresh = pod("p", namespace="shop", waiting="ImagePullBackOff", since=bench.clock.now())
    found = cut(bench, fresh, after=MINUTE).data["findings"]
    assert [f["state"] for f in found if f["owner"]["name"] == "p"] == ["pending"]


def test_what_no_look_could_see_for_a_week_and_was_open_is_withdrawn(bench: Any) -> None:
    cut(bench, sick(None), after=MINUTE)
    for _ in range(7):
        cut(bench, after=DAY)
    assert ("withdrawn", "p") not in [(kind, name) for kind, _, name in bench.heard.taken()]
    cut(bench, after=DAY)
    assert ("withdrawn", "p") in [(kind, name) for kind, _, name in bench.heard.taken()]
    assert "p" not in {item.finding.owner.name for item in bench.monitor._book.tracked.values()}


def test_a_deployment_that_adopted_a_set_of_another_name_is_not_over(bench: Any) -> None:
    adopted = replica_set("basket-5d4f", owner=CART)
    bench.look(CART, adopted, sick(adopted), after=MINUTE)
    for _ in range(3):
        found = bench.look(CART, pod("q", owner=adopted), gaps=no("replicasets.apps"), after=MINUTE).data["findings"]
        assert ("cart", "container-waiting") in {(f["owner"]["name"], f["rule"]) for f in found}


def test_time_without_a_monitor_is_no_time_in_which_nothing_was_seen(make_bench: Any, tmp_path: Path) -> None:
    bench = make_bench(recorder=Recorder(tmp_path, keep=30 * DAY, most_bytes=10_000_000))
    bench.look(CART, OF, sick(OF), after=MINUTE)
    bench.look(CART, unhashed(), gaps=no("replicasets.apps"), after=MINUTE)
    bench.clock.advance(8 * DAY.total_seconds())
    bench.monitor.teardown()
    bench.restart()
    found = bench.look(CART, unhashed(), gaps=no("replicasets.apps")).data["findings"]
    assert "container-waiting" in {finding["rule"] for finding in found}
    bench.monitor.teardown()
