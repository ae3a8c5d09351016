"""When a CronJob should have run: its schedule as Kubernetes reads it, in its time zone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["Schedule", "ScheduleError", "schedule"]

_NAMED: Final = {
    "@annually": "0 0 1 1 *", "@yearly": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_ZONE: Final = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.*)", re.DOTALL)
_EVERY: Final = re.compile(r"@every\s+((?:\d{1,6}(?:h|m|s))+)")
_PART: Final = re.compile(r"(\d+)(h|m|s)")
_SECONDS: Final = {"h": 3600, "m": 60, "s": 1}
_LONGEST: Final = 500
_FIELDS: Final = 5
_OLDEST: Final = timedelta(days=366 * 8)  # 29 February comes once in eight years at the least


class ScheduleError(ValueError):
    """A schedule, or its time zone, that cannot be read."""


class Schedule:
    """The times of one schedule.

    Args:
        expression: Five fields of cron; empty for ``every``, and for one that has no times at all.
        zone: Its time zone.
        every: The pause between two runs, which begin at no certain time.
    """

    def __init__(self, expression: str, zone: tzinfo, every: timedelta | None) -> None:
        self._expression = expression
        self._zone = zone
        self._every = every

    def before(self, now: datetime, count: int) -> tuple[datetime, ...]:
        """Return the last times at or before a moment, the latest first; fewer where there are no more."""
        if self._every is not None:
            return tuple(now - self._every * n for n in range(1, count + 1))
        if not self._expression:
            return ()
        from cronsim import CronSim, CronSimError  # noqa: PLC0415 - not needed where there is no CronJob

        begin = now.astimezone(self._zone) + timedelta(seconds=1)
        found: list[datetime] = []
        try:
            for at in CronSim(self._expression, begin, reverse=True):
                if len(found) == count or now - at.astimezone(timezone.utc) > _OLDEST * count:
                    break
                found.append(at.astimezone(timezone.utc))
        except (CronSimError, OverflowError, StopIteration):
            pass  # it has no more times
        return tuple(found)


@lru_cache(maxsize=1024)  # each CronJob's, at each look
def schedule(text: str, zone: str) -> Schedule:
    """Return a schedule.

    Args:
        text: As in ``spec.schedule``.
        zone: As in ``spec.timeZone``; empty for the controller's, which nearly everywhere is UTC.

    Raises:
        ScheduleError: If it is none.
    """
    text = text.strip()[:_LONGEST]
    if (found := _ZONE.fullmatch(text)) is not None:  # as people wrote it before there was a field for it
        zone, text = zone or found[1], found[2].strip()
    if (every := _EVERY.fullmatch(text)) is not None:
        seconds = sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(every[1]))
        return Schedule("", timezone.utc, timedelta(seconds=max(1, seconds)))
    expression = _NAMED.get(text, text).replace("?", "*")
    if len(expression.split()) != _FIELDS:
        raise ScheduleError("expected five fields")
    return Schedule("" if _is_never(expression) else expression, _zone(zone), None)


def _is_never(expression: str) -> bool:
    """Say whether a schedule names only days that there are not: so is written what people start by hand.

    Raises:
        ScheduleError: If it is none.
    """
    try:
        _refuse_what_is_none(expression)
    except ScheduleError:
        minute, hour, day, _, weekday = expression.split()
        _refuse_what_is_none(f"{minute} {hour} {day} * {weekday}")
        _refuse_what_is_none(f"{minute} {hour} * {expression.split()[3]} {weekday}")
        return True
    return False


def _refuse_what_is_none(expression: str) -> None:
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - not needed where there is no CronJob

    try:
        CronSim(expression, datetime(2000, 1, 1, tzinfo=timezone.utc))
    except CronSimError as error:
        raise ScheduleError(str(error)) from None
    except Exception as error:  # noqa: BLE001 - whatever the library does not expect of an untrusted text
        raise ScheduleError(type(error).__name__) from None


def _zone(name: str) -> tzinfo:
    if name in {"", "UTC", "Etc/UTC"}:
        return timezone.utc
    try:
        return ZoneInfo(name)
    except Exception:  # noqa: BLE001 - it raises many things for what is no name
        raise ScheduleError("no such time zone") from None
