"""The fields that a finding stands on are named with their values, whatever the cluster sent."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hotagents_k8s_monitor.cluster.snapshot import Gap, Snapshot
from hotagents_k8s_monitor.evidence import MOST_FIELDS, fields_of
from hotagents_k8s_monitor.records import Archive, Recorder, recorder
from hotagents_k8s_monitor.testing import Recording
from hotagents_k8s_monitor.testing.objects import NOW, deployment, node, pod

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def found(*objects: Any, owner: tuple[str, str, str], named: tuple[str, ...] = ()) -> dict[str, str]:
    kinds = {"Node": "nodes", "Pod": "pods", "Deployment": "deployments.apps"}
    lists: dict[Any, tuple[Any, ...]] = {
        resource: tuple(item for item in objects if item["kind"] == kind) for kind, resource in kinds.items()
    }
    finding = {"owner": dict(zip(("kind", "namespace", "name"), owner, strict=True)), "objects": list(named)}
    return {each["field"]: each["value"] for each in fields_of(finding, Snapshot(NOW, MappingProxyType(lists)))}


def test_a_container_that_crashes_is_named_with_reason_code_and_restarts() -> None:
    item = pod("cart-1", namespace="shop", waiting="CrashLoopBackOff", last="OOMKilled", restarts=7)
    values = found(item, owner=("Pod", "shop", "cart-1"), named=("pod/cart-1",))
    assert values["status.containerStatuses[cart-1].state.waiting.reason"] == "CrashLoopBackOff"
    assert values["status.containerStatuses[cart-1].lastState.terminated.reason"] == "OOMKilled"
    assert values["status.containerStatuses[cart-1].restartCount"] == "7"


def test_a_deployment_and_a_node_are_named_with_what_is_not_as_it_should_be() -> None:
    short = found(deployment("cart", namespace="shop", replicas=3, available=1), owner=("Deployment", "shop", "cart"))
    assert (short["spec.replicas"], short["status.availableReplicas"]) == ("3", "1")
    assert short["status.conditions[Available]"].startswith("False MinimumReplicasUnavailable")
    lost = found(node("node-a", ready="Unknown"), owner=("Node", "", "node-a"))
    assert lost["status.conditions[Ready]"].startswith("Unknown NodeStatusUnknown since ")


def test_what_is_as_it_should_be_is_no_evidence() -> None:
    assert found(node("node-a"), owner=("Node", "", "node-a")) == {}


def test_a_list_that_could_not_be_seen_is_the_evidence_of_a_blind_monitor() -> None:
    gaps: Any = {"pods": Gap("pods", "forbidden", "not allowed")}
    finding = {"owner": {"kind": "Monitor", "namespace": "", "name": "k8s-monitor"}, "objects": ["pods"]}
    (field,) = fields_of(finding, Snapshot(NOW, MappingProxyType({}), MappingProxyType(gaps)))
    assert field == {"object": "pods", "field": "list", "value": "forbidden: not allowed"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["type", "status", "reason", "name", "ready", "state", "waiting", "lastState", "conditions"]),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(JSON, JSON, JSON)
def test_no_object_makes_it_fail_and_each_text_is_bounded_and_printable(status: Any, spec: Any, section: Any) -> None:
    if isinstance(status, dict):
        status = {**status, "containerStatuses": section, "conditions": section}
    item = {"kind": "Pod", "metadata": {"namespace": "shop", "name": "a"}, "status": status, "spec": spec}
    finding = {"owner": {"kind": "Pod", "namespace": "shop", "name": "a"}, "objects": ["pod/a", "odd"]}
    lists: Any = {"pods": (item,)}
    fields = fields_of(finding, Snapshot(NOW, MappingProxyType(lists)))
    assert len(fields) <= MOST_FIELDS
    assert all(value.isprintable() and len(value) < 2000 for each in fields for value in each.values())


def test_reasons_that_fail_cost_neither_the_record_nor_the_cycle(
    make_bench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a fault of the explanation's")

    monkeypatch.setattr(recorder, "decisions_on", broken)
    bench = make_bench(recorder=Recorder(tmp_path / "data", keep=timedelta(days=1), most_bytes=1 << 26))
    result = bench.look(*Recording.load("trouble").frames[0].objects)
    assert result.status == "ok"
    (cycle,) = Archive(tmp_path / "data").cycles(last=5)
    assert len(cycle["findings"]) == len(result.data["findings"])
    assert "recorded without its reasons" in caplog.text
