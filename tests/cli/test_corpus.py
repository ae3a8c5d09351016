"""Real agent files, where a collection of them lies beside the project."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Cli = Callable[..., Result]

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "files"
FILES = sorted(CORPUS.glob("*.md"))

pytestmark = pytest.mark.skipif(not FILES, reason="no collection of real agent files beside the project")


def test_each_file_can_be_validated_and_each_error_names_its_line(cli: Cli) -> None:
    result = cli("validate", "--json", "--allow-empty", *FILES)
    facts = json.loads(result.stdout)
    errors = [d for d in facts["diagnostics"] if d["severity"] == "error"]
    assert len(facts["paths"]) == len(FILES)
    assert errors
    assert [d for d in errors if not d["path"] or not d["line"]] == []
    assert result.exit_code == 1


def test_all_of_them_as_one_set_can_be_validated_and_shown(cli: Cli) -> None:
    validated = cli("validate", "-v", CORPUS)
    shown = cli("show", CORPUS)
    assert (validated.exit_code, shown.exit_code) == (1, 1)
    assert "\x1b" not in validated.stdout + shown.stdout
    assert "not served: " in shown.stdout


def test_what_validation_accepts_is_served(cli: Cli, tmp_path: Path, installed: Path) -> None:
    assert installed.is_dir()
    served = tmp_path / "served"
    served.mkdir()
    facts = json.loads(cli("validate", "--json", CORPUS).stdout)
    refused = {d["path"] for d in facts["diagnostics"] if d["severity"] == "error"}
    for file in FILES:
        if str(file) not in refused:
            shutil.copyfile(file, served / file.name)
    assert cli("validate", served).exit_code == 0
    agents = json.loads(cli("show", "--json", served).stdout)["agents"]
    result = cli("run", served, "--runner", "echo", "--once", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["data"]["agents"] == list(agents)
    assert len(agents) > len(FILES) // 2
