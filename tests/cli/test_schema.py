"""``hotagents schema``: the schema of what one asks for, the same bytes each time, written as a whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from jsonschema import Draft202012Validator as Validator  # type: ignore[import-untyped]  # it has no types

from hotagents.frontmatter import parse
from hotagents.schema import agent_schema
from hotagents.spec import thaw

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Cli = Callable[..., Result]

CONFIG: Final = Path(__file__).resolve().parents[2] / "examples" / "k8s_monitor" / "config"
AGENT: Final = {"name": "a", "description": "b"}
CLASSES: Final = """
from pydantic import BaseModel
from hotagents import AgentSpec

class Analyst(AgentSpec):
    clusters: tuple[str, ...]

class Context(BaseModel):
    region: str
"""


@pytest.fixture
def classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module in the current directory, which is not on the path."""
    name = f"schema_classes_of_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(CLASSES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in {"", str(tmp_path)}])
    return name


def printed(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    schema: dict[str, Any] = json.loads(result.stdout)
    Validator.check_schema(schema)
    return schema


def test_alone_it_prints_the_plain_format(cli: Cli) -> None:
    assert printed(cli("schema")) == agent_schema()
    assert printed(cli("schema", "--closed")) == agent_schema(closed=True)


def test_in_json_it_is_the_same_on_one_line(cli: Cli) -> None:
    result = cli("schema", "--json")
    assert printed(result) == agent_schema()
    assert result.stdout.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [(), ("--runner", "k8s-monitor"), ("--runner", "k8s-monitor", "--document", "CLAUDE.md")]
)
def test_every_process_prints_the_same_bytes(arguments: tuple[str, ...]) -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-m", "hotagents", "schema", *arguments],
            capture_output=True,
            timeout=45,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    (output,) = outputs
    assert output.isascii()
    assert output.endswith(b"}\n")


def test_a_class_of_ones_own_is_described(cli: Cli, classes: str) -> None:
    validator = Validator(printed(cli("schema", "--spec", f"{classes}:Analyst")))
    assert validator.is_valid(AGENT | {"clusters": ["east"]})
    assert not validator.is_valid(AGENT)


def test_an_installed_runners_classes_are_described(cli: Cli, installed: Path) -> None:
    assert installed.is_dir()
    assert not Validator(printed(cli("schema", "--runner", "analyst"))).is_valid(AGENT)
    assert Validator(printed(cli("schema", "--runner", "printing"))).is_valid(AGENT)
    document = Validator(printed(cli("schema", "--runner", "briefed", "--document", "CLAUDE.md")))
    assert document.is_valid({"region": "eu"})
    assert not document.is_valid({})


def test_a_document_of_ones_own_class_is_described(cli: Cli, classes: str) -> None:
    schema = printed(cli("schema", "--document", f"CLAUDE.md={classes}:Context"))
    assert schema["title"] == "Context"
    assert not Validator(schema).is_valid({"region": 3})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--runner", "briefed", "--document", "CLAUDE"), 'runner briefed has no "CLAUDE"; did you mean "CLAUDE.md"?'),
        (("--runner", "briefed", "--document", "x"), 'runner briefed has no "x"; it has CLAUDE.md'),
        (("--runner", "analyst", "--document", "x"), 'runner analyst has no "x"; it has none'),
        (("--runner", "analyst", "--document", "x=m:C"), "--runner brings its own classes"),
        (("--runner", "nobody"), "nobody"),
        (("--document", "CLAUDE.md"), "expected PATH=module:Class"),
        (("--spec", "m:C", "--document", "x=m:C"), "one schema at a time"),
        (("--closed", "--document", "x=m:C"), "--closed is about agents"),
        (("--spec", "nowhere:C"), "cannot import nowhere:C"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    cli: Cli, installed: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert installed.is_dir()
    result = cli("schema", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_a_file_is_replaced_as_a_whole_or_stays(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "agent.schema.json"
    file.write_text("old")
    assert cli("schema", "--output", file, "--spec", "nowhere:C").exit_code == 2
    assert file.read_text() == "old"
    result = cli("schema", "--output", file)
    assert (result.exit_code, result.stdout) == (0, "")
    assert file.read_text() == cli("schema").stdout
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(cli: Cli, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    for target in (there, tmp_path / "missing" / "x.json"):
        result = cli("schema", "--output", target)
        assert result.exit_code == 2
        assert result.stderr.startswith("hotagents: ")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.skipif(not CONFIG.is_dir(), reason="no checkout: the example's configuration is not beside the tests")
def test_the_files_of_k8s_monitor_are_valid_and_a_slip_in_one_is_not(cli: Cli) -> None:
    agents = Validator(printed(cli("schema", "--runner", "k8s-monitor")))
    context = Validator(printed(cli("schema", "--runner", "k8s-monitor", "--document", "CLAUDE.md")))
    files = {file.name: thaw(parse(file.name, file.read_bytes()).frontmatter) for file in CONFIG.rglob("*.md")}
    assert len(files) == 5
    for name, said in files.items():
        assert list((context if name == "CLAUDE.md" else agents).iter_errors(said)) == [], name
    assert not context.is_valid(files["CLAUDE.md"] | {"servics": {}})
    assert not agents.is_valid(files["slack-notifier.md"] | {"digestLength": 99})
    assert agents.is_valid(files["github-reviewer.md"] | {"blocks": 3})  # another agent's key
