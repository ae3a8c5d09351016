from __future__ import annotations

import io
import json
import logging
import sys
from typing import TYPE_CHECKING

import pytest

from hotagents import CycleResult
from hotagents.cli.logs import logging_to_stderr
from hotagents.cli.output import Output
from hotagents.cli.results import Results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from hotagents.testing import ConfigMapVolume

    Cli = Callable[..., Result]


@pytest.fixture(autouse=True)
def plugins(installed: Path) -> None:
    """Every test here has the runners."""
    assert installed.is_dir()


def test_one_cycle_of_each_runner_and_its_result_decides(cli: Cli, volume: ConfigMapVolume) -> None:
    result = cli("run", volume.path, "--runner", "echo", "--runner", "printing", "--runner", "echo", "--once")
    assert "a runner's own words" in result.stdout
    assert result.stdout.count("[start] generation 1 ") == 1
    assert "  triage  model=inherit  tools=Read, Grep  text" in result.stdout
    assert result.exit_code == 0


def test_a_cycle_that_fails_is_a_finding_and_logged_in_one_line(cli: Cli, volume: ConfigMapVolume) -> None:
    result = cli("run", volume.path, "--runner", "failing", "--runner", "printing", "--once")
    assert result.exit_code == 1
    assert "RuntimeError: no cluster\\x1b[2J" in result.stderr
    assert " INFO runner printing: cycle " in result.stderr


def test_results_are_json_and_nothing_else_is_on_standard_output(cli: Cli, volume: ConfigMapVolume) -> None:
    result = cli("run", volume.path, "--runner", "printing", "--once", "--json")
    (line,) = result.stdout.splitlines()
    facts = json.loads(line)
    assert (facts["runner"], facts["status"], facts["summary"], facts["generation"]) == (
        "printing",
        "ok",
        "1 agents",
        1,
    )
    assert "a runner's own words" in result.stderr


def test_a_runner_cannot_forge_a_line_of_the_log(cli: Cli, volume: ConfigMapVolume) -> None:
    result = cli("run", volume.path, "--runner", "printing", "--once")
    assert "forged\\n2026-01-01 INFO nothing happened" in result.stderr


def test_the_log_can_be_quieter(cli: Cli, volume: ConfigMapVolume) -> None:
    before = logging.getLogger().level
    result = cli("run", volume.path, "--runner", "printing", "--once", "--log-level", "ERROR")
    assert result.stderr == ""
    assert logging.getLogger().level == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--runner", "nobody"], 'no runner "nobody"'),
        (["--runner", "echo", "--interval", "0"], "interval: expected more than 0 seconds"),
        (["--runner", "echo", "--log-level", "loud"], "--log-level: expected one of debug, "),
    ],
)
def test_what_makes_no_sense_is_one_line(cli: Cli, volume: ConfigMapVolume, arguments: list[str], said: str) -> None:
    result = cli("run", volume.path, *arguments)
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert (result.stdout, result.exit_code) == ("", 2)


def test_a_runner_has_to_be_named(cli: Cli, volume: ConfigMapVolume) -> None:
    result = cli("run", volume.path)
    assert "--runner" in result.stderr
    assert result.exit_code == 2


def test_a_traceback_in_the_log_holds_nothing_that_moves_a_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with logging_to_stderr("info"):
        error = RuntimeError("no\x1b[2J\nluck")
        logging.getLogger("hotagents.test").error("it failed", exc_info=error)
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith(" ERROR it failed")
    assert lines[-2:] == ["RuntimeError: no\\x1b[2J", "luck"]


def test_results_that_nobody_waits_for_stop_nothing() -> None:
    stream = io.StringIO()
    results = Results(Output(as_json=True, stream=stream), ["awaited"])
    results.add(CycleResult(runner="another"))
    assert json.loads(stream.getvalue())["runner"] == "another"
    assert not results.ok


def test_a_run_keeps_what_its_runners_finished_on_and_a_later_one_can_start_from_it(
    cli: Cli, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    options = ["--once", "--state-dir", tmp_path / "state", "--on-start-invalid", "last-good", "--wait-for-source", "1"]
    assert cli("run", volume.path, "--runner", "failing", *options).exit_code == 1
    assert not (tmp_path / "state").exists()
    assert cli("run", volume.path, "--runner", "printing", *options).exit_code == 0
    volume.write({"triage.md": "---\nname: triage\n---\n"})
    result = cli("run", volume.path, "--runner", "printing", "--on-invalid", "hold-file", *options)
    assert result.exit_code == 0
    assert "last-good-from-disk: served from disk, since: triage.md:1:1: missing-description" in result.stderr


def test_where_the_last_good_set_does_not_help_both_reasons_are_printed(
    cli: Cli, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    volume.write({"triage.md": "---\nname: triage\n---\n"})
    options = ["--once", "--state-dir", tmp_path / "state", "--on-start-invalid", "last-good"]
    result = cli("run", volume.path, "--runner", "printing", *options)
    assert result.exit_code == 1
    assert "missing-description" in result.stderr
    assert "no last good set could be served in its place" in result.stderr
    assert "last-good.json: there is none" in result.stderr


def test_last_good_needs_a_directory(cli: Cli, volume: ConfigMapVolume) -> None:
    result = cli("run", volume.path, "--runner", "printing", "--on-start-invalid", "last-good")
    assert result.exit_code == 2
    assert "expected a state_dir" in result.stderr
