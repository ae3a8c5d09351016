"""``job-too-long``: a Job that has been at work for longer than any should; one that is suspended is not at work.

A Job that says itself for how long it may go on is held to that.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import at, condition, count_at, name_of, time_at
from hotagents_k8s_monitor.findings import Signal
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import above_job, is_leaving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "job-too-long"
_AFTER: Final = timedelta(hours=12)
_HOUR: Final = timedelta(hours=1)
_MOST_SECONDS: Final = 10**9


def _detect(snapshot: Snapshot, *, after: timedelta = _AFTER) -> Iterator[Signal]:
    for job in snapshot.all("jobs.batch"):
        begun = time_at(job, "status", "startTime")
        if begun is None or not _is_at_work(job):
            continue
        own = timedelta(seconds=min(count_at(job, "spec", "activeDeadlineSeconds"), _MOST_SECONDS))
        longest = max(own, after)
        if snapshot.taken_at - begun >= longest:
            yield Signal(
                rule=_ID,
                owner=above_job(job),
                impact="degraded",
                message=f"Job {name_of(job)} has been at work for {(snapshot.taken_at - begun) // _HOUR} hours",
                objects=(f"job/{name_of(job)}",),
                since=begun + longest,
            )


def _is_at_work(job: Object) -> bool:
    is_over = any(condition(job, kind).get("status") == "True" for kind in ("Complete", "Failed", "Suspended"))
    return count_at(job, "status", "active") > 0 and not is_over and not is_leaving(job) and not _is_suspended(job)


def _is_suspended(job: Object) -> bool:
    return at(job, "spec", "suspend") is True


RULE: Final = Rule(
    id=_ID,
    summary="a Job that has been at work for 12 hours or longer",
    detect=_detect,
    needs=("jobs.batch",),
    hold=timedelta(0),
    limits={"after": _AFTER},
)
