"""What a signal does before any command listens to it, and what a second monitor on the same records does."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cli.looking import watch
from hotagents_k8s_monitor.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents_k8s_monitor.testing import FakeCluster

    Start = Callable[..., Any]

CYCLE: Final = "runner k8s-monitor: cycle "
SLOW: Final = """
import sys, time

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            print("importing", file=sys.stderr, flush=True)
            time.sleep(60)

sys.meta_path.insert(0, Slow())
from hotagents_k8s_monitor.cli import main
main()
"""


@pytest.mark.parametrize("name", ["typer", "hotagents_k8s_monitor.cli.looking"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_middle_of_an_import_ends_it_without_a_word(
    start: Start, name: str, number: signal.Signals, code: int
) -> None:
    process = start("once", program=["-c", SLOW.format(name=name)])
    process.logged("importing")
    assert process.end(number) == code
    assert (process.out, process.log) == ([], ["importing"])


def test_a_hang_up_in_the_middle_of_an_import_is_ignored(start: Start) -> None:
    process = start("run", program=["-c", SLOW.format(name="typer")])
    process.logged("importing")
    process.process.send_signal(signal.SIGHUP)
    assert process.end(signal.SIGTERM) == 143


@pytest.fixture
def run(trouble: FakeCluster, home: Path, mount: Any, start: Start) -> Callable[..., Any]:
    settings = {"config_dir": mount.path, "kubeconfig": trouble.kubeconfig(home), "detection_interval": 86_400}
    return lambda *arguments, **options: start(*arguments or ("run",), **settings, **options)


def test_a_second_monitor_on_the_same_records_ends_with_2_and_hampers_nobody(
    run: Callable[..., Any], mount: Any, home: Path
) -> None:
    first = run()
    first.logged(CYCLE)
    second = run()
    library = run("run", mount.path, "--runner", "k8s-monitor", "--once", program=["-m", "hotagents"])
    assert second.ended() == 2
    assert second.log[-1].startswith(f"k8s-monitor: another monitor (process {first.process.pid} on ")
    assert f") uses {home / 'data'}, and two would tell everything twice; end that one" in second.log[-1]
    assert not any(CYCLE in line for line in second.log)
    assert library.ended() == 1
    assert library.logged("setup failed: ").count("another monitor (process ") == 1
    once, preflight = run("once"), run("preflight")
    assert (once.ended(), preflight.ended()) == (1, 0)
    first.process.send_signal(signal.SIGHUP)
    assert "NOT WRITTEN" not in first.logged(CYCLE, times=2)
    assert first.end(signal.SIGTERM) == 0


def test_a_monitor_that_was_killed_keeps_no_other_from_its_records(run: Callable[..., Any]) -> None:
    first = run()
    first.logged(CYCLE)
    first.process.kill()
    first.ended()
    second = run()
    second.logged(CYCLE)
    assert second.end(signal.SIGTERM) == 0


def test_a_monitor_waits_for_another_one_that_is_about_to_end(run: Callable[..., Any]) -> None:
    first = run()
    first.logged(CYCLE)
    second = run()
    assert first.end(signal.SIGTERM) == 0
    second.logged(CYCLE)
    assert second.end(signal.SIGTERM) == 0


def test_a_refused_configuration_is_an_object_where_json_is_wanted(
    healthy: FakeCluster, home: Path, mount: Any, start: Start
) -> None:
    mount.edit("k8s-analyzer.md", "deployment-short: {hold: 15m}", "deployment-short: {hold: soon}")
    once = start("once", "--json", "--config", mount.path, kubeconfig=healthy.kubeconfig(home))
    validate = start("validate", "--json", mount.path, "--runner", "k8s-monitor", program=["-m", "hotagents"])
    assert (once.ended(), validate.ended()) == (1, 1)
    (line,) = once.out
    said = json.loads(line)
    assert said["status"] == "failed"
    assert said["error"] == once.log[-1].removeprefix("k8s-monitor: ")
    (problem,) = [one for one in said["diagnostics"] if one["severity"] == "error"]
    assert (problem["path"], problem["line"] > 0) == ("agents/k8s-analyzer.md", True)
    (shown,) = [one for one in json.loads(validate.out[0])["diagnostics"] if one["severity"] == "error"]
    assert {**shown, "path": problem["path"]} == problem
    assert shown["path"].endswith(problem["path"])
    assert once.log[-1].startswith("k8s-monitor: agents/k8s-analyzer.md:")


@pytest.mark.parametrize("way", ["configuration", "setting"])
def test_whatever_else_ends_it_is_an_object_too(start: Start, home: Path, way: str) -> None:
    if way == "setting":
        once = start("once", "--json", look_timeout="soon")
    else:
        once = start("once", "--json", "--config", home / "nowhere")
    assert once.ended() == 2
    said = json.loads(once.out[0])
    assert (said["status"], said["diagnostics"]) == ("failed", [])
    assert once.log == [f"k8s-monitor: {said['error']}"]


def test_a_run_that_could_tell_nobody_for_want_of_a_package_ends_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("K8S_MONITOR_SLACK_TOKEN", "xoxb-1")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match="expected slack-sdk to be installed, got none"):
        watch(load_settings(config_dir=tmp_path, data_dir=tmp_path))
