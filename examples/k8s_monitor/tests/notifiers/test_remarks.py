"""How a model's remark is shown to people: as one, beside the findings, and never as a message of its own."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.analysis.analyst import Analyst
from hotagents_k8s_monitor.analysis.asking import Sources
from hotagents_k8s_monitor.analysis.keeping import Kept
from hotagents_k8s_monitor.analysis.model import Access
from hotagents_k8s_monitor.analysis.terms import Terms
from hotagents_k8s_monitor.messages import Message
from hotagents_k8s_monitor.notifiers import SlackNotifier
from hotagents_k8s_monitor.notifiers.slack_client import SlackClient
from hotagents_k8s_monitor.notifiers.wording import written
from hotagents_k8s_monitor.post import Post
from hotagents_k8s_monitor.settings import Settings
from hotagents_k8s_monitor.testing.model import ModelServer, failing, instance_of, structured
from hotagents_k8s_monitor.testing.objects import NOW, deployment
from hotagents_k8s_monitor.testing.reading import NoReading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents_k8s_monitor.testing import FakeSlack
    from hotagents_k8s_monitor.testing.model import Reply, Request

MINUTE: Final = timedelta(minutes=1)
CART: Final = deployment("cart", namespace="shop", replicas=2, available=0, since=NOW - 60 * MINUTE)
WHOLE: Final = deployment("cart", namespace="shop", replicas=2)
MESSAGES: Final = "agents/slack-notifier.md"


def hostile(request: Request) -> Reply:
    """A remark with all that Slack could take for something."""
    value = instance_of(request.output_config["format"]["schema"])
    value["remarks"][0]["summary"] = "It is <!channel> & <https://x.example|short>"
    return structured(value)


@pytest.fixture
def slack_with(make_bench: Callable[..., Any], slack: FakeSlack, tmp_path: Path) -> Callable[..., Any]:
    """A monitor that tells by Slack and asks a model beside its cycles."""

    def make(server: ModelServer) -> Any:
        where = Access(base_url=server.url, api_key="k", auth_token="")
        return make_bench(
            post=lambda: Post([SlackNotifier(SlackClient("xoxb-test", base_url=slack.api))], tmp_path / "outbox"),
            analyst=lambda clock: Analyst(
                where, Terms.of(Settings()), Kept(None), Sources(reads=NoReading), clock=clock
            ),
        )

    return make


def settle(bench: Any) -> None:
    assert bench.monitor._analyst._work.over.wait(30)


def test_a_remark_comes_to_the_message_that_is_there_as_a_models_and_none_is_posted_for_it(
    slack_with: Callable[..., Any], slack: FakeSlack
) -> None:
    with ModelServer(hostile) as server:
        bench = slack_with(server)
        bench.look(CART)
        assert "remark" not in slack.posted[0].shown
        settle(bench)
        for _ in range(5):
            bench.again(after=MINUTE)
    (root,) = slack.posted
    assert (
        "_a model's remark, not a finding:_ It is &lt;!channel&gt; &amp; &lt;https[:]//x.example|short&gt;"
        in root.shown
    )
    assert not any("<!channel>" in version or "<http" in version for version in root.versions)
    assert "SEV-" in root.shown


def test_that_a_model_failed_comes_to_it_too_and_goes_with_the_remark(
    slack_with: Callable[..., Any], slack: FakeSlack
) -> None:
    replies: list[Any] = [failing(401, "authentication_error", "no")]
    with ModelServer(lambda request: replies.pop() if replies else hostile(request)) as server:
        bench = slack_with(server)
        bench.look(CART)
        settle(bench)
        bench.again(after=MINUTE)
        assert "analysis unavailable: the model's server answered 401: no" in slack.posted[0].shown
        bench.again(after=10 * MINUTE)
        settle(bench)
        bench.again(after=MINUTE)
    (root,) = slack.posted
    assert "a model's remark" in root.shown
    assert "unavailable" not in root.shown


def test_with_the_end_and_after_it_nothing_of_a_model_is_posted(
    slack_with: Callable[..., Any], slack: FakeSlack
) -> None:
    over = threading.Event()

    def late(request: Request) -> Reply:
        over.wait(30)
        return hostile(request)

    with ModelServer(late) as server:
        bench = slack_with(server)
        bench.look(CART)
        for _ in range(4):
            bench.look(WHOLE, after=MINUTE)
        over.set()
        settle(bench)
        for _ in range(4):
            bench.again(after=MINUTE)
    root, end = slack.posted
    assert "resolved" in end.text
    assert "remark" not in root.shown + end.shown


@pytest.fixture
def told(bench: Any) -> Message:
    """A message with a remark and a note."""
    bench.look(CART)
    values = bench.heard.messages[0].to_dict() | {"annotation": "It is <short>", "note": "acknowledged"}
    return Message.from_dict(values)


def test_a_message_keeps_its_remark_on_disk(told: Message) -> None:
    assert Message.from_dict(told.to_dict()) == told
    assert (told.annotation, told.note) == ("It is <short>", "acknowledged")


def test_a_template_of_ones_own_may_show_remark_and_note(told: Message, bench: Any) -> None:
    template = 'templates: {alert: "{{ title }} {{ note }} {{ annotation }}"}'
    bench.edit(MESSAGES, ("templates: {}", template))
    bench.look(CART)
    text = written(told, bench.monitor._policy[1], NOW).text
    assert "acknowledged It is &lt;short&gt;" in text
