from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from hotagents.testing import ConfigMapVolume

    Cli = Callable[..., Result]
    Agent = Callable[..., str]

CLASSES = """
from pydantic import BaseModel
from hotagents import AgentSpec

class Analyst(AgentSpec):
    clusters: tuple[str, ...]

class Context(BaseModel):
    region: str

class Space:
    Inner = Analyst

number = 3
"""


@pytest.fixture
def classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module in the current directory, which is not on the path."""
    name = f"classes_of_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(CLASSES)
    (tmp_path / f"{name}_broken.py").write_text("raise RuntimeError('no luck')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in {"", str(tmp_path)}])
    return name


def test_a_class_in_the_current_directory_validates_every_agent(
    cli: Cli, volume: ConfigMapVolume, agent: Agent, classes: str
) -> None:
    result = cli("validate", volume.path, "--spec", f"{classes}:Analyst")
    assert "triage.md" in result.stdout
    assert "clusters" in result.stdout
    assert result.exit_code == 1
    volume.write({"triage.md": agent("triage", more="clusters: [a, b]\n")})
    assert cli("validate", volume.path, "--spec", f"{classes}:Space.Inner").exit_code == 0


def test_a_document_is_required_and_validated(cli: Cli, volume: ConfigMapVolume, classes: str) -> None:
    document = ("--document", f"CLAUDE.md={classes}:Context")
    assert "missing-document" in cli("show", volume.path, *document).stdout
    volume.update({"CLAUDE.md": "---\nzone: x\n---\n"})
    assert "region" in cli("validate", volume.path, *document).stdout
    volume.update({"CLAUDE.md": "---\nregion: x\n---\n"})
    assert cli("validate", volume.path, *document).exit_code == 0


def test_a_runner_brings_its_own_classes(cli: Cli, volume: ConfigMapVolume, agent: Agent, installed: Path) -> None:
    assert installed.is_dir()
    assert cli("validate", volume.path, "--runner", "analyst").exit_code == 1
    volume.write({"triage.md": agent("triage", more="clusters: [a]\n")})
    assert cli("validate", volume.path, "--runner", "analyst").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--spec", "nonsense"], "--spec: expected module:Class, got"),
        (["--spec", ":Class"], "--spec: expected module:Class, got"),
        (["--spec", "no_such_module_anywhere:X"], "--spec: cannot import no_such_module_anywhere:X: ModuleNotFound"),
        (["--spec", "CLASSES:Missing"], "AttributeError"),
        (["--spec", "CLASSES_broken:X"], "RuntimeError: no luck"),
        (["--spec", "CLASSES:Context"], "is no subclass of hotagents.spec.AgentSpec"),
        (["--spec", "CLASSES:number"], "is no subclass of hotagents.spec.AgentSpec"),
        (["--document", "CLASSES:Context"], "--document: expected PATH=module:Class, got"),
        (["--document", "CLAUDE.md=CLASSES:Space"], "is no subclass of pydantic.main.BaseModel"),
        (["--runner", "nobody"], 'no runner "nobody"'),
        (["--runner", "echo", "--spec", "CLASSES:Analyst"], "--runner brings its own classes"),
    ],
)
@pytest.mark.parametrize("command", ["validate", "show", "watch"])
def test_a_wrong_reference_is_one_line_and_exits_with_2(
    cli: Cli, volume: ConfigMapVolume, classes: str, command: str, arguments: list[str], said: str
) -> None:
    result = cli(command, volume.path, *(argument.replace("CLASSES", classes) for argument in arguments))
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert (result.stdout, result.exit_code) == ("", 2)
