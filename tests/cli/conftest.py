from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from hotagents.cli import app
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

PLUGIN = """
import threading

from pydantic import BaseModel

from hotagents import AgentSpec, CycleResult, RunnerInfo, hookimpl


class Analyst(AgentSpec):
    clusters: tuple[str, ...]


class Context(BaseModel):
    region: str


class Failing:
    def run(self, cycle):
        raise RuntimeError("no cluster\\x1b[2J")


class Printing:
    def run(self, cycle):
        print("a runner's own words")
        cycle.logger.info("forged\\n2026-01-01 INFO nothing happened")
        return CycleResult(summary=f"{len(cycle.generation.agents)} agents")


@hookimpl
def hotagents_runners():
    return [
        RunnerInfo("analyst", "wants clusters", lambda context: Printing(), spec=Analyst),
        RunnerInfo("briefed", "wants a document", lambda context: Printing(), documents={"CLAUDE.md": Context}),
        RunnerInfo("failing", "fails", lambda context: Failing()),
        RunnerInfo("printing", "prints", lambda context: Printing()),
    ]


@hookimpl
def hotagents_validate(candidate, report):
    if "forbidden" in candidate.agents:
        report.error("no agent may be called forbidden", path=candidate.agents["forbidden"].path)
"""


def agent_file(name: str, text: str = "text", *, more: str = "", prompt: str = "Do it.\n") -> str:
    """An agent's file."""
    return f"---\nname: {name}\ndescription: {text}\n{more}---\n{prompt}"


@pytest.fixture
def agent() -> Callable[..., str]:
    return agent_file


@pytest.fixture
def cli() -> Callable[..., Result]:
    """The command line, run in this process."""

    def invoke(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="hotagents")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return invoke


@pytest.fixture
def volume(tmp_path: Path) -> ConfigMapVolume:
    """A volume with one agent."""
    volume = ConfigMapVolume(tmp_path / "agents")
    volume.write({"triage.md": agent_file("triage", more="tools: Read, Grep\n")})
    return volume


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory on the path with an installed plugin, which offers runners, and `echo` where it is not installed."""
    site = tmp_path / "site"
    information = site / "hotagents_cli_tests-1.0.dist-info"
    information.mkdir(parents=True)
    (site / "hotagents_cli_tests.py").write_text(PLUGIN)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: hotagents-cli-tests\nVersion: 1.0\n")
    points = "[hotagents]\ncli-tests = hotagents_cli_tests\n"
    if "echo" not in entry_points(group="hotagents").names:
        points += "echo = hotagents.echo\n"
    (information / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(site))
    return site


@pytest.fixture(autouse=True)
def everywhere(no_thread_is_left: None) -> None:
    """Every test here leaves no thread."""
