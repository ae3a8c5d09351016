"""Which failures are worth a second attempt, after how long, and that nobody's log hears of it."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hotagents.testing import FakeClock
from hotagents_k8s_monitor.cluster.answers import Call
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.failures import Failure
from hotagents_k8s_monitor.cluster.retrying import _helps, ask_again
from hotagents_k8s_monitor.testing import FakeCluster, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.cluster.client import ApiClient


def passing(retry_after: float | None = None) -> Failure:
    return Failure("throttled", "wait", is_passing=True, retry_after=retry_after)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, without waiting."""
    waited: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=waited.append))
    return waited


@pytest.mark.parametrize(
    ("error", "left", "expected"),
    [
        (passing(), 60.0, True),
        (passing(), 1.0, False),
        (passing(7.0), 60.0, True),
        (passing(0.0), 60.0, True),
        (passing(7.0), 7.0, False),
        (passing(16.0), 60.0, False),
        (Failure("forbidden", "no"), 60.0, False),
        (LookupError(), 60.0, False),
    ],
)
def test_the_wish_of_the_server_is_kept_within_the_deadline(error: Exception, left: float, expected: Any) -> None:
    assert _helps(error, deadline=Deadline.after(left, clock=FakeClock())) is expected


def asked(cluster: FakeCluster, client_of: Callable[[str], ApiClient]) -> Any:
    return ask_again(client_of(cluster.url), Call("VersionApi", "get_code"), deadline=Deadline.after(60.0)).body


def test_a_second_and_a_third_attempt_wait_longer_and_the_server_is_listened_to(
    waits: list[float], client_of: Callable[[str], ApiClient]
) -> None:
    with FakeCluster() as cluster:
        cluster.fault("/version", Fault.status(500), times=2)
        assert asked(cluster, client_of)["major"]
        first, second = waits
        assert 0.2 <= first <= 0.5
        assert 0.4 <= second <= 0.7
        cluster.fault("/version", Fault.throttled(7), times=1)
        assert asked(cluster, client_of)["major"]
    assert waits[2:] == [7.0]


def test_the_last_failure_is_raised_as_it_is(waits: list[float], client_of: Callable[[str], ApiClient]) -> None:
    with FakeCluster() as cluster:
        cluster.fault("/version", Fault.status(503))
        with pytest.raises(Failure, match="HTTP 503") as caught:
            asked(cluster, client_of)
        assert len(cluster.requests) == 3
    assert len(waits) == 2
    assert caught.value.status == 503


def test_no_log_hears_of_an_attempt_however_the_monitor_was_started(
    client_of: Callable[[str], ApiClient], caplog: pytest.LogCaptureFixture
) -> None:
    with FakeCluster() as cluster, caplog.at_level(logging.INFO):
        cluster.fault("/version", Fault.status(500), times=2)
        assert asked(cluster, client_of)["major"]
    assert caplog.records == []


def test_a_deadline_comes_nearer_and_passes() -> None:
    clock = FakeClock()
    deadline = Deadline.after(10.0, clock=clock)
    assert deadline.left() == 10.0
    assert deadline.within(3.0).left() == 3.0
    assert deadline.within(30.0).left() == 10.0
    clock.advance(11.0)
    assert deadline.left() == 0.0
