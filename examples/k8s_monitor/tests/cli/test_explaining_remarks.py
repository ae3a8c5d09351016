"""``explain`` shows a remark on an incident as a model's; records of a monitor without one are read as before."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from typer.testing import CliRunner

from hotagents_k8s_monitor.analysis.analyst import Analyst
from hotagents_k8s_monitor.analysis.asking import Sources
from hotagents_k8s_monitor.analysis.keeping import Kept
from hotagents_k8s_monitor.analysis.model import Access
from hotagents_k8s_monitor.analysis.terms import Terms
from hotagents_k8s_monitor.cli.app import app
from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.settings import Settings
from hotagents_k8s_monitor.testing.model import ModelServer, structured
from hotagents_k8s_monitor.testing.objects import NOW, deployment
from hotagents_k8s_monitor.testing.reading import NoReading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MINUTE: Final = timedelta(minutes=1)
CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=NOW - timedelta(days=1))
CART_ID: Final = "deployments.apps/shop/cart"
REASON: Final = "It is being moved, " * 9


@pytest.fixture
def data(tmp_path: Path, make_bench: Callable[..., Any]) -> Path:
    """The records of two looks at one fault, on which a model had a remark."""
    said = {
        "incident": "incident-1",
        "summary": "One of two is missing.",
        "cause": "Its node is gone.",
        "evidence": [CART_ID],
        "command": "describe",
        "command_object": CART_ID,
        "known_issue_rule": "deployment-short",
        "known_issue_reason": REASON,
        "known_issue_days": 3,
    }
    directory = tmp_path / "data"
    with ModelServer([structured({"remarks": [said]})]) as server:
        where = Access(base_url=server.url, api_key="k", auth_token="")
        bench = make_bench(
            recorder=Recorder(directory, keep=timedelta(days=1), most_bytes=1 << 26),
            analyst=lambda clock: Analyst(
                where, Terms.of(Settings()), Kept(directory), Sources(reads=NoReading), clock=clock, waits=True
            ),
        )
        bench.look(CART)
        bench.again(after=MINUTE)
        bench.monitor.teardown()
    return directory


def run(*arguments: str | Path) -> list[str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_a_remark_is_shown_as_a_models_with_its_evidence_and_an_entry_that_is_whole(data: Path) -> None:
    (incident,) = (json.loads(line) for line in run("incidents", "--data", data, "--json"))
    lines = run("explain", incident["id"], "--data", data)
    start = next(number for number, line in enumerate(lines) if line.startswith("  remark "))
    assert lines[start] == f"  remark   of a model, not a finding, at {NOW.isoformat()}: One of two is missing."
    assert [line.strip() for line in lines[start + 1 : start + 5]] == [
        "probably: Its node is gone.",
        f"evidence: {CART_ID}",
        "next: kubectl describe deployments.apps cart -n shop",
        "proposed for known_issues of CLAUDE.md, if you know better than to be told:",
    ]
    assert [line[13:] for line in lines[start + 5 : start + 12]] == [
        "- match:",
        "    rule: deployment-short",
        "    kind: Deployment",
        "    namespace: shop",
        "    name: cart",
        "  until: '2026-11-27'",
        f"  reason: {REASON.strip()}",
    ]
    assert any("a model's remark  (generation 1)" in line for line in lines)
    assert any(line.startswith("  why      told once: alert") for line in lines)  # a remark is no message


def test_records_of_a_monitor_without_a_model_are_read_as_before(data: Path) -> None:
    for path in data.glob("cycles/*.jsonl"):
        records = [json.loads(line) for line in path.read_text().splitlines()]
        assert {"analysis"} <= set(records[0])
        path.write_text("".join(json.dumps({k: v for k, v in r.items() if k != "analysis"}) + "\n" for r in records))
    for path in data.glob("incident-*.json"):
        record = json.loads(path.read_text())
        record["events"] = [event for event in record["events"] if "remark" not in event]
        path.write_text(json.dumps(record))
    assert len(run("cycles", "--data", data)) == 2
    (incident,) = run("incidents", "--data", data)
    lines = run("explain", incident.split()[0], "--data", data)
    assert not any("remark" in line for line in lines)
    fingerprint = json.loads(run("incidents", "--data", data, "--json")[0])["findings"][0]["fingerprint"]
    assert run("explain", fingerprint, "--data", data)[0].startswith(f"finding {fingerprint}: ")


@pytest.mark.parametrize(
    "remark",
    [
        {},
        {"summary": None, "evidence": {"a": 1}, "cause": ["x"], "command": 3, "known_issue": {"x": 1}},
        {"summary": "\x1b[2J\u202e", "evidence": ["\x1b"] * 999, "known_issue": "\x1b\n" * 999},
        "text",
        None,
    ],
)
def test_a_remark_in_a_file_that_somebody_spoilt_is_shown_without_harm(remark: Any, data: Path) -> None:
    (path,) = data.glob("incident-*.json")
    record = json.loads(path.read_text())
    record["events"] = [{**event, **({"remark": remark} if "remark" in event else {})} for event in record["events"]]
    path.write_text(json.dumps(record))
    lines = run("explain", record["id"], "--data", data)
    assert all(line.isprintable() for line in lines)
    assert len(lines) < 60
