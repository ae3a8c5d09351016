"""``cronjob-missed``: a whole turn of a schedule without a success, as Kubernetes reads schedules."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.rules import RULES, detect
from hotagents_k8s_monitor.rules.schedules import ScheduleError, schedule
from hotagents_k8s_monitor.testing.objects import NOW, cron_job, job

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.cluster import Snapshot

RULE: Final = "cronjob-missed"
HOUR: Final = timedelta(hours=1)
MINUTE: Final = timedelta(minutes=1)


def late(**options: Any) -> dict[str, Any]:
    """An hourly CronJob that has not succeeded for three hours."""
    said: dict[str, Any] = {"scheduled": NOW - 3 * HOUR, "succeeded": NOW - 3 * HOUR}
    return cron_job("report", **(said | options))


UNKEPT: Final = late(scheduled=None, succeeded=None)


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param([cron_job("report")], id="it ran an hour ago"),
        pytest.param([late(succeeded=NOW - 119 * MINUTE)], id="the last turn failed, the one before did not"),
        pytest.param([late(suspended=True)], id="suspended"),
        pytest.param([late(succeeded=None, scheduled=None, created=NOW - 90 * MINUTE)], id="new"),
        pytest.param([late(policy="Forbid", active=1)], id="at work, and no other may begin"),
        pytest.param([late(scheduled=NOW - HOUR, active=3)], id="runs begin in time and overlap"),
        pytest.param([late(), job("report-1", owner=late(), finished=NOW - HOUR)], id="a Job of it says it did"),
        pytest.param([UNKEPT, job("report-1", owner=UNKEPT, finished=NOW - HOUR)], id="its Jobs alone say that it did"),
        pytest.param([late(schedule="0 0 31 2 *")], id="never: it is started by hand"),
        pytest.param([late(deadline=3 * 3600)], id="it may begin hours late"),
        pytest.param([late(schedule="0 0 * * *", succeeded=NOW - 30 * HOUR)], id="daily"),
        pytest.param([late(schedule="0 3 29 2 *", succeeded=NOW - 3000 * HOUR)], id="each fourth year"),
        pytest.param([late(schedule="@every 2h")], id="every two hours"),
        # At 10:00 in UTC it is 11:00 in Berlin: the last two turns were today and yesterday at 11.
        pytest.param([late(schedule="0 11 * * *", zone="Europe/Berlin", succeeded=NOW - 24 * HOUR)], id="a time zone"),
    ],
)
def test_these_are_well(signals: Any, objects: Any) -> None:
    assert signals(RULE, objects) == ()


@pytest.mark.parametrize(
    ("item", "since"),
    [
        pytest.param(late(), NOW - HOUR, id="two turns without success"),
        pytest.param(late(scheduled=NOW), NOW - HOUR, id="it runs, and never succeeds"),
        pytest.param(late(succeeded=None), NOW - HOUR, id="never yet"),
        pytest.param(
            late(policy="Replace", scheduled=NOW, active=1), NOW - HOUR, id="each run is replaced by the next"
        ),
        pytest.param(late(active=1), NOW - HOUR, id="one hangs, and others could begin"),
        pytest.param(late(schedule="@hourly"), NOW - HOUR, id="by name"),
        pytest.param(late(schedule="CRON_TZ=Asia/Kolkata 30 * * * *"), NOW - HOUR, id="as zones were written once"),
        pytest.param(late(schedule="0 * ? * MON-FRI"), NOW - HOUR, id="question marks and names"),
    ],
)
def test_these_are_missed(signals: Any, item: dict[str, Any], since: Any) -> None:
    (signal,) = signals(RULE, [item])
    assert (str(signal.owner), signal.impact, signal.since) == ("CronJob default/report", "down", since)


def test_one_whose_status_speaks_of_no_run_counts_from_its_beginning_or_by_its_jobs(signals: Any) -> None:
    (signal,) = signals(RULE, [UNKEPT, job("report-1", owner=UNKEPT, finished=NOW - 9 * HOUR)])
    assert signal.message == "no success yet"
    (signal,) = signals(RULE, [UNKEPT, job("report-1", owner=UNKEPT, state="failed", finished=NOW - HOUR)])
    assert str(signal.owner) == "CronJob default/report"


def test_a_turn_has_two_minutes_to_be_begun(seen: Callable[..., Snapshot]) -> None:
    item = late(succeeded=NOW - 2 * HOUR + MINUTE)
    early = Seen(seen([item]), NOW + MINUTE)
    assert early(RULE) == ()
    assert Seen(seen([item]), NOW + 2 * MINUTE)(RULE)


class Seen:
    """A snapshot at another time."""

    def __init__(self, snapshot: Snapshot, at: datetime) -> None:
        from dataclasses import replace  # noqa: PLC0415

        self.snapshot = replace(snapshot, taken_at=at)

    def __call__(self, rule: str) -> Any:
        return detect(self.snapshot, rules=[RULES[rule]]).signals


@pytest.mark.parametrize(
    "text", ["", "soon", "61 * * * *", "* * * *", "* * * * * *", "@reboot", "0 0 32 2 *", "0 0 31 13 *", "@every"]
)
def test_what_cannot_be_read_is_something_that_cannot_be_seen(seen: Callable[..., Snapshot], text: str) -> None:
    (signal,) = detect(seen([late(schedule=text)]), rules=[RULES[RULE]]).signals
    assert (signal.rule, signal.impact) == ("monitor-blind", "at-risk")
    assert "CronJob default/report" in signal.message


def test_so_is_a_time_zone_that_there_is_not(seen: Callable[..., Snapshot]) -> None:
    for zone in ("Mars/Olympus", "../../etc/passwd", "\0", "x" * 5000):
        (signal,) = detect(seen([late(zone=zone)]), rules=[RULES[RULE]]).signals
        assert signal.rule == "monitor-blind"


def test_an_hour_that_comes_twice_or_not_at_all_is_no_fault() -> None:
    at = datetime(2026, 10, 25, 12, 0, tzinfo=timezone.utc)  # the night in which clocks are set back
    for text in ("30 2 * * *", "*/30 * * * *"):
        times = schedule(text, "Europe/Berlin").before(at, 4)
        assert list(times) == sorted(times, reverse=True)
        assert all(time <= at for time in times)


@given(st.text(max_size=30), st.text(max_size=12))
def test_no_text_makes_a_schedule_fail_otherwise(text: str, zone: str) -> None:
    try:
        found = schedule(text, zone)
    except ScheduleError:
        return
    assert len(found.before(NOW, 2)) <= 2


@given(st.lists(st.sampled_from(["*", "*/2", "1", "0-3", "MON", "L", "5/7", "?", "1,2", "#"]), min_size=5, max_size=5))
def test_no_fields_make_a_schedule_fail_otherwise(fields: list[str]) -> None:
    test_no_text_makes_a_schedule_fail_otherwise.hypothesis.inner_test(" ".join(fields), "UTC")  # type: ignore[attr-defined]  # what it wraps
