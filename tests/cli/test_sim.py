from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hotagents.cli.output import Output
from hotagents.cli.sim import _try_copy
from hotagents.sources import Directory
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Cli = Callable[..., Result]
    Agent = Callable[..., str]


@pytest.fixture
def source(tmp_path: Path, agent: Agent) -> Path:
    source = tmp_path / "source"
    (source / "pdf").mkdir(parents=True)
    (source / "one.md").write_text(agent("one"))
    (source / "pdf" / "SKILL.md").write_text("x")
    return source


def test_a_directory_becomes_a_volume_and_equal_content_is_not_written(
    cli: Cli, tmp_path: Path, source: Path, agent: Agent
) -> None:
    mount = tmp_path / "mount"
    result = cli("kubelet-sim", mount, "--from", source)
    first = (mount / "..data").readlink().name
    assert (result.stdout, result.exit_code) == (first + "\n", 0)
    assert (mount / "pdf" / "SKILL.md").read_text() == "x"
    assert cli("kubelet-sim", mount, "--from", source).stdout == "unchanged\n"
    (source / "one.md").write_text(agent("one", "other"))
    facts = json.loads(cli("kubelet-sim", mount, "--from", source, "--json").stdout)
    assert facts["payload"] == (mount / "..data").readlink().name != first
    assert (facts["swapped"], facts["files"]) == (True, 2)
    assert facts["digest"] == cli("digest", mount).stdout.strip()


def test_following_ends_after_its_time(cli: Cli, tmp_path: Path, source: Path) -> None:
    result = cli("kubelet-sim", tmp_path / "mount", "--from", source, "--watch", "--for", "0.01")
    assert len(result.stdout.splitlines()) == 1
    assert result.exit_code == 0


@pytest.mark.parametrize("target", ["source", "source/inner", ".", "used", "file"])
def test_a_target_that_is_no_volume_is_left_alone(cli: Cli, tmp_path: Path, source: Path, target: str) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "letter.txt").write_text("dear")
    (tmp_path / "file").write_text("")
    before = sorted(tmp_path.rglob("*"))
    result = cli("kubelet-sim", tmp_path / target, "--from", source)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_volume_may_be_made_around_another_one(cli: Cli, tmp_path: Path, source: Path) -> None:
    assert cli("kubelet-sim", tmp_path / "mount" / "agents", "--from", source).exit_code == 0
    assert cli("kubelet-sim", tmp_path / "mount", "--from", source).exit_code == 0
    assert (tmp_path / "mount" / "agents" / "..data").is_symlink()


def test_a_source_that_is_missing_is_one_line(cli: Cli, tmp_path: Path) -> None:
    result = cli("kubelet-sim", tmp_path / "mount", "--from", tmp_path / "nowhere")
    assert result.stderr.count("\n") == 1
    assert result.exit_code == 2
    assert not (tmp_path / "mount").exists()


def test_a_file_that_no_volume_can_have_fails_the_whole_write(cli: Cli, tmp_path: Path, source: Path) -> None:
    (source / "two\nlines.md").write_text("x")
    result = cli("kubelet-sim", tmp_path / "mount", "--from", source)
    assert result.stderr.startswith("hotagents: two\\nlines.md: bad-path: ")
    assert result.exit_code == 2
    assert not (tmp_path / "mount").exists()


def test_a_copy_that_fails_while_following_is_said_and_the_next_one_is_made(
    tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    volume = ConfigMapVolume(tmp_path / "mount")
    (source / "huge.bin").write_bytes(b"x" * (1024 * 1024 + 1))
    _try_copy(Directory(source), volume, Output())
    failed = capsys.readouterr()
    assert failed.err.startswith("hotagents: huge.bin: too-large: ")
    assert failed.out == ""
    (source / "huge.bin").unlink()
    _try_copy(Directory(source), volume, Output())
    assert capsys.readouterr().out == f"{volume.payload}\n"
