"""Looking into some namespaces alone needs no right on the others, and one that fails is never taken for empty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents import SystemClock
from hotagents_k8s_monitor.cluster.collector import Collector
from hotagents_k8s_monitor.cluster.connection import connect
from hotagents_k8s_monitor.cluster.objects import namespace_of
from hotagents_k8s_monitor.testing import FakeCluster, Recording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NODES: Final = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]}


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster(Recording.load("trouble").frames[0]) as cluster:
        yield cluster


def looked(cluster: FakeCluster, room: Path, *namespaces: str) -> Any:
    path = str(cluster.kubeconfig(room))
    collector = Collector(lambda: connect(kubeconfig=path, context=None), clock=SystemClock(), namespaces=namespaces)
    try:
        return collector.collect()
    finally:
        collector.close()


def test_only_these_namespaces_are_asked_for_and_all_nodes(cluster: FakeCluster, tmp_path: Path) -> None:
    seen = looked(cluster, tmp_path, "payments", "shop")
    assert not seen.gaps
    assert {namespace_of(item) for item in seen.all("pods")} == {"payments", "shop"}
    assert len(seen.all("nodes")) == 4
    paths = {request.path for request in cluster.requests}
    assert "/api/v1/namespaces/payments/pods" in paths
    assert "/api/v1/pods" not in paths


def test_a_namespace_without_pods_is_no_gap(cluster: FakeCluster, tmp_path: Path) -> None:
    seen = looked(cluster, tmp_path, "nothing-here")
    assert not seen.gaps
    assert seen.all("pods") == ()


def test_a_namespace_that_may_not_be_looked_into_leaves_a_gap_that_names_it(tmp_path: Path) -> None:
    with FakeCluster(Recording.load("trouble").frames[0], role=[NODES]) as cluster:
        seen = looked(cluster, tmp_path, "payments", "shop")
    gap = seen.gaps["pods"]
    assert gap.reason == "forbidden"
    assert gap.detail.startswith("namespace payments: ")
    assert "1 more namespaces" in gap.detail
    assert "nodes" not in seen.gaps
