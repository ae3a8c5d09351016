from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.notifiers import SlackNotifier
from hotagents_k8s_monitor.notifiers.slack_client import SlackClient
from hotagents_k8s_monitor.post import Post
from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.testing import FakeSlack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHANNELS = ("#incidents", "#operations")


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack(*CHANNELS) as server:
        yield server


@pytest.fixture
def bench_with(make_bench: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """A bench whose monitor keeps records and sends by these notifiers, made anew with each process."""

    def make(*notifiers: Callable[[], Any], patience: float = 10.0) -> Any:
        recorder = Recorder(tmp_path, keep=timedelta(days=30), most_bytes=1 << 24)

        def post() -> Post:
            return Post([notifier() for notifier in notifiers], tmp_path / "outbox", patience=patience)

        return make_bench(recorder=recorder, post=post)

    return make


@pytest.fixture
def by_slack(slack: FakeSlack, bench_with: Callable[..., Any]) -> Any:
    """A bench that tells by Slack."""
    return bench_with(lambda: SlackNotifier(SlackClient("xoxb-test", base_url=slack.api)))
