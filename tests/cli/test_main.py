from __future__ import annotations

import errno
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import __version__
from hotagents.__main__ import main
from hotagents.cli import output

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Cli = Callable[..., Result]


class Missing:
    """Finds that a module is not there, whatever is installed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, name: str, *_: Any) -> None:
        if name == self.name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def without(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for module in [m for m in sys.modules if m.startswith("hotagents.cli") or m == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(sys, "meta_path", [Missing(name), *sys.meta_path])


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without(monkeypatch, "typer")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.err.endswith('python -m pip install "hotagents[cli]"\n')
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_any_other_module_that_is_missing_is_a_defect_and_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "hotagents.cli.app")
    with pytest.raises(ModuleNotFoundError):
        main()


def test_the_module_can_be_run() -> None:
    command = [sys.executable, "-m", "hotagents", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == f"hotagents {__version__}\n"


def test_help_lists_every_command(cli: Cli) -> None:
    result = cli("--help")
    assert result.exit_code == 0
    for command in ("validate", "show", "digest", "watch", "run", "kubelet-sim", "demo"):
        assert f"\n  {command} " in result.stdout
        assert cli(command, "--help").exit_code == 0


def test_a_command_that_does_not_exist_is_wrong_usage(cli: Cli) -> None:
    assert cli("frobnicate").exit_code == 2


def test_the_demo_tells_its_story_in_json_too(cli: Cli) -> None:
    result = cli("demo", "--json")
    assert result.exit_code == 0
    assert all(isinstance(json.loads(line), dict) for line in result.stdout.splitlines())
    assert result.stdout


def test_a_reader_that_went_away_is_not_a_finding() -> None:
    with pytest.raises(BrokenPipeError), output.short_errors():
        raise BrokenPipeError(errno.EPIPE, "gone")
