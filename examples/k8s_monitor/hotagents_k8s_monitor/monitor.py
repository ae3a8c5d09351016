"""`Monitor`: the runner. One cycle sees, detects, judges by one generation, remembers, tells and records.

A step that fails never reads as "all is well". What could not be seen and a rule that failed are findings; a notifier
that raised and a disk that is full are troubles, said in the cycle's line until they are over; detection goes on.

What is to be told is written, together with a book that takes it for told, before any of it is sent; then the outboxes
take it, and each notes every attempt. So a process may die at any moment, and the next one sends what is missing, once.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from hotagents import CycleResult, SystemClock, escape
from hotagents_k8s_monitor.analysis.thoughts import NO_THOUGHTS, Thoughts
from hotagents_k8s_monitor.composing import messages_of, status_of
from hotagents_k8s_monitor.coverage import coverage
from hotagents_k8s_monitor.delivery import plan, remembered
from hotagents_k8s_monitor.look import Look
from hotagents_k8s_monitor.needs import without_needless_gaps
from hotagents_k8s_monitor.policy import CONTEXT, Policy
from hotagents_k8s_monitor.post import Post, Round
from hotagents_k8s_monitor.tracking import Book, Event, advance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from hotagents import Clock, Cycle, Generation
    from hotagents_k8s_monitor.analysis.analyst import Analyst
    from hotagents_k8s_monitor.analysis.remarks import Remark
    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.delivery import Plan
    from hotagents_k8s_monitor.notify import Notifier
    from hotagents_k8s_monitor.records import Acks, Recorder

__all__ = ["Collects", "Monitor"]

_LONGEST_REMARK: Final = 1500


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

    Args:
        collector: Looks at the cluster; closed at the end.
        post: Sends messages; a notifier alone is one without a memory on disk. Opened at the beginning, closed at the
            end.
        recorder: Keeps state and records; None remembers in this process only.
        acks: What people have taken over; None for nothing.
        analyst: Asks a model about what is open; None asks none.
        clock: Where time comes from.
    """

    name: Final = "k8s-monitor"

    def __init__(
        self,
        collector: Collects,
        post: Post | Notifier,
        *,
        recorder: Recorder | None = None,
        acks: Acks | None = None,
        analyst: Analyst | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._collector = collector
        self._post = post if isinstance(post, Post) else Post([post])
        self._recorder = recorder
        self._acks = acks
        self._analyst = analyst
        self._clock: Clock = SystemClock() if clock is None else clock
        self._book = Book()
        self._policy: tuple[Generation[Any], Policy] | None = None
        self._remarks: Mapping[str, Remark] = NO_THOUGHTS.remarks

    def setup(self) -> None:
        """Remember what was known before the last end, and what was not sent then.

        Raises:
            RecordsError: If a newer version wrote it, or another monitor uses the records.
        """
        if self._recorder is not None:
            self._recorder.claim()
        self._post.open()
        if self._recorder is not None:
            now = self._clock.now()
            # How long looks could not see something counts anew: nobody looked while there was no monitor.
            self._book = self._recorder.load(now).resumed()
            self._post.accept(self._recorder.outgoing, now, perhaps=True)
        if self._analyst is not None:
            self._analyst.open()

    def teardown(self) -> None:
        """Close the connections to the cluster, end sending, and let another monitor have the records."""
        with ExitStack() as ends:
            if self._recorder is not None:
                ends.callback(self._recorder.release)
            ends.callback(self._collector.close)
            if self._analyst is not None:
                ends.callback(self._analyst.close)
            ends.callback(self._post.close)

    def run(self, cycle: Cycle) -> CycleResult:
        """Do one cycle; see the module's text."""
        policy = self._policy_for(cycle)
        snapshot = without_needless_gaps(self._collector.collect(), policy)
        if cycle.cancelled.is_set():  # what would follow would be told and kept by a process that is on its way out
            return CycleResult(status="failed", error="cancelled before the look at the cluster was over")
        now = self._clock.now()
        page, events = advance(self._book, snapshot, policy, now)
        acks = self._acks.in_force(now) if self._acks is not None else {}
        planned = plan(page.incidents.values(), policy, now, acks=acks, warned=page.warned)
        self._book = remembered(page, planned, policy, now)
        thoughts = self._thoughts(cycle, policy, snapshot)
        troubles = self._tell(planned, policy, cycle.generation, now, thoughts)
        look = Look(
            cycle=cycle,
            at=now,
            policy=policy,
            snapshot=snapshot,
            book=self._book,
            told=planned.deliveries,
            troubles=troubles,
            coverage=coverage(policy, snapshot),
            analysis=thoughts.to_dict() if self._analyst is not None else None,
        )
        remarked = list(self._remarked(thoughts, cycle.logger))
        if self._recorder is not None:
            also = (Event(d.incident.id, f"told: {d.kind} as {d.incident.severity}") for d in planned.deliveries)
            unkept = self._recorder.keep(look, page.incidents, [*events, *also, *remarked])
            look = replace(look, troubles=(*troubles, *unkept))
        return CycleResult(summary=look.summary, data=look.to_dict())

    def _policy_for(self, cycle: Cycle) -> Policy:
        generation = cycle.generation
        if self._policy is None or self._policy[0] is not generation:
            self._policy = (generation, Policy.of(generation))
            cycle.logger.info("Loading orchestrator context from %s", CONTEXT)
            cycle.logger.info("Discovered agents: %s", ", ".join(escape(name, limit=100) for name in generation.agents))
            cycle.logger.info("%s", self._uses_of_prose())
        return self._policy[1]

    def _uses_of_prose(self) -> str:
        if self._analyst is None:
            return "findings only: frontmatter acts, prose would need a model and is not used"
        return f"prose is told to a model ({escape(self._analyst.asks, limit=200)}); frontmatter alone decides"

    def _thoughts(self, cycle: Cycle, policy: Policy, snapshot: Snapshot) -> Thoughts:
        """Return what a model has to say of what goes on, after all was decided; a failure of that is said, too."""
        if self._analyst is None:
            return NO_THOUGHTS
        going_on = [i for i in self._book.incidents.values() if i.end is None]
        try:
            thoughts = self._analyst.think(cycle, policy, snapshot, going_on)
        except Exception as error:  # a remark that fails must cost no finding
            cycle.logger.exception("nothing could be asked of a model")
            trouble = f"analysis unavailable: unexpected {type(error).__name__}; the log has more"
            return Thoughts(without={i.id: trouble for i in going_on}, waiting=len(going_on), trouble=trouble)
        if thoughts.outcome is not None:
            level = logging.INFO if thoughts.outcome.state == "ok" else logging.WARNING
            cycle.logger.log(level, "%s", thoughts.outcome)
        return thoughts

    def _remarked(self, thoughts: Thoughts, logger: logging.LoggerAdapter[logging.Logger]) -> Iterator[Event]:
        """Yield what is said of an incident for the first time, if it was said of an earlier one too; log what is new.

        What an earlier process yielded is yielded again, and left out by the recorder.
        """
        new = thoughts.outcome.remarks if thoughts.outcome is not None else ()
        before, self._remarks = self._remarks, thoughts.remarks
        for incident, remark in thoughts.remarks.items():
            if remark in new:
                logger.info("a model's remark on %s: %s", remark.owner, escape(remark.text(), limit=_LONGEST_REMARK))
            if before.get(incident) != remark:
                yield Event(incident, "a model's remark", remark.to_dict())

    def _tell(
        self, planned: Plan, policy: Policy, generation: Generation[Any], now: datetime, thoughts: Thoughts
    ) -> tuple[str, ...]:
        """Hand over what is to be told, and send it; return what of that failed, in words."""
        beside: Any = {
            "annotations": {name: remark.text() for name, remark in thoughts.remarks.items()},
            "unanalysed": thoughts.without,
        }
        messages = messages_of(planned, policy, generation, now, **beside)
        # What could not be written is said by the record, which tries again; people are told all the same.
        if messages and self._recorder is not None:
            self._recorder.commit(self._book, messages)
        untaken = self._post.accept(messages, now)
        if self._recorder is not None and not untaken:
            self._recorder.taken()
        going_on = (i for i in self._book.incidents.values() if i.end is None and i.told is not None)
        cards = tuple(status_of(incident, policy, generation, now, **beside) for incident in going_on)
        unkept = (thoughts.untold,) if thoughts.untold else ()
        return (*untaken, *unkept, *self._post.deliver(Round(cards, policy, now)))
