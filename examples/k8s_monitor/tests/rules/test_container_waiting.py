"""``container-waiting``: which containers cannot start or stay up, whose they are, and since when."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.testing.objects import NOW, bare, deployment, job, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.findings import Signal

RULE: Final = "container-waiting"
LATELY: Final = NOW - timedelta(minutes=20)
REASONS: Final = (
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "RunContainerError",
)

WHOLE: Final = deployment("cart", namespace="shop", replicas=3)
PARTLY: Final = deployment("cart", namespace="shop", replicas=3, available=1)
DOWN: Final = deployment("cart", namespace="shop", replicas=3, available=0)
OFF: Final = deployment("cart", namespace="shop", replicas=0)
ONE: Final = deployment("cart", namespace="shop")
OF: Final = replica_set("cart-5d4f7", owner=WHOLE)
ONE["spec"]["replicas"] = None  # which means one


def crashing(**changes: Any) -> dict[str, Any]:
    """A pod of the Deployment that crashes."""
    said: dict[str, Any] = {"owner": OF, "waiting": "CrashLoopBackOff", "since": LATELY}
    return pod("cart-5d4f7-x", **(said | changes))


def changed(found: dict[str, Any], *keys: str, **values: Any) -> dict[str, Any]:
    """Set values deep in an object; None takes one away."""
    part = found
    for key in keys:
        part = part[key]
    part.update(values)
    for key in [key for key, value in values.items() if value is None]:
        del part[key]
    return found


def ephemeral(reason: str) -> dict[str, Any]:
    """A healthy pod into which somebody looks, with an image that does not exist."""
    status = {"name": "debugger", "state": {"waiting": {"reason": reason}}, "restartCount": 0, "ready": False}
    return changed(pod("cart-5d4f7-x", owner=OF), "status", ephemeralContainerStatuses=[status])


def sidecar() -> dict[str, Any]:
    """A pod that is initialised, one of whose sidecars falls again and again."""
    found = pod("cart-5d4f7-x", owner=OF, init="done", ready=False, since=LATELY)
    found["status"]["initContainerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    return found


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param([], id="nothing"),
        pytest.param([WHOLE, OF, pod("cart-5d4f7-x", owner=OF)], id="a pod that runs"),
        pytest.param([WHOLE, OF, crashing(waiting="ContainerCreating")], id="a pod that starts"),
        pytest.param([WHOLE, OF, crashing(waiting="PodInitializing")], id="a pod that waits for init containers"),
        pytest.param([WHOLE, OF, crashing(waiting="", init="running")], id="an init container that runs"),
        pytest.param([WHOLE, OF, pod("cart-5d4f7-x", owner=OF, restarts=400)], id="many restarts, and ready"),
        pytest.param([WHOLE, OF, crashing(deleted=LATELY)], id="a pod that is being deleted"),
        pytest.param([WHOLE, OF, crashing(deleted=LATELY, finalizers=["x/y"])], id="a deletion that is held back"),
        pytest.param([pod("a", finished="Succeeded")], id="a pod that is done"),
        pytest.param([pod("a", finished="Failed")], id="a pod that failed"),
        pytest.param([pod("a", finished="Evicted")], id="a pod that was evicted"),
        pytest.param([job("j", state="failed"), pod("j-x", owner=job("j"), finished="Failed")], id="a Job that failed"),
        pytest.param([WHOLE, OF, ephemeral("ImagePullBackOff")], id="an ephemeral container"),
        pytest.param([WHOLE, OF, ephemeral("CrashLoopBackOff")], id="an ephemeral container that crashes"),
        pytest.param([changed(crashing(), "status", containerStatuses=None)], id="no statuses"),
        pytest.param([{"kind": "Pod", "metadata": {"name": "a"}}], id="no status at all"),
        pytest.param([pod("a", unschedulable="no room")], id="a pod that has no node"),
        pytest.param([pod("a", gated=True)], id="a pod behind a gate"),
        pytest.param([pod("a", node=None)], id="a pod that nobody has looked at"),
    ],
)
def test_these_are_well(signals: Callable[..., tuple[Signal, ...]], objects: list[Mapping[str, Any]]) -> None:
    assert signals(RULE, objects) == ()


CRON: Final = bare("batch/v1", "CronJob", "report", namespace="shop")
STATEFUL: Final = bare("apps/v1", "StatefulSet", "db", namespace="shop")
DAEMON: Final = bare("apps/v1", "DaemonSet", "agent", namespace="shop")
NODE: Final = bare("v1", "Node", "node-a")
LOOP: Final = "CrashLoopBackOff"
FALLS_AT_ONCE: Final = crashing(waiting="", init=LOOP)
RUN: Final = job("report-29900160", owner=CRON)


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param([WHOLE, OF, crashing()], {"Deployment shop/cart": "at-risk"}, id="all replicas are there"),
        pytest.param([PARTLY, OF, crashing()], {"Deployment shop/cart": "degraded"}, id="some replicas are missing"),
        pytest.param([DOWN, OF, crashing()], {"Deployment shop/cart": "down"}, id="no replica is there"),
        pytest.param([OFF, OF, crashing()], {"Deployment shop/cart": "at-risk"}, id="scaled to zero, one pod left"),
        pytest.param([ONE, OF, crashing()], {"Deployment shop/cart": "at-risk"}, id="null replicas, one is there"),
        pytest.param([OF, crashing()], {"Deployment shop/cart": "degraded"}, id="the Deployment was not seen"),
        pytest.param([DOWN, OF, FALLS_AT_ONCE], {"Deployment shop/cart": "down"}, id="an init container"),
        pytest.param([WHOLE, OF, sidecar()], {"Deployment shop/cart": "at-risk"}, id="a sidecar"),
        pytest.param([pod("a", waiting="ErrImagePull")], {"Pod default/a": "down"}, id="a bare pod"),
        pytest.param(
            [pod("etcd-node-a", namespace="kube-system", owner=NODE, waiting="CrashLoopBackOff")],
            {"Pod kube-system/etcd-node-a": "down"},
            id="a static pod, whose owner is its node",
        ),
        pytest.param([pod("x", owner=STATEFUL, waiting=LOOP)], {"StatefulSet shop/db": "degraded"}, id="StatefulSet"),
        pytest.param([pod("x", owner=DAEMON, waiting=LOOP)], {"DaemonSet shop/agent": "degraded"}, id="DaemonSet"),
        pytest.param([job("j"), pod("x", owner=job("j"), waiting=LOOP)], {"Job default/j": "down"}, id="Job"),
        pytest.param([RUN, pod("x", owner=RUN, waiting="ErrImagePull")], {"CronJob shop/report": "down"}, id="CronJob"),
    ],
)
def test_these_are_sick(
    impacts: Callable[..., dict[str, str]], objects: list[Mapping[str, Any]], expected: dict[str, str]
) -> None:
    assert impacts(RULE, objects) == expected


@pytest.mark.parametrize("where", ["waiting", "init"])
@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_counts_in_each_sort_of_container(signals: Any, reason: str, where: str) -> None:
    (signal,) = signals(RULE, [WHOLE, OF, crashing(**{"waiting": "", where: reason})])
    assert f": {reason}" in signal.message
    assert signal.message.startswith("init container" if where == "init" else "container")
    assert (signal.objects, signal.since) == (("pod/cart-5d4f7-x",), LATELY)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"message": "no such image"}, 'container "cart": CrashLoopBackOff: no such image'),
        ({"message": "x", "restarts": 1}, 'container "cart": CrashLoopBackOff after 1 restart: x'),
        ({"message": "x", "restarts": 12}, 'container "cart": CrashLoopBackOff after 12 restarts: x'),
        ({"message": "x" * 500}, f'container "cart": CrashLoopBackOff: {"x" * 159}\u2026'),
    ],
)
def test_the_message_says_which_container_why_and_how_often(signals: Any, changes: Any, message: str) -> None:
    assert signals(RULE, [WHOLE, OF, crashing(**changes)])[0].message == message


def test_without_words_of_the_kubelet_the_reason_is_enough(signals: Any) -> None:
    sick = crashing()
    del sick["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
    assert signals(RULE, [WHOLE, OF, sick])[0].message == 'container "cart": CrashLoopBackOff'


def test_where_the_deployments_were_not_seen_nobody_knows_how_much_is_hit(impacts: Any) -> None:
    for reason in ("forbidden", "truncated"):
        gap = Gap("deployments.apps", reason, "no right")
        assert impacts(RULE, [OF, crashing()], gap) == {"Deployment shop/cart": None}
        assert impacts(RULE, [DOWN, OF, crashing()], gap) == {"Deployment shop/cart": "down"}
        assert impacts(RULE, [pod("a", waiting="ErrImagePull")], gap) == {"Pod default/a": "down"}


@pytest.mark.parametrize(
    ("conditions", "since"),
    [
        ([("Ready", "False", LATELY)], LATELY),
        ([("Ready", "Unknown", LATELY)], LATELY),
        ([("Ready", "True", LATELY)], None),
        ([], None),
        ([("Initialized", "False", LATELY)], None),
    ],
)
def test_it_counts_since_the_pod_is_not_ready(signals: Any, conditions: Any, since: Any) -> None:
    said = [{"type": kind, "status": is_so, "lastTransitionTime": at.isoformat()} for kind, is_so, at in conditions]
    assert signals(RULE, [WHOLE, OF, changed(crashing(), "status", conditions=said)])[0].since == since


def test_a_sidecar_that_falls_counts_since_the_pod_is_not_ready(signals: Any) -> None:
    assert signals(RULE, [WHOLE, OF, sidecar()])[0].since == LATELY


def slow_start(**status: Any) -> dict[str, Any]:
    """A pod that was not ready for another reason for twenty minutes, and whose container falls by now."""
    found = crashing()
    found["status"]["containerStatuses"][0] |= status
    return found


def fell(at: datetime) -> dict[str, Any]:
    return {"terminated": {"exitCode": 1, "finishedAt": at.isoformat()}}


@pytest.mark.parametrize(
    ("reason", "restarts", "looped"),
    [
        ("CrashLoopBackOff", 1, 0),
        ("CrashLoopBackOff", 2, 10),
        ("CrashLoopBackOff", 4, 70),
        ("RunContainerError", 6, 310),
        ("CrashLoopBackOff", 8, 910),
        ("ImagePullBackOff", 8, 0),
        ("CreateContainerConfigError", 8, 0),
    ],
)
def test_it_counts_from_no_earlier_than_its_own_falls(signals: Any, reason: str, restarts: int, looped: int) -> None:
    last = NOW - timedelta(seconds=5)
    state = {"waiting": {"reason": reason}}
    found = slow_start(state=state, lastState=fell(last), restartCount=restarts)
    assert signals(RULE, [WHOLE, OF, found])[0].since == last - timedelta(seconds=looped)


@pytest.mark.parametrize("restarts", [9, 100, 10**30])
def test_a_long_loop_counts_since_the_pod_is_not_ready(signals: Any, restarts: int) -> None:
    found = slow_start(lastState=fell(NOW - timedelta(seconds=5)), restartCount=restarts)
    assert signals(RULE, [WHOLE, OF, found])[0].since == LATELY


def test_one_that_fell_nobody_knows_when_counts_from_the_first_look(signals: Any) -> None:
    assert signals(RULE, [WHOLE, OF, slow_start(lastState={}, restartCount=3)])[0].since is None


@pytest.mark.parametrize("kind", ["PodReadyToStartContainers", "Initialized"])
def test_one_that_never_started_counts_from_when_it_could(signals: Any, kind: str) -> None:
    found, could = crashing(waiting="ErrImagePull"), NOW - timedelta(seconds=30)
    for condition in found["status"]["conditions"]:
        if condition["type"] == kind:
            condition["lastTransitionTime"] = could.isoformat()
    assert signals(RULE, [WHOLE, OF, found])[0].since == could


def test_an_init_container_counts_from_the_end_of_the_one_before(signals: Any) -> None:
    found, ended = crashing(waiting="", init="ErrImagePull"), NOW - timedelta(seconds=30)
    done = {"name": "first", "state": fell(ended), "restartCount": 0}
    found["status"]["initContainerStatuses"].insert(0, done)
    assert signals(RULE, [WHOLE, OF, found])[0].since == ended


def test_five_pods_and_ten_containers_of_one_owner_are_one_signal(signals: Any) -> None:
    pods = [crashing(since=LATELY + timedelta(minutes=n)) for n in range(5)]
    for number, found in enumerate(pods):
        found["metadata"]["name"] = f"cart-5d4f7-{number}"
        found["status"]["containerStatuses"] *= 2
    (signal,) = signals(RULE, [WHOLE, OF, *reversed(pods)])
    assert signal.message.endswith("(and 9 more)")
    assert signal.objects == tuple(f"pod/cart-5d4f7-{number}" for number in range(5))
    assert signal.since == LATELY


def test_a_hundred_pods_name_twenty(signals: Any) -> None:
    pods = [changed(crashing(), "metadata", name=f"cart-5d4f7-{n:03}") for n in range(100)]
    (signal,) = signals(RULE, [WHOLE, OF, *pods])
    assert len(signal.objects) == 20
    assert signal.message.endswith("(and 99 more)")
