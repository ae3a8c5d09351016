"""Alertmanager: what is told is active there for as long as it goes on, and ends when it does, or when the monitor
does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.notifiers import AlertmanagerNotifier
from hotagents_k8s_monitor.notifiers.http import Endpoint
from hotagents_k8s_monitor.notify import NotSentError
from hotagents_k8s_monitor.testing import Failure, FakeAlertmanager
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from hotagents_k8s_monitor.notify import Card, Sending, Slip
    from hotagents_k8s_monitor.policy import Policy

MINUTE: Final = timedelta(minutes=1)
CHECKOUT: Final = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE)
PARTLY: Final = deployment("checkout-api", namespace="payments", replicas=3, available=1, since=NOW - 20 * MINUTE)
WHOLE: Final = deployment("checkout-api", namespace="payments", replicas=3)


@pytest.fixture
def manager() -> Iterator[FakeAlertmanager]:
    with FakeAlertmanager() as server:
        yield server


@pytest.fixture
def bench_by(manager: FakeAlertmanager, bench_with: Callable[..., Any]) -> Any:
    url = AlertmanagerNotifier.url(manager.url + "/prefix/")
    return bench_with(lambda: AlertmanagerNotifier(Endpoint(url), interval=timedelta(seconds=60)))


def test_an_alert_is_active_while_it_goes_on_and_not_after_its_end(bench_by: Any, manager: FakeAlertmanager) -> None:
    bench_by.look(CHECKOUT)
    labels: dict[str, str] = {}
    for _ in range(20):
        (labels,) = manager.active(bench_by.clock.now() + timedelta(seconds=61))
        assert labels["alertname"] == "deployment-short"
        bench_by.again(after=MINUTE)
    assert {name: labels[name] for name in ("severity", "tier", "cluster", "namespace", "kind", "name")} == {
        "severity": "SEV-1",
        "tier": "P0",
        "cluster": "demo",
        "namespace": "payments",
        "kind": "Deployment",
        "name": "checkout-api",
    }
    bench_by.look(WHOLE, after=MINUTE)
    bench_by.again(after=MINUTE)
    assert manager.active(bench_by.clock.now()) == []


def test_a_monitor_that_is_gone_leaves_no_alert_for_ever(bench_by: Any, manager: FakeAlertmanager) -> None:
    bench_by.look(CHECKOUT)
    assert manager.active(NOW + 4 * MINUTE)
    assert manager.active(NOW + 6 * MINUTE) == []


def test_a_severity_that_changes_ends_the_alert_under_the_old_one(bench_by: Any, manager: FakeAlertmanager) -> None:
    bench_by.look(PARTLY)
    bench_by.look(CHECKOUT, after=MINUTE)
    assert [labels["severity"] for labels in manager.active(bench_by.clock.now())] == ["SEV-1"]


def test_labels_stay_the_same_across_a_restart(bench_by: Any, manager: FakeAlertmanager) -> None:
    bench_by.look(CHECKOUT)
    before = manager.active(NOW)
    bench_by.restart()
    bench_by.again(after=MINUTE)
    assert manager.active(bench_by.clock.now()) == before


def test_what_many_incidents_share_is_an_alert_each(bench_by: Any, manager: FakeAlertmanager) -> None:
    bench_by.look(
        *(deployment(f"d{n}", namespace="x", replicas=1, available=0, since=NOW - MINUTE * 99) for n in range(45))
    )
    assert len(manager.active(NOW)) == 45


def test_what_is_not_taken_is_said_and_posted_later(bench_by: Any, manager: FakeAlertmanager) -> None:
    manager.fail(Failure(status=503, body="not ready"))
    result = bench_by.look(CHECKOUT)
    assert "NOT TOLD alertmanager" in result.summary
    assert "HTTP 503: not ready" in result.summary
    bench_by.again(after=MINUTE)
    assert len(manager.active(bench_by.clock.now())) == 1
    manager.fail(Failure(cuts=True))
    assert "NOT UP TO DATE alertmanager" in bench_by.again(after=MINUTE).summary


@pytest.mark.parametrize("alone", [True, False])
def test_an_alert_that_is_refused_lets_no_other_lapse(
    bench_with: Callable[..., Any],
    manager: FakeAlertmanager,
    alone: bool,  # noqa: FBT001
) -> None:
    class RefusesCart:
        name = "alertmanager"

        def __init__(self) -> None:
            endpoint = Endpoint(AlertmanagerNotifier.url(manager.url))
            self._inner = AlertmanagerNotifier(endpoint, interval=timedelta(seconds=60))

        def send(self, sending: Sending) -> Slip:
            if "cart" in sending.message.title:
                raise NotSentError("HTTP 400: an invalid label", alone=alone)
            return self._inner.send(sending)

        def refresh(self, cards: Sequence[Card], policy: Policy, now: datetime) -> None:
            assert [card.message.owner for card in cards if "cart" in card.message.title] == []
            self._inner.refresh(cards, policy, now)

    bench = bench_with(RefusesCart)
    bench.look(CHECKOUT)
    cart = deployment("cart", namespace="shop", replicas=3, available=0, since=NOW - 20 * MINUTE)
    for _ in range(20):
        assert "HTTP 400" in bench.look(CHECKOUT, cart, after=MINUTE).summary
        assert [alert["name"] for alert in manager.active(bench.clock.now())] == ["checkout-api"]
