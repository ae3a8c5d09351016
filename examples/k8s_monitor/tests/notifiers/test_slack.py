"""Slack, by its own client, against a server as strict as Slack is: one message an incident, no ping by a pod."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.notifiers import SlackHookNotifier, SlackNotifier
from hotagents_k8s_monitor.notifiers.slack_client import SlackClient
from hotagents_k8s_monitor.notifiers.wording import mention, written
from hotagents_k8s_monitor.testing import Failure, FakeSlack
from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE: Final = timedelta(minutes=1)
LONG: Final = NOW - timedelta(days=1)
CHECKOUT: Final = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE)
CART: Final = deployment("cart", namespace="shop", replicas=3, available=0, since=NOW - 20 * MINUTE)
WHOLE: Final = deployment("checkout-api", namespace="payments", replicas=3)
MESSAGES: Final = "agents/slack-notifier.md"
HOSTILE: Final = "<!channel> <@U012AB3CD> & <https://example.org|click> @here"


def ended(bench: Any) -> None:
    bench.look(WHOLE, after=MINUTE)
    bench.again(after=MINUTE)


# --- a message and its thread -----------------------------------------------------------------------------------------


def test_an_incident_is_one_message_and_its_end_is_a_reply_that_closes_it(by_slack: Any, slack: FakeSlack) -> None:
    by_slack.look(CHECKOUT)
    (root,) = slack.posted
    assert (root.channel, len(root.versions)) == ("incidents", 1)
    assert "SEV-1 Deployment payments/checkout-api (P0, down)" in root.text
    assert "0 of 3 replicas available" in root.shown
    assert "<!here>" in root.text  # as slack-notifier.md says for SEV-1
    ended(by_slack)
    first, reply = slack.posted
    assert (reply.thread_ts, first.ts) == (first.ts, root.ts)
    assert "resolved" in reply.text
    assert "resolved" in first.text
    assert "<!here>" not in reply.text


def test_a_hundred_unchanged_looks_give_one_message_that_is_kept_up_to_date(by_slack: Any, slack: FakeSlack) -> None:
    by_slack.look(CHECKOUT)
    for _ in range(100):
        by_slack.again(after=timedelta(seconds=15))  # 25 minutes, less than the repeat time
    (root,) = slack.posted
    assert len(root.versions) > 20  # once a minute
    assert "for 45m" in root.shown
    assert sum("<!here>" in version for version in root.versions) == 1


def test_news_of_an_incident_are_replies_and_nothing_else_is(by_slack: Any, slack: FakeSlack) -> None:
    by_slack.look(CHECKOUT)
    of = replica_set("checkout-api-5d4f", owner=CHECKOUT)
    by_slack.look(CHECKOUT, of, pod("p", owner=of, waiting="ImagePullBackOff", since=NOW - 20 * MINUTE), after=MINUTE)
    root, reply = slack.posted
    assert "update" in reply.text
    assert "container-waiting" in root.shown


def test_what_gets_worse_pings_in_the_thread(by_slack: Any, slack: FakeSlack) -> None:
    by_slack.look(deployment("checkout-api", namespace="payments", replicas=3, available=1, since=NOW - 20 * MINUTE))
    by_slack.look(CHECKOUT, after=MINUTE)
    root, reply = slack.posted
    assert "<!here>" not in root.versions[0]
    assert "worse" in reply.text
    assert "<!here>" in reply.text


def test_what_another_channel_must_hear_of_is_posted_there_and_the_old_message_says_where(
    by_slack: Any, slack: FakeSlack
) -> None:
    by_slack.look(deployment("search", namespace="shop", replicas=3, available=1, since=LONG))
    by_slack.look(deployment("search", namespace="shop", replicas=3, available=0, since=LONG), after=MINUTE)
    old, new = slack.posted
    assert (old.channel, new.channel, new.thread_ts) == ("operations", "incidents", "")
    assert "goes on in #incidents" in old.shown
    by_slack.look(deployment("search", namespace="shop", replicas=3), after=MINUTE)
    by_slack.again(after=MINUTE)
    assert slack.posted[-1].thread_ts == new.ts


def test_a_message_that_somebody_deleted_is_posted_anew_with_the_next_news(by_slack: Any, slack: FakeSlack) -> None:
    by_slack.look(CHECKOUT)
    slack.delete(slack.posted[0].ts)
    assert "NOT" not in by_slack.again(after=MINUTE).summary
    ended(by_slack)
    (root,) = slack.posted
    assert "resolved" in root.text
    assert root.thread_ts == ""


# --- nothing of the cluster acts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("template", ["", "{{ title }} {% for line in lines %}{{ line.text }}{% endfor %}"])
def test_no_text_of_the_cluster_pings_or_links(by_slack: Any, slack: FakeSlack, blocks: bool, template: str) -> None:  # noqa: FBT001
    words = f"templates: {{alert: '{template}'}}" if template else "templates: {}"
    changes = [("blocks: true", f"blocks: {str(blocks).lower()}"), ("templates: {}", words)]
    by_slack.edit(MESSAGES, *changes, ('  SEV-1: ["@here"]', '  SEV-2: ["@here"]'))
    of = replica_set("checkout-api-5d4f", owner=CHECKOUT)
    bad = pod("p", owner=of, waiting="CrashLoopBackOff", message=HOSTILE, since=NOW - 20 * MINUTE)
    by_slack.look(CHECKOUT, of, bad)
    (root,) = slack.posted
    assert "&lt;!channel&gt;" in root.shown
    assert "<" not in root.shown
    body = next(request.body for request in slack.requests if request.path.endswith("postMessage"))
    assert (body["parse"], body["link_names"], body["unfurl_links"]) == ("none", False, False)
    assert all(b["text"].get("verbatim", True) for b in root.blocks if "text" in b)
    assert bool(root.blocks) is blocks


def test_a_model_s_words_ping_nobody_either(by_slack: Any) -> None:
    from dataclasses import replace  # noqa: PLC0415 - for this test alone

    from hotagents_k8s_monitor.composing import status_of  # noqa: PLC0415
    from hotagents_k8s_monitor.policy import Policy  # noqa: PLC0415

    by_slack.look(CHECKOUT)
    policy = Policy.of(by_slack.registry.current)
    (incident,) = by_slack.monitor._book.incidents.values()
    message = replace(status_of(incident, policy, by_slack.registry.current, NOW), annotation=HOSTILE)
    assert "<" not in repr(written(message, policy, NOW))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("@here", "<!here>"),
        ("@channel", "<!channel>"),
        ("@U012AB3CD", "<@U012AB3CD>"),
        ("@S01ABCDE", "<!subteam^S01ABCDE>"),
    ],
)
def test_a_mention_is_written_as_slack_wants_it(name: str, said: str) -> None:
    assert mention(name) == said


def test_many_and_long_findings_stay_within_the_limits(by_slack: Any, slack: FakeSlack) -> None:
    by_slack.edit(MESSAGES, ("digest_length: 20", "digest_length: 50"))
    things = [
        deployment(f"d{n}-{'x' * 200}", namespace="shop", replicas=1, available=0, since=LONG) for n in range(120)
    ]
    by_slack.look(*things)
    assert len(slack.roots) == 21  # the most of a cycle, and one that has the rest
    assert "and 100 more: 100 SEV-3" in slack.roots[-1].text
    assert not [r for r in slack.requests if not r.path.endswith(("postMessage", "chat.update"))]
    result = by_slack.again(after=MINUTE)
    assert "NOT TOLD" not in result.summary
    assert len(slack.roots) == 21


# --- where Slack fails ------------------------------------------------------------------------------------------------


def test_an_hour_of_rate_limit_costs_the_cycle_nothing_and_loses_nothing(by_slack: Any, slack: FakeSlack) -> None:
    slack.fail(Failure("postMessage", status=429, headers={"Retry-After": "3600"}, body={"ok": False}))
    result = by_slack.look(CHECKOUT)
    assert "NOT TOLD slack" in result.summary
    assert "limits the rate, for 3600 seconds" in result.summary
    by_slack.again(after=30 * MINUTE)
    assert len([r for r in slack.requests if r.path.endswith("postMessage")]) == 1
    by_slack.again(after=31 * MINUTE)
    assert [item.channel for item in slack.roots] == ["incidents"]


def test_a_moment_of_rate_limit_is_waited_for_by_the_sdk(by_slack: Any, slack: FakeSlack) -> None:
    slack.fail(Failure("postMessage", status=429, headers={"Retry-After": "0"}, body={"ok": False}))
    assert "NOT TOLD" not in by_slack.look(CHECKOUT).summary
    assert len(slack.posted) == 1


@pytest.mark.parametrize(
    "failure",
    [
        Failure("postMessage", status=500, acts=True),
        Failure("postMessage", status=503, body="<html>busy", acts=True),
        Failure("postMessage", acts=True, cuts=True),
        Failure("postMessage", status=200, body={"ok": False, "error": "internal_error"}, acts=True),
        Failure("postMessage", status=200, body="no json", acts=True),
    ],
)
@pytest.mark.parametrize("restart", [True, False])
def test_what_arrived_though_the_answer_did_not_is_not_sent_twice(
    by_slack: Any,
    slack: FakeSlack,
    failure: Failure,
    restart: bool,  # noqa: FBT001
) -> None:
    failure.times = 1
    slack.fail(failure)
    assert "NOT TOLD" in by_slack.look(CHECKOUT).summary
    if restart:
        by_slack.restart()
    assert "NOT TOLD" not in by_slack.again(after=MINUTE).summary
    assert len(slack.posted) == 1
    failure.times = 1  # and now the reply
    ended(by_slack)
    by_slack.again(after=MINUTE)
    by_slack.again(after=MINUTE)
    assert [item.thread_ts for item in slack.posted] == ["", slack.posted[0].ts]
    assert "resolved" in slack.posted[0].text


def test_what_did_not_arrive_is_sent_with_a_later_cycle(by_slack: Any, slack: FakeSlack) -> None:
    slack.fail(Failure("postMessage", cuts=True))
    by_slack.look(CHECKOUT)
    assert slack.posted == ()
    by_slack.again(after=MINUTE)
    assert len(slack.posted) == 1


def test_what_arrived_in_another_channel_before_an_edit_is_not_sent_twice(by_slack: Any, slack: FakeSlack) -> None:
    slack.fail(Failure("postMessage", acts=True, cuts=True))
    by_slack.look(CHECKOUT)
    by_slack.edit("CLAUDE.md", ('  SEV-1: "#incidents"', '  SEV-1: "#operations"'))
    by_slack.again(after=MINUTE)
    ended(by_slack)
    assert [item.channel for item in slack.roots] == ["incidents"]
    assert [item.channel for item in slack.posted if item.thread_ts] == ["incidents"]


def test_a_channel_that_is_edited_is_the_channel_of_what_waits(by_slack: Any, slack: FakeSlack) -> None:
    slack.fail(Failure("postMessage", status=429, headers={"Retry-After": "3600"}))
    by_slack.look(CHECKOUT)
    by_slack.edit("CLAUDE.md", ('  SEV-1: "#incidents"', '  SEV-1: "#operations"'))
    by_slack.again(after=61 * MINUTE)
    assert [item.channel for item in slack.roots] == ["operations"]


def test_a_token_that_may_not_look_sends_again_and_says_so(
    bench_with: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with FakeSlack("#incidents", may_look=False) as slack:
        bench = bench_with(lambda: SlackNotifier(SlackClient("xoxb-test", base_url=slack.api)))
        slack.fail(Failure("postMessage", acts=True, cuts=True))
        bench.look(CHECKOUT)
        bench.again(after=MINUTE)
        assert ["perhaps sent before" in item.shown for item in slack.roots] == [False, True]
        assert "cannot be looked up (Slack refuses the token: missing_scope (channels:read))" in caplog.text


def test_a_channel_that_is_not_there_holds_up_no_other(by_slack: Any, slack: FakeSlack) -> None:
    by_slack.edit("CLAUDE.md", ('  SEV-1: "#incidents"', '  SEV-1: "#nowhere"'))
    result = by_slack.look(CHECKOUT, CART)
    assert "channel_not_found" in result.summary
    assert [item.channel for item in slack.roots] == ["incidents"]  # the cart's, SEV-2
    by_slack.edit("CLAUDE.md", ('  SEV-1: "#nowhere"', '  SEV-1: "#operations"'))
    by_slack.again(after=MINUTE)
    assert [item.channel for item in slack.roots] == ["incidents", "operations"]


def test_a_severity_without_a_channel_is_said_until_there_is_one(by_slack: Any, slack: FakeSlack) -> None:
    by_slack.edit("CLAUDE.md", ('  SEV-1: "#incidents"\n', ""))
    assert "no channel for SEV-1; name one below channels: in CLAUDE.md" in by_slack.look(CHECKOUT).summary
    by_slack.edit("CLAUDE.md", ('  SEV-2: "#incidents"\n', '  SEV-1: "#incidents"\n  SEV-2: "#incidents"\n'))
    by_slack.again(after=MINUTE)
    assert len(slack.roots) == 1


def test_a_token_that_is_refused_is_said_without_it(bench_with: Callable[..., Any], slack: FakeSlack) -> None:
    bench = bench_with(lambda: SlackNotifier(SlackClient("xoxb-secret", base_url=slack.api)))
    result = bench.look(CHECKOUT)
    assert "Slack refuses the token: invalid_auth" in result.summary
    assert "secret" not in repr(result)


def test_a_slack_that_hangs_holds_the_cycle_for_its_patience_and_no_longer(
    bench_with: Callable[..., Any], slack: FakeSlack
) -> None:
    heard: list[str] = []

    class Other:
        name = "other"

        def send(self, sending: Any) -> dict[str, str]:
            heard.append(sending.message.kind)
            return {}

    bench = bench_with(lambda: SlackNotifier(SlackClient("xoxb-test", base_url=slack.api)), Other, patience=0.3)
    slack.fail(Failure(times=None, hangs=True))
    result = bench.look(CHECKOUT)
    assert "NOT TOLD slack: has not answered yet; 1 wait" in result.summary
    assert heard == ["alert"]
    assert "has not answered yet" in bench.again(after=MINUTE).summary


def test_nothing_of_slack_is_at_hand_gives_no_lost_message(bench_with: Callable[..., Any]) -> None:
    with FakeSlack("#incidents") as gone:
        url = gone.api
    bench = bench_with(lambda: SlackNotifier(SlackClient("xoxb-test", base_url=url)))
    for minute in range(3):
        assert "NOT TOLD slack" in bench.look(CHECKOUT, after=minute * MINUTE).summary
    ended(bench)
    assert [e.message.kind for e in bench.monitor._post._branches[0].outbox.waiting()] == ["alert", "resolved"]


# --- words ------------------------------------------------------------------------------------------------------------


def test_a_template_words_the_message(by_slack: Any, slack: FakeSlack) -> None:
    words = "templates: {alert: 'Look at {{ owner.name }}: {{ lines[0].text }}', resolved: '{{ title }} is well'}"
    by_slack.edit(MESSAGES, ("blocks: true", "blocks: false"), ("templates: {}", words))
    by_slack.look(CHECKOUT)
    assert slack.posted[0].versions[0] == "<!here>\nLook at checkout-api: 0 of 3 replicas available"
    ended(by_slack)
    assert slack.posted[-1].text == "Deployment payments/checkout-api (P0, down) is well"


def test_a_template_that_fails_for_one_message_is_replaced_by_the_built_in_words(
    by_slack: Any, slack: FakeSlack, caplog: pytest.LogCaptureFixture
) -> None:
    by_slack.edit(MESSAGES, ("templates: {}", "templates: {update: '{{ owner.name }}'}"))
    issue = "known_issues: [{match: {name: x}, until: 2026-11-24, reason: known}]"
    by_slack.edit("CLAUDE.md", ("known_issues: []", issue))
    by_slack.look(WHOLE)  # of a known issue that ends soon there is no owner
    (notice,) = slack.posted
    assert "known issue ends" in notice.text
    assert "fails for known-issue-" in caplog.text


# --- an incoming webhook ----------------------------------------------------------------------------------------------


def test_a_webhook_gets_each_message_and_rewrites_nothing(bench_with: Callable[..., Any], slack: FakeSlack) -> None:
    bench = bench_with(lambda: SlackHookNotifier(slack.hook))
    bench.look(CHECKOUT)
    bench.again(after=MINUTE)
    ended(bench)
    assert [("resolved" in item.text, len(item.versions)) for item in slack.posted] == [(False, 1), (True, 1)]


def test_a_webhook_that_fails_gets_it_later_with_a_word_where_it_may_have_it(
    bench_with: Callable[..., Any], slack: FakeSlack
) -> None:
    bench = bench_with(lambda: SlackHookNotifier(slack.hook))
    slack.fail(Failure(status=500, body="no"))
    assert "the webhook answers HTTP 500: no" in bench.look(CHECKOUT).summary
    bench.again(after=MINUTE)
    assert ["perhaps sent before" in item.shown for item in slack.posted] == [True]
