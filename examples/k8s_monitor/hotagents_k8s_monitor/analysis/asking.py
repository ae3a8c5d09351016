"""`ask_about`: one analysis from its question to its outcome; it never raises."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final, Protocol

from hotagents import escape
from hotagents_k8s_monitor.analysis.briefing import briefed
from hotagents_k8s_monitor.analysis.conversation import Asks
from hotagents_k8s_monitor.analysis.errors import AnalysisError, BudgetError
from hotagents_k8s_monitor.analysis.looking import looking
from hotagents_k8s_monitor.analysis.orchestrating import Orchestrator
from hotagents_k8s_monitor.analysis.outcome import Outcome, fingerprints_of
from hotagents_k8s_monitor.analysis.results import Form

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.analysis.budget import Budget
    from hotagents_k8s_monitor.analysis.looking import Reads
    from hotagents_k8s_monitor.analysis.outcome import Question, State
    from hotagents_k8s_monitor.analysis.remarks import Remark
    from hotagents_k8s_monitor.analysis.terms import Terms

__all__ = ["ClosableAsks", "ask_about"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")


class ClosableAsks(Asks, Protocol):
    """A model that holds connections."""

    def close(self) -> None:
        """Give them back."""
        ...


def ask_about(
    question: Question, model: ClosableAsks, budget: Budget, reads: Callable[[], Reads], terms: Terms
) -> Outcome:
    """Return what an analysis comes to; whatever goes wrong is an outcome.

    Args:
        question: About what.
        model: Is asked; counts on ``budget``; closed at the end.
        budget: What it may take.
        reads: Makes what is asked for events and logs, which is closed at the end.
        terms: Which models are meant, and whose logs may be read.
    """
    began = time.monotonic()
    remarks: tuple[Remark, ...] = ()
    state: State = "ok"
    reason, said, wait = "", "", 0.0
    try:
        with closing(model), closing(reads()) as reading:
            remarks = _remarks(question, model, reading, terms)
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
        asked=tuple(fingerprints_of(incident) for incident in question.incidents),
        generation=generation.number,
        digest=generation.digest,
        at=question.at,
        seconds=time.monotonic() - began,
        spent=dict(budget.spent),
        dollars=budget.dollars,
        retry_after=wait,
    )


def _remarks(question: Question, model: Asks, reads: Reads, terms: Terms) -> tuple[Remark, ...]:
    named = {f"incident-{number}": incident for number, incident in enumerate(question.incidents, 1)}
    told = {name: briefed(name, incident, question.snapshot, emails=terms.emails) for name, incident in named.items()}
    form = Form(named, question.snapshot, question.at)
    functions = looking(question.snapshot, question.policy, reads, logs_of=terms.logs_of, emails=terms.emails)
    orchestrator = Orchestrator(model, question.pin, models=terms.models, functions=functions, logger=question.logger)
    return form.read(orchestrator.analyse(told, form, turns=terms.turns))
