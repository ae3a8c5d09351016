"""The command line as a process: lines that come when things happen, and signals that end it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hotagents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents.testing import ConfigMapVolume

    Agent = Callable[..., str]

ROOT = Path(hotagents.__file__).parents[1]
BOUND = 40.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be sent SIGTERM")


class Process:
    """A running command line, ended by force rather than hang a test."""

    def __init__(self, site: Path, *arguments: str | Path) -> None:
        path = os.pathsep.join([str(site), str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hotagents", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._bound = threading.Timer(BOUND, self.process.kill)
        self._bound.start()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(self.line())
        return facts

    def end(self, number: signal.Signals) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=BOUND)
        return self.process.returncode, errors

    def close(self) -> None:
        self._bound.cancel()
        self.process.kill()
        self.process.communicate(timeout=BOUND)


@pytest.fixture
def process(installed: Path) -> Iterator[Callable[..., Process]]:
    running: list[Process] = []

    def start(*arguments: str | Path) -> Process:
        running.append(Process(installed, *arguments))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_watch_tells_each_thing_at_once_and_ends_cleanly(
    process: Callable[..., Process], volume: ConfigMapVolume, agent: Agent, number: signal.Signals
) -> None:
    watch = process("watch", volume.path)
    assert watch.line().startswith("generation 1 sha256:")
    good = {"triage.md": agent("triage", "other")}
    volume.write(good)
    assert watch.line().startswith("generation 2 sha256:")
    volume.update({"bad.md": "---\nname: 3\ndescription: x\n---\n"})
    assert ": bad.md:2:7: wrong-type: " in watch.line()
    volume.write(good)
    assert watch.line().startswith("healthy: generation 2 sha256:")
    assert watch.end(number) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_runs_a_cycle_after_each_change_and_ends_cleanly(
    process: Callable[..., Process], volume: ConfigMapVolume, agent: Agent, number: signal.Signals
) -> None:
    run = process("run", volume.path, "--runner", "printing", "--json", "--interval", "1000")
    first = run.facts()
    assert (first["trigger"], first["generation"], first["status"]) == ("start", 1, "ok")
    volume.write({"triage.md": agent("triage", "other")})
    second = run.facts()
    assert (second["trigger"], second["generation"]) == ("change", 2)
    code, errors = run.end(number)
    assert code == 0
    assert "Traceback" not in errors


def test_a_followed_directory_is_swapped_in_at_each_change(
    process: Callable[..., Process], tmp_path: Path, agent: Agent
) -> None:
    source, mount = tmp_path / "source", tmp_path / "mount"
    source.mkdir()
    (source / "one.md").write_text(agent("one"))
    simulation = process("kubelet-sim", mount, "--from", source, "--watch")
    first = simulation.line()
    (source / "one.md").write_text(agent("one", "other"))
    second = simulation.line()
    assert "" != first != second
    assert (mount / "one.md").read_text() == agent("one", "other")
    assert simulation.end(signal.SIGTERM) == (0, "")


@pytest.mark.parametrize("options", [["--runner", "printing", "--json"], ["--runner", "echo"]])
def test_run_ends_quietly_when_its_reader_goes_away(
    process: Callable[..., Process], volume: ConfigMapVolume, options: list[str]
) -> None:
    run = process("run", volume.path, "--interval", "0.05", *options)
    assert run.line()
    out, err = run.process.stdout, run.process.stderr
    assert out is not None
    assert err is not None
    out.close()
    assert run.process.wait(BOUND) == 1
    assert "hotagents: " not in err.read()


def test_what_a_child_process_prints_is_no_line_of_json(
    process: Callable[..., Process], volume: ConfigMapVolume, installed: Path
) -> None:
    plugin = installed / "hotagents_cli_tests.py"
    shout = 'print("a runner\'s own words")'
    plugin.write_text(plugin.read_text().replace(shout, 'import os; os.write(1, b"shouted\\n")'))
    run = process("run", volume.path, "--runner", "printing", "--once", "--json")
    out, errors = run.process.communicate(timeout=BOUND)
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["ok"]
    assert "shouted" in errors


def test_a_closed_standard_output_is_one_line(volume: ConfigMapVolume) -> None:
    command = ["sh", "-c", 'exec "$0" -m hotagents validate "$1" >&-', sys.executable, str(volume.path)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=BOUND, check=False)
    assert (done.returncode, done.stderr) == (2, "hotagents: standard output is closed\n")


@pytest.mark.skipif(sys.platform == "win32", reason="exit codes of signals are Unix's")
def test_what_is_left_behind_does_not_spoil_the_exit_code() -> None:
    # A thread that holds a buffered stream's lock makes the interpreter abort at its end.
    program = textwrap.dedent(
        """
        import atexit, os, sys, threading
        from hotagents.cli.ending import end
        read, write = os.pipe()
        stream = os.fdopen(read, "rb")
        threading.Thread(target=stream.read, daemon=True).start()
        atexit.register(print, "at exit")
        print("done")
        try:
            sys.exit(3)
        except SystemExit as ending:
            end(ending)
            raise
        """
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (3, "done\nat exit\n")
