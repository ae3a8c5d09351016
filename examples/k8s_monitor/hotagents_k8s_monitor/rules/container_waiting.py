"""``container-waiting``: a container that cannot start, or not stay up.

Counts from the pod's own conditions: since when it is not ready, or not initialised. That may be so for another reason
at first, such as a slow start, so it counts from no earlier moment than the container's own: its last fall, less the
back-offs between that and the falls before; or the end of what comes before its first start.

A crash loop that runs for a moment between two falls has a young condition each time; the monitor's memory of it is
older, and the older one counts. So that this memory lasts, a container that runs again after a long back-off lingers,
until the kubelet forgets it too; so does one that has just fallen again, before the kubelet has said that it waits.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.cluster.objects import at, condition, count_at, items_at, name_of, text_at, time_at
from hotagents_k8s_monitor.findings import Signal, cut
from hotagents_k8s_monitor.rules.base import Rule
from hotagents_k8s_monitor.rules.owners import impact_on, is_over, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents_k8s_monitor.cluster import Object, Snapshot

__all__ = ["RULE", "is_looping"]

_ID: Final = "container-waiting"
_REASONS: Final = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
_OF_FALLS: Final = frozenset({"CrashLoopBackOff", "RunContainerError"})  # the others never came so far as to fall
_FIRST_BACK_OFF: Final = timedelta(seconds=10)  # doubled after each fall
_LONGEST_BACK_OFF: Final = timedelta(minutes=5)
_MOST_FALLS: Final = 100  # more make no difference, and any number may stand there
_BACK_OFF: Final = timedelta(seconds=20)  # after the third fall in a row; the first two may have been chance
_FORGOTTEN: Final = timedelta(minutes=10)  # of running, after which the kubelet counts falls anew
_LONGEST: Final = 160
_LONGEST_NAME: Final = 63


def _detect(snapshot: Snapshot) -> Iterator[Signal]:
    for pod in snapshot.all("pods"):
        if is_over(pod):
            continue
        for kind, field in (("init container", "initContainerStatuses"), ("container", "containerStatuses")):
            for status in items_at(pod, "status", field):
                if text_at(status, "state", "waiting", "reason") in _REASONS:
                    yield _signal(pod, kind, status, snapshot)
                elif _is_between_falls(pod, status, snapshot.taken_at):
                    yield Signal(rule=_ID, owner=owner_of(pod, snapshot), impact=None, message="", lingering=True)


def is_looping(pod: Object, now: datetime) -> bool:
    """Say whether a container of a pod cannot start, or falls again and again; what follows is this rule's."""
    return any(
        text_at(status, "state", "waiting", "reason") in _REASONS or _is_between_falls(pod, status, now)
        for field in ("initContainerStatuses", "containerStatuses")
        for status in items_at(pod, "status", field)
    )


def _is_between_falls(pod: Object, status: Any, now: datetime) -> bool:
    begun = time_at(status, "state", "running", "startedAt")
    fell = time_at(status, "lastState", "terminated", "finishedAt")
    if begun is None or fell is None:
        return fell is not None and _has_just_fallen(pod, status, now)
    return begun - fell >= _BACK_OFF and abs(now - begun) < _FORGOTTEN  # either clock may be ahead


def _has_just_fallen(pod: Object, status: Any, now: datetime) -> bool:
    """Say whether a container that fell before has ended, and will be started again."""
    ended, policy = time_at(status, "state", "terminated", "finishedAt"), text_at(pod, "spec", "restartPolicy")
    if ended is None or policy == "Never" or abs(now - ended) >= _FORGOTTEN:
        return False
    is_done = at(status, "state", "terminated", "exitCode") == 0 and (policy != "Always" or status.get("ready") is True)
    return not is_done


def _signal(pod: Object, kind: str, status: Any, snapshot: Snapshot) -> Signal:
    owner = owner_of(pod, snapshot)
    return Signal(
        rule=_ID,
        owner=owner,
        impact=impact_on(owner, snapshot),
        message=f'{kind} "{cut(text_at(status, "name"), _LONGEST_NAME)}": {_said(status)}',
        objects=(f"pod/{name_of(pod)}",),
        since=_since(pod, status, is_init=kind == "init container"),
    )


def _said(status: Any) -> str:
    reason, message = (text_at(status, "state", "waiting", key) for key in ("reason", "message"))
    restarts = count_at(status, "restartCount")
    after = f" after {restarts} restart{'' if restarts == 1 else 's'}" if restarts else ""
    return f"{reason}{after}: {cut(message, _LONGEST)}" if message else f"{reason}{after}"


def _since(pod: Object, status: Any, *, is_init: bool) -> datetime | None:
    unready, restarts = _unready_since(pod, is_init=is_init), count_at(status, "restartCount")
    fell = time_at(status, "lastState", "terminated", "finishedAt")
    if unready is None or (fell is None and restarts):  # it fell, nobody knows when
        return None
    if fell is None:
        return max([unready, *_before_the_first_start(pod, is_init=is_init)])
    looped = _back_offs(restarts) if text_at(status, "state", "waiting", "reason") in _OF_FALLS else timedelta(0)
    return unready if fell - unready <= looped else fell - looped


def _back_offs(falls: int) -> timedelta:
    """Return how long so many falls in a row take at least."""
    pauses = (_FIRST_BACK_OFF * 2 ** min(n, 10) for n in range(min(falls, _MOST_FALLS) - 1))
    return sum((min(pause, _LONGEST_BACK_OFF) for pause in pauses), timedelta(0))


def _before_the_first_start(pod: Object, *, is_init: bool) -> Iterator[datetime]:
    kinds = ("PodReadyToStartContainers",) if is_init else ("PodReadyToStartContainers", "Initialized")
    met = (found for kind in kinds if (found := condition(pod, kind)).get("status") == "True")
    times = [time_at(found, "lastTransitionTime") for found in met]
    times += [
        time_at(other, "state", "terminated", "finishedAt")
        for other in items_at(pod, "status", "initContainerStatuses")
    ]
    yield from (time for time in times if time is not None)


def _unready_since(pod: Object, *, is_init: bool) -> datetime | None:
    # An init container that goes on beside the others, a sidecar, can fall when all are initialised.
    kinds = ("Initialized", "Ready") if is_init else ("Ready",)
    unmet = (found for kind in kinds if (found := condition(pod, kind)) and found.get("status") != "True")
    return time_at(next(unmet, {}), "lastTransitionTime")


RULE: Final = Rule(
    id=_ID,
    summary="a container that cannot start, or not stay up",
    detect=_detect,
    needs=("pods",),
    of_pods=True,
    hold=timedelta(minutes=5),
)
