"""The small values of the configuration: durations, days and times of day, moments, time zones.

Each is read from what a person writes in YAML 1.2 (``15m``, ``"22:00"``, ``2026-12-31``), where a date and a time of
day are text, and refused with a sentence that says what would be right.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, final, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Beginning", "Day", "Duration", "Moment", "Strict", "TimeOfDay", "TimeZone", "Weekly", "shown", "some"]

Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: Final[tuple[Day, ...]] = get_args(Day)
_UNITS: Final = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_DURATION: Final = re.compile("".join(f"(?:([0-9]{{1,9}}){unit})?" for unit in _UNITS))
_DIGITS: Final = 10
_TIME_OF_DAY: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MOMENT: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ].+)?")
_LONGEST: Final = timedelta(days=366)
_YEARS: Final = range(2000, 3000)  # at the ends of the calendar a change of time zone fails


class Strict(BaseModel):
    """A part of the configuration: immutable, and a key that it does not know is an error, since it would do nothing.

    Keys may be written ``like_this`` or ``likeThis``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    seconds = value if isinstance(value, int) and not isinstance(value, bool) else _seconds(value)
    if seconds is None or seconds < 0:
        raise ValueError('expected a duration such as "90s", "15m", "1h30m" or "2d"')
    if seconds > _LONGEST.total_seconds():
        raise ValueError("expected a duration of at most 366 days")
    return timedelta(seconds=seconds)


def _seconds(value: object) -> int | None:
    text = value.strip() if isinstance(value, str) else ""
    if text.isascii() and text.isdecimal() and len(text) < _DIGITS:
        return int(text)  # keys of a mapping are always text
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        return None
    return sum(int(count or 0) * seconds for count, seconds in zip(match.groups(), _UNITS.values(), strict=True))


Duration: TypeAlias = Annotated[timedelta, BeforeValidator(_duration)]
"""Seconds as a number, or ``90s``, ``15m``, ``1h30m``, ``2d``: at most a year, the greater unit first."""


def shown(duration: timedelta) -> str:
    """Return a duration as it may be written: ``1h30m``."""
    seconds, parts = int(duration.total_seconds()), []
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, _UNITS[unit])
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def _time_of_day(value: object) -> object:
    match = _TIME_OF_DAY.fullmatch(value) if isinstance(value, str) else None
    if match is None and not isinstance(value, time):
        raise ValueError('expected a time of day such as "09:00"')
    return value if match is None else time(int(match[1]), int(match[2]))


TimeOfDay: TypeAlias = Annotated[time, BeforeValidator(_time_of_day)]
"""A time of day, ``"09:00"``."""


def _moment(bare: time) -> Callable[[object], object]:
    """Return a reader of moments that takes a date alone for that time on it."""

    def read(value: object) -> object:
        if isinstance(value, datetime):
            return value
        found = _parsed(value, bare)
        if found is None:
            raise ValueError("expected a date such as 2026-12-31, or a time such as 2026-12-31T18:00:00+01:00")
        if found.year not in _YEARS:
            raise ValueError(f"expected a year from {_YEARS[0]} to {_YEARS[-1]}")
        return found

    return read


def _parsed(value: object, bare: time) -> datetime | None:
    match = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        if match[0] == match[1]:
            return datetime.combine(date.fromisoformat(match[0]), bare)
        return datetime.fromisoformat(match[0])
    except ValueError:
        return None


Beginning: TypeAlias = Annotated[datetime, BeforeValidator(_moment(time(0, 0)))]
"""A date, which stands for its first second, or a time; without an offset it is in the configuration's time zone."""

Moment: TypeAlias = Annotated[datetime, BeforeValidator(_moment(time(23, 59, 59)))]
"""A date, which stands for its last second, or a time; without an offset it is in the configuration's time zone."""


def _time_zone(value: object) -> object:
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(value if isinstance(value, str) else "")
    except (OSError, ValueError, LookupError) as error:
        raise ValueError("expected a time zone of the IANA data base, such as Europe/Berlin or UTC") from error


TimeZone: TypeAlias = Annotated[Any, BeforeValidator(_time_zone)]
"""A time zone by its IANA name; a `zoneinfo.ZoneInfo`."""


def some(value: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a list that says which, where none said would mean all.

    Raises:
        ValueError: If it says none.
    """
    if not value:
        raise ValueError("expected at least one, got none; leave the key out to mean all")
    return value


@final
class Weekly(Strict):
    """Hours that return each week, in local time; those that span midnight belong to the day on which they begin.

    They may end at ``"24:00"``. From a time to the same time are 24 hours.
    """

    days: Annotated[tuple[Day, ...], AfterValidator(some)] = _DAYS
    start: Annotated[TimeOfDay, Field(alias="from")]
    end: Annotated[TimeOfDay, Field(alias="to")]

    @field_validator("end", mode="before")
    @classmethod
    def _up_to_midnight(cls, value: object) -> object:
        return "00:00" if value == "24:00" else value

    def covers(self, local: datetime) -> bool:
        """Say whether a local time lies within."""
        day, now = local.weekday(), local.time()
        if self.start < self.end:
            return self._has(day) and self.start <= now < self.end
        return (self._has(day) and now >= self.start) or (self._has(day - 1) and now < self.end)

    def _has(self, day: int) -> bool:
        return _DAYS[day % 7] in self.days
