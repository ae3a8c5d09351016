"""A crash loop is one fault, though its container runs between two falls; and no other fault lasts longer for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod, replica_set

MINUTE: Final = timedelta(minutes=1)
LONG: Final = NOW - timedelta(hours=1)
WHOLE: Final = deployment("checkout-api", namespace="payments")
OF: Final = replica_set("checkout-api-5d4f", owner=WHOLE)
LOOP: Final = "CrashLoopBackOff"


def waiting(reason: str = LOOP, *, name: str = "p", since: Any = LONG) -> dict[str, Any]:
    return pod(name, owner=OF, waiting=reason, since=since)


def running(bench: Any, *, lasts: timedelta = MINUTE, waited: timedelta = 5 * MINUTE) -> dict[str, Any]:
    """A pod whose container runs for so long by now, after it waited since its last fall."""
    found = pod("p", owner=OF)
    begun = bench.clock.now() - lasts
    found["status"]["containerStatuses"][0] |= {
        "state": {"running": {"startedAt": begun.isoformat()}},
        "lastState": {"terminated": {"finishedAt": (begun - waited).isoformat()}},
    }
    return found


def looked(bench: Any, *pods: Any) -> dict[str, str]:
    """The states of container-waiting, by owner, after one more minute."""
    found = bench.look(WHOLE, OF, *pods, after=MINUTE).data["findings"]
    return {f["owner"]["name"]: f["state"] for f in found if f["rule"] == "container-waiting"}


def heard(bench: Any) -> list[str]:
    return [kind for kind, _, _ in bench.heard.taken()]


def loop(bench: Any, *, waits: int, runs: int, times: int) -> None:
    """Let a container wait and run by turns, for so many minutes each."""
    for _ in range(times):
        begun = bench.clock.now()
        for _ in range(waits):
            looked(bench, waiting(since=begun))
        for minute in range(1, runs + 1):
            looked(bench, running(bench, lasts=minute * MINUTE))


@pytest.mark.parametrize(("waits", "runs"), [(5, 2), (5, 8), (3, 2), (1, 3)])
def test_a_container_that_runs_between_two_falls_is_one_fault(bench: Any, waits: int, runs: int) -> None:
    loop(bench, waits=waits, runs=runs, times=20)
    assert heard(bench) == ["alert"]


def test_it_is_over_when_it_has_run_for_so_long_that_the_kubelet_forgets(bench: Any) -> None:
    looked(bench, waiting())
    begun = bench.clock.now()
    for _ in range(9):
        states = looked(bench, running(bench, lasts=bench.clock.now() + MINUTE - begun))
        assert states == {"checkout-api": "open"}
    assert heard(bench) == ["alert"]
    for _ in range(2):
        looked(bench, running(bench, lasts=timedelta(hours=1)))
    assert heard(bench) == ["resolved"]


def test_its_severity_stays_while_it_runs(bench: Any) -> None:
    down = deployment("checkout-api", namespace="payments", replicas=1, available=0)
    bench.look(down, OF, waiting())
    bench.heard.taken()
    result = bench.look(WHOLE, OF, running(bench), after=MINUTE)
    assert {f["severity"] for f in result.data["findings"] if f["rule"] == "container-waiting"} == {"SEV-1"}


def test_a_pod_that_was_deleted_is_over_as_any_other_fault(bench: Any) -> None:
    looked(bench, waiting())
    looked(bench)
    assert looked(bench) == {}
    assert heard(bench) == ["alert", "resolved"]


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError"])
def test_an_image_that_came_at_last_is_over_as_any_other_fault(bench: Any, reason: str) -> None:
    looked(bench, waiting(reason))
    looked(bench, pod("p", owner=OF))
    assert looked(bench, pod("p", owner=OF)) == {}
    assert heard(bench) == ["alert", "resolved"]


def test_two_falls_by_chance_within_ten_minutes_are_not_one_fault(bench: Any) -> None:
    for _ in range(2):
        assert looked(bench, waiting(since=bench.clock.now())) == {"checkout-api": "pending"}
        seen = [looked(bench, running(bench, waited=timedelta(seconds=10))) for _ in range(7)]
        assert seen[-1] == {}
    assert heard(bench) == []


def test_of_several_pods_each_keeps_the_fault_alive_while_it_is_in_a_loop(bench: Any) -> None:
    looked(bench, waiting(), waiting("ImagePullBackOff", name="q"))
    looked(bench, running(bench), waiting("ImagePullBackOff", name="q"))
    for _ in range(3):
        assert looked(bench, running(bench), pod("q", owner=OF)) == {"checkout-api": "open"}
    looked(bench, pod("q", owner=OF))
    assert looked(bench, pod("q", owner=OF)) == {}
    assert heard(bench) == ["alert", "resolved"]


def test_what_lingers_begins_nothing(bench: Any) -> None:
    for _ in range(12):
        assert looked(bench, running(bench)) == {}
    assert heard(bench) == []
