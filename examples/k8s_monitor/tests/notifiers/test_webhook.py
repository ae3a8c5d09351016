"""The JSON webhook: a schema with a version, each message once to whoever heeds its id."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.messages import Message
from hotagents_k8s_monitor.notifiers import WebhookNotifier
from hotagents_k8s_monitor.notifiers.http import Endpoint, retry_after
from hotagents_k8s_monitor.testing import Failure, FakeWebhook
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MINUTE: Final = timedelta(minutes=1)
CHECKOUT: Final = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE)
CART: Final = deployment("cart", namespace="shop", replicas=3, available=0, since=NOW - 20 * MINUTE)
WHOLE: Final = deployment("checkout-api", namespace="payments", replicas=3)


@pytest.fixture
def hook() -> Iterator[FakeWebhook]:
    with FakeWebhook() as server:
        yield server


@pytest.fixture
def bench_by(hook: FakeWebhook, bench_with: Callable[..., Any]) -> Any:
    return bench_with(lambda: WebhookNotifier(Endpoint(hook.url + "/in?key=1", token="t0ken")))  # noqa: S106 - none


def test_each_message_is_an_object_of_version_1(bench_by: Any, hook: FakeWebhook) -> None:
    bench_by.look(CHECKOUT)
    bench_by.look(WHOLE, after=MINUTE)
    bench_by.again(after=MINUTE)
    alert, resolved = hook.messages
    assert (alert["version"], alert["kind"], alert["number"], resolved["kind"], resolved["number"]) == (
        1,
        "alert",
        1,
        "resolved",
        2,
    )
    assert alert["thread"] == resolved["thread"]
    assert alert["owner"] == {"kind": "Deployment", "namespace": "payments", "name": "checkout-api"}
    assert alert["lines"][0]["text"] == "0 of 3 replicas available"
    assert alert["generation"] == {"number": 1, "digest": bench_by.registry.current.digest}
    assert Message.from_dict(alert).to_dict() == alert
    request = hook.requests[0]
    assert (request.headers["authorization"], request.headers["idempotency-key"]) == ("Bearer t0ken", alert["id"])


def test_an_answer_that_does_not_come_repeats_the_same_id(bench_by: Any, hook: FakeWebhook) -> None:
    hook.fail(Failure(acts=True, cuts=True))
    result = bench_by.look(CHECKOUT)
    assert "NOT TOLD webhook" in result.summary
    assert "t0ken" not in result.summary
    assert "key=1" not in result.summary
    bench_by.again(after=MINUTE)
    assert len(hook.requests) == 2
    assert len(hook.messages) == 1


def test_a_message_that_is_refused_holds_up_no_other_incident(bench_by: Any, hook: FakeWebhook) -> None:
    hook.fail(Failure(status=422, body="no thanks"))
    assert "HTTP 422: no thanks" in bench_by.look(CHECKOUT, CART).summary
    assert [m.body["owner"]["name"] for m in hook.requests] == ["checkout-api", "cart"]
    bench_by.again(after=MINUTE)
    assert len(hook.requests) == 3


def test_who_is_busy_is_asked_again_when_they_said(bench_by: Any, hook: FakeWebhook) -> None:
    hook.fail(Failure(status=429, headers={"Retry-After": "600"}, body=""))
    bench_by.look(CHECKOUT, CART)
    bench_by.again(after=9 * MINUTE)
    assert len(hook.requests) == 1
    bench_by.again(after=2 * MINUTE)
    assert len(hook.requests) == 3


@pytest.mark.parametrize(("value", "seconds"), [("30", 30), ("-1", 0), ("soon", None), (None, None), ("9" * 30, None)])
def test_a_time_to_wait_is_read_or_left(value: str | None, seconds: int | None) -> None:
    found = retry_after(value)
    assert (found.total_seconds() if found is not None else None) == seconds


def test_a_date_to_wait_for_that_is_over_is_no_wait() -> None:
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == timedelta(0)
