"""Rules about pods and their containers: which are well, which are sick, and which only look so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster.restarts import Restarts
from hotagents_k8s_monitor.rules import RULES, detect
from hotagents_k8s_monitor.testing.objects import NOW, bare, deployment, job, node, pod, pod_metrics, replica_set

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.cluster import Snapshot

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
CART: Final = deployment("cart", namespace="shop", replicas=3)
OF: Final = replica_set("cart-5d4f7", owner=CART)
RUN: Final = job("report-29900160", namespace="shop")
NAME: Final = "Deployment shop/cart"


def cart(**options: Any) -> list[dict[str, Any]]:
    return [CART, OF, pod("cart-5d4f7-x", owner=OF, **options)]


def killed(ago: timedelta, **options: Any) -> list[dict[str, Any]]:
    return cart(restarts=1, last="OOMKilled", last_at=NOW - ago, **options)


def starting(ago: timedelta, *, started: bool, since: timedelta | None = None) -> list[dict[str, Any]]:
    """A pod that runs and is not ready, with a startup probe that gives it ten minutes."""
    found = cart(ready=False, since=NOW - (since or ago))
    status = found[2]["status"]["containerStatuses"][0]
    status |= {"state": {"running": {"startedAt": (NOW - ago).isoformat()}}, "started": started}
    probe = {"failureThreshold": 60, "periodSeconds": 10, "timeoutSeconds": 0}
    found[2]["spec"]["containers"][0]["startupProbe"] = probe
    return found


def evicted(ago: timedelta, **options: Any) -> list[dict[str, Any]]:
    return cart(finished="Evicted", since=NOW - ago, created=NOW - 3 * HOUR, **options)


def using(used: str, limit: str | None, **options: Any) -> list[dict[str, Any]]:
    found = cart(**options)
    found[2]["spec"]["containers"][0]["resources"] = {} if limit is None else {"limits": {"memory": limit}}
    return [*found, pod_metrics("cart-5d4f7-x", namespace="shop", memory={"cart": used})]


def without_a_time(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for status in objects[2]["status"]["containerStatuses"]:
        status["lastState"]["terminated"]["finishedAt"] = None
    return objects


WELL: Final = [
    pytest.param("container-oom", cart(), id="oom: runs"),
    pytest.param("container-oom", killed(HOUR), id="oom: an hour ago"),
    pytest.param("container-oom", cart(restarts=3, last="Error", last_at=NOW - MINUTE), id="oom: another end"),
    pytest.param("container-oom", killed(MINUTE, deleted=NOW), id="oom: on its way out"),
    pytest.param("pod-not-ready", cart(), id="ready"),
    pytest.param("pod-not-ready", cart(finished="Succeeded"), id="not ready: completed"),
    pytest.param("pod-not-ready", cart(ready=False, deleted=NOW), id="not ready: on its way out"),
    pytest.param("pod-not-ready", [RUN, pod("r", owner=RUN, ready=False, since=NOW - HOUR)], id="not ready: of a Job"),
    pytest.param("pod-not-ready", starting(5 * MINUTE, started=False), id="not ready: its startup probe waits"),
    pytest.param("pod-not-ready", cart(waiting="CrashLoopBackOff", restarts=4), id="not ready: another rule's"),
    pytest.param("pod-not-ready", cart(unschedulable="no room"), id="not ready: no node, another rule's"),
    pytest.param("pod-not-ready", cart(gated=True), id="not ready: gated"),
    pytest.param("pod-evicted", cart(finished="Failed"), id="evicted: failed by itself"),
    pytest.param("pod-evicted", evicted(HOUR), id="evicted: long ago"),
    pytest.param("pod-evicted", evicted(MINUTE, deleted=NOW), id="evicted: and deleted"),
    pytest.param("pod-stuck-terminating", cart(), id="stuck: runs"),
    pytest.param("pod-stuck-terminating", cart(deleted=NOW), id="stuck: has just begun to end"),
    pytest.param(
        "pod-stuck-terminating", cart(deleted=NOW - timedelta(seconds=30)), id="stuck: at the end of its time"
    ),
    pytest.param("memory-near-limit", using("90Mi", "100Mi"), id="memory: at the limit's edge"),
    pytest.param("memory-near-limit", using("4Gi", None), id="memory: no limit"),
    pytest.param("memory-near-limit", using("99Mi", "0"), id="memory: a limit of nothing is none"),
    pytest.param("memory-near-limit", using("99Mi", "100Mi", finished="Succeeded"), id="memory: over"),
    pytest.param("memory-near-limit", using("many", "100Mi"), id="memory: no number"),
    pytest.param("memory-near-limit", using("99Mi", "100Mi")[3:], id="memory: metrics of no pod that was seen"),
    pytest.param("node-pressure", [node("node-a")], id="pressure: none"),
    pytest.param("node-pressure", [node("node-a", ready="Unknown")], id="pressure: nobody knows"),
]

SICK: Final = [
    pytest.param("container-oom", killed(MINUTE), NAME, "at-risk", NOW - MINUTE, id="oom: runs again"),
    pytest.param(
        "container-oom", killed(59 * MINUTE), NAME, "at-risk", NOW - 59 * MINUTE, id="oom: almost an hour ago"
    ),
    pytest.param(
        "container-oom", killed(MINUTE, waiting="CrashLoopBackOff"), NAME, "at-risk", NOW - MINUTE, id="oom: waits"
    ),
    pytest.param("container-oom", without_a_time(killed(MINUTE)), NAME, "at-risk", None, id="oom: nobody says when"),
    pytest.param("pod-not-ready", cart(ready=False, since=NOW - HOUR), NAME, "at-risk", NOW - HOUR, id="not ready"),
    pytest.param(
        "pod-not-ready",
        cart(waiting="ContainerCreating", since=NOW - HOUR),
        NAME,
        "at-risk",
        NOW - HOUR,
        id="not ready: its volume does not come",
    ),
    pytest.param(
        "pod-not-ready", starting(12 * MINUTE, started=False), NAME, "at-risk", None, id="starts for too long"
    ),
    pytest.param("pod-not-ready", starting(12 * MINUTE, started=True), NAME, "at-risk", None, id="after a slow start"),
    pytest.param(
        "pod-not-ready",
        starting(HOUR, started=True, since=MINUTE),
        NAME,
        "at-risk",
        NOW - MINUTE,
        id="not ready any more, after a slow start",
    ),
    pytest.param("pod-evicted", evicted(MINUTE), NAME, "at-risk", NOW - MINUTE, id="evicted"),
    pytest.param(
        "pod-evicted",
        [pod("alone", finished="Evicted", since=NOW - MINUTE)],
        "Pod default/alone",
        "down",
        NOW - MINUTE,
        id="evicted: nobody makes another",
    ),
    pytest.param(
        "pod-stuck-terminating", cart(deleted=NOW - HOUR), NAME, "at-risk", NOW - HOUR + MINUTE / 2, id="stuck"
    ),
    pytest.param(
        "pod-stuck-terminating",
        cart(deleted=NOW - HOUR, finalizers=["example.com/wait"]),
        NAME,
        "at-risk",
        NOW - HOUR + MINUTE / 2,
        id="stuck: a finalizer",
    ),
    pytest.param("memory-near-limit", using("91Mi", "100Mi"), NAME, "at-risk", None, id="memory"),
    pytest.param("memory-near-limit", using("93000Ki", "100e6"), NAME, "at-risk", None, id="memory: other units"),
    pytest.param(
        "node-pressure",
        [node("a", pressure=["DiskPressure"], since=NOW - HOUR)],
        "Node a",
        "at-risk",
        NOW - HOUR,
        id="disk pressure",
    ),
]


@pytest.mark.parametrize(("rule", "objects"), WELL)
def test_these_are_well(signals: Any, rule: str, objects: list[Mapping[str, Any]]) -> None:
    assert signals(rule, objects) == ()


@pytest.mark.parametrize(("rule", "objects", "owner", "impact", "since"), SICK)
def test_these_are_sick(signals: Any, rule: str, objects: Any, owner: str, impact: str, since: Any) -> None:
    (signal,) = signals(rule, objects)
    assert (str(signal.owner), signal.impact, signal.since) == (owner, impact, since)
    assert signal.message
    assert signal.objects


@pytest.mark.parametrize("kind", ["MemoryPressure", "PIDPressure", "NetworkUnavailable", "EtcdIsVoter", "Other"])
def test_only_conditions_that_are_bad_where_they_are_true_are_pressure(impacts: Any, kind: str) -> None:
    item = node("a")
    item["status"]["conditions"].insert(0, {"type": kind, "status": "True"})
    item["status"]["conditions"] = [
        c for n, c in enumerate(item["status"]["conditions"]) if n == 0 or c["type"] != kind
    ]
    wanted = {"NetworkUnavailable": "degraded", "MemoryPressure": "at-risk", "PIDPressure": "at-risk"}
    assert impacts("node-pressure", [item]) == ({"Node a": wanted[kind]} if kind in wanted else {})


def test_a_finalizer_is_named(signals: Any) -> None:
    (signal,) = signals("pod-stuck-terminating", cart(deleted=NOW - HOUR, finalizers=["example.com/wait"]))
    assert "example.com/wait" in signal.message


def test_a_stateful_set_that_is_not_seen_whole_says_nothing_of_its_impact(impacts: Any) -> None:
    from hotagents_k8s_monitor.cluster import Gap  # noqa: PLC0415

    item = pod("db-0", owner=bare("apps/v1", "StatefulSet", "db", namespace="shop"), ready=False, since=NOW - HOUR)
    assert impacts("pod-not-ready", [item], Gap("statefulsets.apps", "forbidden", "")) == {"StatefulSet shop/db": None}


# --- restart-burst ----------------------------------------------------------------------------------------------------


def looks(seen: Callable[..., Snapshot], *counts: tuple[int, int], name: str = "x") -> Snapshot:
    """Looks at minutes, at which a container had restarted so many times; the last one."""
    history, shown = Restarts(), seen([])
    for minute, count in counts:
        item = pod(f"cart-5d4f7-{name}", owner=OF, restarts=count, created=NOW - 3 * HOUR)
        shown = replace(seen([CART, OF, item]), taken_at=NOW + minute * MINUTE)
        history = history.after(shown)
        shown = replace(shown, restarts=history)
    return shown


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param([(0, 400)], id="many, long ago"),
        pytest.param([(0, 400), (1, 400), (9, 400)], id="none since"),
        pytest.param([(0, 400), (5, 404)], id="four within ten minutes"),
        pytest.param([(0, 0), (20, 4), (40, 8)], id="slowly"),
        pytest.param([(0, 0), (180, 400)], id="nobody looked for hours"),
        pytest.param([(0, 9), (1, 2), (2, 3)], id="the number was set back"),
    ],
)
def test_these_restarts_are_no_burst(seen: Any, counts: list[tuple[int, int]]) -> None:
    assert detect(looks(seen, *counts), rules=[RULES["restart-burst"]]).signals == ()


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param([(0, 400), (5, 405)], id="five within ten minutes"),
        pytest.param([(0, 1), (1, 2), (2, 4), (9, 6)], id="one by one"),
        pytest.param([(0, 1), (20, 1), (25, 7), (29, 7)], id="after a calm while"),
    ],
)
def test_these_restarts_are_a_burst(seen: Any, counts: list[tuple[int, int]]) -> None:
    (signal,) = detect(looks(seen, *counts), rules=[RULES["restart-burst"]]).signals
    assert str(signal.owner) == NAME
    assert "restarted" in signal.message


def test_a_pod_that_is_new_had_no_restarts_before(seen: Any) -> None:
    first = replace(seen([CART, OF]), taken_at=NOW)
    second = looks(seen, (2, 6))
    history = Restarts().after(first).after(second)
    assert detect(replace(second, restarts=history), rules=[RULES["restart-burst"]]).signals


def test_restarts_survive_on_disk_and_what_was_not_kept_begins_anew(seen: Any) -> None:
    kept = looks(seen, (0, 1), (2, 4)).restarts
    again = Restarts.from_dict(kept.to_dict())
    assert again.to_dict() == kept.to_dict()
    later = replace(looks(seen, (4, 7)), restarts=Restarts())
    other = replace(later, objects={**later.objects, "pods": (*later.all("pods"), pod("old", restarts=400))})
    found = detect(replace(other, restarts=again.after(other)), rules=[RULES["restart-burst"]]).signals
    assert [str(signal.owner) for signal in found] == [NAME]
    assert Restarts.from_dict({}) == Restarts()
