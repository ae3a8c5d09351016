"""What changes in clusters every day, minute by minute: nobody is to hear of any of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.testing.building import condition, text_of
from hotagents_k8s_monitor.testing.objects import (
    NOW,
    api_service,
    application,
    budget,
    certificate,
    claim,
    daemon_set,
    deployment,
    endpoint_slice,
    kustomization,
    node,
    pod,
    replica_set,
    service,
    stateful_set,
    storage_class,
)

if TYPE_CHECKING:
    from collections.abc import Callable

OLD: Final = NOW - timedelta(days=3)


def at(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


def scale_up_of_the_cluster(minute: float) -> list[dict[str, Any]]:
    """Pods wait three minutes for a node, with claims that wait for them, and two more to start."""
    owner = deployment("web", namespace="shop", replicas=6, available=6 if minute >= 6 else 3, since=at(0))
    current = replica_set("web-5d4f7", owner=owner, replicas=6, ready=6 if minute >= 6 else 3)
    found: list[dict[str, Any]] = [owner, current, node("node-a"), storage_class("fast")]
    found += [pod(f"web-5d4f7-{n}", owner=current) for n in range(3)]
    if minute >= 3:
        found.append(node("node-b", ready="True" if minute >= 4 else "False", since=at(3), created=at(3)))
    for n in range(3, 6):
        if minute < 3:
            new = pod(f"web-5d4f7-{n}", owner=current, unschedulable="0/1 nodes: Insufficient cpu.", since=at(0))
        elif minute < 6:
            new = pod(
                f"web-5d4f7-{n}", owner=current, node="node-b", waiting="ContainerCreating", since=at(3), created=at(0)
            )
        else:
            new = pod(f"web-5d4f7-{n}", owner=current, node="node-b", since=at(6), created=at(0))
        found.append(new)
    return found


def slow_scale_up_with_claims(minute: float) -> list[dict[str, Any]]:
    """It takes twelve minutes until there is a node; the claim of the pod waits for it all the while."""
    owner = stateful_set("db", namespace="shop", replicas=2, ready=2 if minute >= 13 else 1)
    found: list[dict[str, Any]] = [owner, storage_class("fast"), node("node-a"), pod("db-0", owner=owner)]
    if minute >= 13:
        new, there = (
            pod("db-1", owner=owner, since=at(13), created=at(0)),
            claim("data-db-1", namespace="shop", created=at(0)),
        )
    else:
        new = pod("db-1", owner=owner, unschedulable="0/1 nodes are available: 1 Insufficient memory.", since=at(0))
        there = claim("data-db-1", namespace="shop", phase="Pending", created=at(0))
    new["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}}]
    return [*found, new, there]


def certificates(minute: float) -> list[dict[str, Any]]:
    """One of a day that is renewed, one that begins to be renewed 15 days ahead, one being renewed just now."""
    fields: dict[str, Any] = {
        "notBefore": text_of(OLD - timedelta(days=70)),
        "notAfter": text_of(at(0) + timedelta(days=17)),
    }
    fields |= {"renewalTime": text_of(at(0) + timedelta(days=2)), "revision": 4}
    planned = certificate("planned")
    planned["status"] |= fields
    now = certificate("now")
    now["status"] |= fields | {"notAfter": text_of(at(3) + timedelta(days=15)), "renewalTime": text_of(at(3))}
    if minute >= 3:
        now["status"]["conditions"].append(condition("Issuing", "True", at(3), reason="Renewing"))
    if minute >= 9:
        now = certificate("now")
    return [planned, now]


def gitops(minute: float) -> list[dict[str, Any]]:
    """A sync that takes four minutes; what is suspended; a reconciliation that goes on."""
    is_syncing = 1 <= minute < 5
    sync, health = ("OutOfSync", "Progressing") if is_syncing else ("Synced", "Healthy")
    busy = application("shop", sync=sync, health=health)
    asleep = kustomization("frozen", ready="False", since=OLD)
    asleep["spec"]["suspend"] = True
    going = kustomization("apps", ready="Unknown" if is_syncing else "True", since=at(1) if is_syncing else OLD)
    return [busy, asleep, going]


def nodes_that_go(minute: float) -> list[dict[str, Any]]:
    """A spot node is taken away with two minutes' notice; its pods are made anew elsewhere."""
    owner = deployment("web", namespace="shop", replicas=3, available=3 if minute < 2 or minute > 3 else 2, since=at(2))
    current = replica_set("web-5d4f7", owner=owner, replicas=3)
    found: list[dict[str, Any]] = [
        node("node-a"),
        owner,
        current,
        pod("web-5d4f7-a", owner=current),
        pod("web-5d4f7-b", owner=current),
    ]
    if minute < 5:
        lost = minute >= 3
        found.append(
            node("spot-1", ready="Unknown" if lost else "True", since=at(3) if lost else OLD, unschedulable=minute >= 1)
        )
    if minute < 2:
        found.append(pod("web-5d4f7-c", owner=current, node="spot-1"))
    elif minute < 5:
        found.append(pod("web-5d4f7-c", owner=current, node="spot-1", deleted=at(1)))
    if minute >= 2:
        found.append(
            pod(
                "web-5d4f7-d",
                owner=current,
                **(
                    {"waiting": "ContainerCreating", "since": at(2)}
                    if minute < 4
                    else {"since": at(4), "created": at(2)}
                ),
            )
        )
    return found


def autoscaled(minute: float) -> list[dict[str, Any]]:
    """An autoscaler adds two replicas every second minute; each takes about a minute."""
    wanted = 3 + 2 * int(minute // 2)
    there = wanted - (2 if minute % 2 == 0 and minute else 0)
    owner = deployment("web", namespace="shop", replicas=wanted, available=there, since=at(minute))
    current = replica_set("web-5d4f7", owner=owner, replicas=wanted, ready=there)
    return [
        owner,
        current,
        *(pod(f"web-5d4f7-{n}", owner=current) for n in range(there)),
        *(
            pod(f"web-5d4f7-{n}", owner=current, waiting="ContainerCreating", since=at(minute))
            for n in range(there, wanted)
        ),
    ]


def nodes_that_are_replaced(minute: float) -> list[dict[str, Any]]:
    """All ten nodes are replaced, one every three minutes; each new one and its agent need a minute."""
    count, step = 10, 3
    number, since = divmod(minute, step)
    found: list[dict[str, Any]] = []
    agent = daemon_set(
        "agent", namespace="kube-system", nodes=count, available=count - (1 if since < 1 and number < count else 0)
    )
    for n in range(count):
        is_new = n <= number
        begun = step * n if is_new else -9999.0
        is_up = minute >= begun + 1 or not is_new
        name = f"node-{n}-{'new' if is_new else 'old'}"
        found.append(
            node(name, ready="True" if is_up else "False", since=at(begun + 1 if is_up else begun), created=at(begun))
        )
        state: dict[str, Any] = (
            {"since": at(begun + 1)} if is_up else {"waiting": "ContainerCreating", "since": at(begun)}
        )
        found.append(pod(f"agent-{name}", owner=agent, node=name, created=at(begun), **state))
    return [agent, *found]


def stateful_roll_out(minute: float) -> list[dict[str, Any]]:
    """Twelve pods are replaced one after the other, each of which needs two minutes and more."""
    done, since = divmod(minute, 2.5)
    owner = stateful_set(
        "db",
        namespace="shop",
        replicas=12,
        ready=11 if since < 2 and done < 12 else 12,
        updated=min(12, int(done) + 1),
        generation=2,
    )
    owner["status"]["currentRevision"] = "db-6b7f" if done < 12 else "db-7c8d"
    kept = budget("db", namespace="shop", desired=11, healthy=owner["status"]["readyReplicas"], expected=12)
    pods = []
    for n in range(12):
        begun = 2.5 * (11 - n)
        is_rolling = begun <= minute < begun + 2
        state: dict[str, Any] = {"since": at(begun), "ready": False} if is_rolling else {}
        pods.append(pod(f"db-{n}", owner=owner, created=at(begun) if minute >= begun else OLD, **state))
    return [owner, kept, *pods]


def big_roll_out(minute: float) -> list[dict[str, Any]]:
    """Forty replicas are replaced, which takes twenty minutes in which some are always missing."""
    is_over = minute >= 20
    owner = deployment(
        "web",
        namespace="shop",
        replicas=40,
        available=40 if is_over else 31,
        total=40 if is_over else 50,
        updated=40 if is_over else 2 * int(minute) + 1,
        generation=2,
        progress="NewReplicaSetAvailable" if is_over else "ReplicaSetUpdated",
        progressed=at(min(minute, 20)),
    )
    new = replica_set(
        "web-new77", owner=owner, replicas=40 if is_over else 20, ready=40 if is_over else 11, created=at(0)
    )
    starting = [
        pod(f"web-new77-{minute}-{n}", owner=new, waiting="ContainerCreating", since=at(minute)) for n in range(9)
    ]
    return [
        owner,
        new,
        *([] if is_over else starting),
        service("web", namespace="shop"),
        endpoint_slice("web", namespace="shop", ready=31, unready=9),
    ]


def stateful_scale_up(minute: float) -> list[dict[str, Any]]:
    """From three to nine pods, each of which is made when the one before is ready, after three minutes."""
    made = min(9, 4 + int(minute // 3))
    ready = min(9, 3 + int(minute // 3))
    owner = stateful_set("db", namespace="shop", replicas=9, ready=ready)
    owner["status"]["replicas"] = made
    pods = [pod(f"db-{n}", owner=owner) for n in range(3)]
    for n in range(3, made):
        begun = 3 * (n - 3)
        pods.append(
            pod(
                f"db-{n}",
                owner=owner,
                created=at(begun),
                **({"since": at(begun + 3)} if n < ready else {"waiting": "ContainerCreating", "since": at(begun)}),
            )
        )
    return [owner, *pods]


DAYS: Final = {
    function.__name__: function
    for function in (
        scale_up_of_the_cluster,
        slow_scale_up_with_claims,
        certificates,
        gitops,
        nodes_that_go,
        autoscaled,
        nodes_that_are_replaced,
        stateful_roll_out,
        big_roll_out,
        stateful_scale_up,
    )
}


@pytest.mark.parametrize("name", DAYS)
def test_nobody_hears_of_an_ordinary_day(lived: Callable[..., Any], name: str) -> None:
    found = lived(DAYS[name], 30)
    assert found.opened == {}
    assert found.told == []
    assert set(found.verdicts) == {"healthy"}


def test_a_metrics_server_that_moves_blinds_for_a_moment_and_calls_nobody(lived: Callable[..., Any]) -> None:
    gap = Gap("pods.metrics.k8s.io", "failed", "HTTP 503")

    def objects(minute: float) -> list[dict[str, Any]]:
        down = 5 <= minute < 8
        name = "v1beta1.metrics.k8s.io"
        return [node("node-a"), api_service(name, available="False", since=at(5)) if down else api_service(name)]

    found = lived(objects, 20, gaps=lambda minute: [gap] if 5 <= minute < 8 else [])
    assert found.told == []
    assert found.verdicts == ["healthy"] * 5 + ["blind"] * 3 + ["healthy"] * 13
