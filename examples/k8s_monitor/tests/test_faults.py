"""Whatever fails between the monitor and the API server: no traceback, and never "healthy"."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from hotagents import SystemClock
from hotagents_k8s_monitor.cluster.collector import Collector
from hotagents_k8s_monitor.cluster.connection import connect
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.shipped import manifest
from hotagents_k8s_monitor.testing import FakeCluster, Fault, Recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents_k8s_monitor.testing import Frame

FAULTS = {
    "forbidden": Fault.forbidden(),
    "unauthorized": Fault.unauthorized(),
    "missing": Fault.missing(),
    "failed": Fault.status(500),
    "unavailable": Fault.status(503),
    "redirected": Fault.status(302, headers={"Location": "http://127.0.0.1:9/"}),
    "throttled for an hour": Fault.throttled(3600),
    "gone at each page": Fault.gone(),
    "gone without a way on": Fault.gone(has_fresh_token=False),
    "later pages fail": Fault.refuse_pages(),
    "slow": Fault.slow(30),
    "in crumbs": Fault.drip(),
    "cut off": Fault.cut(),
    "no answer": Fault.hang(),
    "a page in HTML": Fault.garbage(),
    "half a document": Fault.broken_json(),
    "no items": Fault.null_items(),
    "odd items": Fault.wrong_shape(),
    "a list at the root": Fault.wrong_shape(is_root=True),
}


@pytest.fixture(autouse=True)
def _retries_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture
def watching(make_bench: Callable[..., Any], tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """A monitor that looks at a server over HTTP, for at most a second."""

    def make(cluster: FakeCluster, total: float = 1.0) -> Any:
        kubeconfig = str(cluster.kubeconfig(tmp_path))
        collector = Collector(lambda: connect(kubeconfig=kubeconfig, context=None), clock=SystemClock(), total=total)
        request.addfinalizer(collector.close)
        return make_bench(collector=collector)

    return make


def large() -> Frame:
    """The healthy cluster, with more than one page of pods."""
    frame = Recording.load("healthy").frames[0]
    pods = [item for item in frame.objects if item["kind"] == "Pod"]
    more = [
        {**item, "metadata": {**item["metadata"], "name": f"{item['metadata']['name']}-{n}"}}
        for item in pods
        for n in range(2)
    ]
    return type(frame)(frame.at, (*frame.objects, *more))


@pytest.mark.untraced
@pytest.mark.parametrize("where", ["pods", "*"])
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_reads_as_healthy_and_none_ends_the_cycle(watching: Any, fault: str, where: str) -> None:
    frame = large()
    with FakeCluster(frame.moved_to(SystemClock().now())) as cluster:
        bench = watching(cluster)
        bench.clock.advance((frame.at - bench.clock.now()).total_seconds())
        cluster.fault(where, FAULTS[fault])
        result = bench.again()
    assert (result.status, result.error) == ("ok", "")
    assert result.data["verdict"] == "blind"
    assert result.summary.startswith("blind: ")
    gaps = {gap["resource"] for gap in result.data["gaps"]}
    assert "pods" in gaps
    assert "monitor-blind" in {f["rule"] for f in result.data["findings"]}
    assert {f["state"] for f in result.data["findings"]} == {"pending"}


@pytest.mark.parametrize("fault", ["failed", "unavailable", "cut off"])
def test_a_fault_that_passes_at_once_is_not_noticed(watching: Any, fault: str) -> None:
    with FakeCluster(Recording.load("healthy").frames[0].moved_to(SystemClock().now())) as cluster:
        bench = watching(cluster, 20.0)
        cluster.fault("pods", FAULTS[fault], times=1)
        assert bench.again().data["gaps"] == []


def test_an_api_server_that_is_not_there_is_one_alert_until_it_is_back(watching: Any) -> None:
    with FakeCluster(Recording.load("healthy").frames[0].moved_to(SystemClock().now())) as cluster:
        bench = watching(cluster, 5.0)
    for _ in range(3):
        result = bench.again(after=timedelta(minutes=1))
        assert result.data["verdict"] == "blind"
        assert {gap["reason"] for gap in result.data["gaps"]} == {"unreachable"}
    assert [(kind, severity) for kind, severity, _ in bench.heard.taken()] == [("alert", "SEV-1")]


def test_open_findings_survive_a_look_at_a_broken_api_server(watching: Any) -> None:
    with FakeCluster(Recording.load("trouble").frames[0].moved_to(SystemClock().now())) as cluster:
        bench = watching(cluster, 20.0)
        bench.clock.advance((SystemClock().now() - bench.clock.now()).total_seconds())
        before = {f["fingerprint"] for f in bench.again().data["findings"]}
        cluster.fault("*", Fault.status(500))
        bench.again()
        bench.again()
        after = {f["fingerprint"] for f in bench.again().data["findings"] if f["rule"] != "monitor-blind"}
    assert after == before
    assert "resolved" not in {kind for kind, _, _ in bench.heard.taken()}


def test_the_shipped_role_is_enough_and_nothing_else_is_asked_for(watching: Any) -> None:
    (role,) = (d for d in yaml.safe_load_all(manifest("rbac.yaml")) if d["kind"] == "ClusterRole")
    with FakeCluster(Recording.load("trouble").frames[0].moved_to(SystemClock().now()), role=role["rules"]) as cluster:
        bench = watching(cluster, 20.0)
        result = bench.again()
        assert result.data["gaps"] == []
        assert {request[0] for request in cluster.requests} == {"GET"}
    assert set(result.data["seen"]) == set(RESOURCES)
