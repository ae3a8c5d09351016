"""`converse`: a model and its tools, from a question to an answer.

The API calls nothing by itself: each answer either says something or asks for calls, which are made here and answered
all in one message. What a call may do is asked at that moment, not when the conversation began.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Protocol

from hotagents_k8s_monitor.analysis.errors import AnalysisError, BudgetError
from hotagents_k8s_monitor.analysis.prompts import HURRY
from hotagents_k8s_monitor.analysis.replies import with_ids_of_its_own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hotagents_k8s_monitor.analysis.replies import Reply, ToolUse

__all__ = ["Asks", "converse"]

_MOST_CALLS: Final = 20  # of one answer; what is asked for beyond them is not done
# Characters that go into a conversation at once: all of it is redacted again with each request that follows.
_LONGEST_REPLY: Final = 150_000
_LONGEST_RESULT: Final = 60_000


class Asks(Protocol):
    """Who answers; `hotagents_k8s_monitor.analysis.model.Model` is one."""

    @property
    def turns_left(self) -> int:
        """Requests that may still be made, by whomever."""
        ...

    def ask(self, request: Mapping[str, Any], *, leaving: int = 0) -> Reply:
        """Return the answer to one request."""
        ...

    def check(self, *, leaving: int = 0) -> None:
        """Raise what `ask` would raise now without asking."""
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
    ids: set[str] = set()
    for turn in range(turns):
        asked = {**request, "messages": list(messages)}
        reply = with_ids_of_its_own(model.ask(asked, leaving=leaving), ids)
        if not reply.uses and not reply.paused:
            return _spoken(reply)
        if turn == turns - 1:
            break
        _say(messages, list(reply.content))
        if reply.uses:
            results = list(_results(reply.uses, answer, lambda: model.check(leaving=leaving)))
            left = min(turns - turn - 1, model.turns_left - leaving)
            hurry = [{"type": "text", "text": HURRY}] if left <= 1 else []
            messages.append({"role": "user", "content": [*results, *hurry]})
    raise BudgetError(f"the model came to no end in {turns} turns")


def _results(
    uses: Iterable[ToolUse], answer: Callable[[ToolUse], Mapping[str, Any]], check: Callable[[], None]
) -> Iterator[dict[str, Any]]:
    for number, use in enumerate(uses):
        if number >= _MOST_CALLS:
            yield _left_out(use, f"not done: at most {_MOST_CALLS} calls at once")
            continue
        check()  # a call may take seconds, and there may be many
        result = dict(answer(use))
        length = len(str(result.get("content")))
        yield result if length <= _LONGEST_RESULT else _left_out(use, f"left out: it has {length} characters")


def _left_out(use: ToolUse, said: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": use.id, "content": said, "is_error": True}


def _spoken(reply: Reply) -> str:
    if not reply.text.strip():
        raise AnalysisError("malformed", "the model answered with nothing")
    return reply.text


def _say(messages: list[dict[str, Any]], content: list[Any]) -> None:
    """Add what the model said; what it said before a pause is the beginning of the same message.

    Raises:
        AnalysisError: If it may not be sent back.
    """
    if not content:
        raise AnalysisError("malformed", "the model paused without having said anything")
    if len(json.dumps(content)) > _LONGEST_REPLY:
        raise AnalysisError("malformed", "the model's answer is far longer than was asked for")
    if messages[-1]["role"] == "assistant":
        messages[-1] = {"role": "assistant", "content": [*messages[-1]["content"], *content]}
    else:
        messages.append({"role": "assistant", "content": content})
