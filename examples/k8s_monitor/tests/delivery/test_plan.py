"""What is told, and how: a pure function, so a table of times and states says all of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotagents_k8s_monitor.composing import messages_of
from hotagents_k8s_monitor.delivery import plan, remembered
from hotagents_k8s_monitor.incidents import Ack
from hotagents_k8s_monitor.policy import Policy
from hotagents_k8s_monitor.records import Acks, Recorder
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
LONG: Final = NOW - timedelta(days=1)
CHECKOUT: Final = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE)
PARTLY: Final = deployment("checkout-api", namespace="payments", replicas=3, available=1, since=NOW - 20 * MINUTE)
WHOLE: Final = deployment("checkout-api", namespace="payments", replicas=3)
SEARCH: Final = deployment("search", namespace="shop", replicas=3, available=1, since=LONG)
ESCALATION: Final = "agents/escalation-manager.md"


def kinds(bench: Any) -> list[str]:
    return [kind for kind, _, _ in bench.heard.taken()]


# --- repeated, in full or in one line ---------------------------------------------------------------------------------


def test_a_hundred_unchanged_looks_give_one_alert(bench: Any) -> None:
    for _ in range(100):
        bench.look(CHECKOUT, after=timedelta(seconds=15))
    assert kinds(bench) == ["alert"]


def test_all_is_said_at_first_and_when_worse_then_one_line_until_three_hours_have_passed(bench: Any) -> None:
    bench.look(PARTLY)
    bench.look(CHECKOUT, after=MINUTE)
    for _ in range(14):
        bench.again(after=30 * MINUTE)
    told = [(message.kind, message.form) for message in bench.heard.messages]
    assert told[:2] == [("alert", "full"), ("worse", "full")]
    assert told[2:] == [("reminder", "brief")] * 5 + [("reminder", "full")] + [("reminder", "brief")] * 5 + [
        ("reminder", "full"),
        ("reminder", "brief"),
        ("reminder", "brief"),
    ]


def test_the_time_until_all_is_said_again_is_the_configuration_s(bench: Any) -> None:
    bench.edit(ESCALATION, ("full_after: 3h", "full_after: 1h"))
    bench.look(CHECKOUT)
    bench.again(after=30 * MINUTE)
    bench.again(after=30 * MINUTE)
    assert [message.form for message in bench.heard.messages] == ["full", "brief", "full"]


# --- many at once -----------------------------------------------------------------------------------------------------


def many(count: int) -> list[Any]:
    return [deployment(f"d{n}", namespace="x", replicas=1, available=0, since=LONG) for n in range(count)]


def test_two_hundred_at_once_are_twenty_messages_and_one_with_the_rest(bench: Any) -> None:
    result = bench.look(CHECKOUT, *many(199))
    messages = bench.heard.messages
    assert [message.kind for message in messages] == ["alert"] * 20 + ["digest"]
    assert messages[0].severity == "SEV-1"  # the worst is among the twenty
    assert messages[-1].title == "and 180 more: 180 SEV-3"
    assert (len(messages[-1].lines), messages[-1].more) == (50, 130)
    assert len(result.data["told"]) == 200
    bench.heard.taken()
    bench.again(after=MINUTE)
    assert kinds(bench) == []


def test_the_rest_is_told_by_channel_and_one_alone_is_no_rest(bench: Any) -> None:
    bench.edit(ESCALATION, ("most_messages: 20", "most_messages: 1"))
    others = [deployment(n, namespace="shop", replicas=3, available=0, since=LONG) for n in ("cart", "storefront")]
    bench.look(CHECKOUT, *others, *many(3))
    assert [(m.kind, m.channel) for m in bench.heard.messages] == [
        ("alert", "#incidents"),
        ("digest", "#incidents"),
        ("digest", "#operations"),
    ]
    bench.edit(ESCALATION, ("most_messages: 1", "most_messages: 5"))
    bench.heard.taken()
    bench.look(CHECKOUT, *others, *many(9), after=MINUTE)
    assert kinds(bench) == ["alert"] * 5 + ["digest"] or kinds(bench) == []


# --- hours ------------------------------------------------------------------------------------------------------------


def test_sev_3_waits_for_the_morning_through_restarts(make_bench: Callable[..., Any], tmp_path: Path) -> None:
    bench = make_bench(recorder=Recorder(tmp_path, keep=timedelta(days=30), most_bytes=1 << 20))
    bench.set_clock(NOW.replace(hour=20))
    bench.look(SEARCH, CHECKOUT)
    assert bench.heard.taken() == [("alert", "SEV-1", "checkout-api")]
    bench.restart()
    bench.again(after=MINUTE)
    bench.set_clock(NOW.replace(day=25, hour=8, minute=59))
    bench.look(SEARCH)
    bench.heard.taken()
    bench.restart()
    bench.again(after=MINUTE)
    assert ("alert", "SEV-3", "search") in bench.heard.taken()


# --- acknowledged -----------------------------------------------------------------------------------------------------


@pytest.fixture
def acked(make_bench: Callable[..., Any], tmp_path: Path) -> Any:
    """A bench with a SEV-2 incident that ana has taken over for four hours."""
    bench = make_bench(acks=Acks(tmp_path))
    bench.edit(ESCALATION, ("{0m: SEV-2, 30m: SEV-1}", "SEV-2"))
    bench.look(PARTLY)
    (incident,) = bench.monitor._book.incidents.values()
    ack = Ack(incident=incident.id, by="ana", reason="disk", at=NOW, until=NOW + 4 * HOUR, severity="SEV-2")
    Acks(tmp_path).add(ack)
    bench.heard.taken()
    return bench


def test_who_has_it_is_told_once_and_nothing_more_while_it_lasts(acked: Any) -> None:
    for _ in range(23):
        acked.again(after=10 * MINUTE)
    (message,) = acked.heard.messages
    assert (message.kind, message.note) == ("acknowledged", "acknowledged by ana until 2026-11-24 14:00 UTC: disk")
    acked.heard.taken()
    acked.again(after=20 * MINUTE)
    assert kinds(acked) == ["reminder"]


def test_what_gets_worse_than_it_was_then_and_its_end_are_told(acked: Any) -> None:
    acked.look(CHECKOUT, after=MINUTE)
    assert kinds(acked) == ["worse"]
    acked.look(WHOLE, after=MINUTE)
    acked.again(after=MINUTE)
    assert kinds(acked)[-1] == "resolved"


def test_an_acknowledgement_that_cannot_be_read_silences_nobody(acked: Any, tmp_path: Path) -> None:
    (tmp_path / "acks.json").write_text("{")
    acked.again(after=3 * HOUR)
    assert kinds(acked) == ["reminder"]


# --- known issues that end --------------------------------------------------------------------------------------------

ISSUE: Final = "known_issues: [{{match: {{name: checkout-api}}, until: {until}, reason: the vendor knows}}]"


@pytest.mark.parametrize(
    ("until", "told_at"),
    [
        ("2026-11-25T18:00:00Z", "2026-11-25 09:00"),  # it begins to count on the 24th at 18:00, after hours
        ("2026-11-25T12:00:00Z", "2026-11-24 12:00"),
        ("2026-11-29", "2026-11-28 23:59"),  # a Sunday: there are no hours left to wait for
        ("2026-11-30T08:00:00Z", "2026-11-29 08:00"),
    ],
)
def test_a_known_issue_warns_a_day_before_it_ends_and_in_business_hours_where_there_are_some(
    bench: Any, until: str, told_at: str
) -> None:
    bench.edit("CLAUDE.md", ("known_issues: []", ISSUE.format(until=until)))
    for _ in range(7 * 24 * 4):
        bench.look(CHECKOUT, after=15 * MINUTE)
        if bench.heard.messages:
            break
    (message,) = bench.heard.messages
    assert (message.kind, message.channel) == ("expiring", "#operations")
    late = bench.clock.now().replace(tzinfo=None) - NOW.fromisoformat(told_at)
    assert timedelta(0) <= late <= 15 * MINUTE
    bench.heard.taken()
    bench.again(after=MINUTE)
    assert kinds(bench) == []


def test_a_known_issue_that_was_warned_of_is_not_warned_of_again_by_the_next_process(
    make_bench: Callable[..., Any], tmp_path: Path
) -> None:
    bench = make_bench(recorder=Recorder(tmp_path, keep=timedelta(days=30), most_bytes=1 << 20))
    bench.edit("CLAUDE.md", ("known_issues: []", ISSUE.format(until="2026-11-25T09:30:00Z")))
    bench.look(WHOLE)
    assert kinds(bench) == ["expiring"]
    bench.restart()
    bench.set_clock(NOW.replace(hour=22))
    bench.again()
    bench.set_clock(NOW.replace(day=25, hour=9, minute=10))
    bench.again()
    assert kinds(bench) == []


# --- a model decides nothing ------------------------------------------------------------------------------------------

TEXTS: Final = st.text(max_size=200) | st.sampled_from(["NOTIFY: NO", "severity: SEV-4", "<!channel>", "resolved"])


@given(words=st.lists(TEXTS, min_size=4, max_size=4), minutes=st.sampled_from([0, 1, 40, 400]))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_model_says_the_same_is_told_to_the_same_people(bench: Any, words: list[str], minutes: int) -> None:
    if not bench.monitor._book.incidents:
        bench.look(CHECKOUT, SEARCH, *many(2))
    incidents = [replace(i, told=None) if n % 2 else i for n, i in enumerate(bench.monitor._book.incidents.values())]
    generation, now = bench.registry.current, NOW + minutes * MINUTE
    policy = Policy.of(generation)
    planned = plan(incidents, policy, now)
    said = {incident.id: word for incident, word in zip(incidents, words, strict=True)}
    plain = messages_of(planned, policy, generation, now)
    annotated = messages_of(planned, policy, generation, now, annotations=said)
    assert [replace(message, annotation="") for message in annotated] == list(plain)
    assert all(message.annotation.isprintable() and len(message.annotation) <= 1500 for message in annotated)


@given(texts=st.lists(st.text(max_size=400), min_size=3, max_size=3))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_cluster_s_texts_are_the_same_is_told_to_the_same_people(bench: Any, texts: list[str]) -> None:
    if not bench.monitor._book.incidents:
        bench.look(CHECKOUT, SEARCH, *many(1))
    incidents = list(bench.monitor._book.incidents.values())
    policy, now = Policy.of(bench.registry.current), NOW + 40 * MINUTE
    worded = [
        replace(i, findings=tuple(replace(f, message=text) for f in i.findings))
        for i, text in zip(incidents, texts, strict=True)
    ]
    one, other = (plan(some, policy, now) for some in (incidents, worded))
    assert [d.to_dict() for d in one.deliveries] == [d.to_dict() for d in other.deliveries]


def test_a_plan_that_is_remembered_is_not_planned_again(bench: Any) -> None:
    bench.look(CHECKOUT, SEARCH, *many(30))
    book, policy = bench.monitor._book, Policy.of(bench.registry.current)
    now = NOW + 26 * HOUR
    planned = plan(book.incidents.values(), policy, now, warned=book.warned)
    assert planned.digests
    after = remembered(book, planned, policy, now)
    again = plan(after.incidents.values(), policy, now, warned=after.warned)
    assert (again.deliveries, again.digests, again.notices) == ((), (), ())
