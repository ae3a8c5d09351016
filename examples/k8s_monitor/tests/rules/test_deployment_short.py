"""``deployment-short``: which Deployments lack replicas, how many, since when, and from when on that counts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.findings import Signal

RULE: Final = "deployment-short"
LATELY: Final = NOW - timedelta(minutes=20)
JUST_NOW: Final = NOW - timedelta(minutes=2)


def cart(**changes: Any) -> dict[str, Any]:
    """A Deployment that should have four replicas."""
    said: dict[str, Any] = {"namespace": "shop", "replicas": 4}
    return deployment("cart", **(said | changes))


def wanting(replicas: Any, **status: Any) -> dict[str, Any]:
    """A Deployment that says so, with a status of these fields alone."""
    found = cart()
    found["spec"]["replicas"] = replicas
    found["status"] = status
    return found


def without(*keys: str) -> dict[str, Any]:
    """A Deployment that is short, without a part of it."""
    found = cart(available=1)
    part: Any = found
    for key in keys[:-1]:
        part = part[key]
    del part[keys[-1]]
    return found


def deleted(found: dict[str, Any]) -> dict[str, Any]:
    """The same, while it is being deleted."""
    found["metadata"]["deletionTimestamp"] = "2026-11-24T09:00:00Z"
    return found


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param([cart()], id="all replicas"),
        pytest.param([cart(available=6)], id="more than all, as in a roll-out"),
        pytest.param([cart(replicas=0)], id="none wanted"),
        pytest.param([wanting(0)], id="none wanted, no status"),
        pytest.param([wanting(None, availableReplicas=1)], id="null replicas are one"),
        pytest.param([without("spec", "replicas")], id="no replicas are one"),
        pytest.param([cart(paused=True)], id="paused and whole"),
        pytest.param([cart(progress="ProgressDeadlineExceeded", updated=1)], id="a stuck roll-out beside what runs"),
        pytest.param([cart(failure="exceeded quota")], id="a failure that is not felt"),
        pytest.param([deleted(cart(available=0))], id="one that is being deleted"),
    ],
)
def test_these_are_well(signals: Callable[..., tuple[Signal, ...]], objects: list[Mapping[str, Any]]) -> None:
    assert signals(RULE, objects) == ()


@pytest.mark.parametrize(
    ("item", "impact", "missing"),
    [
        pytest.param(cart(available=3), "degraded", 1, id="one missing"),
        pytest.param(cart(available=1), "degraded", 3, id="one left"),
        pytest.param(cart(available=0), "down", 4, id="none left"),
        pytest.param(cart(available=0, ready=4), "down", 4, id="ready for too short a time"),
        pytest.param(cart(available=3, paused=True, progress="DeploymentPaused"), "degraded", 1, id="paused"),
        pytest.param(cart(available=3, generation=7, observed=6), "degraded", 1, id="a status that lags behind"),
        pytest.param(wanting(4), "down", 4, id="no status yet"),
        pytest.param(wanting(None), "down", 1, id="null replicas, no status"),
        pytest.param(wanting(4, availableReplicas=None), "down", 4, id="null is none"),
        pytest.param(wanting(4, availableReplicas="3"), "down", 4, id="a count of another type"),
    ],
)
def test_these_are_sick(signals: Any, item: Mapping[str, Any], impact: str, missing: int) -> None:
    (signal,) = signals(RULE, [item])
    available = item["status"].get("availableReplicas") if impact == "degraded" else 0
    assert (str(signal.owner), signal.impact, signal.missing) == ("Deployment shop/cart", impact, missing)
    assert signal.message == f"{available} of {available + missing} replicas available"
    assert signal.objects == ("deployment/cart",)


@pytest.mark.parametrize(
    ("item", "since"),
    [
        pytest.param(cart(available=0, since=LATELY), LATELY, id="not available"),
        pytest.param(cart(available=3, since=LATELY), None, id="short, yet available enough: nobody says since when"),
        pytest.param(without("status", "conditions"), None, id="no conditions"),
    ],
)
def test_it_counts_since_the_deployment_is_unavailable(signals: Any, item: Any, since: Any) -> None:
    (signal,) = signals(RULE, [item])
    assert signal.since == since


@pytest.mark.parametrize(
    ("progress", "not_before"),
    [
        ("ReplicaSetUpdated", JUST_NOW),
        ("NewReplicaSetCreated", JUST_NOW),
        ("NewReplicaSetAvailable", None),
        ("ProgressDeadlineExceeded", None),
        ("DeploymentPaused", None),
    ],
)
def test_while_a_roll_out_goes_on_it_counts_from_its_last_progress(
    signals: Any, progress: Any, not_before: Any
) -> None:
    item = cart(available=1, since=LATELY, progress=progress, progressed=JUST_NOW)
    (signal,) = signals(RULE, [item])
    assert (signal.since, signal.not_before) == (LATELY, not_before)


def test_no_roll_out_excuses_that_nothing_is_left(signals: Any) -> None:
    item = cart(available=0, since=LATELY, progress="ReplicaSetUpdated", progressed=JUST_NOW)
    (signal,) = signals(RULE, [item])
    assert (signal.since, signal.not_before) == (LATELY, None)


@pytest.mark.parametrize("time", [None, "", "soon", 7])
def test_a_progress_at_no_time_holds_nothing_back(signals: Any, time: Any) -> None:
    item = cart(available=0, progress="ReplicaSetUpdated")
    item["status"]["conditions"][1]["lastUpdateTime"] = time
    assert signals(RULE, [item])[0].not_before is None
