"""`Analyst`: asks a model about what is open, beside the cycles, and hands its remarks to the next one.

A cycle never waits for it. What is told and when is decided before anybody looks here; what is found is put beside it.

Threads: all methods are called by the thread of the cycles. An analysis has a thread of its own, one at a time, which
is given a pin and a look of its own, changes nothing of the analyst's, and leaves its outcome in one place:
`_Work.outcome`, assigned once, before `_Work.over` is set. The cycles' thread reads it only after it has seen that set.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final, final

from hotagents import escape
from hotagents_k8s_monitor.analysis.asking import ask_about
from hotagents_k8s_monitor.analysis.looking import looked_into
from hotagents_k8s_monitor.analysis.model import Model
from hotagents_k8s_monitor.analysis.outcome import Question, unfinished
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

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_MOST_INCIDENTS: Final = 10  # an analysis, the worst first; the others' turn comes with the next
_LONGEST_PAUSE: Final = 6 * 3600.0
_MOST_DOUBLINGS: Final = 10
_BEAT: Final = 0.1  # seconds between two looks at whether to wait on
_GRACE: Final = 60.0  # seconds, after which an analysis that should be over is said to hang
_OF_ITS_SIZE: Final = frozenset({"budget", "malformed", "refused", "rejected"})  # of fewer, it may go well
_UNSAID: Final = "a model was asked, and had no remark that could be used"


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
        self._cancelled = threading.Event()
        self._not_before = 0.0
        self._failed = ("", 0.0)
        self._work: _Work | None = None
        self._most = _MOST_INCIDENTS
        self._tries: dict[frozenset[str], int] = {}

    @property
    def asks(self) -> str:
        """Whom it asks, for people."""
        return f"{self._where.host}, {self._terms.models['inherit']}"

    def open(self) -> None:
        """Remember what earlier processes asked, and how lately."""
        self._cancelled = threading.Event()  # what `close` ended stays so
        now = self._clock.now()
        self._kept.load(now)
        if self._kept.attempted_at is not None:
            ago = (now - self._kept.attempted_at).total_seconds()
            # A clock that was set back must not stop it for longer than its interval. A pause after failures is over:
            # whoever has set what was wrong begins anew.
            self._not_before = self._clock.monotonic() + min(max(self._terms.interval - ago, 0.0), self._terms.interval)

    def close(self) -> None:
        """End an analysis that runs, without waiting for it, and keep what was found."""
        self._cancelled.set()
        work, self._work = self._work, None
        if work is not None and work.over.is_set():
            self._take(work.outcome)
        if unkept := self._kept.save(self._clock.now()):
            logger.warning("%s", unkept)

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
        ended, untold = self._ended(now)
        unknown = self._unknown(cycle, open_ones, now)
        if unknown and self._is_due(cycle.generation.digest):
            untold = self._begin(cycle, policy, snapshot, unknown, now) or untold
            if self._waits and _is_over(self._work, cycle):
                ended, untold = self._ended(now)
        return self._thoughts(cycle, open_ones, ended, untold, now)

    def _unknown(self, cycle: Cycle, incidents: Iterable[Incident], now: datetime) -> list[Incident]:
        return [incident for incident in incidents if self._found(cycle, incident, now) is None]

    def _found(self, cycle: Cycle, incident: Incident, now: datetime) -> Entry | None:
        """Return what is known of an incident; a part of another's may have had the same findings, and is not it."""
        entry = self._kept.find(cycle.generation.digest, incident.fingerprints, now)
        is_own = entry is None or entry.remark is None or entry.remark.owner == incident.owner
        return entry if is_own else None

    def _begin(self, cycle: Cycle, policy: Policy, snapshot: Snapshot, unknown: list[Incident], now: datetime) -> str:
        """Begin an analysis, and keep on disk that it began; return what failed of that, in words."""
        self._kept.attempted_at = now
        self._not_before = self._clock.monotonic() + self._terms.interval
        budget = self._terms.budget(self._cancelled)
        model = Model(self._where, budget, emails=self._terms.emails, shown=self._shown, sends=self._sends)
        question = Question(
            policy=policy,
            snapshot=looked_into(snapshot, policy),
            incidents=self._chosen(unknown),
            at=now,
            logger=cycle.logger,
            pin=cycle.pin.duplicate(),  # the last thing that may fail: whoever has it closes it
        )
        hangs_at = self._clock.monotonic() + self._terms.seconds + _GRACE
        self._work = _Work(question, model, budget, self._sources, self._terms, hangs_at=hangs_at)
        whom = escape(self.asks, limit=200)
        cycle.logger.info("asking %s about incidents: %d of %d", whom, len(question.incidents), len(unknown))
        self._work.begin()
        return self._kept.save(now)  # a process that dies of an analysis must not begin with the next one

    def _chosen(self, unknown: list[Incident]) -> tuple[Incident, ...]:
        """Return what is asked about: what failed least often, then the worst."""
        tries = {i.fingerprints: self._tries[i.fingerprints] for i in unknown if i.fingerprints in self._tries}
        self._tries = tries
        return tuple(sorted(unknown, key=lambda incident: tries.get(incident.fingerprints, 0))[: self._most])

    def _ended(self, now: datetime) -> tuple[Outcome | None, str]:
        """Take the outcome of an analysis that is over; return it, and what of it could not be written, in words."""
        if self._work is None or not self._work.over.is_set():
            return None, ""
        work, self._work = self._work, None
        self._take(work.outcome)
        return work.outcome, self._kept.save(now)

    def _take(self, outcome: Outcome) -> None:
        if outcome.state == "ok":
            self._kept.add(outcome, self._clock.now())
            self._kept.failures, self._kept.trouble = 0, ""
            self._most = min(2 * self._most, _MOST_INCIDENTS)
            return
        self._kept.failures += 1
        self._kept.trouble = f"analysis {outcome.state}: {outcome.said}"
        self._tries |= {name: self._tries.get(name, 0) + 1 for name in outcome.asked}
        if outcome.reason in _OF_ITS_SIZE:
            self._most = max(1, self._most // 2)
        began = self._clock.monotonic() - outcome.seconds
        self._not_before = max(self._not_before, began + min(outcome.retry_after, _LONGEST_PAUSE))
        doublings = min(self._kept.failures - 1, _MOST_DOUBLINGS)
        self._failed = outcome.digest, began + min(self._terms.interval * 2.0**doublings, _LONGEST_PAUSE)

    def _is_due(self, digest: str) -> bool:
        """Say whether another may begin: after failures later and later, but for an edit, which may have mended it."""
        failed, until = self._failed
        now = self._clock.monotonic()
        return self._work is None and now >= self._not_before and (now >= until or digest != failed)

    def _thoughts(
        self, cycle: Cycle, incidents: Iterable[Incident], ended: Outcome | None, untold: str, now: datetime
    ) -> Thoughts:
        remarks, without, waiting = {}, {}, 0
        trouble = self._trouble()
        for incident in incidents:
            entry = self._found(cycle, incident, now)
            if entry is None:
                waiting += 1
                without[incident.id] = trouble
            elif entry.remark is None:
                without[incident.id] = _UNSAID
            else:
                remarks[incident.id] = entry.remark
        return Thoughts(
            remarks=remarks,
            without=without,
            waiting=waiting,
            trouble=trouble if waiting else "",
            outcome=ended,
            is_asked=self._work is not None,
            untold=untold,
        )

    def _trouble(self) -> str:
        """Return why nothing is known of what was not analysed yet; empty where that is only to come."""
        if self._work is not None and self._clock.monotonic() >= self._work.hangs_at:
            return "analysis unavailable: the last one hangs, and no other can begin before it ends"
        return self._kept.trouble


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
        *,
        hangs_at: float,
    ) -> None:
        super().__init__(name="k8s-monitor-analysis", daemon=True)
        self.over = threading.Event()
        self.hangs_at = hangs_at
        self._question = question
        self._model = model
        self._budget = budget
        self._sources = sources
        self._terms = terms

    def begin(self) -> None:
        """Start the thread; that there is none to be had is an outcome, too."""
        try:
            self.start()
        except RuntimeError as error:
            self._end(unfinished(self._question, f"no thread for it: {error}"))

    def run(self) -> None:
        """Do it; `over` is set in the end, whatever comes."""
        outcome = unfinished(self._question, "it ended without an outcome; the log has more")
        try:
            outcome = ask_about(self._question, self._model, self._budget, self._sources, self._terms)
        except Exception:
            self._question.logger.exception("the analysis failed")
        finally:
            self._end(outcome)

    def _end(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._question.pin.close()
        self.over.set()


def _is_over(work: _Work | None, cycle: Cycle) -> bool:
    """Wait until an analysis is over, or its cycle was cancelled."""
    while work is not None and not work.over.wait(_BEAT):
        if cycle.cancelled.is_set():
            return False
    return True
