"""`Application`: a Deployment with its ReplicaSets and pods at any moment of a scenario; `Life`: one pod's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.testing.building import LONG_AGO, suffix
from hotagents_k8s_monitor.testing.objects import deployment, pod
from hotagents_k8s_monitor.testing.scenarios.parts import owned

if TYPE_CHECKING:
    from hotagents_k8s_monitor.testing.workloads import Progress, Strategy

__all__ = ["Application", "Life"]

_UNPLACED: Final = (
    "0/4 nodes are available: 4 Insufficient cpu. preemption: 0/4 nodes are available: "
    "4 No preemption victims found for incoming pod."
)
_EVER: Final = -1


@final
@dataclass(frozen=True, slots=True)
class Life:
    """What becomes of a pod, in seconds of a scenario; the default has been ready for days, and stays so.

    Attributes:
        node: Where it runs.
        created: When it is made.
        placed: When a node takes it.
        started: When its container runs.
        ready: When it is ready.
        deleted: When it is asked to end; None for never.
        gone: When it has.
        revision: Of the template that it is made from.
    """

    node: str
    created: int = _EVER
    placed: int = _EVER
    started: int = _EVER
    ready: int = _EVER
    deleted: int | None = None
    gone: int | None = None
    revision: int = 1

    def exists(self, second: int) -> bool:
        """Whether the API server has it."""
        return self.created <= second and (self.gone is None or second < self.gone)

    def counts(self, second: int) -> bool:
        """Whether its ReplicaSet counts it: it is there, and was not asked to end."""
        return self.exists(second) and not self.is_ending(second)

    def is_ready(self, second: int) -> bool:
        """Whether it counts and is ready."""
        return self.counts(second) and self.ready <= second

    def is_ending(self, second: int) -> bool:
        """Whether it was asked to end."""
        return self.deleted is not None and self.deleted <= second

    def state(self, second: int, start: datetime) -> dict[str, Any]:
        """Return what is peculiar to it, as arguments of `pod`."""
        found: dict[str, Any] = {"node": self.node, "created": _time(start, self.created)}
        if self.deleted is not None and self.is_ending(second):
            found["deleted"] = _time(start, self.deleted)
        if second < self.placed:
            return found | {"unschedulable": _UNPLACED, "since": _time(start, self.created)}
        found["placed"] = _time(start, self.placed)
        if second < self.started:
            return found | {"waiting": "ContainerCreating", "since": _time(start, self.placed)}
        if second < self.ready:
            return found | {"ready": False, "since": _time(start, self.started)}
        return found | {"since": _time(start, self.ready)}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """A Deployment in the course of a scenario.

    Attributes:
        name: Of it.
        namespace: Of it.
        lives: Of all pods that it has or will have.
        replicas: How many it wants, all the time.
        strategy: Of its roll-out.
        changed: When its template is changed to revision 2, in seconds; None for never.
        short: From when to when fewer are available than it tolerates, in seconds; None for never.
        version: Of its image, for each revision.
    """

    name: str
    namespace: str
    lives: tuple[Life, ...]
    replicas: int
    strategy: Strategy = "RollingUpdate"
    changed: int | None = None
    short: tuple[int, int] | None = None
    version: tuple[str, str] = ("1.0.0", "1.1.0")

    def at(self, second: int, start: datetime) -> list[dict[str, Any]]:
        """Return all its objects at a second of the scenario, which began at ``start``."""
        owner = self._deployment(second, start)
        found = [owner]
        for revision in (1, 2):
            lives = [life for life in self.lives if life.revision == revision]
            if revision == 1 or any(life.created <= second for life in lives):
                found += self._revision(owner, revision, lives, second, start)
        return found

    def _deployment(self, second: int, start: datetime) -> dict[str, Any]:
        is_changed = self.changed is not None and self.changed <= second
        is_seen = self.changed is not None and self.changed < second
        counted = [life for life in self.lives if life.counts(second)]
        progress, progressed = self._progress(second)
        return deployment(
            self.name,
            namespace=self.namespace,
            replicas=self.replicas,
            available=sum(life.is_ready(second) for life in self.lives),
            updated=sum(life.revision == 1 + is_seen for life in counted),
            total=len(counted),
            since=self._since(second, start),
            progress=progress,
            progressed=_time(start, progressed),
            strategy=self.strategy,
            generation=1 + is_changed,
            observed=1 + is_seen,
            revision=1 + is_seen,
            image=self._image(1 + is_changed),
        )

    def _progress(self, second: int) -> tuple[Progress, int]:
        """Return the reason of ``Progressing``, and the second in which it last moved."""
        if self.changed is None or second <= self.changed:
            return "NewReplicaSetAvailable", _EVER
        updated = [life for life in self.lives if life.revision > 1]
        steps = [step for life in updated for step in (life.created, life.ready) if step <= second]
        ends = [life.gone for life in self.lives if life.gone is not None]
        is_done = all(life.is_ready(second) for life in updated) and all(gone <= second for gone in ends)
        if is_done:
            return "NewReplicaSetAvailable", max(*steps, *ends)
        return "ReplicaSetUpdated", max([self.changed, *steps])

    def _since(self, second: int, start: datetime) -> datetime:
        passed = [edge for edge in self.short or () if edge <= second]
        return _time(start, max(passed, default=_EVER))

    def _revision(
        self, owner: dict[str, Any], revision: int, lives: list[Life], second: int, start: datetime
    ) -> list[dict[str, Any]]:
        counted = sum(life.counts(second) for life in lives)
        current = owned(
            owner,
            revision=revision,
            replicas=counted,
            ready=sum(life.is_ready(second) for life in lives),
            image=self._image(revision),
            created=_time(start, min((life.created for life in lives), default=_EVER)),
        )
        names = [f"{current['metadata']['name']}-{suffix(self.name, str(revision), str(n))}" for n in range(len(lives))]
        return [
            current,
            *(
                pod(name, owner=current, **life.state(second, start))
                for name, life in zip(names, lives, strict=True)
                if life.exists(second)
            ),
        ]

    def _image(self, revision: int) -> str:
        return f"{self.name}:{self.version[revision - 1]}"


def _time(start: datetime, second: int) -> datetime:
    return LONG_AGO if second == _EVER else start + timedelta(seconds=second)
