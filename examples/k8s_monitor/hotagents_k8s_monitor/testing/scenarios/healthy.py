"""A healthy cluster of an ordinary size, with all that looks wrong at first sight and is not."""

from __future__ import annotations

from datetime import timedelta
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.testing.building import NOW, bare
from hotagents_k8s_monitor.testing.objects import cron_job, daemon_set, deployment, job, node, pod, stateful_set
from hotagents_k8s_monitor.testing.recording import Frame, Recording
from hotagents_k8s_monitor.testing.scenarios.parts import daemons, namespaces, owned, pods, steady
from hotagents_k8s_monitor.testing.scenarios.quiet import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

__all__ = ["healthy"]

_NODES: Final = tuple(f"node-{number:02}" for number in range(1, 13))
_CORDONED: Final = "node-07"

_DEPLOYMENTS: Final[Mapping[str, Mapping[str, int]]] = {
    "accounts": {"login": 5, "profile": 4, "sessions": 6, "two-factor": 2},
    "catalog": {"catalog-api": 6, "catalog-indexer": 2, "image-resizer": 4, "prices": 5},
    "certificates": {"cert-controller": 1, "cert-injector": 1, "cert-webhook": 2},
    "ingress": {"dns-sync": 1, "ingress-nginx-controller": 5, "rate-limiter": 3},
    "kube-system": {"cluster-autoscaler": 1, "coredns": 3, "metrics-server": 2, "volume-controller": 2},
    "logging": {"log-archiver": 1, "log-gateway": 4, "log-query": 3, "log-ui": 1},
    "ml": {"feature-store": 4, "model-gateway": 5, "recommender": 6, "scorer": 8},
    "monitoring": {"alert-router": 2, "dashboards": 2, "metrics-query": 3, "metrics-rules": 2},
    "payments": {"checkout-api": 8, "fraud-check": 6, "invoices": 4, "ledger": 5, "refunds": 3},
    "platform": {"feature-flags": 4, "policy-webhook": 3, "secrets-sync": 2, "service-catalog": 2},
    "search": {"query-parser": 4, "ranking": 6, "search-api": 10, "suggest": 5},
    "shipping": {"carrier-gateway": 4, "labels": 3, "tracking": 5, "warehouse-sync": 2},
    "shop": {"basket": 6, "cart": 8, "content": 4, "reviews": 4, "storefront": 14, "wishlist": 3},
    "staging": {"checkout-api": 1, "search-api": 1, "storefront": 1},
}
_RESTARTED: Final[Mapping[str, tuple[int, str, int]]] = {  # restarts, why, hours since the last
    "warehouse-sync": (214, "Error", 9),
    "log-query": (37, "OOMKilled", 50),
    "image-resizer": (6, "Completed", 4),
}
_INITIALIZED: Final = frozenset({"ledger", "invoices", "catalog-api", "login"})
_DAEMONS: Final = (("kube-proxy", "kube-system"), ("node-agent", "monitoring"), ("log-agent", "logging"))
_STATEFUL: Final = (("postgres", "payments"), ("queue", "platform"), ("index", "search"), ("cache", "shop"))
_CRON_JOBS: Final = (
    ("backup", "platform", 60),
    ("invoice-mailer", "payments", 24 * 60),
    ("price-import", "catalog", 30),
    ("report-generator", "batch", 60),
    ("retrain", "ml", 24 * 60),
    ("session-cleaner", "accounts", 15),
)
_SCHEDULES: Final = {15: "*/15 * * * *", 30: "*/30 * * * *", 60: "0 * * * *", 24 * 60: "0 10 * * *"}


def healthy() -> Recording:
    """Return it, in one frame."""
    objects = (
        *namespaces((*_DEPLOYMENTS, "batch", "default")),
        *(node(name, unschedulable=name == _CORDONED, created=_ago(days=60)) for name in _NODES),
        *_applications(),
        *(item for name, namespace in _DAEMONS for item in daemons(name, namespace, _NODES)),
        *(item for name, namespace in _STATEFUL for item in _stateful(name, namespace)),
        *(item for name, namespace, minutes in _CRON_JOBS for item in _jobs(name, namespace, minutes)),
        *_controllers(),
        *surroundings(),
        *_growing(),
        *_starting(),
        *_unused(),
        *_ending(),
        *_gated(),
    )
    return Recording("healthy", "300 pods on 12 nodes: nothing to alert on.", (Frame(NOW, objects),))


def _controllers() -> Iterator[dict[str, Any]]:
    """Yield what the pods and Jobs of DaemonSets, StatefulSets and CronJobs belong to."""
    for name, namespace in _DAEMONS:
        yield daemon_set(name, namespace=namespace, nodes=len(_NODES))
    for name, namespace in _STATEFUL:
        yield stateful_set(name, namespace=namespace, replicas=3)
    for name, namespace, minutes in _CRON_JOBS:
        times: dict[str, Any] = {"scheduled": _ago(minutes=minutes), "succeeded": _ago(minutes=minutes - 3)}
        yield cron_job(name, namespace=namespace, schedule=_SCHEDULES[minutes], **times)


def _ago(**passed: float) -> datetime:
    return NOW - timedelta(**passed)


def _applications() -> Iterator[dict[str, Any]]:
    places = cycle(name for name in _NODES if name != _CORDONED)
    for namespace, deployments in _DEPLOYMENTS.items():
        for name, replicas in deployments.items():
            yield from steady(name, namespace, list(islice(places, replicas)), **_peculiar(name))


def _peculiar(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"init": "done"} if name in _INITIALIZED else {}
    if name in _RESTARTED:
        restarts, last, hours = _RESTARTED[name]
        found |= {"restarts": restarts, "last": last, "last_at": _ago(hours=hours), "since": _ago(hours=hours)}
    return found


def _stateful(name: str, namespace: str) -> list[dict[str, Any]]:
    owner = bare("apps/v1", "StatefulSet", name, namespace=namespace)
    return [pod(f"{name}-{number}", owner=owner, node=_NODES[number * 4]) for number in range(3)]


def _jobs(name: str, namespace: str, minutes: int) -> Iterator[dict[str, Any]]:
    """Yield the last three Jobs of a CronJob with their pods, the oldest of which needed a second attempt."""
    cron = bare("batch/v1", "CronJob", name, namespace=namespace)
    for number, is_second_attempt in ((1, False), (2, False), (3, True)):
        started = _ago(minutes=number * minutes)
        yield from _run(f"{name}-{29402000 - number * minutes}", cron, started, is_second_attempt=is_second_attempt)


def _run(name: str, cron: dict[str, Any], started: datetime, *, is_second_attempt: bool) -> Iterator[dict[str, Any]]:
    end = started + timedelta(minutes=3)
    image = f"{cron['metadata']['name']}:1.2.0"
    one = job(name, owner=cron, started=started, finished=end, failures=int(is_second_attempt), image=image)
    yield one
    yield from pods(one, _NODES[2:3], created=started + timedelta(minutes=1), since=end, finished="Succeeded")
    if is_second_attempt:
        failed = started + timedelta(seconds=40)
        yield from pods(one, _NODES[4:5], first=1, created=started, since=failed, finished="Failed")


def _growing() -> list[dict[str, Any]]:
    """A Deployment that an autoscaler made larger 40 seconds ago."""
    owner = deployment(
        "sale-banner",
        namespace="shop",
        replicas=6,
        available=3,
        since=_ago(seconds=40),
        progress="ReplicaSetUpdated",
        progressed=_ago(seconds=40),
        image="sale-banner:0.4.0",
    )
    current = owned(owner, replicas=6, ready=3)
    return [
        owner,
        current,
        *pods(current, _NODES[:3]),
        *pods(current, _NODES[3:5], first=3, waiting="ContainerCreating", since=_ago(seconds=35)),
        *pods(current, _NODES[5:6], first=5, init="running", since=_ago(seconds=38)),
    ]


def _starting() -> list[dict[str, Any]]:
    """A Job that began a few minutes ago."""
    cron = bare("batch/v1", "CronJob", "statistics", namespace="batch")
    one = job("statistics-29402000", owner=cron, state="active", started=_ago(minutes=4), image="statistics:3.0.1")
    return [one, *pods(one, [_NODES[8]], created=_ago(minutes=4))]


def _unused() -> list[dict[str, Any]]:
    """A Deployment that is scaled to zero, and one that is paused."""
    asleep = deployment("load-test", namespace="staging", replicas=0, image="load-test:0.1.0")
    paused = deployment(
        "experiment",
        namespace="staging",
        replicas=2,
        paused=True,
        progress="DeploymentPaused",
        image="experiment:0.7.0",
    )
    current = owned(paused, replicas=2)
    return [asleep, owned(asleep, replicas=0), paused, current, *pods(current, _NODES[9:11])]


def _ending() -> list[dict[str, Any]]:
    """A Deployment that was made smaller; two of its pods are on their way out, one at the end of its grace."""
    owner = deployment("newsletter", namespace="shop", replicas=2, generation=4, image="newsletter:1.1.3")
    current = owned(owner, replicas=2)
    return [
        owner,
        current,
        *pods(current, _NODES[:2]),
        *pods(current, _NODES[2:3], first=2, deleted=_ago(seconds=8)),
        *pods(current, _NODES[3:4], first=3, deleted=_ago(seconds=34)),
    ]


def _gated() -> list[dict[str, Any]]:
    """A pod that waits for a queue to let it in, as long as that takes."""
    one = job("nightly-training", namespace="ml", state="active", started=_ago(hours=5), image="trainer:0.3.0")
    return [one, *pods(one, [None], gated=True, created=_ago(hours=5))]
