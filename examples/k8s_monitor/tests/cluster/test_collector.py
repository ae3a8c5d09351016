"""Looks, which end in time and raise nothing."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from hotagents.clock import SystemClock
from hotagents.testing import FakeClock
from hotagents_k8s_monitor.cluster.collector import Collector
from hotagents_k8s_monitor.cluster.connection import connect
from hotagents_k8s_monitor.cluster.errors import ClusterError
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES, Gap
from hotagents_k8s_monitor.testing import FakeCluster, Fault

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.snapshot import GapReason, Resource, Snapshot

Handler = Any
OBJECTS: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}},
    *({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "d", "name": f"p{i:03}"}} for i in range(700)),
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "d", "name": "d"}},
    {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"namespace": "d", "name": "d-1"}},
    {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"namespace": "d", "name": "j"}},
]
FAULTS: list[tuple[Fault, GapReason]] = [
    (Fault.forbidden(), "forbidden"),
    (Fault.unauthorized(), "unauthorized"),
    (Fault.missing(), "missing"),
    (Fault.status(500), "failed"),
    (Fault.throttled(1), "throttled"),
    (Fault.throttled(3600), "throttled"),
    (Fault.slow(60), "slow"),
    (Fault.drip(), "slow"),
    (Fault.hang(), "slow"),
    (Fault.cut(), "unreachable"),
    (Fault.garbage(), "malformed"),
    (Fault.broken_json(), "malformed"),
    (Fault.wrong_shape(), "malformed"),
    (Fault.wrong_shape(is_root=True), "malformed"),
    (Fault.gone(), "truncated"),
    (Fault.refuse_pages(), "truncated"),
]


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster(OBJECTS) as cluster:
        yield cluster


@pytest.fixture
def collector_of(kubeconfig: Callable[[str], str]) -> Iterator[Callable[..., Collector]]:
    made: list[Collector] = []

    def make(url: str, *, total: float = 30.0) -> Collector:
        factory = partial(connect, kubeconfig=kubeconfig(url), context=None)
        made.append(Collector(factory, clock=SystemClock(), total=total))
        return made[-1]

    yield make
    for collector in made:
        collector.close()


def reasons(snapshot: Snapshot) -> dict[Resource, str]:
    return {resource: gap.reason for resource, gap in snapshot.gaps.items()}


def test_a_look_sees_everything(cluster: FakeCluster, collector_of: Callable[..., Collector]) -> None:
    snapshot = collector_of(cluster.url).collect()
    assert snapshot.is_whole(RESOURCES)
    assert {resource: len(found) for resource in RESOURCES if (found := snapshot.all(resource))} == {
        "nodes": 1,
        "pods": 700,
        "deployments.apps": 1,
        "replicasets.apps": 1,
        "jobs.batch": 1,
    }
    assert snapshot.taken_at.utcoffset() is not None


@pytest.mark.parametrize(("fault", "reason"), FAULTS, ids=[f"{fault.kind} {fault.code}" for fault, _ in FAULTS])
def test_one_fault_hides_one_resource(
    fault: Fault, reason: str, cluster: FakeCluster, collector_of: Callable[..., Collector]
) -> None:
    # What hangs has half of the time; in the other half all others are listed, on a busy machine too.
    collector = collector_of(cluster.url, total=8.0 if reason == "slow" else 30.0)
    assert collector.collect().is_whole(RESOURCES)
    cluster.fault("pods", fault)
    begun = time.monotonic()
    snapshot = collector.collect()
    assert time.monotonic() - begun < 20.0  # unbounded it would not end; the machine may be slow
    assert reasons(snapshot) == {"pods": reason}
    cluster.clear_faults()
    assert collector.collect().is_whole(RESOURCES)


def test_a_cluster_without_nodes_or_pods_is_not_believed_and_one_without_jobs_is(
    collector_of: Callable[..., Collector],
) -> None:
    with FakeCluster() as cluster:
        snapshot = collector_of(cluster.url).collect()
    assert {resource: gap.reason for resource, gap in snapshot.gaps.items()} == {"nodes": "empty", "pods": "empty"}


def test_all_faults_at_once_leave_gaps_and_end_in_time(
    cluster: FakeCluster, collector_of: Callable[..., Collector]
) -> None:
    cluster.fault("nodes", Fault.drip())
    cluster.fault("pods", Fault.refuse_pages(503))
    cluster.fault("deployments.apps", Fault.cut())
    cluster.fault("replicasets.apps", Fault.throttled(3600))
    cluster.fault("jobs.batch", Fault.hang())
    collector = collector_of(cluster.url, total=8.0)
    collector.server_version()  # the imports are not what is measured
    begun = time.monotonic()
    snapshot = collector.collect()
    assert time.monotonic() - begun < 20.0  # unbounded it would not end; the machine may be slow
    assert reasons(snapshot) == {
        "nodes": "slow",
        "pods": "truncated",
        "deployments.apps": "unreachable",
        "replicasets.apps": "throttled",
        "jobs.batch": "slow",
    }
    assert len(snapshot.all("pods")) == 500


def test_headers_that_never_end_do_not_hold_a_look(
    serve: Callable[[Handler], str], collector_of: Callable[..., Collector]
) -> None:
    def drip(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not over.wait(0.02):
            connection.sendall(b"x")

    collector = collector_of(serve(drip), total=0.1)
    begun = time.monotonic()
    snapshot = collector.collect()
    assert time.monotonic() - begun < 10.0  # unbounded it would not end; the machine may be slow
    assert reasons(snapshot) == dict.fromkeys(RESOURCES, "slow")


def test_a_connection_that_cannot_be_made_is_tried_again(
    cluster: FakeCluster, kubeconfig: Callable[[str], str]
) -> None:
    ready: list[bool] = []

    def make() -> ApiClient:
        if not ready:
            raise ClusterError("no context \x1b[2J")
        return connect(kubeconfig=kubeconfig(cluster.url), context=None)

    collector = Collector(make, clock=SystemClock())
    snapshot = collector.collect()
    assert reasons(snapshot) == dict.fromkeys(RESOURCES, "unreachable")
    assert snapshot.gaps["pods"].detail == "no context \\x1b[2J"
    assert not snapshot.objects
    ready.append(True)
    assert collector.collect().is_whole(RESOURCES)
    collector.close()


def test_a_factory_that_fails_otherwise_is_a_gap_too() -> None:
    def make() -> ApiClient:
        raise LookupError("hunter2")

    snapshot = Collector(make, clock=SystemClock()).collect()
    assert {str(gap) for gap in snapshot.gaps.values()} == {f"{r}: failed: unexpected LookupError" for r in RESOURCES}


def test_an_exit_is_not_swallowed() -> None:
    def make() -> ApiClient:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        Collector(make, clock=SystemClock()).collect()


def test_a_factory_that_hangs_is_left_behind(cluster: FakeCluster, kubeconfig: Callable[[str], str]) -> None:
    release = threading.Event()
    clock = FakeClock()

    def make() -> ApiClient:
        assert release.wait(10.0)
        return connect(kubeconfig=kubeconfig(cluster.url), context=None)

    collector = Collector(make, clock=clock)
    for _ in range(3):
        assert reasons(look_for_an_hour(collector, clock)) == dict.fromkeys(RESOURCES, "slow")
    assert collector.collect().gaps["pods"].detail == "3 earlier attempts still hang"
    release.set()
    for thread in collector._bounded._left_behind:
        thread.join(10.0)
    assert collector.collect().is_whole(RESOURCES)
    collector.close()


def look_for_an_hour(collector: Collector, clock: FakeClock) -> Snapshot:
    found: list[Snapshot] = []
    thread = threading.Thread(target=lambda: found.append(collector.collect()))
    thread.start()
    clock.wait_for_waiters(1)
    clock.advance(3600)
    thread.join(10.0)
    return found[0]


def test_the_connection_is_kept_between_looks(cluster: FakeCluster, kubeconfig: Callable[[str], str]) -> None:
    made: list[ApiClient] = []

    def make() -> ApiClient:
        made.append(connect(kubeconfig=kubeconfig(cluster.url), context=None))
        return made[-1]

    collector = Collector(make, clock=SystemClock())
    collector.collect()
    collector.collect()
    assert len(made) == 1
    collector.close()
    assert len(made[0].rest_client.pool_manager.pools) == 0
    assert collector.collect().is_whole(RESOURCES)
    assert len(made) == 2
    collector.close()
    collector.close()


def test_a_server_that_is_gone_is_asked_once_for_each_further_list(
    serve: Callable[[Handler], str], collector_of: Callable[..., Collector]
) -> None:
    visits: list[int] = []
    snapshot = collector_of(serve(lambda *_: visits.append(1))).collect()
    assert reasons(snapshot) == dict.fromkeys(RESOURCES, "unreachable")
    assert len(visits) == 3 + len(RESOURCES) - 1


def test_after_a_list_that_came_three_attempts_are_made_again(
    cluster: FakeCluster, collector_of: Callable[..., Collector]
) -> None:
    cluster.fault("nodes", Fault.cut())
    cluster.fault("deployments.apps", Fault.cut(), times=2)
    assert reasons(collector_of(cluster.url).collect()) == {"nodes": "unreachable"}


def test_the_version_is_told(cluster: FakeCluster, collector_of: Callable[..., Collector]) -> None:
    assert str(collector_of(cluster.url).server_version()).startswith("v1.")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Fault.forbidden(), "forbidden"), (Fault.garbage(), "malformed"), (Fault.status(200, {}), "malformed")],
    ids=str,
)
def test_a_version_that_is_not_told_is_a_gap(
    fault: Fault, reason: str, cluster: FakeCluster, collector_of: Callable[..., Collector]
) -> None:
    cluster.fault("/version/", fault)
    found = collector_of(cluster.url).server_version()
    assert isinstance(found, Gap)
    assert (found.resource, found.reason) == ("version", reason)
