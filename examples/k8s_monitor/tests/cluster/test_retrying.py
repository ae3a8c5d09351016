"""How long is waited before a second attempt; stamina does the waiting, and is trusted with it."""

from __future__ import annotations

from typing import Any

import pytest

from hotagents.testing import FakeClock
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.failures import Failure
from hotagents_k8s_monitor.cluster.retrying import _wait


def passing(retry_after: float | None = None) -> Failure:
    return Failure("throttled", "wait", is_passing=True, retry_after=retry_after)


@pytest.mark.parametrize(
    ("error", "left", "expected"),
    [
        (passing(), 60.0, True),
        (passing(), 1.0, False),
        (passing(7.0), 60.0, 7.0),
        (passing(0.0), 60.0, 0.0),
        (passing(7.0), 7.0, False),
        (passing(16.0), 60.0, False),
        (Failure("forbidden", "no"), 60.0, False),
        (LookupError(), 60.0, False),
    ],
)
def test_the_wish_of_the_server_is_kept_within_the_deadline(error: Exception, left: float, expected: Any) -> None:
    found = _wait(error, deadline=Deadline.after(left, clock=FakeClock()))
    assert found == expected
    assert isinstance(found, bool) is isinstance(expected, bool)


def test_a_deadline_comes_nearer_and_passes() -> None:
    clock = FakeClock()
    deadline = Deadline.after(10.0, clock=clock)
    assert deadline.left() == 10.0
    assert deadline.within(3.0).left() == 3.0
    assert deadline.within(30.0).left() == 10.0
    clock.advance(11.0)
    assert deadline.left() == 0.0
