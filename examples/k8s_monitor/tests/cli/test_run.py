"""``k8s-monitor run``, as in a pod: it watches, follows edits, keeps records, and ends when it is told to."""

from __future__ import annotations

import json
import re
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.testing import Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents_k8s_monitor.testing import FakeCluster

    Start = Callable[..., Any]

CYCLE = "runner k8s-monitor: cycle "


@pytest.fixture
def run(trouble: FakeCluster, home: Path, mount: Any, start: Start) -> Callable[..., Any]:
    """Start ``run`` on the mount, in a mood to look only when it is asked to."""

    def started(**settings: Any) -> Any:
        defaults = {
            "config_dir": mount.path,
            "kubeconfig": trouble.kubeconfig(home),
            "detection_interval": 86_400,
            "heartbeat_file": home / "alive",
        }
        return start("run", **{**defaults, **settings})

    return started


def test_it_looks_follows_edits_keeps_records_and_ends_cleanly(
    run: Callable[..., Any], mount: Any, home: Path, trouble: FakeCluster, start: Start
) -> None:
    monitor = run()
    assert "on generation 1 ok in" in monitor.logged(CYCLE)
    assert monitor.logged("Loading orchestrator context from CLAUDE.md")
    assert monitor.logged("Discovered agents: escalation-manager, github-reviewer, k8s-analyzer, slack-notifier")
    assert monitor.logged("ALERT SEV-1 Deployment payments/checkout-api (P0, down): ").split()[2] == "ERROR"
    assert monitor.logged(CYCLE).endswith("findings: 2 SEV-1, 3 SEV-2, 3 SEV-3")

    alive = start("alive", heartbeat_file=home / "alive")
    assert alive.ended() == 0
    assert re.fullmatch(rf"{home / 'alive'}: renewed \d+ s ago", alive.out[0])

    mount.edit("CLAUDE.md", "  P0:\n", "  P0:\n    - ml/trainer\n")
    second = monitor.logged(CYCLE, times=2)
    assert "on generation 2 ok in" in second
    assert second.endswith("findings: 4 SEV-1, 3 SEV-2, 1 SEV-3")
    assert monitor.logged("SEV-1 Deployment ml/trainer (P0, down): ")

    mount.edit("k8s-analyzer.md", "deployment-short: {hold: 15m}", "deployment-short: {hold: soon}")
    assert 'got "soon"' in monitor.logged("agents/k8s-analyzer.md:")
    monitor.process.send_signal(signal.SIGHUP)
    assert "on generation 2 ok in" in monitor.logged(CYCLE, times=3)

    assert monitor.end(signal.SIGTERM) == 0
    assert "Traceback" not in "\n".join(monitor.log)
    assert monitor.out == []
    assert not (home / "alive").exists()
    assert {request.method for request in trouble.requests} == {"GET"}

    (day,) = (home / "data" / "cycles").iterdir()
    lines = [json.loads(line) for line in day.read_text().splitlines()]
    cycles = [(line["generation"]["number"], line["trigger"]) for line in lines]
    assert cycles == [(1, "start"), (2, "change"), (2, "manual")]
    assert json.loads((home / "data" / "state.json").read_text())["cluster"] == "demo"
    assert len(list((home / "data").glob("incident-*.json"))) == 5


def test_it_looks_again_after_its_interval(run: Callable[..., Any]) -> None:
    monitor = run(detection_interval=1)
    monitor.logged(CYCLE, times=3)
    assert monitor.end(signal.SIGINT) == 0


def test_a_new_process_tells_nothing_twice(run: Callable[..., Any]) -> None:
    first = run()
    first.logged(CYCLE)
    assert first.end(signal.SIGTERM) == 0
    assert any(" ALERT " in line for line in first.log)
    second = run()
    second.logged(CYCLE)
    assert second.end(signal.SIGTERM) == 0
    assert not any(" ALERT " in line for line in second.log)


def test_a_killed_process_leaves_a_heartbeat_that_grows_old(run: Callable[..., Any], home: Path) -> None:
    monitor = run()
    monitor.logged(CYCLE)
    monitor.process.kill()
    monitor.ended()
    assert (home / "alive").exists()
    renewed_at = (home / "alive").stat().st_mtime
    assert time.time() - renewed_at < 60


def test_a_heartbeat_that_is_somebody_elses_file_ends_it_with_2(run: Callable[..., Any], home: Path) -> None:
    (home / "alive").write_text("mine")
    monitor = run()
    assert monitor.ended() == 2
    (line,) = monitor.log
    assert line.startswith(f"k8s-monitor: K8S_MONITOR_HEARTBEAT_FILE: {home / 'alive'}: expected an empty file or none")
    assert (home / "alive").read_text() == "mine"


def test_two_signals_end_a_look_that_hangs(run: Callable[..., Any], trouble: FakeCluster) -> None:
    trouble.fault("*", Fault.hang())
    monitor = run(look_timeout=3600)
    monitor.logged("Discovered agents")
    monitor.process.send_signal(signal.SIGTERM)
    monitor.logged("ending; waiting up to 30 s for: k8s-monitor")
    assert monitor.end(signal.SIGTERM) == 0


def test_an_api_server_that_does_not_answer_is_said_and_not_the_end(
    run: Callable[..., Any], trouble: FakeCluster
) -> None:
    trouble.fault("*", Fault.status(500))
    monitor = run(log_level="debug")
    line = monitor.logged(CYCLE)
    assert line.partition(": ")[2].partition(": ")[2].startswith("blind: ")
    assert "; cannot see nodes, " in line
    assert not any("retry" in line for line in monitor.log)
    trouble.clear_faults()
    monitor.process.send_signal(signal.SIGHUP)
    assert "SEV-1" in monitor.logged(CYCLE, times=2)
    assert monitor.end(signal.SIGTERM) == 0


def test_nothing_of_a_token_or_of_an_answer_is_in_the_log_of_a_debugger(
    run: Callable[..., Any],
) -> None:
    monitor = run(log_level="debug")
    monitor.logged(CYCLE)
    assert monitor.end(signal.SIGTERM) == 0
    log = "\n".join(monitor.log)
    assert "not-a-secret" not in log
    assert "managedFields" not in log
    assert '"kind"' not in log


def test_records_that_cannot_be_written_are_said_in_every_cycle(run: Callable[..., Any], home: Path) -> None:
    (home / "data").write_text("a file where a directory should be")
    monitor = run()
    assert "NOT WRITTEN the state: " in monitor.logged(CYCLE)
    assert monitor.logged("ALERT SEV-1 Deployment payments/checkout-api")
    assert monitor.end(signal.SIGTERM) == 0


def test_a_broken_mount_at_the_start_ends_with_1_and_its_place(
    run: Callable[..., Any], mount: Any, trouble: FakeCluster, home: Path
) -> None:
    mount.edit("k8s-analyzer.md", "deployment-short: {hold: 15m}", "deployment-short: {hold: soon}")
    monitor = run()
    assert monitor.ended() == 1
    assert any(line.startswith("k8s-monitor: agents/k8s-analyzer.md:") for line in monitor.log)
    assert trouble.requests == ()
    assert not (home / "data").exists()


def test_a_mount_that_is_not_there_ends_with_2(run: Callable[..., Any], home: Path) -> None:
    monitor = run(config_dir=home / "nowhere")
    assert monitor.ended() == 2
    assert monitor.log[-1].startswith(f"k8s-monitor: {home / 'nowhere'}: ")


def test_a_newer_versions_state_ends_it_with_2_and_is_left_alone(run: Callable[..., Any], home: Path) -> None:
    (home / "data").mkdir()
    (home / "data" / "state.json").write_text('{"schema": 2}')
    monitor = run()
    assert monitor.ended() == 2
    assert monitor.log[-1] == (
        f"k8s-monitor: {home / 'data' / 'state.json'} was written by a newer version (schema 2, this one knows 1); "
        "run that version again, or move the file away to start without memory"
    )
    assert (home / "data" / "state.json").read_text() == '{"schema": 2}'


def test_the_librarys_own_command_runs_it_with_the_same_settings(
    trouble: FakeCluster, home: Path, mount: Any, start: Start
) -> None:
    arguments = ["run", mount.path, "--runner", "k8s-monitor", "--once", "--json"]
    kubeconfig = trouble.kubeconfig(home)
    done = start(*arguments, program=["-m", "hotagents"], kubeconfig=kubeconfig)
    assert done.ended() == 0
    (line,) = done.out
    assert json.loads(line)["data"]["verdict"] == "findings"
    assert done.logged("Loading orchestrator context from CLAUDE.md")
    assert (home / "data" / "state.json").exists()
    trouble.fault("nodes", Fault.status(500), times=2)
    again = start(*arguments, program=["-m", "hotagents"], kubeconfig=kubeconfig)
    assert again.ended() == 0
    assert not any("retry" in line or " WARNING " in line for line in again.log)
    wrong = start(*arguments, program=["-m", "hotagents"], kubeconfig=kubeconfig, look_timeout="soon")
    assert wrong.ended() == 1
    assert wrong.logged('K8S_MONITOR_LOOK_TIMEOUT: expected seconds from 1 to 3600, got "soon"')
