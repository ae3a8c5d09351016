"""Four ordinary days, on which nobody is to be told anything: a roll-out, a drain, a night of batches, a scaling."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.testing.building import NOW, text_of
from hotagents_k8s_monitor.testing.incidents.scene import NODES, Item, Scene, at, cluster, made
from hotagents_k8s_monitor.testing.objects import deployment, job
from hotagents_k8s_monitor.testing.scenarios.node_drain import node_drain
from hotagents_k8s_monitor.testing.scenarios.parts import owned, pods, steady
from hotagents_k8s_monitor.testing.scenarios.rollout import rollout

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing.recording import Recording

__all__ = ["SCENES"]

_NIGHT: Final = NOW + timedelta(hours=15)
_JOBS: Final = 12
_UP, _READY, _DOWN = 2, 4, 14  # minutes of the scaling


def _framed(recording: Recording) -> Callable[[float], list[Item]]:
    """Return what was in a recording's cluster at a minute: its latest frame."""

    def objects(minute: float) -> list[Item]:
        return list(max((f for f in recording.frames if f.at <= at(minute)), key=lambda frame: frame.at).objects)

    return objects


def _batches(minute: float) -> list[Item]:
    """A Job begins each second minute and takes five; every third one needs a second try."""
    found = cluster(minute, start=_NIGHT)
    cron = made("batch/v1", "CronJob", "import", "batch", spec={"schedule": "*/2 * * * *", "suspend": False})
    cron["status"] = {
        "lastScheduleTime": text_of(at(2 * min(minute // 2, _JOBS - 1), _NIGHT)),
        "lastSuccessfulTime": text_of(at(max(-1, 2 * ((minute - 5) // 2) + 5), _NIGHT)),
    }
    found.append(cron)
    for number in range(_JOBS):
        begin, end = 2.0 * number, 2.0 * number + 5
        if begin > minute:
            continue
        is_done, fails = end <= minute, number % 3 == 0 and begin + 1 <= minute
        this = job(
            f"import-{29405340 + 2 * number}", owner=cron, state="complete" if is_done else "active",
            started=at(begin, _NIGHT), finished=at(end, _NIGHT), failures=int(fails),
        )  # fmt: skip
        found.append(this)
        if fails:
            found += pods(this, NODES[:1], finished="Failed", created=at(begin, _NIGHT), since=at(begin + 1, _NIGHT))
        began = begin + (1 if number % 3 == 0 and fails else 0)
        if is_done:
            found += pods(
                this, NODES[1:2], first=1, finished="Succeeded", created=at(began, _NIGHT), since=at(end, _NIGHT)
            )
        else:
            found += pods(this, NODES[1:2], first=1, created=at(began, _NIGHT), since=at(began + 0.5, _NIGHT))
    return found


def _scaling(minute: float) -> list[Item]:
    """Three replicas become eight, which takes two minutes, and later three again."""
    others = cluster(minute, without=["cart"])
    if not _UP <= minute < _DOWN:
        return [*others, *steady("cart", "shop", NODES[:3])]
    is_ready = minute >= _READY
    owner = deployment(
        "cart", namespace="shop", replicas=8, available=8 if is_ready else 3, total=8, generation=2,
        since=at(_READY if is_ready else _UP), progressed=at(_READY if is_ready else _UP),
        progress="NewReplicaSetAvailable" if is_ready else "ReplicaSetUpdated",
    )  # fmt: skip
    current = owned(owner, replicas=8, ready=8 if is_ready else 3)
    places = [NODES[number % 4] for number in range(5)]
    state = {"since": at(_READY)} if is_ready else {"waiting": "ContainerCreating", "since": at(_UP)}
    return [
        *others,
        owner,
        current,
        *pods(current, NODES[:3]),
        *pods(current, places, first=3, created=at(_UP), **state),
    ]


SCENES: Final = (
    Scene(
        name="ordinary/deploy",
        summary="An ordinary roll-out of two Deployments.",
        minutes=9,
        objects=_framed(rollout()),
    ),
    Scene(
        name="ordinary/drain",
        summary="A node is drained, rebooted and put back.",
        minutes=13,
        objects=_framed(node_drain()),
    ),
    Scene(
        name="ordinary/batch-night",
        summary="A night of Jobs, some of which need a second try.",
        minutes=36,
        objects=_batches,
        start=_NIGHT,
    ),
    Scene(
        name="ordinary/scaling",
        summary="A Deployment is scaled up and down again.",
        minutes=20,
        objects=_scaling,
    ),
)
