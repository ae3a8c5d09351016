"""``job-failed``: a Job that has given up.

Of a CronJob counts what came last: once a later Job of it has done its work, an earlier failure is history.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import condition, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import above_job, is_leaving, itself

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.cluster import Object, Resource, Snapshot
    from hotagents_k8s_monitor.findings import Owner

__all__ = ["RULE"]

_ID: Final = "job-failed"
_LONGEST: Final = 200
_JOBS: Final[tuple[Resource, ...]] = ("jobs.batch",)
_NEVER: Final = datetime.min.replace(tzinfo=timezone.utc)


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    done = _last_success(snapshot)
    for job in snapshot.all("jobs.batch"):
        found = condition(job, "Failed")
        owner = above_job(job)
        if found.get("status") != "True" or is_leaving(job) or _begun(job) < done.get(owner, _NEVER):
            continue
        if owner.kind == "CronJob" and not snapshot.is_whole(_JOBS):  # a later one may have done its work
            yield Signal(rule=_ID, owner=owner, impact=None, message="", lingering=True)
            continue
        said = ": ".join(part for part in (text_at(found, "reason"), text_at(found, "message")) if part)
        yield Signal(
            rule=_ID,
            owner=owner,
            impact="down",
            message=cut(f"Job {name_of(job)} failed: {said}" if said else f"Job {name_of(job)} failed", _LONGEST),
            objects=(f"job/{name_of(job)}",),
            since=time_at(found, "lastTransitionTime"),
        )


def _last_success(snapshot: Snapshot) -> dict[Owner, datetime]:
    """Return when the latest Job that did its work was made, by owner."""
    found: dict[Owner, datetime] = {}
    for job in snapshot.all("jobs.batch"):
        if condition(job, "Complete").get("status") == "True":
            owner = above_job(job)
            found[owner] = max(found.get(owner, _NEVER), _begun(job))
    for cron in snapshot.all("cronjobs.batch"):  # its successful Jobs may be gone already
        scheduled = time_at(cron, "status", "lastScheduleTime")
        done = time_at(cron, "status", "lastSuccessfulTime")
        if done is not None and scheduled is not None and done > scheduled:
            owner = itself("CronJob", cron)
            found[owner] = max(found.get(owner, _NEVER), done)
    return found


def _begun(job: Object) -> datetime:
    return time_at(job, "metadata", "creationTimestamp") or time_at(job, "status", "startTime") or _NEVER


RULE: Final = Rule(
    id=_ID,
    summary="a Job that has given up; of a CronJob, unless a later one did its work",
    detect=_detect,
    needs=_JOBS,
    uses=("cronjobs.batch",),
    hold=timedelta(0),
)
