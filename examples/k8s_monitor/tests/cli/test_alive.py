"""``k8s-monitor alive``: what a probe is told, and in which words."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from hotagents_k8s_monitor.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("K8S_MONITOR_HEARTBEAT_FILE", str(tmp_path / "alive"))
    return tmp_path / "alive"


def alive(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["alive", *arguments], prog_name="k8s-monitor")


def renewed(path: Path, *, seconds_ago: float) -> None:
    path.touch()
    os.utime(path, (time.time() - seconds_ago,) * 2)


@pytest.mark.parametrize(
    ("seconds_ago", "arguments", "code"),
    [(0, [], 0), (50, [], 0), (70, [], 1), (70, ["--max-age", "90"], 0), (50, ["--max-age", "30"], 1)],
)
def test_what_was_renewed_lately_is_alive(path: Path, seconds_ago: float, arguments: list[str], code: int) -> None:
    renewed(path, seconds_ago=seconds_ago)
    answer = alive(*arguments)
    assert answer.exit_code == code
    assert re.fullmatch(rf"{path}: renewed ({seconds_ago}|{seconds_ago + 1}) s ago\n", answer.stdout)


def test_what_was_never_renewed_is_not(path: Path) -> None:
    answer = alive()
    assert (answer.exit_code, answer.stdout) == (1, f"{path}: never renewed\n")


def test_what_was_renewed_in_the_future_is_not_alive_for_ever(path: Path) -> None:
    renewed(path, seconds_ago=-3600)
    answer = alive()
    assert answer.exit_code == 1
    assert re.fullmatch(rf"{path}: renewed (3599|3600) s in the future: the clock was set back\n", answer.stdout)
    renewed(path, seconds_ago=-30)
    assert alive().exit_code == 0


def test_what_cannot_be_looked_at_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("K8S_MONITOR_HEARTBEAT_FILE", str(tmp_path / "file" / "alive"))
    answer = alive()
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "Not a directory" in answer.stderr


def test_without_a_file_nobody_can_say() -> None:
    answer = alive()
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr.startswith("k8s-monitor: K8S_MONITOR_HEARTBEAT_FILE: not set, so nobody can say; set it for")


@pytest.mark.parametrize("age", ["0", "nan", "soon"])
def test_an_age_that_makes_no_sense_is_wrong_usage(path: Path, age: str) -> None:
    renewed(path, seconds_ago=0)
    assert alive("--max-age", age).exit_code == 2
