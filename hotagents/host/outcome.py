"""`End` and `outcome`: how a call ended, the result that this makes, and what the log says of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents.diagnostics import escape
from hotagents.plugins import text_of
from hotagents.runner import CycleResult

if TYPE_CHECKING:
    from hotagents.host.execution import Done
    from hotagents.runner import CycleStatus

__all__ = ["LATE", "End", "cycle_logger", "log_error", "log_late_end", "log_result", "log_stuck", "outcome"]

logger: Final = logging.getLogger("hotagents")
LATE: Final = "it ended only after it was asked to"


class End(NamedTuple):
    """How a call ended.

    Attributes:
        done: Its end; None for a call that was given up.
        why: Why it was asked to end, or None.
    """

    done: Done | None
    why: CycleStatus | None


def outcome(end: End) -> CycleResult:
    """Return a result with status, summary, data and error; the rest is the caller's."""
    if end.done is None:
        return CycleResult(status=end.why or "failed", error="it did not end when it was asked to")
    if end.done.error is not None:
        return CycleResult(status=end.why or "failed", error=escape(text_of(end.done.error)))
    value = CycleResult() if end.done.value is None else end.done.value
    if not isinstance(value, CycleResult):
        error = f"run() returned {type(value).__name__}, expected CycleResult"
        return CycleResult(status=end.why or "failed", error=error)
    if end.why is not None:
        return replace(value, status=end.why, error=value.error or LATE)
    return value


def cycle_logger(name: str, cycle: str, generation: int, digest: str) -> logging.LoggerAdapter[logging.Logger]:
    """Return a runner's logger that says in each record whose it is."""
    extra = {"runner": name, "cycle": cycle, "generation": generation, "digest": digest}
    return logging.LoggerAdapter(logging.getLogger(f"hotagents.runner.{name}"), extra)


def log_result(result: CycleResult) -> None:
    """Log one line, an error where the cycle was not ok."""
    if not result.cycle_id:
        logger.error("runner %s: setup failed: %s", *_said(result, result.error.removeprefix("setup: ")))
        return
    logger.log(
        logging.INFO if result.status == "ok" else logging.ERROR,
        "runner %s: cycle %s on generation %d %s in %.3f s: %s",
        escape(result.runner),
        result.cycle_id,
        result.generation,
        result.status,
        result.duration,
        escape(result.error or result.summary),
        extra={"runner": result.runner, "generation": result.generation, "digest": result.digest},
    )


def log_stuck(result: CycleResult, limit: float) -> None:
    """Log that a cycle, or a setup, was given up after ``limit`` seconds and the grace; in place of its result."""
    logger.error(
        "runner %s: %s is past its deadline of %g s and did not end when asked; no further cycle until it does",
        *_said(result, _what(result)),
        limit,
    )


def log_late_end(result: CycleResult, done: Done, late: float) -> None:
    """Log that what was given up has ended after all, ``late`` seconds after that."""
    logger.warning("runner %s: %s ended after all, %.3f s later; cycles go on", *_said(result, _what(result)), late)
    log_error(result.runner, _what(result), done)


def log_error(runner: str, what: str, done: Done | None) -> None:
    """Log, for whoever looks closer, where an error was raised."""
    if done is not None and done.error is not None:
        logger.debug("runner %s: %s raised", escape(runner), what, exc_info=done.error)


def _what(result: CycleResult) -> str:
    return f"cycle {result.cycle_id}" if result.cycle_id else "setup"


def _said(result: CycleResult, text: str) -> tuple[str, str]:
    return escape(result.runner), escape(text)
