"""`result_of`: the end of a query as a `CycleResult`. Only an answer that is there, and whole, is ``ok``."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import CycleResult, escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotagents_agent_sdk_runner.settings import Settings

__all__ = ["Ending", "failed", "result_of"]

_LONGEST_TEXT: Final = 100_000
_LONGEST_LINE: Final = 200
_COMPLETED: Final = (None, "completed")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a query ended.

    Attributes:
        message: The ``ResultMessage``; None where there was none.
        error: What went wrong, for people; empty where nothing did.
    """

    message: Any = None
    error: str = ""


def failed(error: str, *, data: Mapping[str, Any] = MappingProxyType({})) -> CycleResult:
    """Return a failed result; the error may be untrusted text, and becomes one line."""
    return CycleResult(status="failed", error=escape(" ".join(error.split())), data=data)


def result_of(ending: Ending, *, settings: Settings, stderr: Sequence[str] = ()) -> CycleResult:
    """Return what the host is told: cost and usage also where the query failed, since they were paid for.

    Where Claude Code gave no result, the last of its lines on ``stderr`` often says why.

    ``data["text"]`` is the answer as the model wrote it, up to 100,000 characters: untrusted, and not escaped.
    """
    message = ending.message
    if message is None:
        error = ending.error or "Claude Code ended without a result"
        return failed(f"{error}; it said: {stderr[-1]}" if stderr else error)
    try:
        data, error = _facts(message), _fault(message, settings) or ending.error
    except (AttributeError, TypeError):  # the SDK checks which fields there are, and not what is in them
        return failed(f"the result has a form that this runner does not know: {ending.error or 'another Claude Code?'}")
    if error:
        return failed(error, data=data)
    first = message.result.strip().splitlines()[0]
    return CycleResult(summary=escape(first, limit=_LONGEST_LINE), data=data)


def _facts(message: Any) -> dict[str, Any]:
    return {
        "session": message.session_id,
        "turns": message.num_turns,
        "seconds": message.duration_ms / 1000,
        "cost_usd": _cost(message.total_cost_usd),
        "usage": message.usage or {},
        "models": message.model_usage or {},
        "refused": len(message.permission_denials or ()),
        "text": (message.result or "")[:_LONGEST_TEXT],
    }


def _cost(found: float | None) -> float | None:
    return found if found is not None and isfinite(found) else None


def _fault(message: Any, settings: Settings) -> str:
    """Return why the result is no answer, or nothing."""
    if message.subtype == "error_max_turns":
        return f"no answer within {settings.max_turns} turns (AGENT_SDK_RUNNER_MAX_TURNS)"
    if message.subtype == "error_max_budget_usd":
        return f"no answer for {settings.max_budget_usd:g} US dollars (AGENT_SDK_RUNNER_MAX_BUDGET_USD)"
    said = (message.result or "").strip()
    if message.is_error or message.subtype != "success":
        why = "" if message.subtype == "success" else message.subtype  # where the model's API failed, it is that
        return "; ".join(filter(None, [why, *(message.errors or ()), said])) or "an error without a word"
    if message.terminal_reason not in _COMPLETED:
        return f"the answer was cut off: {message.terminal_reason}"
    is_seen = any(char.isprintable() and not char.isspace() for char in said)
    return "" if is_seen else "the answer is empty"
