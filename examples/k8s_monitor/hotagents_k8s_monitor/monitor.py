"""`Monitor`: the runner. One cycle sees, detects, judges by one generation, remembers, tells and records.

A step that fails never reads as "all is well". What could not be seen and a rule that failed are findings; a notifier
that raised and a disk that is full are troubles, said in the cycle's line until they are over; detection goes on.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from hotagents import CycleResult, SystemClock, escape
from hotagents_k8s_monitor.coverage import coverage
from hotagents_k8s_monitor.delivery import deliveries, is_settled
from hotagents_k8s_monitor.look import Look
from hotagents_k8s_monitor.policy import CONTEXT, Policy
from hotagents_k8s_monitor.tracking import Book, Event, advance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from hotagents import Clock, Cycle, Generation
    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.delivery import Delivery
    from hotagents_k8s_monitor.notify import Notifier
    from hotagents_k8s_monitor.records import Recorder

__all__ = ["Collects", "Monitor"]


class Collects(Protocol):
    """What looks at the cluster."""

    def collect(self) -> Snapshot:
        """Return what is seen; never raises for what the cluster answers."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


@final
class Monitor:
    """A `hotagents.Runner`; its methods are called by one thread at a time, as a host does.

    A delivery that was made and a process that died before it was remembered is made once more: at least once.

    Args:
        collector: Looks at the cluster; closed at the end.
        notifier: Takes deliveries.
        recorder: Keeps state and records; None remembers in this process only.
        clock: Where time comes from.
    """

    name: Final = "k8s-monitor"

    def __init__(
        self, collector: Collects, notifier: Notifier, *, recorder: Recorder | None = None, clock: Clock | None = None
    ) -> None:
        self._collector = collector
        self._notifier = notifier
        self._recorder = recorder
        self._clock: Clock = SystemClock() if clock is None else clock
        self._book = Book()
        self._policy: tuple[Generation[Any], Policy] | None = None

    def setup(self) -> None:
        """Remember what was known before the last end.

        Raises:
            RecordsError: If a newer version wrote it, or another monitor uses the records.
        """
        if self._recorder is not None:
            self._recorder.claim()
            # How long looks could not see something counts anew: nobody looked while there was no monitor.
            self._book = self._recorder.load(self._clock.now()).resumed()

    def teardown(self) -> None:
        """Close the connections to the cluster, and let another monitor have the records."""
        try:
            self._collector.close()
        finally:
            if self._recorder is not None:
                self._recorder.release()

    def run(self, cycle: Cycle) -> CycleResult:
        """Do one cycle; see the module's text."""
        policy = self._policy_for(cycle)
        snapshot = self._collector.collect()
        if cycle.cancelled.is_set():  # what would follow would be told and kept by a process that is on its way out
            return CycleResult(status="failed", error="cancelled before the look at the cluster was over")
        now = self._clock.now()
        page, events = advance(self._book, snapshot, policy, now)
        told, troubles = self._tell(page, policy, cycle.generation, now)
        self._book = _remembered(page, told, now)
        look = Look(
            cycle=cycle,
            at=now,
            policy=policy,
            snapshot=snapshot,
            book=self._book,
            told=told,
            troubles=troubles,
            coverage=coverage(policy, snapshot),
        )
        if self._recorder is not None:
            also = (Event(d.incident.id, f"told: {d.kind} as {d.incident.severity}") for d in told)
            unkept = self._recorder.keep(look, page.incidents, [*events, *also])
            look = replace(look, troubles=(*troubles, *unkept))
        return CycleResult(summary=look.summary, data=look.to_dict())

    def _policy_for(self, cycle: Cycle) -> Policy:
        generation = cycle.generation
        if self._policy is None or self._policy[0] is not generation:
            self._policy = (generation, Policy.of(generation))
            cycle.logger.info("Loading orchestrator context from %s", CONTEXT)
            cycle.logger.info("Discovered agents: %s", ", ".join(escape(name, limit=100) for name in generation.agents))
            cycle.logger.info("findings only: frontmatter acts, prose would need a model and is not used")
        return self._policy[1]

    def _tell(
        self, book: Book, policy: Policy, generation: Generation[Any], now: datetime
    ) -> tuple[tuple[Delivery, ...], tuple[str, ...]]:
        """Deliver what is due; what fails stays due."""
        told: list[Delivery] = []
        troubles: list[str] = []
        for delivery in deliveries(book.incidents.values(), policy, now):
            try:
                self._notifier.tell(delivery, generation, now=now)
            except Exception as error:  # noqa: BLE001 - said in the cycle's line, and tried again at the next look
                said = f"{type(error).__name__}: {escape(str(error), limit=200)}"
                troubles.append(f"NOT TOLD {delivery.incident.id}: {said}")
            else:
                told.append(delivery)
        return tuple(told), tuple(troubles)


def _remembered(book: Book, told: Iterable[Delivery], now: datetime) -> Book:
    """Return the book after what was told, without the incidents that ended and of which nobody needs to hear."""
    for delivery in told:
        book = book.told(delivery.incident, now)
    left = {name: incident for name, incident in book.incidents.items() if not is_settled(incident)}
    return replace(book, incidents=MappingProxyType(left))
