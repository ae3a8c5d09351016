"""`Restarts`: how often containers had been started anew at the looks of the last minutes.

What a container counts says little: 400 restarts may be a year old. So what is kept is when the number changed, for as
long as a rule may ask. A container that was not there at the last look had none then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.cluster.objects import count_at, items_at, text_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents_k8s_monitor.cluster.snapshot import Object, Snapshot

__all__ = ["LONGEST", "Restarts"]

LONGEST: Final = timedelta(hours=1)
"""For how long it is kept when a number changed."""

_NONE: Final[Mapping[str, tuple[tuple[datetime, int], ...]]] = MappingProxyType({})


@final
@dataclass(frozen=True, slots=True)
class Restarts:
    """Immutable.

    Attributes:
        at: When a look last saw all pods; None before the first.
        changes: When a container's number was first seen and when it changed, oldest first, by pod and container;
            nothing of one that never restarted.
        is_partial: Whether it holds only what changed, as it comes from disk: of another container nothing is known.
    """

    at: datetime | None = None
    changes: Mapping[str, tuple[tuple[datetime, int], ...]] = field(default_factory=lambda: _NONE)
    is_partial: bool = False

    def after(self, snapshot: Snapshot) -> Restarts:
        """Return it after a look; as it is where that did not see all pods."""
        now = snapshot.taken_at
        if not snapshot.is_whole(("pods",)):
            return self
        # Over a long pause nobody knows when a number grew, and a clock that was set back has no order.
        before = self if self.at is not None and timedelta(0) <= now - self.at < LONGEST else Restarts()
        changes = {key: before._with(key, count, now) for key, count in _counted(snapshot) if count}  # noqa: SLF001 - its own
        return Restarts(now, MappingProxyType(changes))

    def within(self, pod: Object, container: str, window: timedelta) -> int:
        """Return how often a container of a pod was started anew within a time up to the last look."""
        changes = self.changes.get(_key(pod, container), ())
        if self.at is None or not changes:
            return 0
        begin = self.at - window
        earlier = [count for at, count in changes if at <= begin]
        return max(0, changes[-1][1] - (earlier[-1] if earlier else changes[0][1]))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values, seconds since 1970 and numbers, of what changed: the rest is seen anew."""
        changed = {key: some for key, some in self.changes.items() if len(some) > 1}
        return {key: [[_seconds(at), count] for at, count in some] for key, some in sorted(changed.items())}

    @classmethod
    def from_dict(cls, values: Any) -> Restarts:
        """Return what `to_dict` described.

        Raises:
            ArithmeticError, AttributeError, OSError, TypeError, ValueError: If the values describe none.
        """
        changes = {str(key): tuple((_time(at), int(count)) for at, count in some) for key, some in values.items()}
        if not changes:
            return cls()
        last = max((at for some in changes.values() for at, _ in some), default=None)
        return cls(last, MappingProxyType({key: some for key, some in changes.items() if some}), is_partial=True)

    def _with(self, key: str, count: int, now: datetime) -> tuple[tuple[datetime, int], ...]:
        new = () if self.at is None or self.is_partial else ((self.at, 0),)
        known = self.changes.get(key, new)
        if not known or count < known[-1][1]:
            return ((now, count),)
        later = [change for change in known if now - change[0] < LONGEST]
        earlier = known[len(known) - len(later) - 1 : len(known) - len(later)] if len(later) < len(known) else ()
        grown = ((now, count),) if count > known[-1][1] else ()
        return (*earlier, *later, *grown)


def _counted(snapshot: Snapshot) -> Iterator[tuple[str, int]]:
    for pod in snapshot.all("pods"):
        for section in ("initContainerStatuses", "containerStatuses"):
            for status in items_at(pod, "status", section):
                yield _key(pod, text_at(status, "name")), count_at(status, "restartCount")


def _key(pod: Object, container: str) -> str:
    return f"{text_at(pod, 'metadata', 'uid')}/{container}"


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _time(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), timezone.utc)
