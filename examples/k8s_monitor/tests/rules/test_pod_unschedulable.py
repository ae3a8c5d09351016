"""``pod-unschedulable``: which pods find no node though they should."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.findings import Signal

RULE: Final = "pod-unschedulable"
LATELY: Final = NOW - timedelta(minutes=20)
WORDS: Final = "0/3 nodes are available: 3 Insufficient cpu."
CART: Final = deployment("cart", namespace="shop", replicas=3, available=2)
OF: Final = replica_set("cart-5d4f7", owner=CART)


def waiting(**changes: Any) -> dict[str, Any]:
    """A pod that finds no node."""
    said: dict[str, Any] = {"owner": OF, "unschedulable": WORDS, "since": LATELY}
    return pod("cart-5d4f7-x", **(said | changes))


def scheduled(**values: Any) -> dict[str, Any]:
    """The same pod with another condition PodScheduled."""
    found = waiting()
    found["status"]["conditions"] = [{"type": "PodScheduled"} | values]
    return found


BARELY: Final = scheduled(status="False", reason="Unschedulable")


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param([pod("a")], id="a pod that runs"),
        pytest.param([pod("a", gated=True)], id="a pod behind a gate"),
        pytest.param([pod("a", node=None)], id="a pod that the scheduler has not looked at"),
        pytest.param([waiting(deleted=LATELY)], id="a pod that is being deleted"),
        pytest.param([scheduled(status="True")], id="it was scheduled since"),
        pytest.param([scheduled(status="False", reason="SchedulingGated")], id="SchedulingGated"),
        pytest.param([scheduled(status="False", reason="SchedulerError")], id="SchedulerError"),
        pytest.param([scheduled(status="False")], id="no reason"),
        pytest.param([scheduled(status="Unknown", reason="Unschedulable")], id="nobody knows"),
        pytest.param([scheduled(status=["False"], reason={"Unschedulable": 1})], id="values of other types"),
        pytest.param([scheduled(status="False", reason="unschedulable")], id="another case"),
        pytest.param([{"kind": "Pod", "metadata": {"name": "a"}, "status": {"conditions": None}}], id="no conditions"),
    ],
)
def test_these_are_well(signals: Callable[..., tuple[Signal, ...]], objects: list[Mapping[str, Any]]) -> None:
    assert signals(RULE, objects) == ()


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_one_that_has_ended_waits_for_nothing(signals: Any, phase: str) -> None:
    found = waiting()
    found["status"]["phase"] = phase
    assert signals(RULE, [found]) == ()


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param([CART, OF, waiting()], {"Deployment shop/cart": "degraded"}, id="one of three"),
        pytest.param([OF, waiting()], {"Deployment shop/cart": "degraded"}, id="the Deployment was not seen"),
        pytest.param([pod("a", unschedulable=WORDS)], {"Pod default/a": "down"}, id="a bare pod"),
        pytest.param([BARELY], {"Deployment shop/cart": "degraded"}, id="nothing but the condition"),
    ],
)  # fmt: skip
def test_these_are_sick(impacts: Any, objects: list[Mapping[str, Any]], expected: dict[str, str]) -> None:
    assert impacts(RULE, objects) == expected


def test_the_scheduler_says_why_and_since_when(signals: Any) -> None:
    (signal,) = signals(RULE, [CART, OF, waiting()])
    assert (signal.message, signal.since, signal.objects) == (WORDS, LATELY, ("pod/cart-5d4f7-x",))


def test_without_its_words_the_rule_has_some_of_its_own(signals: Any) -> None:
    (signal,) = signals(RULE, [BARELY])
    assert (signal.message, signal.since) == ("no node can take it", None)


def test_of_many_words_the_first_are_enough(signals: Any) -> None:
    (signal,) = signals(RULE, [waiting(unschedulable="x" * 5000)])
    assert signal.message == "x" * 199 + "\u2026"
