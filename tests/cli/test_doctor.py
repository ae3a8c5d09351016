from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from hotagents.testing import ConfigMapVolume

    Cli = Callable[..., Result]


def test_it_says_what_it_saw_and_how_many_problems_there_are(cli: Cli, volume: ConfigMapVolume) -> None:
    result = cli("doctor", volume.path)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "0 problems, 0 warnings"
    assert "ok      set: 1 agent, digest sha256:" in result.stdout


def test_a_problem_is_a_finding_with_its_remedy_below(cli: Cli, tmp_path: Path) -> None:
    result = cli("doctor", tmp_path / "none")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1:] == ["        check volumeMounts, and the path", "1 problem, 0 warnings"]


def test_json_has_every_finding(cli: Cli, volume: ConfigMapVolume) -> None:
    facts = json.loads(cli("doctor", volume.path, "--json").stdout)
    assert (facts["schema"], facts["problems"]) == (1, 0)
    assert {"mount", "layout", "set", "lock", "events", "inotify"} <= {f["check"] for f in facts["findings"]}
    assert all(set(f) == {"level", "check", "message", "remedy"} for f in facts["findings"])
