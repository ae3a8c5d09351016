"""What a running `hotagents run` shows of itself: HTTP, the control socket, the status file, and how it ends."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hotagents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    from hotagents.testing import ConfigMapVolume

    Cli = Callable[..., Result]
    Agent = Callable[..., str]

ROOT = Path(hotagents.__file__).parents[1]
BOUND = 40.0
BROKEN = "---\nname: triage\n---\n"

posix = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be sent SIGTERM")


class Run:
    """A running `hotagents run`, ended by force rather than hang a test."""

    def __init__(self, site: Path, *arguments: str | Path) -> None:
        path = os.pathsep.join([str(site), str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hotagents", "run", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._bound = threading.Timer(BOUND, self.process.kill)
        self._bound.start()

    def logged(self, pattern: str) -> re.Match[str]:
        """Wait for a line of the log."""
        assert self.process.stderr is not None
        seen = []
        for line in self.process.stderr:
            seen.append(line)
            if (match := re.search(pattern, line)) is not None:
                return match
        raise AssertionError("".join(seen))

    def close(self) -> None:
        self._bound.cancel()
        self.process.kill()
        self.process.communicate(timeout=BOUND)


@pytest.fixture
def run(installed: Path) -> Iterator[Callable[..., Run]]:
    running: list[Run] = []

    def start(*arguments: str | Path) -> Run:
        running.append(Run(installed, *arguments))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def room() -> Iterator[Path]:
    """A directory of a short name: a socket's path has little room."""
    with tempfile.TemporaryDirectory(prefix="run") as name:
        yield Path(name)


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10.0)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@posix
def test_a_run_is_seen_steered_and_ended_from_outside(
    run: Callable[..., Run], cli: Cli, volume: ConfigMapVolume, agent: Agent, room: Path
) -> None:
    status, ctl = room / "status.json", room / "ctl.sock"
    process = run(
        volume.path, "--runner", "printing", "--interval", "1000", "--no-run-on-change",
        "--listen", "127.0.0.1:0", "--ctl", ctl, "--status-file", status,
    )  # fmt: skip
    port = int(process.logged(r"listening on port (\d+)")[1])
    process.logged(r"cycle .* on generation 1 ok")
    assert get(port, "/healthz") == get(port, "/readyz") == (200, b"ok\n")
    assert b"hotagents_config_generation 1.0\n" in get(port, "/metrics")[1]
    assert cli("status", f"http://127.0.0.1:{port}").exit_code == 0
    volume.write({"triage.md": agent("triage", "other")})
    process.logged("published generation 2")
    assert cli("ctl", ctl, "rollback", "1").exit_code == 0
    process.logged(r"ctl: rollback 1 by user \d+")
    assert cli("ctl", ctl, "run-now").exit_code == 0
    process.logged(r"cycle .* on generation 3 ok")
    assert json.loads(get(port, "/status")[1])["generation"]["restores"] == 1
    process.process.send_signal(signal.SIGTERM)
    process.process.communicate(timeout=BOUND)
    assert process.process.returncode == 0
    assert not ctl.exists()
    last = json.loads(status.read_text())
    assert (last["registry"]["state"], last["generation"]["number"]) == ("closed", 3)
    assert cli("status", status).exit_code == 1


@posix
def test_a_socket_that_a_killed_run_left_behind_is_replaced(
    run: Callable[..., Run], cli: Cli, volume: ConfigMapVolume, room: Path
) -> None:
    arguments = (volume.path, "--runner", "printing", "--ctl", room / "ctl.sock")
    first = run(*arguments)
    first.logged("cycle .* ok")
    first.process.kill()
    first.process.communicate(timeout=BOUND)
    assert (room / "ctl.sock").exists()
    second = run(*arguments)
    second.logged("cycle .* ok")
    assert cli("ctl", room / "ctl.sock", "status").exit_code == 0


def test_a_start_that_fails_says_why_where_the_kubelet_looks(
    cli: Cli, volume: ConfigMapVolume, installed: Path, tmp_path: Path
) -> None:
    assert installed.is_dir()
    log, status = tmp_path / "termination-log", tmp_path / "status.json"
    volume.write({"triage.md": BROKEN})
    options = ["--runner", "echo", "--once", "--termination-log", log, "--status-file", status]
    assert cli("run", volume.path, *options).exit_code == 1
    assert log.read_text().startswith("triage.md:1:1: missing-description: ")
    assert json.loads(status.read_text())["error"].startswith("triage.md:1:1: missing-description: ")
    assert cli("run", tmp_path / "nowhere", *options).exit_code == 2
    assert str(tmp_path / "nowhere") in log.read_text()
    assert cli("run", volume.path, *options, "--interval", "0").exit_code == 1
    assert cli("run", volume.path, *options[:2], "--interval", "0", *options[3:]).exit_code == 2
    assert log.read_text() == "interval: expected more than 0 seconds, got 0.0\n"
    assert cli("run", volume.path, "--runner", "nobody", *options[2:]).exit_code == 2
    assert log.read_text().startswith('no runner "nobody"')


def test_a_run_that_ends_as_it_should_says_nothing_there(
    cli: Cli, volume: ConfigMapVolume, installed: Path, tmp_path: Path
) -> None:
    assert installed.is_dir()
    log = tmp_path / "termination-log"
    for runner, code in (("echo", 0), ("failing", 1)):
        options = ["--runner", runner, "--once", "--termination-log", log]
        assert cli("run", volume.path, *options).exit_code == code
        assert not log.exists()


def test_in_a_pod_it_is_written_unasked_unless_it_is_not_wanted(
    cli: Cli, volume: ConfigMapVolume, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installed.is_dir()
    log = tmp_path / "termination-log"
    log.touch()
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setattr("hotagents.ops.termination.default_path.__kwdefaults__", {"path": str(log)})
    volume.write({"triage.md": BROKEN})
    assert cli("run", volume.path, "--runner", "echo", "--once", "--termination-log", "").exit_code == 1
    assert log.read_text() == ""
    assert cli("run", volume.path, "--runner", "echo", "--once").exit_code == 1
    assert log.read_text().startswith("triage.md:1:1: ")


def test_a_termination_log_that_cannot_be_written_hides_no_error(
    cli: Cli, volume: ConfigMapVolume, installed: Path, tmp_path: Path
) -> None:
    assert installed.is_dir()
    volume.write({"triage.md": BROKEN})
    result = cli("run", volume.path, "--runner", "echo", "--once", "--termination-log", tmp_path)
    assert "hotagents: --termination-log: " in result.stderr
    assert "missing-description" in result.stderr
    assert result.exit_code == 1


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "prometheus_client"])
def test_without_the_extra_it_says_what_to_install(
    cli: Cli, volume: ConfigMapVolume, installed: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    assert installed.is_dir()
    for name in [name for name in sys.modules if name.startswith(("hotagents.ops.", f"{missing}."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    result = cli("run", volume.path, "--runner", "echo", "--once", "--listen", "127.0.0.1:0")
    expected = f'hotagents: --listen needs {missing}; install it with: python -m pip install "hotagents[web]"\n'
    assert (result.stderr, result.stdout, result.exit_code) == (expected, "", 2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--listen", "8080"], "--listen: expected HOST:PORT, :PORT or [ADDRESS]:PORT"),
        (["--listen", "192.0.2.1:0"], "--listen: "),
        pytest.param(["--ctl", "."], "--ctl: [Errno 17] expected a socket or nothing there", marks=posix),
    ],
)
def test_a_place_that_cannot_be_had_is_wrong_usage(
    cli: Cli, volume: ConfigMapVolume, installed: Path, options: list[str], said: str
) -> None:
    assert installed.is_dir()
    result = cli("run", volume.path, "--runner", "echo", "--once", *options)
    assert said in result.stderr
    assert (result.stderr.count("\n"), result.stdout, result.exit_code) == (1, "", 2)


@posix
def test_all_that_is_open_is_closed_again_when_the_next_cannot_be_had(
    cli: Cli, volume: ConfigMapVolume, installed: Path, room: Path
) -> None:
    assert installed.is_dir()
    result: Any = cli("run", volume.path, "--runner", "echo", "--once", "--ctl", room / "s", "--listen", "8080")
    assert result.exit_code == 2
    assert not list(room.iterdir())
