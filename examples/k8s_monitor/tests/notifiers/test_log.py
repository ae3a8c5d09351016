"""What people read in the log: one whole line, on the level that fits."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

import pytest

from hotagents_k8s_monitor.composing import messages_of
from hotagents_k8s_monitor.delivery import Kind, plan
from hotagents_k8s_monitor.messages import ENDS
from hotagents_k8s_monitor.notifiers import LogNotifier, sentence
from hotagents_k8s_monitor.notify import NoNotifier, Sending
from hotagents_k8s_monitor.policy import Policy
from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod, replica_set

if TYPE_CHECKING:
    from hotagents_k8s_monitor.messages import Message

HOUR = timedelta(hours=1)
LOGGER = logging.getLogger("hotagents.runner.k8s-monitor")


def checkout() -> list[dict[str, Any]]:
    whole = deployment("checkout-api", namespace="payments", replicas=1, available=0, since=NOW - HOUR)
    part = replica_set("checkout-api", owner=whole)
    bad = pod("checkout-api", namespace="payments", owner=part, waiting="CrashLoopBackOff", since=NOW - 2 * HOUR)
    return [whole, part, bad]


@pytest.fixture
def message(bench: Any) -> Message:
    bench.look(*checkout())
    (found,) = bench.heard.messages
    return found  # type: ignore[no-any-return]  # the bench is anything


def logged(message: Message, now: Any = NOW) -> None:
    LogNotifier(LOGGER).send(Sending(message, {}, None, now))  # type: ignore[arg-type]  # the log has no policy


def test_the_sentence_says_all_that_somebody_who_is_woken_needs(message: Message, bench: Any) -> None:
    said = sentence(message, now=NOW)
    assert said.startswith("ALERT SEV-1 Deployment payments/checkout-api (P0, down): ")
    assert [f"{line.rule}: {line.text}" in said for line in message.lines] == [True, True]
    assert said.endswith(
        f"; channel #incidents; contact payments on-call; incident {message.thread}; "
        f"generation 1 {bench.registry.current.digest[:19]}"
    )
    assert "; for 1h" in said or "; for 2h" in said


def test_a_brief_one_has_its_first_line_and_how_many_more(message: Message) -> None:
    said = sentence(replace(message, form="brief"), now=NOW)
    assert "; and 1 more; " in said
    assert message.lines[1].text not in said


def test_one_that_had_to_wait_says_when_it_was_decided(message: Message) -> None:
    assert "; decided at 2026-11-24 10:00:00 UTC; " in sentence(message, now=NOW + HOUR)


def test_what_nobody_configured_is_left_out(message: Message) -> None:
    said = sentence(replace(message, channel="", contact=""), now=NOW)
    assert "channel" not in said
    assert "contact" not in said
    assert "; ;" not in said


def test_whatever_stands_in_it_is_one_harmless_line(message: Message) -> None:
    hostile = "\x1b[2J\n\u202eERROR"
    lines = (replace(message.lines[0], text=hostile, rule=hostile),)
    said = sentence(replace(message, lines=lines, title=hostile, channel=hostile, contact=hostile), now=NOW)
    assert said.isprintable()
    assert said.count("\\x1b[2J\\n\\u202eERROR") == 5
    assert len(sentence(replace(message, title="x" * 100_000), now=NOW)) < 5000


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize(
    ("severity", "level"),
    [("SEV-1", logging.ERROR), ("SEV-2", logging.ERROR), ("SEV-3", logging.WARNING), ("SEV-4", logging.INFO)],
)
def test_what_is_bad_is_logged_as_such_and_what_is_over_as_news(
    message: Message, kind: Kind, severity: Any, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.clear()
    message = replace(message, kind=kind, severity=severity)
    logged(message)
    (record,) = caplog.records
    assert record.levelno == (logging.INFO if kind in ENDS or kind == "acknowledged" else level)
    assert record.getMessage() == sentence(message, now=NOW)
    assert record.getMessage().startswith(f"{kind.upper()} {severity} ")
    assert vars(record)["incident"] == message.thread


def test_a_percent_sign_is_a_percent_sign(message: Message, caplog: pytest.LogCaptureFixture) -> None:
    logged(replace(message, channel="100%s %d"))
    assert "channel 100%s %d" in caplog.text


def test_nobody_hears_of_a_look_that_a_person_takes(make_bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    bench = make_bench(post=NoNotifier)
    caplog.clear()
    assert [told["kind"] for told in bench.look(*checkout()).data["told"]] == ["alert"]
    assert caplog.records == []


def test_a_known_issue_that_ends_is_a_warning(bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    issue = "known_issues: [{match: {name: x}, until: 2026-11-25T09:00:00Z, reason: known}]"
    generation = bench.edit("CLAUDE.md", ("known_issues: []", issue))
    policy = Policy.of(generation)
    (found,) = messages_of(plan((), policy, NOW), policy, generation, NOW)
    caplog.clear()
    logged(found)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "EXPIRING SEV-4 known issue ends at 2026-11-25 09:00 UTC: name x; known; after that" in record.getMessage()
