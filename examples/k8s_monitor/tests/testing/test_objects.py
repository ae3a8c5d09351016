"""The builders: what comes of their arguments, and that all of it could be in a cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest

from hotagents_k8s_monitor.testing.objects import NOW, bare, deployment, job, node, pod, replica_set

EARLIER = NOW - timedelta(minutes=20)
API = deployment("api", namespace="payments", replicas=3, available=1, since=EARLIER, image="api:1.14.2")
API_SET = replica_set("api-7d9f", owner=API, replicas=3, ready=1)
REPORT = bare("batch/v1", "CronJob", "report", namespace="batch")

OBJECTS: dict[str, dict[str, Any]] = {
    "deployment": API,
    "deployment of none": deployment("api", replicas=0),
    "paused": deployment("api", paused=True, progress="DeploymentPaused"),
    "stuck": deployment("api", progress="ProgressDeadlineExceeded", progressed=EARLIER, failure="exceeded quota: pods"),
    "recreated": deployment("api", strategy="Recreate", generation=3, observed=2),
    "replica set": API_SET,
    "replica set without owner": replica_set("api-7d9f", namespace="shop"),
    "job": job("report-1", owner=REPORT),
    "active job": job("report-1", state="active"),
    "failed job": job("report-1", state="failed", failures=7),
    "suspended job": job("report-1", state="suspended"),
    "node": node("a"),
    "lost node": node("a", ready="Unknown", since=EARLIER),
    "broken node": node("a", ready="False", since=EARLIER),
    "node under pressure": node("a", pressure=["DiskPressure"], unschedulable=True, since=EARLIER),
    "pod": pod("api-7d9f-x", owner=API_SET),
    "crashing pod": pod("a", waiting="CrashLoopBackOff", since=EARLIER, restarts=7),
    "pod without image": pod("a", waiting="ImagePullBackOff", since=EARLIER),
    "pod with a bad name": pod("a", waiting="InvalidImageName", image="UPPER:case:1"),
    "pod being made": pod("a", waiting="ContainerCreating"),
    "unschedulable pod": pod("a", unschedulable="0/3 nodes are available: 3 Insufficient cpu.", since=EARLIER),
    "unseen pod": pod("a", node=None),
    "gated pod": pod("a", gated=True),
    "pod that is not ready": pod("a", ready=False, since=EARLIER, restarts=2, last="OOMKilled"),
    "initialized pod": pod("a", init="done"),
    "initializing pod": pod("a", init="running"),
    "pod that cannot initialize": pod("a", init="CrashLoopBackOff", restarts=3),
    "completed pod": pod("a", owner=job("report-1", owner=REPORT), finished="Succeeded"),
    "failed pod": pod("a", finished="Failed"),
    "evicted pod": pod("a", finished="Evicted"),
    "ending pod": pod("a", deleted=EARLIER, finalizers=["example.com/hold"]),
    "daemon": pod("agent-x", owner=bare("apps/v1", "DaemonSet", "agent", namespace="kube-system")),
}


@pytest.mark.parametrize("item", OBJECTS.values(), ids=OBJECTS.keys())
def test_what_is_built_could_be_in_a_cluster(item: dict[str, Any]) -> None:
    kubernetes_validate.validate(item, kubernetes_validate.latest_version(), strict=True)


def test_the_same_arguments_build_the_same_object() -> None:
    assert pod("a", restarts=2) == pod("a", restarts=2)
    assert pod("a")["metadata"]["uid"] != pod("b")["metadata"]["uid"]
    assert pod("a")["metadata"]["uid"] != pod("a", created=EARLIER)["metadata"]["uid"]


def test_a_pod_takes_after_its_owner() -> None:
    item = OBJECTS["pod"]
    assert item["metadata"]["namespace"] == "payments"
    assert item["metadata"]["labels"] == {"app": "api", "pod-template-hash": "7d9f"}
    assert [(one["name"], one["image"]) for one in item["spec"]["containers"]] == [("api", "api:1.14.2")]
    (reference,) = item["metadata"]["ownerReferences"]
    assert reference["controller"]
    assert (reference["kind"], reference["name"]) == ("ReplicaSet", "api-7d9f")
    assert reference["uid"] == API_SET["metadata"]["uid"]
    assert OBJECTS["completed pod"]["spec"]["restartPolicy"] == "Never"
    assert OBJECTS["daemon"]["metadata"]["labels"] == {"app": "agent"}


@pytest.mark.parametrize(
    ("name", "phase", "conditions"),
    [
        ("pod", "Running", {"Ready": "True", "ContainersReady": "True", "PodScheduled": "True", "Initialized": "True"}),
        ("crashing pod", "Running", {"Ready": "False", "PodScheduled": "True", "PodReadyToStartContainers": "True"}),
        ("pod without image", "Pending", {"Ready": "False", "Initialized": "True"}),
        ("pod being made", "Pending", {"Ready": "False", "PodReadyToStartContainers": "False"}),
        ("initializing pod", "Pending", {"Ready": "False", "Initialized": "False"}),
        ("pod that cannot initialize", "Pending", {"Ready": "False", "Initialized": "False"}),
        ("pod that is not ready", "Running", {"Ready": "False"}),
        ("unschedulable pod", "Pending", {"PodScheduled": "False", "Ready": None}),
        ("gated pod", "Pending", {"PodScheduled": "False", "Ready": None}),
        ("unseen pod", "Pending", {"PodScheduled": None}),
        ("completed pod", "Succeeded", {"Ready": "False", "Initialized": "True"}),
        ("failed pod", "Failed", {"Ready": "False"}),
        ("evicted pod", "Failed", {"DisruptionTarget": "True"}),
        ("ending pod", "Running", {"Ready": "True"}),
    ],
)
def test_a_pods_phase_and_conditions_follow_from_its_state(
    name: str, phase: str, conditions: dict[str, str | None]
) -> None:
    status = OBJECTS[name]["status"]
    found = {one["type"]: one["status"] for one in status["conditions"]}
    assert status["phase"] == phase
    assert {kind: found.get(kind) for kind in conditions} == conditions


def test_a_crashing_pod_says_why_and_since_when() -> None:
    (status,) = OBJECTS["crashing pod"]["status"]["containerStatuses"]
    assert status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert status["state"]["waiting"]["message"].startswith(
        "back-off 5m0s restarting failed container=a pod=a_default("
    )
    assert status["lastState"]["terminated"]["exitCode"] == 1
    assert (status["restartCount"], status["ready"]) == (7, False)
    ready = next(one for one in OBJECTS["crashing pod"]["status"]["conditions"] if one["type"] == "Ready")
    assert ready["lastTransitionTime"] == "2026-11-24T09:40:00Z"


def test_a_pod_that_cannot_initialize_has_not_restarted_its_own_container() -> None:
    status = OBJECTS["pod that cannot initialize"]["status"]
    (init,), (main,) = status["initContainerStatuses"], status["containerStatuses"]
    assert (init["restartCount"], init["state"]["waiting"]["reason"]) == (3, "CrashLoopBackOff")
    assert (main["restartCount"], main["state"], main["lastState"]) == (
        0,
        {"waiting": {"reason": "PodInitializing"}},
        {},
    )


def test_a_message_is_taken_as_it_is() -> None:
    item = pod("a", waiting="CreateContainerConfigError", message="secret <!channel> not found")
    assert item["status"]["containerStatuses"][0]["state"]["waiting"]["message"] == "secret <!channel> not found"


def test_a_deletion_is_over_after_its_grace() -> None:
    found = OBJECTS["ending pod"]["metadata"]
    assert found["deletionTimestamp"] == "2026-11-24T09:40:30Z"
    assert (found["deletionGracePeriodSeconds"], found["finalizers"]) == (30, ["example.com/hold"])


def test_zeros_are_left_out_as_a_cluster_leaves_them_out() -> None:
    assert "availableReplicas" not in deployment("a", available=0)["status"]
    assert "unavailableReplicas" not in deployment("a")["status"]
    assert API["status"]["unavailableReplicas"] == 2


def test_a_lost_nodes_conditions_are_all_unknown() -> None:
    conditions = OBJECTS["lost node"]["status"]["conditions"]
    assert {one["status"] for one in conditions} == {"Unknown"}
    assert {one["lastHeartbeatTime"] for one in conditions} == {"2026-11-24T09:39:10Z"}
    assert {one["key"] for one in OBJECTS["lost node"]["spec"]["taints"]} == {"node.kubernetes.io/unreachable"}


def test_a_failed_job_says_why() -> None:
    status = OBJECTS["failed job"]["status"]
    assert ("Failed", "BackoffLimitExceeded") in {(one["type"], one["reason"]) for one in status["conditions"]}
    assert status["failed"] == 7
    assert "completionTime" not in status
