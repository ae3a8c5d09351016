"""The example repository of agents is what its workflow would accept."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from hotagents.cli import app

REPOSITORY = Path(__file__).parents[2] / "examples" / "agents_repository"
pytestmark = pytest.mark.skipif(not REPOSITORY.is_dir(), reason="the examples are not here")


def steps() -> list[dict[str, Any]]:
    workflow = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "agents.yml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = workflow["jobs"]["check"]["steps"]
    return found


def commands() -> list[str]:
    lines = [line.strip() for step in steps() for line in step.get("run", "").splitlines()]
    return [line.partition(" | ")[0] for line in lines if line.startswith("hotagents ")]


def test_the_workflow_runs_commands_that_there_are() -> None:
    assert [shlex.split(command)[1] for command in commands()] == ["validate", "render", "diff"]


@pytest.mark.parametrize("command", commands()[:2] if REPOSITORY.is_dir() else [])
def test_what_it_checks_is_so(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    result = CliRunner().invoke(app, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output


def test_it_shows_what_an_edit_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    arguments = shlex.split(commands()[2].replace("../base/agents", "agents"))[1:]
    assert "the same content" in CliRunner().invoke(app, arguments).stdout


def test_nothing_of_a_pull_request_is_put_into_a_command() -> None:
    assert not any("${{" in step.get("run", "") for step in steps())
