"""`Analyst`: asks a model about what is open, beside the cycles, and hands its remarks to the next one.

A cycle never waits for it. What is told and when is decided before anybody looks here; what is found is put beside it.

Threads: all methods are called by the thread of the cycles. An analysis has a thread of its own, one at a time, which
is given a pin and a look of its own, changes nothing of the analyst's, and leaves its outcome in one place:
`_Work.outcome`, assigned once, before `_Work.over` is set. The cycles' thread reads it only after it has seen that set.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, final

from hotagents_k8s_monitor.analysis.asking import ask_about
from hotagents_k8s_monitor.analysis.model import Model
from hotagents_k8s_monitor.analysis.outcome import Question, fingerprints_of
from hotagents_k8s_monitor.analysis.thoughts import Thoughts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from typing import Any

    from hotagents import Clock, Cycle
    from hotagents_k8s_monitor.analysis.asking import ClosableAsks, Sources
    from hotagents_k8s_monitor.analysis.budget import Budget
    from hotagents_k8s_monitor.analysis.keeping import Entry, Kept
    from hotagents_k8s_monitor.analysis.model import Access
    from hotagents_k8s_monitor.analysis.outcome import Outcome
    from hotagents_k8s_monitor.analysis.terms import Terms
    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.incidents import Incident
    from hotagents_k8s_monitor.policy import Policy

__all__ = ["Analyst"]

_MOST_INCIDENTS: Final = 10  # an analysis, the worst first; the others' turn comes with the next
_LONGEST_PAUSE: Final = 6 * 3600.0
_MOST_DOUBLINGS: Final = 10


@final
class Analyst:
    """Asks a model where something is open that was not analysed yet, and not more often than the terms say.

    Args:
        where: The model.
        terms: What an analysis may take.
        kept: What need not be asked again.
        sources: Where agents look.
        clock: Where time comes from.
        waits: Whether `think` waits until an analysis is over, as is right for a single look.
        shown: Called with each body before it is sent; in the thread of a request.
        sends: Whether anything is sent.
    """

    def __init__(
        self,
        where: Access,
        terms: Terms,
        kept: Kept,
        sources: Sources,
        *,
        clock: Clock,
        waits: bool = False,
        shown: Callable[[Any], None] | None = None,
        sends: bool = True,
    ) -> None:
        self._where: Final = where
        self._terms: Final = terms
        self._kept: Final = kept
        self._sources: Final = sources
        self._clock: Final = clock
        self._waits: Final = waits
        self._shown: Final = shown
        self._sends: Final = sends
        self._cancelled: Final = threading.Event()
        self._not_before = 0.0
        self._work: _Work | None = None

    @property
    def asks(self) -> str:
        """Whom it asks, for people."""
        return f"{self._where.host}, {self._terms.models['inherit']}"

    def open(self) -> None:
        """Remember what earlier processes asked, and how lately."""
        now = self._clock.now()
        self._kept.load(now)
        if self._kept.attempted_at is not None:
            ago = (now - self._kept.attempted_at).total_seconds()
            pause = self._pause(0.0)
            # A clock that was set back must not stop it for longer than its pause.
            self._not_before = self._clock.monotonic() + min(max(pause - ago, 0.0), pause)

    def close(self) -> None:
        """End an analysis that runs, without waiting for it, and keep what was found."""
        self._cancelled.set()
        work, self._work = self._work, None
        if work is not None and work.over.is_set():
            self._take(work.outcome)
        self._kept.save(self._clock.now())

    def think(self, cycle: Cycle, policy: Policy, snapshot: Snapshot, incidents: Iterable[Incident]) -> Thoughts:
        """Return what there is to say of these incidents, and ask about those of which nothing is known.

        Args:
            cycle: The cycle.
            policy: What its generation says.
            snapshot: What it saw.
            incidents: Those that go on.
        """
        now = self._clock.now()
        open_ones = sorted(incidents, key=lambda incident: (incident.severity, incident.owner))
        ended = self._ended(now)
        unknown = self._unknown(cycle, open_ones, now)
        if unknown and self._work is None and self._clock.monotonic() >= self._not_before:
            question = Question(
                pin=cycle.pin.duplicate(),
                policy=policy,
                snapshot=snapshot,
                incidents=tuple(unknown[:_MOST_INCIDENTS]),
                at=now,
                logger=cycle.logger,
            )
            work = self._begin(question, now)
            if self._waits:
                work.over.wait()
                ended = self._ended(now)
                unknown = self._unknown(cycle, open_ones, now)
        return self._thoughts(cycle, open_ones, ended, is_known=not unknown, now=now)

    def _unknown(self, cycle: Cycle, incidents: Iterable[Incident], now: datetime) -> list[Incident]:
        return [incident for incident in incidents if self._found(cycle, incident, now) is None]

    def _found(self, cycle: Cycle, incident: Incident, now: datetime) -> Entry | None:
        return self._kept.find(cycle.generation.digest, fingerprints_of(incident), now)

    def _begin(self, question: Question, now: datetime) -> _Work:
        self._kept.attempted_at = now
        self._not_before = self._clock.monotonic() + self._terms.interval
        budget = self._terms.budget(self._cancelled)
        model = Model(self._where, budget, emails=self._terms.emails, shown=self._shown, sends=self._sends)
        self._work = work = _Work(question, model, budget, self._sources, self._terms)
        work.start()
        return work

    def _ended(self, now: datetime) -> tuple[Outcome, str] | None:
        """Take the outcome of an analysis that is over; return it, and what of it could not be written, in words."""
        if self._work is None or not self._work.over.is_set():
            return None
        work, self._work = self._work, None
        self._take(work.outcome)
        return work.outcome, self._kept.save(now)

    def _take(self, outcome: Outcome) -> None:
        if outcome.state == "ok":
            self._kept.add(outcome, self._clock.now())
        self._kept.failures = 0 if outcome.state == "ok" else self._kept.failures + 1
        self._kept.trouble = "" if outcome.state == "ok" else f"analysis {outcome.state}: {outcome.said}"
        if outcome.state != "ok":
            pause = max(self._pause(outcome.retry_after) - outcome.seconds, 0.0)
            self._not_before = max(self._not_before, self._clock.monotonic() + pause)

    def _pause(self, wish: float) -> float:
        """Return the seconds from the beginning of an analysis to that of the next; longer with each failure."""
        doublings = min(max(self._kept.failures - 1, 0), _MOST_DOUBLINGS)
        return max(min(self._terms.interval * 2.0**doublings, _LONGEST_PAUSE), min(wish, _LONGEST_PAUSE))

    def _thoughts(
        self,
        cycle: Cycle,
        incidents: Iterable[Incident],
        ended: tuple[Outcome, str] | None,
        *,
        is_known: bool,
        now: datetime,
    ) -> Thoughts:
        remarks = {}
        for incident in incidents:
            entry = self._found(cycle, incident, now)
            if entry is not None and entry.remark is not None:
                remarks[incident.id] = entry.remark
        outcome, untold = ended if ended is not None else (None, "")
        return Thoughts(
            remarks=remarks,
            trouble="" if is_known else self._kept.trouble,
            outcome=outcome,
            is_asked=self._work is not None,
            untold=untold,
        )


@final
class _Work(threading.Thread):
    """One analysis in a thread of its own; a daemon, since a model may never answer."""

    outcome: Outcome

    def __init__(
        self,
        question: Question,
        model: ClosableAsks,
        budget: Budget,
        sources: Sources,
        terms: Terms,
    ) -> None:
        super().__init__(name="k8s-monitor-analysis", daemon=True)
        self.over = threading.Event()
        self._question = question
        self._model = model
        self._budget = budget
        self._sources = sources
        self._terms = terms

    def run(self) -> None:
        """Do it; `over` is set in the end, whatever comes."""
        try:
            self.outcome = ask_about(self._question, self._model, self._budget, self._sources, self._terms)
        finally:
            self._question.pin.close()
            self.over.set()
