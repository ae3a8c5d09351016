"""Rules about what makes pods: which workloads are well, which are sick, and which only look so."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing.objects import (
    NOW,
    bare,
    cron_job,
    daemon_set,
    deployment,
    job,
    pod,
    replica_set,
    stateful_set,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
QUOTA: Final = "exceeded quota: compute"
DB: Final = "StatefulSet default/db"
AGENT: Final = "DaemonSet default/agent"


def leaving(item: dict[str, Any]) -> dict[str, Any]:
    item["metadata"]["deletionTimestamp"] = NOW.isoformat()
    return item


def without(item: dict[str, Any], *keys: str) -> dict[str, Any]:
    part = item
    for key in keys[:-1]:
        part = part[key]
    del part[keys[-1]]
    return item


def refused(owner: dict[str, Any] | None) -> dict[str, Any]:
    item = replica_set("web-5d4f7", owner=owner)
    item["status"]["conditions"] = [{"type": "ReplicaFailure", "status": "True", "message": QUOTA}]
    return item


STUCK: Final[dict[str, Any]] = {"progress": "ProgressDeadlineExceeded", "progressed": NOW - HOUR}
CRON: Final = cron_job("report", scheduled=NOW - 3 * HOUR, succeeded=NOW - 3 * HOUR)
FAILED: Final = job("report-29900160", owner=CRON, state="failed", finished=NOW - 2 * HOUR)

WELL: Final = [
    pytest.param("rollout-stuck", [deployment("web")], id="stuck: rolled out"),
    pytest.param("rollout-stuck", [deployment("web", progress="ReplicaSetUpdated")], id="stuck: on its way"),
    pytest.param("rollout-stuck", [deployment("web", progress="DeploymentPaused", paused=True)], id="stuck: paused"),
    pytest.param(
        "rollout-stuck", [deployment("web", generation=3, observed=2, **STUCK)], id="stuck: of an earlier one"
    ),
    pytest.param("rollout-stuck", [leaving(deployment("web", **STUCK))], id="stuck: being deleted"),
    pytest.param("replica-failure", [deployment("web"), replica_set("web-5d4f7")], id="failure: none"),
    pytest.param("replica-failure", [leaving(deployment("web", failure=QUOTA))], id="failure: being deleted"),
    pytest.param("replica-failure", [refused(deployment("web"))], id="failure: the Deployment says so itself"),
    pytest.param("generation-mismatch", [deployment("web", generation=7)], id="mismatch: seen"),
    pytest.param("generation-mismatch", [leaving(stateful_set("db", generation=7, observed=6))], id="mismatch: leaves"),
    pytest.param("generation-mismatch", [without(deployment("web"), "metadata", "generation")], id="mismatch: unknown"),
    pytest.param("statefulset-short", [stateful_set("db", replicas=3)], id="statefulset: whole"),
    pytest.param("statefulset-short", [stateful_set("db", replicas=0)], id="statefulset: scaled to zero"),
    pytest.param("statefulset-short", [stateful_set("db", replicas=3, updated=1, partition=2)], id="a partition"),
    pytest.param("statefulset-short", [stateful_set("db", replicas=3, updated=1, strategy="OnDelete")], id="OnDelete"),
    pytest.param("statefulset-short", [leaving(stateful_set("db", ready=0))], id="statefulset: being deleted"),
    pytest.param("daemonset-short", [daemon_set("agent", nodes=3)], id="daemonset: whole"),
    pytest.param("daemonset-short", [daemon_set("agent", nodes=0)], id="daemonset: no node is meant"),
    pytest.param("daemonset-short", [leaving(daemon_set("agent", nodes=3, available=0))], id="daemonset: leaves"),
    pytest.param("daemonset-short", [without(daemon_set("agent"), "status")], id="daemonset: nothing said yet"),
    pytest.param("job-failed", [job("j")], id="job: done"),
    pytest.param("job-failed", [job("j", state="active", failures=3)], id="job: tries again"),
    pytest.param("job-failed", [leaving(job("j", state="failed"))], id="job: failed and deleted"),
    pytest.param(
        "job-failed",
        [CRON, FAILED, job("report-29900220", owner=CRON, finished=NOW - HOUR)],
        id="job: a later one did it",
    ),
    pytest.param(
        "job-failed", [cron_job("report", scheduled=NOW - HOUR, succeeded=NOW), FAILED], id="job: the CronJob says so"
    ),
    pytest.param("job-too-long", [job("j", state="active", started=NOW - 11 * HOUR)], id="long: not yet"),
    pytest.param("job-too-long", [job("j", state="suspended", started=NOW - 99 * HOUR)], id="long: suspended"),
    pytest.param("job-too-long", [job("j", started=NOW - 99 * HOUR)], id="long: done"),
]

SICK: Final = [
    pytest.param("rollout-stuck", [deployment("web", **STUCK)], "Deployment default/web", "at-risk", id="stuck"),
    pytest.param(
        "rollout-stuck", [deployment("web", available=0, **STUCK)], "Deployment default/web", "down", id="none left"
    ),
    pytest.param(
        "rollout-stuck",
        [deployment("web", replicas=2, available=1, **STUCK)],
        "Deployment default/web",
        "degraded",
        id="stuck: one left",
    ),
    pytest.param(
        "replica-failure", [deployment("web", failure=QUOTA)], "Deployment default/web", "at-risk", id="quota"
    ),
    pytest.param("replica-failure", [refused(None)], "ReplicaSet default/web-5d4f7", "degraded", id="by itself"),
    pytest.param(
        "replica-failure",
        [refused(deployment("web") | {"kind": "Rollout"})],
        "Rollout default/web",
        "degraded",
        id="of something else",
    ),
    pytest.param(
        "generation-mismatch",
        [deployment("web", generation=7, observed=6)],
        "Deployment default/web",
        "at-risk",
        id="mismatch",
    ),
    pytest.param("generation-mismatch", [stateful_set("db", generation=2, observed=1)], DB, "at-risk", id="of a set"),
    pytest.param(
        "generation-mismatch",
        [without(stateful_set("db"), "status", "observedGeneration")],
        DB,
        "at-risk",
        id="never",
    ),
    pytest.param("statefulset-short", [stateful_set("db", replicas=3, ready=2)], DB, "degraded", id="one missing"),
    pytest.param("statefulset-short", [stateful_set("db", replicas=3, ready=0)], DB, "down", id="none ready"),
    pytest.param("statefulset-short", [without(stateful_set("db"), "status")], DB, "down", id="no status"),
    pytest.param("statefulset-short", [stateful_set("db", replicas=3, updated=1)], DB, "at-risk", id="not rolled"),
    pytest.param(
        "statefulset-short",
        [stateful_set("db", replicas=3, updated=0, partition=2)],
        DB,
        "at-risk",
        id="not rolled down to the partition",
    ),
    pytest.param("daemonset-short", [daemon_set("agent", nodes=3, available=2)], AGENT, "degraded", id="one node"),
    pytest.param("daemonset-short", [daemon_set("agent", nodes=3, available=0)], AGENT, "down", id="all nodes"),
    pytest.param("daemonset-short", [daemon_set("agent", nodes=3, scheduled=2)], AGENT, "degraded", id="no pod there"),
    pytest.param("daemonset-short", [daemon_set("agent", nodes=3, misplaced=1)], AGENT, "at-risk", id="misplaced"),
    pytest.param("job-failed", [job("j", state="failed")], "Job default/j", "down", id="job failed"),
    pytest.param("job-failed", [CRON, FAILED], "CronJob default/report", "down", id="job failed: of a CronJob"),
    pytest.param(
        "job-failed",
        [CRON, job("report-1", owner=CRON, finished=NOW - 5 * HOUR), FAILED],
        "CronJob default/report",
        "down",
        id="job failed: an earlier one did it",
    ),
    pytest.param(
        "job-failed", [job("j", state="failed", reason="DeadlineExceeded")], "Job default/j", "down", id="job: too late"
    ),
    pytest.param(
        "job-too-long", [job("j", state="active", started=NOW - 12 * HOUR)], "Job default/j", "degraded", id="12 hours"
    ),
    pytest.param(
        "job-too-long",
        [job("report-2", owner=CRON, state="active", started=NOW - 30 * HOUR)],
        "CronJob default/report",
        "degraded",
        id="30 hours",
    ),
]


@pytest.mark.parametrize(("rule", "objects"), WELL)
def test_these_are_well(signals: Any, rule: str, objects: list[Mapping[str, Any]]) -> None:
    assert signals(rule, objects) == ()


@pytest.mark.parametrize(("rule", "objects", "owner", "impact"), SICK)
def test_these_are_sick(signals: Any, rule: str, objects: Any, owner: str, impact: str) -> None:
    (signal,) = signals(rule, objects)
    assert (str(signal.owner), signal.impact) == (owner, impact)
    assert signal.message
    assert signal.objects


def test_a_job_that_says_itself_how_long_it_may_go_on_is_held_to_that(signals: Any) -> None:
    item = job("j", state="active", started=NOW - 20 * HOUR)
    item["spec"]["activeDeadlineSeconds"] = 24 * 3600
    assert signals("job-too-long", [item]) == ()
    item["spec"]["activeDeadlineSeconds"] = 10**30
    assert signals("job-too-long", [item]) == ()


# --- from when on it counts -------------------------------------------------------------------------------------------


def rolling(kind: str, *ages: timedelta, restarts: int = 0) -> list[dict[str, Any]]:
    """Three pods in a roll-out, of which the youngest, made so long ago, are not ready."""
    if kind == "DaemonSet":
        owner = daemon_set("agent", nodes=3, available=3 - len(ages), updated=2)
    else:
        owner = stateful_set("db", replicas=3, ready=3 - len(ages), updated=2)
    ready = [pod(f"p{number}", owner=owner) for number in range(3 - len(ages))]
    young = [
        pod(f"q{number}", owner=owner, ready=False, created=NOW - age, since=NOW - age, restarts=restarts)
        for number, age in enumerate(ages)
    ]
    return [owner, *ready, *young]


@pytest.mark.parametrize(("kind", "rule"), [("StatefulSet", "statefulset-short"), ("DaemonSet", "daemonset-short")])
def test_in_a_roll_out_it_counts_from_the_newest_pod(signals: Any, kind: str, rule: str) -> None:
    (signal,) = signals(rule, rolling(kind, 2 * MINUTE))
    assert signal.not_before == NOW - 2 * MINUTE
    (signal,) = signals(rule, rolling(kind, HOUR, restarts=9))
    assert signal.not_before == NOW - HOUR


@pytest.mark.parametrize(("kind", "rule"), [("StatefulSet", "statefulset-short"), ("DaemonSet", "daemonset-short")])
def test_nothing_excuses_that_none_is_left(signals: Any, kind: str, rule: str) -> None:
    (signal,) = signals(rule, rolling(kind, MINUTE, MINUTE, MINUTE))
    assert (signal.impact, signal.not_before) == ("down", None)


def test_a_pod_that_was_never_made_holds_nothing_back(signals: Any) -> None:
    (signal,) = signals("daemonset-short", [daemon_set("agent", nodes=3, available=2), pod("other")])
    assert signal.not_before is None


def test_pods_of_another_of_that_name_say_nothing(signals: Any) -> None:
    other = pod("x", owner=bare("apps/v1", "DaemonSet", "agent", namespace="other"), ready=False, since=NOW)
    (signal,) = signals("daemonset-short", [daemon_set("agent", nodes=3, available=2), other])
    assert signal.not_before is None
