"""``pod-not-ready``: a pod on a node that is not ready, for no reason that another rule names.

A pod of a Job need not be ready, nor one of whose containers some have done their work and are not started again, as
the steps of a pipeline; one that is being deleted no longer is. A container that its startup probe still waits for has
as long as that probe gives it; after such a start it counts from the first look on, as nobody says when the start was
over. Where a container cannot start, or not stay up, `container_waiting` says so; where the node is lost,
`node_not_ready` does. What another pod lacked before this one was made does not count: where pods come and go, some are
always young.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.cluster.objects import at, condition, count_at, items_at, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.container_waiting import is_looping
from hotagents_k8s_monitor.rules.owners import controller_of, impact_on, is_on_lost_node, is_over, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import Any

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE"]

_ID: Final = "pod-not-ready"
_LONGEST: Final = 200
_MOST_SECONDS: Final = 86_400  # whatever a probe asks for
_FAILURES, _PERIOD = 3, 10  # of a probe, where it says nothing else
_SLACK: Final = timedelta(minutes=1)


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for pod in snapshot.all("pods"):
        ready = condition(pod, "Ready")
        if text_at(ready, "status") not in {"False", "Unknown"} or is_over(pod) or controller_of(pod)[0] == "Job":
            continue
        if _has_done_its_part(pod):
            continue
        starts = list(_starts(pod))
        if any(snapshot.taken_at < until for until, is_done in starts if not is_done):
            continue
        owner = owner_of(pod, snapshot)
        if is_looping(pod, snapshot.taken_at) or is_on_lost_node(pod, snapshot):
            yield Signal(rule=_ID, owner=owner, impact=None, message="", lingering=True)
            continue
        yield Signal(
            rule=_ID,
            owner=owner,
            impact=impact_on(owner, snapshot),
            message=cut(text_at(ready, "message") or text_at(ready, "reason"), _LONGEST) or "not ready",
            objects=(f"pod/{name_of(pod)}",),
            since=_since(pod, ready, has_slow_start=bool(starts)),
            not_before=time_at(pod, "metadata", "creationTimestamp"),
        )


def _has_done_its_part(pod: Object) -> bool:
    """Say whether a pod is not ready only since containers of it have ended well, and are not started again."""
    if text_at(pod, "spec", "restartPolicy") not in {"Never", "OnFailure"}:
        return False
    unready = [s for s in items_at(pod, "status", "containerStatuses") if s.get("ready") is not True]
    return bool(unready) and all(at(status, "state", "terminated", "exitCode") == 0 for status in unready)


def _starts(pod: Object) -> Iterator[tuple[datetime, bool]]:
    """Yield, of each container that runs and has a startup probe, how long its start may take, and if it is over."""
    probes = {text_at(c, "name"): c["startupProbe"] for c in items_at(pod, "spec", "containers") if _has_probe(c)}
    for status in items_at(pod, "status", "containerStatuses"):
        begun = time_at(status, "state", "running", "startedAt")
        probe = probes.get(text_at(status, "name"))
        if probe is not None and begun is not None:
            yield begun + _longest(probe), at(status, "started") is True


def _has_probe(container: Mapping[str, Any]) -> bool:
    return at(container, "startupProbe") is not None


def _longest(probe: Any) -> timedelta:
    tries = count_at(probe, "failureThreshold", default=_FAILURES) or _FAILURES
    pause = count_at(probe, "periodSeconds", default=_PERIOD) or _PERIOD
    seconds = count_at(probe, "initialDelaySeconds") + tries * (pause + count_at(probe, "timeoutSeconds", default=1))
    return timedelta(seconds=min(seconds, _MOST_SECONDS)) + _SLACK


def _since(pod: Object, ready: Mapping[str, Any], *, has_slow_start: bool) -> datetime | None:
    since = time_at(ready, "lastTransitionTime")
    if since is None or not has_slow_start:
        return since
    begun = [time_at(s, "state", "running", "startedAt") for s in items_at(pod, "status", "containerStatuses")]
    return since if all(at is None or since > at for at in begun) else None  # it had been ready since its start


RULE: Final = Rule(
    id=_ID,
    summary="a pod that has a node and is not ready; not of a Job, not while its startup probe waits",
    detect=_detect,
    needs=("pods",),
    of_pods=True,
    hold=timedelta(minutes=15),
)
