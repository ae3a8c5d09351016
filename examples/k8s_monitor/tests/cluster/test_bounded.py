"""Work that is given up on."""

from __future__ import annotations

import threading

import pytest

from hotagents.clock import SystemClock
from hotagents_k8s_monitor.cluster.bounded import Bounded
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.failures import Failure


def test_work_that_ends_in_time_has_ended() -> None:
    done: list[int] = []
    assert Bounded().run(lambda: done.append(1), Deadline.after(10.0))
    assert done == [1]


@pytest.mark.parametrize("kind", [LookupError, SystemExit])
def test_what_the_work_raises_is_raised(kind: type[BaseException]) -> None:
    def work() -> None:
        raise kind("x")

    with pytest.raises(kind):
        Bounded().run(work, Deadline.after(10.0))


def test_work_that_hangs_is_left_behind_a_few_times() -> None:
    release = threading.Event()
    bounded = Bounded()

    def hang() -> None:
        assert release.wait(10.0)

    for _ in range(3):
        assert not bounded.run(hang, Deadline(0.0, SystemClock()))
    with pytest.raises(Failure, match="3 earlier attempts still hang"):
        bounded.run(hang, Deadline.after(0.0))
    release.set()
    for thread in bounded._left_behind:
        thread.join(10.0)
    assert bounded.run(hang, Deadline.after(10.0))
