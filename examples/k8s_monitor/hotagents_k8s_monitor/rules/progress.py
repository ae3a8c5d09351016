"""From when on it counts that a workload lacks pods: a StatefulSet and a DaemonSet do not say so, but their pods do.

A roll-out of two hundred pods takes an hour in which some are always missing, each for a minute. So it counts from the
oldest pod that is not ready, and during a roll-out not before the newest one was made. A pod that was started anew
looks young each time, so of it counts when it was made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hotagents_k8s_monitor.cluster.objects import condition, count_at, items_at, time_at
from hotagents_k8s_monitor.rules.owners import is_over, owner_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Snapshot
    from hotagents_k8s_monitor.findings import Owner

__all__ = ["Progress", "progress_of"]


class Progress(NamedTuple):
    """What the pods of an owner say.

    Attributes:
        unready: Since when those that are not ready are not, the oldest first; one that does not say is left out.
        made: When the newest was made.
        of_unready: When those that are not ready were made, the oldest first.
    """

    unready: tuple[datetime, ...] = ()
    made: datetime | None = None
    of_unready: tuple[datetime, ...] = ()

    def not_before(self, missing: int, *, is_rolling: bool) -> datetime | None:
        """Return from when on it counts that so many pods are missing; None for any time."""
        oldest = self.unready[0] if self.unready and len(self.unready) >= missing else None
        times = [time for time in (oldest, self.made if is_rolling else None) if time is not None]
        return max(times, default=None)

    def since_made(self, missing: int) -> datetime | None:
        """Return when the oldest that is not ready was made; None where fewer pods than are missing say it."""
        return self.of_unready[0] if self.of_unready and len(self.of_unready) >= missing else None


def progress_of(kind: str, snapshot: Snapshot) -> Mapping[Owner, Progress]:
    """Return what the pods of all owners of a kind say."""
    found: dict[Owner, list[Object]] = {}
    for pod in snapshot.all("pods"):
        owner = owner_of(pod, snapshot)
        if owner.kind == kind and not is_over(pod):
            found.setdefault(owner, []).append(pod)
    return {owner: Progress(_unready(pods), _made(pods), _of_unready(pods)) for owner, pods in found.items()}


def _unready(pods: list[Object]) -> tuple[datetime, ...]:
    times = (_unready_since(pod) for pod in pods if condition(pod, "Ready").get("status") != "True")
    return tuple(sorted(time for time in times if time is not None))


def _unready_since(pod: Object) -> datetime | None:
    made = time_at(pod, "metadata", "creationTimestamp")
    fell = any(count_at(status, "restartCount") for status in items_at(pod, "status", "containerStatuses"))
    changed = None if fell else time_at(condition(pod, "Ready"), "lastTransitionTime")
    return max((time for time in (made, changed) if time is not None), default=None)


def _of_unready(pods: list[Object]) -> tuple[datetime, ...]:
    unready = (pod for pod in pods if condition(pod, "Ready").get("status") != "True")
    times = (time_at(pod, "metadata", "creationTimestamp") for pod in unready)
    return tuple(sorted(time for time in times if time is not None))


def _made(pods: list[Object]) -> datetime | None:
    times = (time_at(pod, "metadata", "creationTimestamp") for pod in pods)
    return max((time for time in times if time is not None), default=None)
