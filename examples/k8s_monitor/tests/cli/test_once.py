"""``k8s-monitor once``: one look, printed; nothing sent, nothing written."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.shipped import config_dir
from hotagents_k8s_monitor.testing import FakeCluster, Fault
from hotagents_k8s_monitor.testing.objects import node, pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Start = Callable[..., Any]

HOSTILE = "\x1b]0;owned\x07\x1b[2J<!channel> \u202e&\r\nERROR forged"
MOST = {"apiGroups": ["", "apps"], "resources": ["nodes", "deployments", "replicasets"], "verbs": ["list"]}


def everything(root: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns) for path in root.rglob("*"))


def test_trouble_is_listed_worst_first_and_ends_with_1(trouble: FakeCluster, home: Path, start: Start) -> None:
    kubeconfig = trouble.kubeconfig(home)
    before = everything(home)
    once = start("once", "--kubeconfig", kubeconfig)
    assert once.ended() == 1
    assert once.log == []
    first, *findings, last = once.out
    assert first.startswith(f"configuration {config_dir()} (the shipped example), generation sha256:")
    assert [line.split("  ")[0] for line in findings] == ["SEV-1"] * 2 + ["SEV-2"] * 3 + ["SEV-3"] * 3
    assert "Deployment payments/checkout-api (P0, down, for 20m" in findings[0]
    assert last == "findings: 2 SEV-1, 3 SEV-2, 3 SEV-3"
    assert {request.method for request in trouble.requests} == {"GET"}
    assert everything(home) == before


def test_a_healthy_cluster_ends_with_0(healthy: FakeCluster, home: Path, start: Start) -> None:
    once = start("once", "--kubeconfig", healthy.kubeconfig(home))
    assert (once.ended(), once.log) == (0, [])
    assert once.out[-1].startswith("healthy: no findings")


def test_what_is_within_its_hold_time_is_said_and_ends_with_0(home: Path, start: Start) -> None:
    now = datetime.now(timezone.utc)
    items = [node("node-a"), pod("cart", namespace="shop", waiting="ImagePullBackOff", since=now)]
    with FakeCluster(items) as cluster:
        once = start("once", "--kubeconfig", cluster.kubeconfig(home))
        assert (once.ended(), once.log) == (0, [])
    assert once.out[-1].startswith("healthy: no findings; 1 within their hold time")
    assert "  pending   " in once.out[1]


def test_json_is_one_object(trouble: FakeCluster, home: Path, start: Start) -> None:
    once = start("once", "--json", "--kubeconfig", trouble.kubeconfig(home))
    assert (once.ended(), once.log) == (1, [])
    (line,) = once.out
    result = json.loads(line)
    assert (result["status"], result["data"]["verdict"], result["generation"]) == ("ok", "findings", 1)
    assert len(result["data"]["findings"]) == 8
    assert result["data"]["told"] == []


def test_hostile_text_of_the_cluster_is_only_text(home: Path, start: Start) -> None:
    long_ago = datetime.now(timezone.utc) - timedelta(hours=1)
    items = [
        pod("bad\x1b[31m", namespace="shop\x1b", waiting="CrashLoopBackOff", since=long_ago),
        node("node\x1b[2J-a", ready="False", since=long_ago),
    ]
    items[0]["status"]["containerStatuses"][0]["state"]["waiting"]["message"] = HOSTILE
    items[1]["status"]["conditions"][-1]["message"] = HOSTILE
    with FakeCluster(items) as cluster:
        kubeconfig = cluster.kubeconfig(home)
        once = start("once", "--kubeconfig", kubeconfig)
        as_json = start("once", "--json", "--kubeconfig", kubeconfig)
        assert (once.ended(), as_json.ended()) == (1, 1)
    text = "\n".join(once.out)
    assert all(char.isprintable() for char in text.replace("\n", ""))
    assert "\\x1b[2J<!channel> \\u202e&\\r\\nERROR forged" in text
    assert not any(line.startswith("ERROR") for line in once.out)
    assert as_json.out[0].isascii()
    assert all(char.isprintable() for char in as_json.out[0])


@pytest.mark.parametrize("role", [[], [MOST]], ids=["nothing", "not all"])
def test_what_may_not_be_seen_is_never_healthy(home: Path, start: Start, role: list[Any]) -> None:
    with FakeCluster([node("node-a")], role=role) as cluster:
        once = start("once", "--kubeconfig", cluster.kubeconfig(home))
        assert once.ended() == (1 if role else 2)
    assert once.out[-1].startswith("blind: ")
    assert "cannot see pods: forbidden: " in once.out[-1]
    assert not any("healthy" in line for line in once.out)


def test_a_cluster_that_does_not_listen_is_said_once_and_ends_with_2(
    healthy: FakeCluster, home: Path, start: Start
) -> None:
    kubeconfig = healthy.kubeconfig(home)
    healthy.__exit__(None, None, None)
    once = start("once", "--kubeconfig", kubeconfig)
    as_json = start("once", "--json", "--kubeconfig", kubeconfig)
    assert (once.ended(), once.log) == (2, [])
    assert once.out[-1].startswith("blind: ")
    assert once.out[-1].endswith(
        f"; cannot see {', '.join(RESOURCES)}: unreachable: no connection, or it was cut: Connection refused"
    )
    assert not any("healthy" in line for line in once.out)
    assert (as_json.ended(), as_json.log) == (2, [])
    assert json.loads(as_json.out[0])["data"]["verdict"] == "blind"


def test_a_cluster_that_never_answers_ends_in_time(healthy: FakeCluster, home: Path, start: Start) -> None:
    healthy.fault("*", Fault.hang())
    once = start("once", "--kubeconfig", healthy.kubeconfig(home), look_timeout=1)
    assert (once.ended(), once.log) == (2, [])
    assert once.out[-1].startswith("blind: ")
    assert "; cannot see nodes, " in once.out[-1]


def test_a_kubeconfig_that_is_not_there_is_named(home: Path, start: Start) -> None:
    once = start("once", "--kubeconfig", home / "nowhere")
    assert (once.ended(), once.log) == (2, [])
    assert f"unreachable: kubeconfig {home / 'nowhere'}: no such file; name another one" in once.out[-1]
    assert once.out[-1].count("no such file") == 1


def test_without_any_kubeconfig_the_usual_place_is_named(start: Start) -> None:
    once = start("once")
    assert (once.ended(), once.log) == (2, [])
    assert "no kubeconfig was named, and no service account is mounted" in once.out[-1]


def test_an_unknown_context_gets_the_nearest_one(healthy: FakeCluster, home: Path, start: Start) -> None:
    once = start("once", "--context", "fakee", kubeconfig=healthy.kubeconfig(home))
    assert (once.ended(), once.log) == (2, [])
    assert 'no context "fakee"; did you mean "fake"? it has fake' in once.out[-1]
    assert healthy.requests == ()


def test_a_broken_configuration_is_said_with_its_place(
    healthy: FakeCluster, home: Path, mount: Any, start: Start
) -> None:
    mount.edit("k8s-analyzer.md", "deployment-short: {hold: 15m}", "deployment-short: {hold: soon}")
    for options, printed in (([], 0), (["--json"], 1)):
        once = start("once", "--config", mount.path, *options, kubeconfig=healthy.kubeconfig(home))
        assert (once.ended(), len(once.out)) == (1, printed)
        (line,) = once.log
        assert line.startswith("k8s-monitor: agents/k8s-analyzer.md:")
        assert line.split(":")[2].isdigit()
        assert line.split(":")[3].isdigit()
        assert 'got "soon"' in line
    assert healthy.requests == ()


@pytest.mark.parametrize("option", ["--config", "--kubeconfig", "--context"])
@pytest.mark.parametrize("command", ["once", "run", "preflight"])
def test_an_empty_option_is_wrong_usage_and_means_no_default(start: Start, command: str, option: str) -> None:
    process = start(command, option, "")
    assert (process.ended(), process.out) == (2, [])
    assert f"Invalid value for '{option}': expected a value, got an empty one; leave" in " ".join(process.log)


@pytest.mark.parametrize("way", ["option", "setting"])
def test_a_named_configuration_that_is_not_there_is_an_error_and_never_the_example(
    healthy: FakeCluster, home: Path, start: Start, way: str
) -> None:
    nowhere = home / "nowhere"
    kubeconfig = healthy.kubeconfig(home)
    if way == "option":
        once = start("once", "--config", nowhere, kubeconfig=kubeconfig)
    else:
        once = start("once", config_dir=nowhere, kubeconfig=kubeconfig)
    assert (once.ended(), once.out) == (2, [])
    (line,) = once.log
    assert line.startswith(f"k8s-monitor: {nowhere}: ")


@pytest.mark.parametrize("command", ["once", "run", "preflight", "alive"])
def test_a_wrong_setting_is_one_line(start: Start, command: str) -> None:
    process = start(command, detection_intervall="60")
    assert (process.ended(), process.out) == (2, [])
    assert process.log == [
        'k8s-monitor: K8S_MONITOR_DETECTION_INTERVALL: no such setting; did you mean "K8S_MONITOR_DETECTION_INTERVAL"?'
    ]


def test_a_proxy_of_the_environment_is_not_asked_for_the_loopback(
    healthy: FakeCluster, home: Path, start: Start
) -> None:
    proxies = dict.fromkeys(
        ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9"
    )
    once = start("once", kubeconfig=healthy.kubeconfig(home), variables=proxies)
    assert (once.ended(), once.log) == (0, [])


@pytest.mark.parametrize(
    ("shell", "code", "err"),
    [
        ('exec "$@" >&-', 2, "k8s-monitor: standard output is closed\n"),
        ('"$@" | true', 0, ""),
        ('exec "$@" --config /nowhere 2>&-', 2, ""),
    ],
)
def test_whoever_does_not_listen_gets_no_traceback(
    healthy: FakeCluster, home: Path, environment: dict[str, str], shell: str, code: int, err: str
) -> None:
    program = "from hotagents_k8s_monitor.cli import main; main()"
    command = ["sh", "-c", shell, "sh", sys.executable, "-c", program, "once"]
    command += ["--kubeconfig", str(healthy.kubeconfig(home))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False, cwd=home, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", err)


def test_each_command_has_a_help_that_fits_a_terminal(start: Start) -> None:
    processes: Iterable[Any] = [start(*words, "--help") for words in ([], ["once"], ["run"], ["preflight"], ["alive"])]
    for process in processes:
        assert (process.ended(), process.log) == (0, [])
        assert all(len(line) <= 80 for line in process.out)
