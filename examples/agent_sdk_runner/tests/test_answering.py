"""The end of a query as a result: only an answer that is there, and whole, is ``ok``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from hotagents_agent_sdk_runner.answering import Ending, result_of
from hotagents_agent_sdk_runner.settings import Settings

SETTINGS: Final = Settings(directory=Path("/notes"))


def message(**given: Any) -> Any:
    sdk = pytest.importorskip("claude_agent_sdk", reason="nox -s adapters installs it")
    known = {
        "subtype": "success",
        "duration_ms": 1500,
        "duration_api_ms": 1,
        "is_error": False,
        "num_turns": 2,
        "session_id": "s",
        "total_cost_usd": 0.25,
        "result": "One question.\n\x1b[31mmonday.md",
        "terminal_reason": "completed",
    }
    return sdk.ResultMessage(**(known | given))


def test_an_answer_is_ok_with_its_first_line_its_cost_and_its_text() -> None:
    result = result_of(Ending(message=message(result="\x1b[31mOne question.\nmonday.md")), settings=SETTINGS)
    assert (result.status, result.summary, result.error) == ("ok", "\\x1b[31mOne question.", "")
    assert result.data == {
        "session": "s",
        "turns": 2,
        "seconds": 1.5,
        "cost_usd": 0.25,
        "usage": {},
        "models": {},
        "refused": 0,
        "text": "\x1b[31mOne question.\nmonday.md",
    }


def test_a_long_answer_is_cut() -> None:
    result = result_of(Ending(message=message(result="x" * 1_000_000)), settings=SETTINGS)
    assert (len(result.summary), len(result.data["text"])) == (201, 100_000)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"result": None}, "the answer is empty"),
        ({"result": " \n"}, "the answer is empty"),
        ({"terminal_reason": "aborted_streaming"}, "the answer was cut off: aborted_streaming"),
        ({"is_error": True, "result": "API Error: 529"}, "API Error: 529"),
        (
            {"subtype": "error_during_execution", "result": None, "errors": ["a\n", "b"]},
            "error_during_execution; a ; b",
        ),
        ({"is_error": True, "result": ""}, "an error without a word"),
        ({"subtype": "unheard_of"}, "unheard_of; One question. \\x1b[31mmonday.md"),
        ({"subtype": "error_max_turns"}, "no answer within 20 turns (AGENT_SDK_RUNNER_MAX_TURNS)"),
        ({"subtype": "error_max_budget_usd"}, "no answer for 1 US dollars (AGENT_SDK_RUNNER_MAX_BUDGET_USD)"),
    ],
)
def test_whatever_else_is_a_failure_that_has_its_cost(given: dict[str, Any], said: str) -> None:
    result = result_of(Ending(message=message(**given)), settings=SETTINGS)
    assert (result.status, result.summary, result.error) == ("failed", "", said)
    assert result.data["cost_usd"] == 0.25


def test_an_answer_of_a_program_that_failed_afterwards_is_none() -> None:
    result = result_of(Ending(message=message(), error="exit code 1"), settings=SETTINGS)
    assert (result.status, result.error, result.data["cost_usd"]) == ("failed", "exit code 1", 0.25)


def test_no_result_at_all_is_a_failure() -> None:
    assert result_of(Ending(), settings=SETTINGS).error == "Claude Code ended without a result"
    assert result_of(Ending(error="late"), settings=SETTINGS, stderr=["a", "b"]).error == "late; it said: b"
