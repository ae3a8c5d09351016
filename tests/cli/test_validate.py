from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from typer.testing import Result

    from hotagents.testing import ConfigMapVolume

    Cli = Callable[..., Result]
    Agent = Callable[..., str]


def test_a_good_set_is_counted_and_exits_with_0(cli: Cli, volume: ConfigMapVolume, agent: Agent) -> None:
    volume.update({"fix.md": agent("fix"), "CLAUDE.md": "Be kind.\n"})
    result = cli("validate", volume.path)
    assert result.stdout == "2 agents, 1 document; 0 errors, 0 warnings\n"
    assert (result.stderr, result.exit_code) == ("", 0)


def test_an_error_names_a_place_that_an_editor_can_open(
    cli: Cli, tmp_path: Path, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one" / "sub").mkdir(parents=True)
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "sub" / "bad.md").write_text("---\nname: 7\ndescription: x\n---\n")
    (tmp_path / "two" / "odd.md").write_text(agent("odd", more="colour: red\n"))
    monkeypatch.chdir(tmp_path)
    result = cli("validate", "two", "one")
    error, warning, summary = result.stdout.splitlines()
    assert error.startswith(f"{Path('one/sub/bad.md')}:2:7: wrong-type: ")
    assert warning.startswith(f"{Path('two/odd.md')}:4:1: unknown-key: colour: ")
    assert summary == "1 agent, 0 documents; 1 error, 1 warning"
    assert result.exit_code == 1


def test_the_current_directory_does_not_stand_before_its_files(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.md").write_text("---\nname: bad\n---\n")
    monkeypatch.chdir(tmp_path)
    assert cli("validate", ".").stdout.startswith("bad.md:")


def test_notes_are_printed_only_when_they_are_asked_for(cli: Cli, volume: ConfigMapVolume) -> None:
    volume.update({"README.md": "# Agents\n"})
    assert "not-an-agent" not in cli("validate", volume.path).stdout
    assert "README.md: not-an-agent: " in cli("validate", "-v", volume.path).stdout


def test_warnings_alone_are_no_finding(cli: Cli, volume: ConfigMapVolume, agent: Agent) -> None:
    volume.update({"odd.md": agent("odd", more="colour: red\n")})
    assert cli("validate", volume.path).exit_code == 0


def test_a_set_without_agents_is_refused_unless_that_is_meant(cli: Cli, volume: ConfigMapVolume) -> None:
    volume.write({"CLAUDE.md": "Be kind.\n"})
    result = cli("validate", volume.path)
    assert result.stdout.startswith(f"{volume.path}: empty-set: the set holds no agent; ")
    assert result.exit_code == 1
    assert cli("validate", volume.path, "--allow-empty").exit_code == 0


def test_a_file_that_is_no_agent_is_called_so(cli: Cli, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# Agents\n")
    result = cli("validate", readme)
    assert result.stdout.startswith(f"{readme}: empty-set: this file is not an agent; ")
    assert result.exit_code == 1


def test_single_files_are_sets_of_their_own_and_named_as_given(cli: Cli, tmp_path: Path, agent: Agent) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text(agent("good"))
    bad.write_text("---\nname: good\n---\n")
    result = cli("validate", good, bad)
    assert result.stdout.startswith(f"{bad}:")
    assert result.stdout.endswith("1 agent, 0 documents; 1 error, 0 warnings\n")


def test_a_path_that_is_missing_is_one_line_and_hides_nothing_about_the_others(
    cli: Cli, volume: ConfigMapVolume, tmp_path: Path
) -> None:
    result = cli("validate", tmp_path / "nowhere", volume.path)
    assert result.stderr.count("\n") == 1
    assert str(tmp_path / "nowhere") in result.stderr
    assert result.stdout.startswith("1 agent, ")
    assert result.exit_code == 2
    assert cli("validate", tmp_path / "nowhere").stdout == ""


def test_json_holds_paths_diagnostics_counts_and_digest(cli: Cli, volume: ConfigMapVolume, agent: Agent) -> None:
    volume.update({"odd.md": agent("odd", more="colour: red\n"), "README.md": "# Agents\n"})
    digest = cli("digest", volume.path).stdout.strip()
    facts = json.loads(cli("validate", "--json", volume.path).stdout)
    counts = {"agents": 2, "documents": 1, "files": 0, "errors": 0, "warnings": 1, "infos": 1}
    assert facts["paths"] == [{"path": str(volume.path), "digest": digest, "lock": None, "counts": counts}]
    assert [d["code"] for d in facts["diagnostics"]] == ["unknown-key", "not-an-agent"]
    assert facts["diagnostics"][0]["path"] == str(volume.path / "odd.md")
    assert (facts["counts"], facts["digest"]) == (counts, digest)
    assert json.loads(cli("validate", "--json", volume.path, volume.path).stdout)["digest"] is None


def test_a_required_document_that_is_missing_is_placed_beside_a_single_file(
    cli: Cli, volume: ConfigMapVolume, tmp_path: Path, agent: Agent, installed: Path
) -> None:
    assert installed.is_dir()
    (tmp_path / "one.md").write_text(agent("one"))
    result = cli("validate", "--runner", "briefed", tmp_path / "one.md")
    assert result.stdout.startswith(f"{tmp_path / 'CLAUDE.md'}: missing-document: ")
    result = cli("validate", "--runner", "briefed", volume.path)
    assert result.stdout.startswith(f"{volume.path / 'CLAUDE.md'}: missing-document: ")


def test_a_runners_plugin_is_asked_too(cli: Cli, volume: ConfigMapVolume, agent: Agent, installed: Path) -> None:
    assert installed.is_dir()
    volume.update({"forbidden.md": agent("forbidden")})
    assert cli("validate", volume.path).exit_code == 0
    result = cli("validate", "--runner", "printing", volume.path)
    assert result.stdout.startswith(f"{volume.path / 'forbidden.md'}: rejected-by-plugin: ")
    assert result.exit_code == 1


def test_what_stands_in_a_file_cannot_move_the_terminals_cursor(cli: Cli, volume: ConfigMapVolume) -> None:
    volume.write({"x\x1b[2J.md": '---\nname: "a\\e]0;b"\ndescription: x\n"k\\e[2J": 1\n---\n'})
    for arguments in (["validate", "-v"], ["validate", "--json"], ["show"], ["show", "--json"]):
        result = cli(*arguments, volume.path)
        assert result.stdout
        assert "\x1b" not in result.stdout + result.stderr


def test_findings_can_be_lines_of_a_pull_request_or_a_log_for_code_scanning(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_text("---\nname: x\n---\n")
    result = cli("validate", path, "--format", "github")
    assert result.exit_code == 1
    assert result.stdout.startswith(
        f"::error file={path},line=1,col=1,title=missing-description::description: expected"
    )
    log = json.loads(cli("validate", path, "--format", "sarif").stdout)
    assert log["version"] == "2.1.0"
    assert log["runs"][0]["results"][0]["ruleId"] == "missing-description"
    assert json.loads(cli("validate", path, "--format", "json").stdout)["counts"]["errors"] == 1
