"""``k8s-monitor run`` with Slack, as real processes that are killed: nothing is lost and nothing is sent twice."""

from __future__ import annotations

import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.testing import Failure, FakeSlack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hotagents_k8s_monitor.testing import FakeCluster

CYCLE = "runner k8s-monitor: cycle "


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack("#incidents", "#operations") as server:
        yield server


@pytest.fixture
def run(
    trouble: FakeCluster, home: Path, mount: Any, start: Callable[..., Any], slack: FakeSlack
) -> Callable[..., Any]:
    def started(*, interval: float = 86_400) -> Any:
        return start(
            "run",
            config_dir=mount.path,
            kubeconfig=trouble.kubeconfig(home),
            detection_interval=interval,
            slack_token="xoxb-test",  # noqa: S106 - none
            slack_base_url=slack.api,
        )

    return started


def sent(slack: FakeSlack) -> Counter[str]:
    return Counter(item.metadata["event_payload"]["id"] for item in slack.posted)


def test_a_process_that_is_killed_while_it_sends_is_taken_over_by_the_next(
    run: Callable[..., Any], slack: FakeSlack
) -> None:
    slack.fail(Failure("postMessage", acts=True, hangs=True))
    first = run()
    slack.wait_for("chat.postMessage")  # it arrived, and the process does not know
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = run()
    assert "NOT TOLD" not in second.logged(CYCLE)
    assert second.end(signal.SIGTERM) == 0
    assert len(slack.roots) >= 3
    assert set(sent(slack).values()) == {1}
    shown = "\n".join(item.shown for item in slack.roots)
    assert "SEV-1 Deployment payments/checkout-api" in shown
    assert "xoxb" not in "".join([*first.log, *second.log])


def test_a_slack_that_is_gone_costs_nobody_a_message(run: Callable[..., Any], slack: FakeSlack) -> None:
    slack.fail(Failure(times=None, cuts=True))
    first = run()
    assert "NOT TOLD slack" in first.logged(CYCLE)
    assert first.logged("ALERT SEV-1 Deployment payments/checkout-api")  # the log hears of it at once
    assert first.end(signal.SIGTERM) == 0
    slack.clear()
    second = run(interval=1)
    for times in range(1, 6):  # once the pauses after failures are over; in business hours there are five
        slack.wait_for("chat.postMessage", times=times)
        if any("SEV-1 Deployment payments/checkout-api" in item.shown for item in slack.roots):
            break
    else:
        pytest.fail("the worst of all was not told")
    assert second.end(signal.SIGTERM) == 0
    assert set(sent(slack).values()) == {1}
