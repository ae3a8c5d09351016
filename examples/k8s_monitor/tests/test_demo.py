"""The monitor's story happens as it is told, at any time and in any environment; where it does not, it says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Plugins, load_plugins
from hotagents.demo import run
from hotagents_k8s_monitor import plugin
from hotagents_k8s_monitor.policy import EscalationManager, Policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEPS = ["start", "critical-service", "known-issue", "severity", "broken", "restored"]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "t"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def ours() -> Plugins:
    return load_plugins(from_entry_points=False, plugins={plugin.NAME: plugin})


def told(*, as_json: bool = True) -> tuple[int, list[str]]:
    lines: list[str] = []
    return run(as_json=as_json, write=lines.append, plugins=ours()), lines


def facts(lines: list[str]) -> dict[str, Any]:
    said = [json.loads(line) for line in lines]
    return {step["step"]: step for step in said if step["story"] == plugin.NAME}


@pytest.fixture(scope="module")
def steps() -> dict[str, Any]:
    code, lines = told()
    assert code == 0, lines[-3:]
    return facts(lines)


def test_the_steps_come_in_their_order_each_on_its_generation(steps: dict[str, Any]) -> None:
    assert list(steps) == STEPS
    assert [steps[name]["number"] for name in STEPS] == [1, 2, 3, 4, 4, 6]
    assert {steps[name]["verdict"] for name in STEPS} == {"findings"}


def test_the_first_cycle_finds_what_is_wrong_with_the_recorded_cluster(steps: dict[str, Any]) -> None:
    assert steps["start"]["rated"] == {
        "payments/checkout-api container-waiting": "SEV-1",
        "payments/checkout-api deployment-short": "SEV-1",
        "shop/storefront container-waiting": "SEV-2",
        "shop/storefront deployment-short": "SEV-2",
        "node-c node-not-ready": "SEV-2",
        "batch/report-generator container-waiting": "SEV-3",
        "ml/trainer deployment-short": "SEV-3",
        "ml/trainer pod-unschedulable": "SEV-3",
    }


@pytest.mark.parametrize(
    ("name", "changed", "kind"),
    [
        (
            "critical-service",
            {"ml/trainer deployment-short": ["SEV-3", "SEV-1"], "ml/trainer pod-unschedulable": ["SEV-3", "SEV-1"]},
            "worse",
        ),
        ("known-issue", {"batch/report-generator container-waiting": ["SEV-3", "known issue"]}, "muted"),
        ("severity", {"node-c node-not-ready": ["SEV-2", "SEV-1"]}, "worse"),
    ],
)
def test_each_edit_changes_what_it_says_and_nothing_else(
    steps: dict[str, Any], name: str, changed: dict[str, list[str]], kind: str
) -> None:
    step, before = steps[name], steps[STEPS[STEPS.index(name) - 1]]
    assert step["changed"] == changed
    assert step["rated"] == before["rated"] | {finding: pair[1] for finding, pair in changed.items()}
    assert [delivery["kind"] for delivery in step["told"]] == [kind]
    assert 0 < step["milliseconds"]["current"] <= step["milliseconds"]["cycle"] < 30_000


def test_the_broken_edit_changes_nothing_and_tells_its_place(steps: dict[str, Any]) -> None:
    broken, before = steps["broken"], steps["severity"]
    assert broken["diagnostic"].startswith("agents/k8s-analyzer.md:")
    assert (broken["digest"], broken["rated"], broken["told"]) == (before["digest"], before["rated"], [])


def test_the_way_back_ends_where_it_began(steps: dict[str, Any]) -> None:
    restored = steps["restored"]
    assert restored["restores"] == 1
    assert (restored["digest"], restored["rated"]) == (steps["start"]["digest"], steps["start"]["rated"])


def test_the_text_fits_100_columns_and_says_what_a_newcomer_wants_to_know() -> None:
    code, lines = told(as_json=False)
    text = "\n".join(lines)
    assert code == 0, text
    own = lines[lines.index("runner k8s-monitor: watches a Kubernetes cluster and says what is wrong") :]
    # Not the mount: its directory is this test's, and long.
    assert [line for line in own if len(line) > 100 and ".claude" not in line] == []
    for words in (
        "1. A cluster in trouble",
        "     SEV-1  payments/checkout-api deployment-short    (P0, down)",
        "     | ALERT SEV-1 Deployment payments/checkout-api to #incidents, payments on-call",
        "     +    - ml/trainer",
        "     ml/trainer deployment-short: SEV-3 -> SEV-1",
        "     | WORSE SEV-1 Deployment ml/trainer to #incidents, payments on-call",
        "     +  - match: {namespace: batch, name: report-generator}",
        "     | MUTED SEV-3 CronJob batch/report-generator to #operations",
        "     -    degraded: SEV-2",
        "Refused; generation 4 stays",
        "agents/k8s-analyzer.md:",
        "Generation 6 restores generation 1: the same digest, the same findings.",
        "k8s-monitor once --context NAME",
        "Everything happened as told",
    ):
        assert words in text, words


def test_nothing_is_left_behind(temporary: Path) -> None:
    threads = set(threading.enumerate())
    code, _ = told()
    assert code == 0
    left = set(threading.enumerate()) - threads
    for thread in left:
        thread.join(10.0)  # a connection's that was just closed
    assert [thread.name for thread in left if thread.is_alive()] == []
    assert list(temporary.iterdir()) == []


def sabotaged(monkeypatch: pytest.MonkeyPatch, target: Any, name: str, value: Any) -> str:
    monkeypatch.setattr(target, name, value)
    code, lines = told()
    assert code == 1
    end = json.loads(lines[-1])
    assert (end["ok"], end["failed"]) == (False, [plugin.NAME])
    failed = facts(lines)["failed"]
    assert failed["error"].startswith("UntoldError: this did not happen: ")
    return str(failed["error"])


def constant(value: Any) -> Callable[..., Any]:
    return lambda *_arguments: value


def test_severities_that_never_change_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    said = sabotaged(monkeypatch, EscalationManager, "severity", constant("SEV-1"))
    assert "ml/trainer deployment-short" in said


def test_severities_that_are_all_mild_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    said = sabotaged(monkeypatch, EscalationManager, "severity", constant("SEV-3"))
    assert "a critical service is down, which is SEV-1" in said


def test_known_issues_that_are_told_all_the_same_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    said = sabotaged(monkeypatch, Policy, "muted", constant(None))
    assert "known issue" in said


def test_a_cycle_that_fails_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_policy: Policy, _severity: str) -> str:
        raise RuntimeError("no channel")

    assert "no channel" in sabotaged(monkeypatch, Policy, "channel", broken)


@pytest.mark.parametrize("name", ["usual", "hostile"])
def test_the_environment_and_the_clock_change_nothing(name: str, tmp_path: Path) -> None:
    dead = "http://127.0.0.1:9"
    hostile = {
        "HTTP_PROXY": dead,
        "http_proxy": dead,
        "HTTPS_PROXY": dead,
        "ALL_PROXY": dead,
        "KUBECONFIG": "/nowhere",
        "HOME": "/nowhere",
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": "9",
        "K8S_MONITOR_NO_SUCH_SETTING": "1",
        "K8S_MONITOR_CONTEXT": "nowhere",
        "K8S_MONITOR_CONFIG_DIR": "/nowhere",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
    }
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    environment |= {"TMPDIR": str(tmp_path), **(hostile if name == "hostile" else {})}
    program = (
        "import sys\n"
        "from hotagents import load_plugins\n"
        "from hotagents.demo import run\n"
        "from hotagents_k8s_monitor import plugin\n"
        "plugins = load_plugins(from_entry_points=False, plugins={plugin.NAME: plugin})\n"
        "sys.exit(run(as_json=True, plugins=plugins))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(facts(done.stdout.splitlines())) == STEPS
