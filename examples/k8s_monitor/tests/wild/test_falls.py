"""A container that falls again and again: one fault and one alert, whatever it looks like at the moment of a look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing.building import text_of
from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Callable

LOOP: Final = "CrashLoopBackOff"


def at(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


def looping(minute: float, owner: dict[str, Any], *, runs: float = 0.4) -> dict[str, Any]:
    """A pod that falls again and again, with the kubelet's back-off, so many minutes after its first fall."""
    falls, last, pause = 1, 0.0, 10 / 60
    while last + pause + runs <= minute:
        last, falls, pause = last + pause + runs, falls + 1, min(pause * 2, 5)
    if minute - last < pause:
        return pod("web-5d4f7-a", owner=owner, waiting=LOOP, restarts=falls, last_at=at(last), since=at(last))
    found = pod("web-5d4f7-a", owner=owner, restarts=falls, last_at=at(last), since=at(last + pause))
    found["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": text_of(at(last + pause))}}
    return found


@pytest.mark.parametrize("runs", [0.05, 0.4, 1.5, 4])
def test_a_container_that_falls_again_and_again_between_looks_is_told_once(
    lived: Callable[..., Any], runs: float
) -> None:
    def objects(minute: float) -> list[dict[str, Any]]:
        owner = deployment("web", namespace="shop", replicas=1, available=0 if minute < 90 else 1, since=at(0))
        current = replica_set("web-5d4f7", owner=owner)
        last = looping(min(minute, 90), current, runs=runs)["status"]["containerStatuses"][0]
        well = pod("web-5d4f7-a", owner=current, restarts=last["restartCount"], last_at=at(90))
        return [owner, current, looping(minute, current, runs=runs) if minute < 90 else well]

    found = lived(objects, 120)
    assert found.kinds() == ["alert", "update", "resolved"]
    assert found.alerts() == [("SEV-3", "Deployment shop/web")]
    assert set(found.opened) == {f"Deployment shop/web {rule}" for rule in ("container-waiting", "deployment-short")}


def test_a_container_that_is_seen_just_after_its_fall_is_still_the_same_fault(lived: Callable[..., Any]) -> None:
    def objects(minute: float) -> list[dict[str, Any]]:
        owner = deployment("web", namespace="shop", replicas=1, available=0, since=at(0))
        current = replica_set("web-5d4f7", owner=owner, ready=0)
        found = pod(
            "web-5d4f7-a", owner=current, waiting=LOOP, restarts=5 + int(minute), since=at(0), last_at=at(minute - 1)
        )
        if minute in {8, 9, 14, 15, 16}:
            status = found["status"]["containerStatuses"][0]
            status["state"] = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": text_of(at(minute))}}
        return [owner, current, found]

    found = lived(objects, 30)
    assert found.kinds().count("alert") == 1
    assert "resolved" not in found.kinds()
    assert found.opened["Deployment shop/web container-waiting"] == ("SEV-3", 5)
