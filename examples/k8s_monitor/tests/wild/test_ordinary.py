"""What happens in clusters every day, as the API server shows it: nobody is to hear of any of it."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing.building import condition, text_of
from hotagents_k8s_monitor.testing.objects import (
    NOW,
    autoscaler,
    bare,
    budget,
    cron_job,
    daemon_set,
    deployment,
    endpoint_slice,
    ingress,
    ingress_class,
    job,
    namespace,
    node,
    pod,
    quota,
    replica_set,
    service,
    stateful_set,
)

if TYPE_CHECKING:
    from collections.abc import Callable

OLD: Final = NOW - timedelta(days=3)


def at(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


def changed(item: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """An object with one value at a dotted place."""
    found = deepcopy(item)
    *above, last = place.split(".")
    inner = found
    for key in above:
        inner = inner.setdefault(key, {})
    inner[last] = value
    return found


def sidecar(_: float) -> list[dict[str, Any]]:
    """An init container that goes on beside the others, and an ephemeral one whose image is not there."""
    found = pod("web-7d9f-x", namespace="shop", init="done")
    found["spec"]["initContainers"] = [{"name": "proxy", "image": "proxy:1", "restartPolicy": "Always"}]
    found["spec"]["ephemeralContainers"] = [{"name": "debugger-x7k2p", "image": "busybox:nope"}]
    found["status"]["initContainerStatuses"] = [
        {
            "name": "proxy",
            "ready": True,
            "started": True,
            "restartCount": 3,
            "state": {"running": {"startedAt": text_of(OLD)}},
            "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": text_of(OLD)}},
        }
    ]
    found["status"]["ephemeralContainerStatuses"] = [
        {
            "name": "debugger-x7k2p",
            "ready": False,
            "restartCount": 0,
            "lastState": {},
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}},
        },
        {
            "name": "debugger-2",
            "ready": False,
            "restartCount": 0,
            "lastState": {},
            "state": {"terminated": {"reason": "Error", "exitCode": 137, "finishedAt": text_of(OLD)}},
        },
    ]
    return [found]


def mirror_pods(_: float) -> list[dict[str, Any]]:
    control = node("control-1")
    found = pod("etcd-control-1", namespace="kube-system", owner=control, node="control-1", restarts=41)
    found["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "a1", "kubernetes.io/config.source": "file"}
    return [control, found]


def batches(minute: float) -> list[dict[str, Any]]:
    """Indexed, suspended, per index, and one whose pods are still ending."""
    cron = cron_job(
        "import",
        namespace="batch",
        schedule="*/5 * * * *",
        zone="Europe/Berlin",
        policy="Forbid",
        scheduled=at(minute - minute % 5),
        succeeded=at(minute - minute % 5 - 3),
    )
    indexed = changed(job("train", namespace="ml", state="active", started=at(-30)), "status.completedIndexes", "0-3,7")
    indexed["spec"] |= {"completionMode": "Indexed", "completions": 10, "backoffLimitPerIndex": 1}
    indexed["status"] |= {"failedIndexes": "4", "failed": 2}
    waiting = job("later", namespace="ml", state="suspended", finished=at(-2000))
    ending = job("nearly", namespace="ml", state="active", started=at(-30))
    ending["status"]["conditions"] = [condition("SuccessCriteriaMet", "True", at(0), reason="CompletionsReached")]
    failed = pod("train-4-x2k", owner=indexed, finished="Failed", since=at(-20))
    done = pod("train-0-bd2", owner=indexed, finished="Succeeded", since=at(-10))
    return [cron, indexed, waiting, ending, failed, done]


def steps(_: float) -> list[dict[str, Any]]:
    """A pod of steps that run one after the other and end, as of Tekton or Argo Workflows."""
    run = bare("tekton.dev/v1", "TaskRun", "build", namespace="ci")
    found = pod("build-pod", owner=run, ready=False, since=at(-40))
    found["spec"]["restartPolicy"] = "Never"
    found["spec"]["containers"] = [{"name": "step-clone"}, {"name": "step-build"}]
    first, second = deepcopy(found["status"]["containerStatuses"][0]), found["status"]["containerStatuses"][0]
    ended = {"reason": "Completed", "exitCode": 0, "startedAt": text_of(at(-41)), "finishedAt": text_of(at(-40))}
    first |= {"name": "step-clone", "ready": False, "state": {"terminated": ended}, "lastState": {}, "started": False}
    second |= {
        "name": "step-build",
        "ready": True,
        "started": True,
        "state": {"running": {"startedAt": text_of(at(-40))}},
    }
    found["status"]["containerStatuses"] = [first, second]
    return [found]


def paused(_: float) -> list[dict[str, Any]]:
    owner = deployment(
        "web", namespace="shop", replicas=4, total=5, updated=2, paused=True, progress="DeploymentPaused"
    )
    return [owner, replica_set("web-old77", owner=owner, replicas=3), replica_set("web-new77", owner=owner, replicas=2)]


def stateful_on_purpose(_: float) -> list[dict[str, Any]]:
    return [
        stateful_set("by-hand", replicas=3, updated=1, strategy="OnDelete"),
        stateful_set("canary", replicas=5, updated=2, partition=3),
        stateful_set("off", replicas=0, updated=0),
        daemon_set("agent", nodes=9, updated=2, strategy="OnDelete"),
    ]


def doors(_: float) -> list[dict[str, Any]]:
    """Services that have no endpoints of their own by design, and Ingresses that do not name Services."""
    outside = changed(
        service("mail", kind="ExternalName", selector={}, ports=()), "spec.externalName", "mail.example.com"
    )
    by_hand = service("legacy-db", selector={})
    del by_hand["spec"]["selector"]
    early = changed(service("peers"), "spec.publishNotReadyAddresses", True)
    early["spec"]["clusterIP"] = "None"
    bucket = ingress("static", class_name=None)
    bucket["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "nginx"}
    resource = {"resource": {"apiGroup": "storage.example.com", "kind": "Bucket", "name": "static"}}
    bucket["spec"] = {"defaultBackend": resource}
    acme = ingress("acme", class_name=None)
    acme["spec"] = {"rules": [{"host": "a.example.com"}], "tls": [{"hosts": ["a.example.com"]}]}
    slices = [
        changed(endpoint_slice("legacy-db", ready=1), "metadata.ownerReferences", None),
        endpoint_slice("peers", ready=2),
    ]
    asleep = deployment("asleep", replicas=0)
    return [
        outside,
        by_hand,
        early,
        bucket,
        acme,
        *slices,
        service("asleep"),
        asleep,
        budget("asleep", healthy=0, desired=1, expected=0),
        endpoint_slice("asleep", ready=0),
        ingress_class("nginx"),
    ]


def limits(_: float) -> list[dict[str, Any]]:
    """An autoscaler at its least, one of a single size, one switched off; quotas with scopes and prohibitions."""
    scoped = quota(
        "best-effort", hard={"pods": "10", "services.nodeports": "0"}, used={"pods": "4", "services.nodeports": "0"}
    )
    scoped["spec"]["scopes"] = ["BestEffort"]
    return [
        autoscaler("idle", limited="TooFewReplicas", current=1),
        autoscaler("fixed", least=3, most=3, current=3, limited="TooManyReplicas"),
        autoscaler("off", active="False", reason="ScalingDisabled", current=0),
        scoped,
        budget("tight", desired=3, healthy=3, expected=3),
    ]


def leftovers(minute: float) -> list[dict[str, Any]]:
    """What ended long ago and was never deleted; and what ends just now."""
    owner = deployment("web", namespace="shop", replicas=1)
    current = replica_set("web-5d4f7", owner=owner)
    evicted = pod("web-5d4f7-e", owner=current, finished="Evicted", since=OLD)
    shut = pod("web-5d4f7-s", owner=current, finished="Failed", since=OLD)
    shut["status"] |= {"reason": "Terminated", "message": "Pod was terminated in response to imminent node shutdown."}
    return [
        owner,
        current,
        pod("web-5d4f7-a", owner=current, restarts=412),
        evicted,
        shut,
        pod("helper", finished="Succeeded", since=OLD),
        pod("web-5d4f7-f", owner=current, deleted=at(minute - 2), finalizers=("foregroundDeletion",)),
        changed(namespace("preview-17"), "status", {"phase": "Active"}),
    ]


def done(_: float) -> list[dict[str, Any]]:
    """A Service of a driver that has done its work, and one of an Argo Rollout that is scaled to zero."""
    driver = pod("etl-driver", namespace="spark", finished="Succeeded", since=OLD, labels={"role": "driver"})
    rollout = bare("argoproj.io/v1alpha1", "Rollout", "canary", namespace="spark")
    rollout["spec"] = deployment("canary")["spec"]
    part = replica_set("canary-5d4f7", owner=rollout, namespace="spark", replicas=0)
    return [
        driver,
        service("etl-driver", namespace="spark", selector={"role": "driver"}),
        part,
        service("canary", namespace="spark"),
    ]


DAYS: Final = {
    function.__name__: function
    for function in (
        sidecar,
        mirror_pods,
        batches,
        steps,
        paused,
        stateful_on_purpose,
        doors,
        limits,
        leftovers,
        done,
    )
}


@pytest.mark.parametrize("name", DAYS)
def test_nobody_hears_of_an_ordinary_day(lived: Callable[..., Any], name: str) -> None:
    found = lived(DAYS[name], 30)
    assert found.opened == {}
    assert found.told == []
    assert set(found.verdicts) == {"healthy"}
