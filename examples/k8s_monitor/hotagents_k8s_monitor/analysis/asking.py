"""`ask_about`: one analysis from its question to its outcome; it never raises."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, final

from hotagents import escape
from hotagents_k8s_monitor.analysis.briefing import briefed
from hotagents_k8s_monitor.analysis.conversation import Asks
from hotagents_k8s_monitor.analysis.errors import AnalysisError, BudgetError, NothingSentError
from hotagents_k8s_monitor.analysis.looking import looking
from hotagents_k8s_monitor.analysis.orchestrating import Orchestrator
from hotagents_k8s_monitor.analysis.outcome import Outcome
from hotagents_k8s_monitor.analysis.results import Form
from hotagents_k8s_monitor.analysis.reviewing import changes_before, changes_of, reviewing

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.analysis.budget import Budget
    from hotagents_k8s_monitor.analysis.looking import Reads
    from hotagents_k8s_monitor.analysis.outcome import Question, State
    from hotagents_k8s_monitor.analysis.remarks import Remark
    from hotagents_k8s_monitor.analysis.terms import Terms
    from hotagents_k8s_monitor.changes import Changes, ChangeSource

__all__ = ["ClosableAsks", "Sources", "ask_about"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where agents look, beside the look that they are asked about.

    Attributes:
        reads: Makes what is asked for events and logs, for one analysis, which closes it.
        github: Is asked about changes of code; None asks nobody.
    """

    reads: Callable[[], Reads]
    github: ChangeSource | None = None


class ClosableAsks(Asks, Protocol):
    """A model that holds connections."""

    def close(self) -> None:
        """Give them back."""
        ...


def ask_about(
    question: Question,
    model: ClosableAsks,
    budget: Budget,
    sources: Sources,
    terms: Terms,
) -> Outcome:
    """Return what an analysis comes to; whatever goes wrong is an outcome.

    Args:
        question: About what.
        model: Is asked; counts on ``budget``; closed at the end.
        budget: What it may take.
        sources: Where agents look.
        terms: Which models are meant, and whose logs may be read.
    """
    began = time.monotonic()
    remarks: tuple[Remark, ...] = ()
    state: State = "ok"
    reason, said, wait = "", "", 0.0
    try:
        with closing(model), closing(sources.reads()) as reading:
            changes = changes_of(question.pin.generation, sources.github, budget.deadline)
            remarks = _remarks(question, model, reading, terms, changes)
    except NothingSentError:
        remarks = ()
    except BudgetError as error:
        state, reason, said = "stopped", error.reason, error.said
    except AnalysisError as error:
        state, reason, said, wait = "unavailable", error.reason, error.said, error.retry_after
    except Exception as error:
        logger.exception("the analysis failed")
        state, reason, said = "unavailable", "failed", f"unexpected {type(error).__name__}; the log has more"
    generation = question.pin.generation
    return Outcome(
        state=state,
        said=escape(said, limit=400),
        reason=reason,
        remarks=remarks,
        asked=tuple(incident.fingerprints for incident in question.incidents),
        generation=generation.number,
        digest=generation.digest,
        at=question.at,
        seconds=time.monotonic() - began,
        spent=dict(budget.spent),
        dollars=budget.dollars,
        retry_after=wait,
    )


def _remarks(question: Question, model: Asks, reads: Reads, terms: Terms, changes: Changes) -> tuple[Remark, ...]:
    snapshot, emails = question.snapshot, terms.emails
    named = {f"incident-{number}": incident for number, incident in enumerate(question.incidents, 1)}
    told = {
        name: briefed(name, incident, snapshot, changes_before(changes, incident, snapshot), emails=emails)
        for name, incident in named.items()
    }
    form = Form(named, snapshot, question.at)
    seen = looking(snapshot, question.policy, reads, logs_of=terms.logs_of, emails=emails)
    orchestrator = Orchestrator(
        model,
        question.pin,
        models=terms.models,
        functions=lambda name: (*seen, *reviewing(changes, named[name])),
        logger=question.logger,
    )
    return form.read(orchestrator.analyse(told, form, turns=terms.turns))
