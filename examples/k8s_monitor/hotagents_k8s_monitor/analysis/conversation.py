"""`converse`: a model and its tools, from a question to an answer.

The API calls nothing by itself: each answer either says something or asks for calls, which are made here and answered
all in one message. What a call may do is asked at that moment, not when the conversation began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from hotagents_k8s_monitor.analysis.errors import AnalysisError, BudgetError
from hotagents_k8s_monitor.analysis.prompts import HURRY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.analysis.replies import Reply, ToolUse

__all__ = ["Asks", "converse"]


class Asks(Protocol):
    """Who answers; `hotagents_k8s_monitor.analysis.model.Model` is one."""

    def ask(self, request: Mapping[str, Any], *, leaving: int = 0) -> Reply:
        """Return the answer to one request."""
        ...


def converse(
    model: Asks,
    request: Mapping[str, Any],
    question: str,
    *,
    answer: Callable[[ToolUse], Mapping[str, Any]],
    turns: int,
    leaving: int = 0,
) -> str:
    """Return what the model says in the end.

    Args:
        model: Is asked.
        request: What goes with each request beside the messages.
        question: What the user says.
        answer: Makes a call, and returns the ``tool_result`` for it; never raises for what the model gave.
        turns: Requests at most, of this conversation.
        leaving: Requests that must be left of all for whoever asked for this.

    Raises:
        BudgetError: If it did not come to an end in so many turns, or the budget is used up.
        AnalysisError: If an answer cannot be used, or there is none.
    """
    messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
    for turn in range(turns):
        reply = model.ask({**request, "messages": list(messages)}, leaving=leaving)
        if not reply.uses and not reply.paused:
            return _spoken(reply)
        if turn == turns - 1:
            break
        if not reply.content:
            raise AnalysisError("malformed", "the model paused without having said anything")
        _say(messages, list(reply.content))
        if reply.uses:
            hurry = [{"type": "text", "text": HURRY}] if turn == turns - 2 else []
            messages.append({"role": "user", "content": [*(dict(answer(use)) for use in reply.uses), *hurry]})
    raise BudgetError(f"the model came to no end in {turns} turns")


def _spoken(reply: Reply) -> str:
    if not reply.text.strip():
        raise AnalysisError("malformed", "the model answered with nothing")
    return reply.text


def _say(messages: list[dict[str, Any]], content: list[Any]) -> None:
    """Add what the model said; what it said before a pause is the beginning of the same message."""
    if messages[-1]["role"] == "assistant":
        messages[-1] = {"role": "assistant", "content": [*messages[-1]["content"], *content]}
    else:
        messages.append({"role": "assistant", "content": content})
