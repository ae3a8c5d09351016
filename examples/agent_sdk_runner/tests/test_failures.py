"""What goes wrong is a failed cycle with a sentence; an answer that is not there is never ``ok``."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Final

import pytest

from hotagents import ConfigRegistry
from hotagents_agent_sdk_runner.context import ReadingContext

pytestmark = pytest.mark.timeout(120)

# As much of Claude Code as it takes to be asked.
PROGRAM: Final = """#!{python}
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked["type"] != "control_request":
        break
    told = {{"subtype": "success", "request_id": asked["request_id"], "response": {response}}}
    print(json.dumps({{"type": "control_response", "response": told}}), flush=True)
{end}
"""
MODERN: Final = {"hook_on_failure_supported": True}
RESULT: Final = {
    "type": "result",
    "subtype": "success",
    "duration_ms": 5,
    "duration_api_ms": 1,
    "is_error": False,
    "num_turns": 1,
    "session_id": "s",
    "total_cost_usd": 0.5,
    "result": "Yes.",
}
DEAF: Final = """#!{python}
import os, pathlib, sys
pathlib.Path(sys.argv[0] + ".pid").write_text(str(os.getpid()))
sys.stdin.read()
"""


def program(path: Path, text: str, **given: object) -> Path:
    path.write_text(text.format(python=sys.executable, **given), encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_set_that_was_not_validated_for_this_runner(bench: Any) -> None:
    agent = "---\nname: reader\ndescription: x\npermissionMode: bypassPermissions\n---\n"
    with ConfigRegistry.fixed({"CLAUDE.md": "x", "agents/reader.md": agent}) as bench.registry:
        result = bench.run()
    assert (result.status, result.error) == (
        "failed",
        'document "CLAUDE.md" holds mappingproxy, expected ReadingContext',
    )
    files = {"CLAUDE.md": "---\ntask: x\n---\n", "agents/reader.md": agent}
    with ConfigRegistry.fixed(files, documents={"CLAUDE.md": ReadingContext}) as bench.registry:
        result = bench.run()
    assert (result.status, result.error) == ("failed", 'agent "reader" is a AgentSpec, expected Reader')


def test_a_disk_on_which_nothing_can_be_written(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(bench.home / "missing"))
    result = bench.run()
    assert result.status == "failed"
    assert "No such file or directory" in result.error


def test_a_program_that_is_missing(bench: Any) -> None:
    result = bench.run(program=bench.home / "claude")
    assert result.status == "failed"
    assert f"Claude Code not found at: {bench.home / 'claude'}" in result.error


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("", "Claude Code ended without a result"),
        ("sys.exit(3)", "exit code 3"),
        ("sys.exit('no such model')", "; it said: no such model"),
        ("print('{broken', flush=True)", "Failed to decode JSON"),
        ("print(json.dumps({'type': 'result'}), flush=True)", "MessageParseError"),
    ],
)
def test_a_program_that_ends_without_a_result(bench: Any, end: str, said: str) -> None:
    result = bench.run(program=program(bench.home / "claude", PROGRAM, response=MODERN, end=end))
    assert result.status == "failed"
    assert said in result.error


def test_a_program_too_old_to_refuse_what_a_broken_hook_was_not_asked_about(bench: Any) -> None:
    result = bench.run(program=program(bench.home / "claude", PROGRAM, response={}, end=""))
    assert result.status == "failed"
    assert "does not honor on_failure" in result.error


def test_a_program_that_says_nothing_ends_with_the_time_that_a_cycle_has(bench: Any) -> None:
    result = bench.run(program=program(bench.home / "claude", DEAF), timeout=5)
    assert (result.status, result.error) == ("failed", "no answer within 5 seconds")
    with pytest.raises(ProcessLookupError):
        os.kill(int((bench.home / "claude.pid").read_text(encoding="ascii")), 0)


@pytest.mark.parametrize("signals", ["", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"])
def test_a_program_that_does_not_end_after_its_result_has_its_cost_told(bench: Any, signals: str) -> None:
    given = f"print(json.dumps({RESULT}), flush=True)\n{signals}\nimport time; time.sleep(300)"
    result = bench.run(program=program(bench.home / "claude", PROGRAM, response=MODERN, end=given), timeout=3)
    assert (result.status, result.error) == ("failed", "Claude Code did not end within 3 seconds")
    assert (result.data["cost_usd"], result.data["text"]) == (0.5, "Yes.")


@pytest.mark.parametrize(
    "odd",
    [
        {"duration_ms": None}, {"duration_ms": "5"}, {"result": 7}, {"result": ["x"]}, {"total_cost_usd": "0.5"},
        {"permission_denials": 3}, {"is_error": True, "errors": [7, None]}, {"is_error": True, "errors": 7},
    ],
)  # fmt: skip
def test_a_result_of_another_form_is_a_failure_with_a_sentence(bench: Any, odd: dict[str, Any]) -> None:
    given = f"print(json.dumps({RESULT | odd}), flush=True)"
    result = bench.run(program=program(bench.home / "claude", PROGRAM, response=MODERN, end=given))
    assert result.status == "failed"
    assert result.error == "the result has a form that this runner does not know: another Claude Code?"


def test_a_cost_that_is_no_number_is_none(bench: Any) -> None:
    given = f"print(json.dumps({RESULT} | {{'total_cost_usd': float('nan')}}), flush=True)"
    result = bench.run(program=program(bench.home / "claude", PROGRAM, response=MODERN, end=given))
    assert (result.status, result.data["cost_usd"]) == ("ok", None)


def test_a_model_that_cannot_be_reached(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    result = bench.run()
    assert (result.status, result.summary) == ("failed", "")
    assert result.error.startswith("API Error")


def test_more_turns_than_it_may_take(bench: Any, model: Any, start: Any) -> None:
    result = bench.run(model([start("reader")] * 3), max_turns=2)
    assert (result.status, result.error) == ("failed", "no answer within 2 turns (AGENT_SDK_RUNNER_MAX_TURNS)")
    assert result.data["cost_usd"] > 0


def test_more_money_than_it_may_cost(bench: Any, model: Any, start: Any) -> None:
    result = bench.run(model([start("reader")] * 3), max_budget_usd=0.00001)
    assert (result.status, result.summary) == ("failed", "")
    assert result.error == "no answer for 1e-05 US dollars (AGENT_SDK_RUNNER_MAX_BUDGET_USD)"
    assert result.data["cost_usd"] > 0


def test_an_answer_without_a_word(bench: Any, model: Any) -> None:
    result = bench.run(model(answer="\n"))
    assert (result.status, result.error) == ("failed", "the answer is empty")


def children() -> set[int]:
    """Processes that this one has started and that have not ended."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
        if int(stat.rpartition(")")[2].split()[1]) == os.getpid():
            found.add(int(entry.name))
    return found


class Silent:
    """A model that has been asked and does not answer."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.released = threading.Event()

    def __call__(self, _request: dict[str, Any]) -> list[dict[str, Any]]:
        self.asked.set()
        self.released.wait(60)
        return [{"type": "text", "text": "late"}]


@pytest.mark.parametrize("answer", ["\u200b", "\u2028\ufeff", "\u202e \x00"])
def test_an_answer_in_which_nothing_can_be_seen_is_empty(bench: Any, answer: str) -> None:
    given = f"print(json.dumps({RESULT | {'result': answer}}), flush=True)"
    result = bench.run(program=program(bench.home / "claude", PROGRAM, response=MODERN, end=given))
    assert (result.status, result.error) == ("failed", "the answer is empty")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed in /proc")
def test_a_cycle_that_is_cancelled_ends_with_its_program(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.api.server, "handle_error", lambda *_: None)  # its answer finds nobody
    model, before, during = Silent(), children(), set[int]()

    def cancel() -> None:
        if model.asked.wait(60):
            during.update(children() - before)
        bench.cancelled.set()

    thread = threading.Thread(target=cancel)
    thread.start()
    result = bench.run(model)
    thread.join()
    after = children()
    model.released.set()
    assert (result.status, result.error) == ("failed", "cancelled")
    assert during
    assert during & after == set()


def test_a_cycle_that_was_cancelled_before_it_began_asks_nothing(bench: Any, model: Any) -> None:
    bench.cancelled.set()
    said = model()
    result = bench.run(said)
    assert (result.status, result.error) == ("failed", "cancelled")
    assert said.requests == []


def test_a_directory_that_is_missing_is_said_before_the_first_cycle(bench: Any) -> None:
    with pytest.raises(Exception, match="AGENT_SDK_RUNNER_DIRECTORY: expected a directory, got /nowhere"):
        bench.run(directory=Path("/nowhere"))
