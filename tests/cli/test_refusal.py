from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Change, ConfigRegistry
from hotagents.cli.events import events
from hotagents.cli.inbox import Inbox
from hotagents.cli.refusal import located
from hotagents.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from hotagents.testing import ConfigMapVolume

    Cli = Callable[..., Result]
    Agent = Callable[..., str]

ODD = "colour: red\n"


@pytest.mark.parametrize("command", [["watch"], ["run", "--once", "--runner", "echo"]])
def test_a_first_set_that_cannot_be_served_is_an_event(
    cli: Cli, volume: ConfigMapVolume, command: list[str], installed: Path
) -> None:
    assert installed.is_dir()
    missing = cli(*command, "--json", volume.path / "nowhere")
    assert json.loads(missing.stdout)["reason"] == "Missing"
    volume.write({"bad.md": "---\nname: bad\n---\n"})
    facts = json.loads(cli(*command, "--json", volume.path).stdout)
    assert (facts["event"], facts["reason"]) == ("problem", "Rejected")
    assert facts["message"].startswith(f"{volume.path / 'bad.md'}:")
    volume.write({"CLAUDE.md": "Be kind.\n"})
    refused = cli(*command, volume.path)
    assert "say --allow-empty" in refused.stderr.splitlines()[-1]
    bound = ["--count", "1"] if command == ["watch"] else []
    assert cli(*command, *bound, "--allow-empty", volume.path).exit_code == 0


def test_a_missing_path_is_an_object_with_its_error(cli: Cli, volume: ConfigMapVolume, tmp_path: Path) -> None:
    for command in ("show", "digest"):
        result = cli(command, "--json", tmp_path / "nowhere")
        assert "nowhere" in json.loads(result.stdout)["error"]
        assert result.exit_code == 2
    paths = json.loads(cli("validate", "--json", volume.path, tmp_path / "nowhere").stdout)["paths"]
    assert ["error" in path for path in paths] == [False, True]


def test_warnings_are_told_by_show_and_watch(cli: Cli, volume: ConfigMapVolume, agent: Agent) -> None:
    volume.update({f"odd{i}.md": agent(f"odd{i}", more=ODD) for i in range(12)})
    shown = cli("show", volume.path).stdout
    assert shown.count("warning: odd") == 12
    assert shown.endswith("13 agents, 12 warnings\n")
    watched = cli("watch", "--count", "1", volume.path).stdout.splitlines()
    assert watched[0].endswith(": 13 agents, 12 warnings")
    assert watched[1].startswith("  warning: odd0.md:4:1: unknown-key")
    assert watched[11:] == ["  and 2 more"]
    facts = json.loads(cli("watch", "--count", "1", "--json", volume.path).stdout)
    assert len(facts["diagnostics"]) == 12


def test_a_refused_file_is_marked_and_counted_as_validate_counts(
    cli: Cli, volume: ConfigMapVolume, agent: Agent
) -> None:
    volume.update({"zwei.md": agent("triage")})
    rows = [line.split() for line in cli("show", volume.path).stdout.splitlines()]
    assert ["triage", "inherit", "all", "zwei.md", "(refused)", "text"] in rows
    assert rows[3][-2:] == ["1", "agent"]
    agents = json.loads(cli("show", "--json", volume.path).stdout)["agents"]
    assert (agents["triage"]["model"], agents["triage"]["description"]) == ("inherit", "text")


def test_a_plain_directory_that_is_away_and_back_is_told(tmp_path: Path, agent: Agent) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "one.md").write_text(agent("one"))
    registry: ConfigRegistry[Any] = ConfigRegistry(plain, resync_interval=0.1)
    story = events(registry, Inbox[Change[Any]](seconds=20.0))
    try:
        next(story)
        plain.rename(tmp_path / "away")
        gone = next(event for event in story if event.facts.get("reason") == "Failed")
        assert gone.text.endswith("; generation 1 stays")
        assert gone.facts["message"].endswith("; generation 1 stays")
        (tmp_path / "away").rename(plain)
        later = next(event for event in story if event.facts["event"] != "problem")
        assert later.facts["event"] == "healthy"
    finally:
        registry.close()


def test_a_volume_whose_link_is_away_and_back_is_told(volume: ConfigMapVolume) -> None:
    registry: ConfigRegistry[Any] = ConfigRegistry(volume.path, resync_interval=0.1)
    story = events(registry, Inbox[Change[Any]](seconds=20.0))
    link = volume.path / "..data"
    try:
        next(story)
        link.rename(volume.path / "..away")
        assert next(story).facts["event"] == "problem"
        (volume.path / "..away").rename(link)
        later = next(event for event in story if event.facts["event"] != "problem")
        assert later.facts["event"] == "healthy"
    finally:
        registry.close()


def test_an_error_names_the_path_that_was_given(tmp_path: Path) -> None:
    inner = SourceError("u.md: cannot be read", path="u.md")
    assert located(str(tmp_path), inner) == f"{tmp_path / 'u.md'}: cannot be read"
    assert located("agents", SourceError("it failed")) == "agents: it failed"


def test_what_is_of_the_wrong_kind_is_called_so(cli: Cli, volume: ConfigMapVolume, tmp_path: Path) -> None:
    assert "neither a directory nor a regular file" in cli("validate", "/dev/null").stderr
    (tmp_path / "file").touch()
    assert "is a file; --from takes" in cli("kubelet-sim", tmp_path / "new", "--from", tmp_path / "file").stderr
    assert "path inside the set" in cli("validate", volume.path, "--document", "../x=pydantic:BaseModel").stderr
