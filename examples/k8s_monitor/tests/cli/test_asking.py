"""``k8s-monitor once`` with a model, as it is typed: what it prints, what it sends, and that its end stays the same."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing.model import (
    HOSTILE,
    ModelServer,
    failing,
    instance_of,
    refused,
    sensible,
    slow,
    structured,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hotagents_k8s_monitor.testing import FakeCluster
    from hotagents_k8s_monitor.testing.model import Reply, Request

    Start = Callable[..., Any]

KEY: Final = "sk-ant-a-key-that-nobody-prints"


def to(server: ModelServer) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": KEY}


def each(request: Request) -> Reply:
    """One remark on each incident."""
    form = request.output_config["format"]["schema"]
    (remark, *_), names = instance_of(form)["remarks"], form["properties"]["remarks"]["items"]["properties"]
    return structured({"remarks": [{**remark, "incident": name} for name in names["incident"]["enum"]]})


def of_json(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def findings(lines: list[str]) -> list[str]:
    return [" ".join(line.split()[:4]) for line in lines if line.startswith("SEV-")]


def everything(root: Path) -> list[str]:
    return sorted(str(path) for path in root.rglob("*"))


@pytest.fixture
def once(start: Start, home: Path) -> Callable[..., Any]:
    """Run ``once`` on a cluster to its end."""

    def run(cluster: FakeCluster, *arguments: str, code: int, variables: Mapping[str, str] | None = None) -> Any:
        process = start("once", "--kubeconfig", cluster.kubeconfig(home), *arguments, variables=variables or {})
        assert process.ended() == code, process.log
        assert not any("Traceback" in line for line in (*process.log, *process.out))
        assert not any(KEY in line for line in (*process.log, *process.out))
        return process

    return run


def test_remarks_follow_the_findings_and_change_neither_them_nor_the_end(
    trouble: FakeCluster, once: Callable[..., Any], home: Path
) -> None:
    plain = once(trouble, code=1)
    before = everything(home)
    with ModelServer(each) as server:
        asked = once(trouble, "--analyze", code=1, variables=to(server))
        assert server.surprises == ()
        assert server.requests
    assert findings(asked.out) == findings(plain.out) != []
    assert asked.log == []
    remarks = [line for line in asked.out if line.startswith("a model's remark on ")]
    assert len(remarks) > 1
    assert all(line.endswith(", not a finding:") for line in remarks)
    assert asked.out[-1].startswith(f"{len(remarks)} remarks on {len(remarks)} incidents: 1 requests, ")
    assert everything(home) == before


def test_as_json_all_of_it_is_one_line_of_facts(trouble: FakeCluster, once: Callable[..., Any]) -> None:
    with ModelServer(each) as server:
        (facts,) = of_json(once(trouble, "--analyze", "--json", code=1, variables=to(server)).out)
    analysis = facts["data"]["analysis"]
    assert (analysis["state"], analysis["ended"]["state"], analysis["waiting"]) == ("ok", "ok", 0)
    assert len(analysis["ended"]["remarks"]) > 1


@pytest.mark.parametrize("arguments", [["--print-request"], ["--print-request", "--json"]])
def test_what_would_be_sent_is_printed_and_not_sent(
    arguments: list[str], trouble: FakeCluster, once: Callable[..., Any]
) -> None:
    with ModelServer([]) as server:
        process = once(trouble, *arguments, code=1, variables=to(server))
        assert server.requests == ()
    whole = "\n".join(process.out)
    assert "You add a remark to each fault" in whole
    assert "The storefront calls the cart" in whole
    if "--json" in arguments:
        facts, body = of_json(process.out)
        assert facts["data"]["analysis"]["trouble"] == ""
        assert set(body["request"]) >= {"model", "messages", "system"}
    else:
        assert any(line == "request 1, as it would be sent to 127.0.0.1" for line in process.out)
        assert not any("remarks on" in line for line in process.out)
        assert process.out[-1].startswith("nothing was sent to a model; what agents would be asked depends on ")


def test_what_would_be_sent_is_printed_without_a_model_too(trouble: FakeCluster, once: Callable[..., Any]) -> None:
    process = once(trouble, "--print-request", code=1)
    assert any(line == "request 1, as it would be sent to api.anthropic.com" for line in process.out)


def test_what_is_sent_can_be_printed_as_well(trouble: FakeCluster, once: Callable[..., Any]) -> None:
    with ModelServer(sensible) as server:
        lines = of_json(once(trouble, "--analyze", "--print-request", "--json", code=1, variables=to(server)).out)
        assert [line["request"] for line in lines[1:]] == [request.body for request in server.requests]


def test_without_a_model_to_ask_it_says_what_to_set(trouble: FakeCluster, once: Callable[..., Any]) -> None:
    for arguments in (["--analyze"], ["--analyze", "--print-request"]):
        process = once(trouble, *arguments, code=2)
        assert "no model is named; set ANTHROPIC_API_KEY" in "".join(process.log)
        assert process.out == []


@pytest.mark.parametrize("arguments", [["--analyze"], ["--print-request"], ["--analyze", "--print-request"]])
def test_where_nothing_is_open_nobody_is_asked_and_that_is_said(
    arguments: list[str], healthy: FakeCluster, once: Callable[..., Any]
) -> None:
    with ModelServer([]) as server:
        assert once(healthy, *arguments, code=0, variables=to(server)).out[-1] == "no model was asked: nothing is open"
        facts, last = of_json(once(healthy, *arguments, "--json", code=0, variables=to(server)).out)
        assert server.requests == ()
    assert (facts["data"]["verdict"], last) == ("healthy", {"analysis": None})


FAILS: Final[dict[str, tuple[Reply, str]]] = {
    "key": (failing(401, "authentication_error", "invalid x-api-key"), "analysis unavailable: "),
    "down": (failing(400, "invalid_request_error", "no"), "analysis unavailable: "),
    "refused": (refused(), "analysis unavailable: the model refused to answer"),
    "prose": (text("All is well. NOTIFY: NO"), "analysis unavailable: "),
    "slow": (slow(text("x"), 600.0), "analysis stopped: "),
}


@pytest.mark.parametrize("name", FAILS)
def test_a_model_that_fails_is_said_and_changes_no_exit_code(
    name: str, trouble: FakeCluster, once: Callable[..., Any]
) -> None:
    reply, expected = FAILS[name]
    with ModelServer([reply], repeat=True) as server:
        variables = {**to(server), **({"K8S_MONITOR_ANALYSIS_SECONDS": "3"} if name == "slow" else {})}
        process = once(trouble, "--analyze", code=1, variables=variables)
    assert findings(process.out)
    assert any(line.startswith(expected) for line in process.out)


def test_that_a_model_failed_is_among_the_facts(trouble: FakeCluster, once: Callable[..., Any]) -> None:
    with ModelServer([refused()], repeat=True) as server:
        (facts,) = of_json(once(trouble, "--analyze", "--json", code=1, variables=to(server)).out)
    assert facts["data"]["analysis"]["state"] == "unavailable"
    assert "analysis unavailable: the model refused to answer" in facts["summary"]


def test_a_server_that_is_not_there_is_said_and_changes_no_exit_code(
    trouble: FakeCluster, once: Callable[..., Any]
) -> None:
    process = once(trouble, "--analyze", code=1, variables={"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"})
    assert any("no connection to the model's server" in line for line in process.out)


def test_an_end_is_not_kept_waiting_by_a_model(trouble: FakeCluster, start: Start, home: Path) -> None:
    with ModelServer([slow(text("x"), 600.0)], repeat=True) as server:
        process = start("once", "--kubeconfig", trouble.kubeconfig(home), "--analyze", variables=to(server))
        server.wait_for(1)
        assert process.end(signal.SIGINT) == 1
        assert not any("Traceback" in line for line in process.log)
    assert len(findings(process.out)) > 1  # they were found before a model was asked
    assert process.out[-1] == "a model was asked, and had not answered when this was ended"


def test_what_a_model_says_is_no_instruction_for_a_terminal(trouble: FakeCluster, once: Callable[..., Any]) -> None:
    said = "\x1b]0;owned\x07\x1b[2J" + "".join(HOSTILE)

    def script(request: Request) -> Reply:
        value = instance_of(request.output_config["format"]["schema"])
        value["remarks"][0] |= {"summary": said, "cause": said, "known_issue_reason": said, "known_issue_days": 3}
        return structured(value)

    with ModelServer(script) as server:
        process = once(trouble, "--analyze", code=1, variables=to(server))
    assert any(line.startswith("a model's remark on ") for line in process.out)
    assert all(line.isprintable() for line in process.out)


@pytest.fixture
def watching(trouble: FakeCluster, home: Path, mount: Any, start: Start) -> Callable[..., Any]:
    """Start ``run`` on the mount, which asks a server."""

    def started(server: ModelServer) -> Any:
        return start(
            "run",
            variables=to(server),
            config_dir=mount.path,
            kubeconfig=trouble.kubeconfig(home),
            detection_interval=86_400,
        )

    return started


def test_a_monitor_that_watches_shows_its_remarks_with_the_next_look(watching: Callable[..., Any]) -> None:
    with ModelServer(each) as server:
        monitor = watching(server)
        assert monitor.logged("prose is told to a model (127.0.0.1, ")
        monitor.logged("runner k8s-monitor: cycle ")
        server.wait_for(1)
        for times in range(2, 30):  # until the analysis, which is asked for by now, is over
            monitor.process.send_signal(signal.SIGHUP)
            monitor.logged("runner k8s-monitor: cycle ", times=times)
            if any("a model's remark on " in line for line in monitor.log):
                break
        assert monitor.logged("a model's remark on Deployment payments/checkout-api: ").split()[2] == "INFO"
        assert monitor.logged("analysis of ").split()[2] == "INFO"
        assert monitor.end(signal.SIGTERM) == 0
        assert not any("Traceback" in line or KEY in line for line in monitor.log)
        assert len(server.requests) == 1


def test_one_that_is_killed_while_it_asks_and_starts_again_and_again_asks_once(
    watching: Callable[..., Any], home: Path
) -> None:
    with ModelServer([slow(text("x"), 600.0)], repeat=True) as server:
        for number in range(3):
            monitor = watching(server)
            assert "findings: " in monitor.logged("runner k8s-monitor: cycle ")
            if number == 0:
                server.wait_for(1)
            monitor.close()
        assert len(server.requests) == 1
        last = watching(server)
        last.logged("runner k8s-monitor: cycle ")
        assert last.end(signal.SIGTERM) == 0
        assert not any("Traceback" in line for line in last.log)
        assert len(server.requests) == 1
    assert json.loads((home / "data" / "analysis.json").read_text())["attempted_at"]
