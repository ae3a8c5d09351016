"""``cronjob-missed``: a CronJob that has not succeeded for a whole turn of its schedule.

A run may begin late by ``startingDeadlineSeconds`` and take until the next one; so it is missed once the time after it
has come too, and nothing succeeded since. What is suspended waits on purpose. One that is still at work and lets no
other begin meanwhile (``Forbid``) misses nothing, however long it takes; nor does one whose runs begin in time and
overlap. Its Jobs say when one succeeded, too; one that never did counts from when it was made.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents_k8s_monitor.cluster.objects import at, count_at, items_at, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.monitor_blind import blind
from hotagents_k8s_monitor.rules.owners import above_job, is_leaving, itself
from hotagents_k8s_monitor.rules.schedules import ScheduleError, schedule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Snapshot
    from hotagents_k8s_monitor.findings import Owner

__all__ = ["RULE"]

_ID: Final = "cronjob-missed"
_GRACE: Final = timedelta(minutes=2)  # for the controller to begin, and to write down what it did
_MOST_SECONDS: Final = 86_400
_LONGEST: Final = 60


class _Runs(NamedTuple):
    """What the Jobs of a CronJob say: when one succeeded last, and when the latest at work was made."""

    succeeded: datetime | None = None
    at_work: datetime | None = None


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    runs = _runs(snapshot)
    for cron in snapshot.all("cronjobs.batch"):
        if at(cron, "spec", "suspend") is True or is_leaving(cron):
            continue
        try:
            turns = schedule(text_at(cron, "spec", "schedule"), text_at(cron, "spec", "timeZone"))
            times = turns.before(snapshot.taken_at - _late(cron), 2)
        except ScheduleError as error:
            said = f"CronJob {itself('CronJob', cron)}: its schedule cannot be read: {error}"
            yield blind("cronjobs.batch", said, impact="at-risk")
            continue
        if len(times) > 1 and _is_missed(cron, times[1], runs.get(itself("CronJob", cron), _Runs())):
            yield _signal(cron, times[0])


def _late(cron: Object) -> timedelta:
    return max(_GRACE, timedelta(seconds=min(count_at(cron, "spec", "startingDeadlineSeconds"), _MOST_SECONDS)))


def _is_missed(cron: Object, due: datetime, runs: _Runs) -> bool:
    scheduled = time_at(cron, "status", "lastScheduleTime")
    succeeded = _latest(time_at(cron, "status", "lastSuccessfulTime"), runs.succeeded)
    begun = succeeded or time_at(cron, "metadata", "creationTimestamp")
    if begun is not None and begun >= due:
        return False
    if runs.at_work is None and not any(True for _ in items_at(cron, "status", "active")):
        return True
    policy, started = text_at(cron, "spec", "concurrencyPolicy"), _latest(scheduled, runs.at_work)
    begins_in_time = policy != "Replace" and started is not None and started >= due
    return policy != "Forbid" and not begins_in_time


def _runs(snapshot: Snapshot) -> dict[Owner, _Runs]:
    found: dict[Owner, _Runs] = {}
    for job in snapshot.all("jobs.batch") if snapshot.all("cronjobs.batch") else ():
        owner, made = above_job(job), time_at(job, "metadata", "creationTimestamp")
        old = found.get(owner, _Runs())
        is_at_work = count_at(job, "status", "active") > 0
        found[owner] = _Runs(
            succeeded=_latest(old.succeeded, time_at(job, "status", "completionTime")),
            at_work=_latest(old.at_work, made if is_at_work else None),
        )
    return found


def _latest(*times: datetime | None) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


def _signal(cron: Object, since: datetime) -> Signal:
    last = text_at(cron, "status", "lastSuccessfulTime")
    return Signal(
        rule=_ID,
        owner=itself("CronJob", cron),
        impact="down",
        message=f"no success since {cut(last, _LONGEST)}" if last else "no success yet",
        objects=(f"cronjob/{name_of(cron)}",),
        since=since,
    )


RULE: Final = Rule(
    id=_ID,
    summary="a CronJob that has not succeeded for a whole turn of its schedule",
    detect=_detect,
    needs=("cronjobs.batch", "jobs.batch"),
    hold=timedelta(0),
)
