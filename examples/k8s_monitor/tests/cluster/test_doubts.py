"""A list that is empty all at once is not believed while other objects still speak of what was in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster.doubts import _SPEAKS, Doubts
from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod, replica_set
from hotagents_k8s_monitor.testing.sick import sick_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.cluster import Snapshot

WHOLE: Final = deployment("cart", namespace="shop")
PART: Final = replica_set("cart-5d4f", owner=WHOLE)
MINUTE: Final = timedelta(minutes=1)


def later(snapshot: Snapshot, minutes: float) -> Snapshot:
    return replace(snapshot, taken_at=NOW + minutes * MINUTE)


def test_what_others_belong_to_is_not_gone_all_at_once(seen: Callable[..., Snapshot]) -> None:
    doubts, without = Doubts(), seen([PART])
    doubts.on(seen([WHOLE, PART]))
    found = doubts.on(later(without, 1))
    assert str(found.gaps["deployments.apps"]) == (
        "deployments.apps: empty: the API server lists none at all, but there are replicasets.apps that belong to some"
    )
    assert doubts.on(later(seen([WHOLE, PART]), 2)).gaps == {}


def test_after_an_hour_it_is_believed(seen: Callable[..., Snapshot]) -> None:
    doubts = Doubts()
    doubts.on(seen([WHOLE, PART]))
    assert doubts.on(later(seen([PART]), 59)).gaps
    assert not doubts.on(later(seen([PART]), 60)).gaps


@pytest.mark.parametrize(
    "left",
    [
        pytest.param([], id="nothing is left"),
        pytest.param([replica_set("cart-5d4f", owner=WHOLE) | {"metadata": {"deletionTimestamp": "x"}}], id="all go"),
        pytest.param([pod("helper")], id="nothing that belongs to one"),
    ],
)
def test_what_was_deleted_is_believed_at_once(seen: Callable[..., Snapshot], left: list[Any]) -> None:
    doubts = Doubts()
    doubts.on(seen([WHOLE, PART]))
    assert doubts.on(later(seen(left), 1)).gaps == {}


def test_what_was_never_there_is_no_doubt(seen: Callable[..., Snapshot]) -> None:
    doubts = Doubts()
    assert doubts.on(seen([PART])).gaps == {}
    assert doubts.on(later(seen([PART]), 1)).gaps == {}


@pytest.mark.parametrize("resource", _SPEAKS)
def test_it_never_fails_whatever_the_other_objects_look_like(resource: Any) -> None:
    doubts, snapshot = Doubts(), sick_snapshot()
    doubts.on(snapshot)
    other = _SPEAKS[resource][0]
    items: list[Any] = [{}, {"metadata": None, "spec": [], "status": "x"}, {"metadata": {"ownerReferences": [1, None]}}]
    for odd in items:
        objects = {**snapshot.objects, resource: (), other: (odd,)}
        doubts.on(later(replace(snapshot, objects=objects), 1))


def test_what_was_there_within_the_last_hour_is_known(seen: Callable[..., Snapshot]) -> None:
    doubts = Doubts()
    doubts.on(seen([WHOLE]))
    assert doubts.had(NOW + 59 * MINUTE) == {"deployments.apps"}
    assert doubts.had(NOW + 60 * MINUTE) == frozenset()
    assert doubts.had(NOW - MINUTE) == frozenset()
