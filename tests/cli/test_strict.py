"""``--no-recover`` and ``--strict``: the same on every command that judges a set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Cli = Callable[..., Result]

UNQUOTED = "---\nname: a\ndescription: b: c\n---\n"
LOUD = "---\nname: a\ndescription: b\nallowed-tools: Read\n---\n"
GOOD = "---\nname: a\ndescription: b\n---\n"
COMMANDS = [
    ("validate", "set"),
    ("show", "set"),
    ("diff", "good", "set"),
    ("render", "set"),
    ("watch", "set", "--count", "1"),
    ("run", "set", "--runner", "echo", "--once"),
]


@pytest.fixture(autouse=True)
def _sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("set", "good"):
        (tmp_path / name).mkdir()
    (tmp_path / "good" / "a.md").write_text(GOOD)
    monkeypatch.chdir(tmp_path)


def write(content: str, tmp_path: Path) -> None:
    (tmp_path / "set" / "a.md").write_text(content)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_each_command_recovers_unless_it_is_told_not_to(command: tuple[str, ...], cli: Cli, tmp_path: Path) -> None:
    write(UNQUOTED, tmp_path)
    assert cli(*command).exit_code == 0
    assert cli(*command, "--strict", "null-tools").exit_code == 0
    for option in (["--no-recover"], ["--strict", "recovered"], ["--strict", "null-tools", "--strict", "all"]):
        result = cli(*command, *option)
        assert result.exit_code == 1, option
        assert "a.md:3:" in result.output


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_each_command_makes_errors_of_the_warnings_that_are_named(
    command: tuple[str, ...], cli: Cli, tmp_path: Path
) -> None:
    write(LOUD, tmp_path)
    assert cli(*command).exit_code == 0
    result = cli(*command, "--strict", "limit-misspelt")
    assert result.exit_code == 1
    assert "limit-misspelt" in result.output


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("code", "said"), [("limit-mispelt", 'did you mean "limit-misspelt"?'), ("file-held", "what the registry does")]
)
def test_a_code_that_there_is_not_is_wrong_usage(
    command: tuple[str, ...], code: str, said: str, cli: Cli, tmp_path: Path
) -> None:
    write(GOOD, tmp_path)
    result = cli(*command, "--strict", code)
    assert result.exit_code == 2
    assert f"--strict: {'there is no code' if said.startswith('did') else ''}" in result.output
    assert said in result.output


def test_in_json_the_severity_is_that_of_the_codes(cli: Cli, tmp_path: Path) -> None:
    write(LOUD, tmp_path)
    facts = json.loads(cli("validate", "set", "--json", "--strict", "limit-misspelt").stdout)
    assert [(d["code"], d["severity"]) for d in facts["diagnostics"]] == [("limit-misspelt", "error")]
    facts = json.loads(cli("show", "set", "--json", "--strict", "limit-misspelt").stdout)
    assert (facts["served"], facts["agents"]) == (False, {})


@pytest.mark.usefixtures("installed")
def test_a_runners_own_fields_are_never_guessed(cli: Cli, tmp_path: Path) -> None:
    write("---\nname: a\ndescription: b\nclusters: a: b\n---\n", tmp_path)
    assert cli("validate", "set").exit_code == 0
    result = cli("validate", "set", "--runner", "analyst")
    assert result.exit_code == 1
    assert "a.md:4:11: yaml-syntax: clusters: expected quotes" in result.output
    assert 'write: clusters: "a: b"' in result.output
