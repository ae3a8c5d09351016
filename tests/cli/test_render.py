from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Cli = Callable[..., Result]

AGENT = "---\nname: triage\ndescription: Sorts alerts.\n---\nSort.\n"


@pytest.fixture(name="directory")
def written(tmp_path: Path) -> Path:
    directory = tmp_path / "agents"
    directory.mkdir()
    (directory / "triage.md").write_text(AGENT)
    return directory


def test_it_prints_manifests_that_say_what_they_are(cli: Cli, directory: Path) -> None:
    result = cli("render", directory, "--release", "1.2", "--workload", "StatefulSet/app", "--label", "team=sre")
    assert result.exit_code == 0, result.stderr
    config_map, patch = yaml.safe_load_all(result.stdout)
    assert config_map["data"]["triage.md"] == AGENT
    assert config_map["metadata"]["labels"]["team"] == "sre"
    assert "# release: 1.2" in config_map["data"]["hotagents.lock"]
    assert (patch["kind"], patch["metadata"]["name"]) == ("StatefulSet", "app")


def test_it_writes_files_and_tells_whether_they_still_fit(cli: Cli, directory: Path, tmp_path: Path) -> None:
    out = tmp_path / "rendered"
    arguments = ["render", directory, "--output", out]
    assert cli(*arguments, "--check").exit_code == 1
    assert not out.exists()
    assert cli(*arguments).exit_code == 0
    names = ["configmaps.yaml", "hotagents.lock", "kustomization.yaml", "workload.yaml"]
    assert sorted(path.name for path in out.iterdir()) == names
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert "nothing to do" in cli(*arguments).stdout
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir()} == before
    assert cli(*arguments, "--check").exit_code == 0
    (directory / "triage.md").write_text(AGENT + "More.\n")
    result = cli(*arguments, "--check")
    assert result.exit_code == 1
    assert "configmaps.yaml" in result.stdout
    assert "workload.yaml" not in result.stdout
    assert "not as rendered" in result.stderr
    assert cli(*arguments, "--no-lock").exit_code == 0
    assert not (out / "hotagents.lock").exists()


def test_a_lock_in_the_directory_that_is_out_of_date_is_no_hindrance(cli: Cli, directory: Path) -> None:
    (directory / "hotagents.lock").write_text("# hotagents.lock 1\n")
    result = cli("render", directory)
    assert result.exit_code == 0, result.stderr
    (config_map, _) = yaml.safe_load_all(result.stdout)
    assert "triage.md" in config_map["data"]["hotagents.lock"]


def test_a_set_that_a_registry_would_refuse_is_not_rendered(cli: Cli, directory: Path) -> None:
    (directory / "triage.md").write_text("---\nname: triage\n---\n")
    result = cli("render", directory)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "missing-description" in result.stderr


def test_json_carries_the_same_texts(cli: Cli, directory: Path) -> None:
    facts = json.loads(cli("render", directory, "--json").stdout)
    assert list(facts["files"]) == ["configmaps.yaml", "kustomization.yaml", "workload.yaml", "hotagents.lock"]
    assert facts["files"]["configmaps.yaml"].startswith("# Written by")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--check"], "--check: expected --output too"),
        (["--label", "team"], "--label: expected KEY=VALUE"),
        (["--name", "My Agents"], "name: expected lower-case"),
        (["--workload", "Service/x"], "kind: expected one of"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(cli: Cli, directory: Path, arguments: list[str], said: str) -> None:
    result = cli("render", directory, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_nothing_that_was_not_rendered_is_overwritten(cli: Cli, directory: Path, tmp_path: Path) -> None:
    out = tmp_path / "own"
    out.mkdir()
    (out / "kustomization.yaml").write_text("resources: [mine.yaml]\n")
    result = cli("render", directory, "--output", out)
    assert result.exit_code == 2
    assert "was not written by hotagents render" in result.stderr
    assert (out / "kustomization.yaml").read_text() == "resources: [mine.yaml]\n"
    assert cli("render", directory, "--output", directory / "rendered").exit_code == 2


def test_a_name_that_a_container_cannot_have_is_made_one(cli: Cli, directory: Path) -> None:
    _, patch = yaml.safe_load_all(cli("render", directory, "--name", "a.b").stdout)
    assert patch["spec"]["template"]["spec"]["containers"][0]["name"] == "a-b"
