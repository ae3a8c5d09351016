"""Durations, times of day, moments, zones and weekly hours: each as people write it, or refused with what to write."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hotagents_k8s_monitor.policy.values import Beginning, Duration, Moment, TimeOfDay, TimeZone, Weekly, shown

BERLIN: Final = ZoneInfo("Europe/Berlin")
ODD: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text(), max_size=2),
    st.from_regex(r"[0-9wdhms:TZ+. -]{0,30}", fullmatch=True),
)  # fmt: skip


def read(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refusal(kind: Any, value: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        read(kind, value)
    (error,) = refused.value.errors()
    return str(error["msg"]).removeprefix("Value error, ")


@pytest.mark.parametrize("kind", [Duration, TimeOfDay, Moment, Beginning, TimeZone])
@given(value=ODD)
def test_whatever_is_written_is_read_or_refused(kind: Any, value: Any) -> None:
    try:
        read(kind, value)
    except ValidationError as error:
        said = str(error)
    else:
        said = "expected"
    assert "expected" in said


# --- durations --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (0, 0),
        ("0", 0),
        ("0s", 0),
        (90, 90),
        ("90", 90),
        ("90s", 90),
        ("15m", 900),
        ("1h30m", 5400),
        (" 2d ", 172_800),
        ("1w2d3h4m5s", 788_645),
        ("090m", 5400),
        (timedelta(minutes=7), 420),
        ("366d", 31_622_400),
        (31_622_400, 31_622_400),
    ],
)
def test_a_duration(value: Any, seconds: int) -> None:
    assert read(Duration, value) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    ["", " ", "soon", "15 m", "15min", "PT15M", "1.5h", "-5m", "5m1h", "5m5m", "m", "\u0661m", "15M", -1, 1.5,
     True, None, [], {}],
)  # fmt: skip
def test_what_is_no_duration(value: Any) -> None:
    assert refusal(Duration, value) == 'expected a duration such as "90s", "15m", "1h30m" or "2d"'


@pytest.mark.parametrize("value", ["367d", "9999999h", "999999999w999999999d", 31_622_401, 10**20, "999999999"])
def test_a_duration_of_more_than_a_year(value: Any) -> None:
    assert refusal(Duration, value) == "expected a duration of at most 366 days"


@pytest.mark.parametrize("value", ["9" * 5000 + "s", "9" * 5000, "1s" * 1000])
def test_a_huge_text_is_no_duration(value: str) -> None:
    assert refusal(Duration, value).startswith("expected a duration such as")


@given(st.integers(0, 31_622_400))
def test_what_is_shown_can_be_written(seconds: int) -> None:
    assert read(Duration, shown(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


# --- times of day -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "expected"), [("00:00", time(0)), ("09:30", time(9, 30)), (time(7), time(7))])
def test_a_time_of_day(value: Any, expected: time) -> None:
    assert read(TimeOfDay, value) == expected


@pytest.mark.parametrize("value", ["9:00", "24:00", "09:60", "09:00:00", "9am", "", "\u0660\u0669:00", 9, None, 1320])
def test_what_is_no_time_of_day(value: Any) -> None:
    assert refusal(TimeOfDay, value) == 'expected a time of day such as "09:00"'


# --- moments ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "end", "beginning"),
    [
        ("2026-12-31", datetime(2026, 12, 31, 23, 59, 59), datetime(2026, 12, 31)),  # noqa: DTZ001 - the zone is the cluster's
        (" 2028-02-29 ", datetime(2028, 2, 29, 23, 59, 59), datetime(2028, 2, 29)),  # noqa: DTZ001
    ],
)
def test_a_date_is_its_end_or_its_beginning(value: str, end: datetime, beginning: datetime) -> None:
    assert (read(Moment, value), read(Beginning, value)) == (end, beginning)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-12-31T18:00", datetime(2026, 12, 31, 18)),  # noqa: DTZ001
        ("2026-12-31 18:00:30", datetime(2026, 12, 31, 18, 0, 30)),  # noqa: DTZ001
        ("2026-12-31T00:00:00", datetime(2026, 12, 31)),  # noqa: DTZ001
        ("2026-12-31t18:00:00Z", datetime(2026, 12, 31, 18, tzinfo=timezone.utc)),
        ("2026-12-31T18:00:00+01:00", datetime(2026, 12, 31, 17, tzinfo=timezone.utc)),
        (datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 1, 1, tzinfo=timezone.utc)),
    ],
)
@pytest.mark.parametrize("kind", [Moment, Beginning])
def test_a_time_is_a_moment(kind: Any, value: Any, expected: datetime) -> None:
    assert read(kind, value) == expected


@pytest.mark.parametrize(
    "value",
    ["", "tomorrow", "31.12.2026", "2026-13-01", "2026-02-29", "20261231", "2026-W01-1", "2026-001", "2026-12-31T25:00",
     "2026-12-31T18:00 Europe/Berlin", "2026-12-31X18:00", "\u0662026-12-31", 20261231, None, True, 1.5],
)  # fmt: skip
@pytest.mark.parametrize("kind", [Moment, Beginning])
def test_what_is_no_moment(kind: Any, value: Any) -> None:
    expected = "expected a date such as 2026-12-31, or a time such as 2026-12-31T18:00:00+01:00"
    assert refusal(kind, value) == expected


@pytest.mark.parametrize("value", ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59-14:00", "1999-12-31", "3000-01-01"])
def test_a_year_in_which_no_clock_can_be_moved(value: str) -> None:
    assert refusal(Moment, value) == "expected a year from 2000 to 2999"


# --- time zones -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", BERLIN])
def test_a_time_zone(value: Any) -> None:
    assert read(TimeZone, value) == ZoneInfo(str(value))


@pytest.mark.parametrize(
    "value",
    ["", "Europe/Berlni", "Berlin", "CET+1", "+01:00", "../../etc/passwd", "/etc/localtime", "Europe", "a\0b",
     "\ud800", "x" * 70_000, None, 5, True, ["UTC"]],
)  # fmt: skip
def test_what_is_no_time_zone(value: Any) -> None:
    expected = "expected a time zone of the IANA data base, such as Europe/Berlin or UTC"
    assert refusal(TimeZone, value) == expected


# --- hours that return each week --------------------------------------------------------------------------------------


def weekly(days: str, begin: str, end: str) -> Weekly:
    said = {"from": begin, "to": end} | ({"days": days.split()} if days else {})
    return Weekly.model_validate(said)


DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONDAY: Final = datetime(2026, 11, 23, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("hours", "covered", "not_covered"),
    [
        (("mon", "09:00", "17:00"), ["0 09:00", "0 16:59"], ["0 08:59", "0 17:00", "1 09:00", "6 09:00"]),
        (("", "09:00", "17:00"), ["0 09:00", "6 09:00"], ["0 17:00"]),
        (("mon", "22:00", "02:00"), ["0 22:00", "0 23:59", "1 01:59"], ["0 00:00", "0 21:59", "1 02:00", "1 22:00"]),
        (("sun", "22:00", "02:00"), ["6 22:00", "0 01:59"], ["6 01:59", "0 22:00"]),
        (("mon", "18:00", "24:00"), ["0 18:00", "0 23:59"], ["1 00:00", "0 17:59"]),
        (("mon", "00:00", "24:00"), ["0 00:00", "0 23:59"], ["1 00:00", "6 23:59"]),
        (("mon", "00:00", "00:00"), ["0 00:00", "0 23:59"], ["1 00:00", "6 23:59"]),
        (("mon", "09:00", "09:00"), ["0 09:00", "1 08:59"], ["0 08:59", "1 09:00"]),
        (("mon tue", "22:00", "06:00"), ["0 22:00", "1 03:00", "1 22:00", "2 05:59"], ["0 03:00", "2 22:00"]),
    ],
)  # fmt: skip
def test_hours_return_on_their_days(hours: Any, covered: list[str], not_covered: list[str]) -> None:
    week = weekly(*hours)
    for moments, expected in ((covered, True), (not_covered, False)):
        for moment in moments:
            day, _, clock = moment.partition(" ")
            at = datetime.combine(MONDAY.date() + timedelta(days=int(day)), time.fromisoformat(clock), BERLIN)
            assert week.covers(at) is expected, moment


@pytest.mark.parametrize(
    ("night", "covered"),
    [
        # In the night to 29 March 2026, 02:00 to 03:00 is left out in Berlin.
        ("2026-03-28T21:59:59Z", True),
        ("2026-03-28T22:00:00Z", True),
        ("2026-03-29T00:59:59Z", True),
        ("2026-03-29T01:00:00Z", False),
        # In the night to 25 October 2026, it comes twice.
        ("2026-10-24T20:00:00Z", True),
        ("2026-10-25T00:29:59Z", True),
        ("2026-10-25T01:29:59Z", True),
        ("2026-10-25T02:00:00Z", False),
    ],
)
def test_hours_over_midnight_follow_the_clock_on_the_wall(night: str, covered: bool) -> None:  # noqa: FBT001
    week = weekly("sat", "22:00", "03:00")
    assert week.covers(datetime.fromisoformat(night).astimezone(BERLIN)) is covered


@given(st.times(), st.times(), st.sets(st.sampled_from(DAYS), min_size=1), st.datetimes())
def test_hours_that_span_midnight_are_an_evening_and_the_morning_after(
    one: time, other: time, days: set[str], at: datetime
) -> None:
    last, first = sorted((f"{one:%H:%M}", f"{other:%H:%M}"))
    evening = weekly(" ".join(days), first, "24:00").covers(at)
    after = " ".join(DAYS[(DAYS.index(day) + 1) % 7] for day in days)
    morning = last != "00:00" and weekly(after, "00:00", last).covers(at)
    assert weekly(" ".join(days), first, last).covers(at) is (evening or morning)


@pytest.mark.parametrize("keys", [("from", "to"), ("start", "end")])
def test_hours_may_be_written_either_way(keys: tuple[str, str]) -> None:
    said = dict(zip(keys, ("09:00", "17:00"), strict=True))
    assert Weekly.model_validate(said) == weekly("", "09:00", "17:00")
