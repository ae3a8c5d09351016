"""``k8s-monitor preflight`` as a process: its lines, its JSON and how it ends."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.testing import FakeCluster

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Start = Callable[..., Any]

READS = [
    {"apiGroups": [group], "resources": [name], "verbs": ["list"]}
    for name, _, group in (resource.partition(".") for resource in RESOURCES if resource != "jobs.batch")
]


@pytest.fixture(autouse=True)
def _no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ANTHROPIC_")]:
        monkeypatch.delenv(name)


def test_all_that_is_well_ends_with_0_and_changes_nothing(
    healthy: FakeCluster, home: Path, mount: Any, start: Start
) -> None:
    kubeconfig = healthy.kubeconfig(home)
    before = sorted(home.rglob("*"))
    preflight = start("preflight", config_dir=mount.path, kubeconfig=kubeconfig, heartbeat_file=home / "alive")
    assert (preflight.ended(), preflight.log) == (0, [])
    assert [line[:8] for line in preflight.out] == ["ok      "] * (5 + len(RESOURCES))
    assert sorted(home.rglob("*")) == before
    assert {r.path for r in healthy.requests if r.method != "GET"} == {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    }


def test_each_check_is_one_object_of_json_and_a_missing_right_ends_with_1(home: Path, start: Start) -> None:
    with FakeCluster(role=READS) as cluster:
        preflight = start("preflight", "--json", kubeconfig=cluster.kubeconfig(home))
        assert (preflight.ended(), preflight.log) == (1, [])
    said = [json.loads(line) for line in preflight.out]
    assert all(set(one) == {"what", "ok", "text"} for one in said)
    assert [one["what"] for one in said] == [
        "configuration",
        "records",
        "model",
        "cluster",
        *["right"] * len(RESOURCES),
    ]
    (missing,) = [one["text"] for one in said if not one["ok"]]
    assert missing.startswith("list jobs.batch: not allowed; no failed or endless Job is seen")
    assert missing.endswith("; see k8s/rbac.yaml")


def test_an_unreachable_cluster_and_a_broken_configuration_end_with_1(
    healthy: FakeCluster, home: Path, mount: Any, start: Start
) -> None:
    mount.edit("k8s-analyzer.md", "deployment-short: {hold: 15m}", "deployment-short: {hold: soon}")
    kubeconfig = healthy.kubeconfig(home)
    healthy.__exit__(None, None, None)
    preflight = start("preflight", config_dir=mount.path, kubeconfig=kubeconfig)
    assert (preflight.ended(), preflight.log) == (1, [])
    configuration, records, model, cluster = preflight.out
    assert configuration.startswith("NOT OK  configuration: agents/k8s-analyzer.md:")
    assert records.startswith("ok      records: ")
    assert model == "ok      model: none, findings only"
    assert cluster.startswith("NOT OK  cluster: unreachable: ")
