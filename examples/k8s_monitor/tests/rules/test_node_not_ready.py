"""``node-not-ready``: which nodes are not ready, and whether any is left."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.testing.objects import NOW, node

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.findings import Signal

RULE: Final = "node-not-ready"
LATELY: Final = NOW - timedelta(minutes=20)
WELL: Final = node("node-b")
CUT: Final = Gap("nodes", "truncated", "page 2 did not come")


def ready(**values: Any) -> dict[str, Any]:
    """A node with this condition alone."""
    found = node("node-a", created=LATELY)
    found["status"]["conditions"] = [{"type": "Ready"} | values]
    return found


def bare_node(status: Any) -> dict[str, Any]:
    """A node that has just come."""
    metadata = {"name": "node-a", "creationTimestamp": LATELY.isoformat()}
    return {"kind": "Node", "metadata": metadata, "status": status}


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param([], id="no node"),
        pytest.param([node("node-a"), WELL], id="all ready"),
        pytest.param([node("node-a", unschedulable=True)], id="cordoned"),
        pytest.param([node("node-a", pressure=["MemoryPressure"])], id="under pressure, and ready"),
        pytest.param([ready(status="True")], id="no other condition"),
    ],
)
def test_these_are_well(signals: Callable[..., tuple[Signal, ...]], objects: list[Mapping[str, Any]]) -> None:
    assert signals(RULE, objects) == ()


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param([node("node-a", ready="False"), WELL], {"Node node-a": "degraded"}, id="one of two"),
        pytest.param([node("node-a", ready="Unknown"), WELL], {"Node node-a": "degraded"}, id="not heard of"),
        pytest.param(
            [node("node-a", ready="Unknown", unschedulable=True), WELL], {"Node node-a": "degraded"}, id="and cordoned"
        ),
        pytest.param([node("node-a", ready="False")], {"Node node-a": "down"}, id="the only one"),
        pytest.param(
            [node("node-a", ready="False"), node("node-c", ready="Unknown")],
            {"Node node-a": "down", "Node node-c": "down"},
            id="all of them",
        ),
        pytest.param([bare_node({}), WELL], {"Node node-a": "degraded"}, id="no conditions"),
        pytest.param([bare_node(None), WELL], {"Node node-a": "degraded"}, id="no status"),
        pytest.param([ready(status=True), WELL], {"Node node-a": "degraded"}, id="a status of another type"),
    ],
)
def test_these_are_sick(impacts: Any, objects: list[Mapping[str, Any]], expected: dict[str, str]) -> None:
    assert impacts(RULE, objects) == expected


def test_of_a_part_of_the_nodes_nobody_knows_whether_all_are_down(impacts: Any) -> None:
    assert impacts(RULE, [node("node-a", ready="False")], CUT) == {"Node node-a": None}
    assert impacts(RULE, [node("node-a", ready="False"), WELL], CUT) == {"Node node-a": "degraded"}


@pytest.mark.parametrize(
    ("item", "message", "since"),
    [
        (node("node-a", ready="False", since=LATELY), "Ready=False: container runtime is down", LATELY),
        (node("node-a", ready="Unknown", since=LATELY), "Ready=Unknown: Kubelet stopped posting node status.", LATELY),
        (ready(status="False", reason="KubeletNotReady"), "Ready=False: KubeletNotReady", LATELY),
        (ready(status="False", message="x" * 500), f"Ready=False: {'x' * 159}\u2026", LATELY),
        (ready(status=None), "Ready=missing", LATELY),
        (bare_node({}), "Ready=missing", LATELY),
    ],
)
def test_the_kubelet_says_why_and_the_condition_since_when(signals: Any, item: Any, message: str, since: Any) -> None:
    (signal,) = signals(RULE, [item])
    assert (signal.message, signal.since, signal.objects) == (message, since, ("node/node-a",))
