"""``incidents``, ``cycles`` and ``explain`` answer from the disk alone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from typer.testing import CliRunner

from hotagents_k8s_monitor.cli.app import app
from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.testing import Recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

MINUTE: Final = timedelta(minutes=1)
ISSUE: Final = "known_issues:\n  - {match: {namespace: ml}, until: 2026-12-31, reason: waits for GPUs}"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def data(tmp_path: Path, make_bench: Callable[..., Any]) -> Path:
    """The records of a few cycles: trouble, an edit that mutes a part of it, and a Deployment that is gone."""
    recorder = Recorder(tmp_path / "data", keep=timedelta(days=1), most_bytes=1 << 26)
    bench, frame = make_bench(recorder=recorder), Recording.load("trouble").frames[0]
    bench.look(*frame.objects)
    bench.edit("CLAUDE.md", ("known_issues: []", ISSUE))
    left = [item for item in frame.objects if "checkout-api" not in item["metadata"]["name"]]
    for _ in range(2):
        bench.look(*frame.objects, after=MINUTE)
    for _ in range(3):
        bench.look(*left, after=MINUTE)
    bench.monitor.teardown()
    return tmp_path / "data"


def the_one(data: Path, name: str) -> dict[str, Any]:
    (found,) = [r for r in lines(run("incidents", "--data", data, "--json")) if r["owner"]["name"] == name]
    return found


def test_incidents_are_listed_the_latest_first_and_can_be_only_those_that_go_on(data: Path) -> None:
    done = run("incidents", "--data", data)
    assert done.exit_code == 0
    assert "Deployment payments/checkout-api" in done.stdout
    ids = [record["id"] for record in lines(run("incidents", "--data", data, "--json"))]
    assert ids == sorted(ids, reverse=True)
    going_on = lines(run("incidents", "--data", data, "--json", "--open"))
    assert going_on
    assert {record["end"] for record in going_on} == {None}
    assert len(lines(run("incidents", "--data", data, "--json", "--last", "1"))) == 1


def test_an_incident_says_rule_fields_time_generation_lines_and_why_it_was_told(data: Path) -> None:
    name = the_one(data, "storefront")["id"]
    done = run("explain", name, "--data", data)
    assert done.exit_code == 0
    said = done.stdout
    for part in (
        "container-waiting: SEV-2 since",
        "state.waiting.reason = ImagePullBackOff",
        "tier     P1  by CLAUDE.md:12",
        "severity SEV-2  by agents/escalation-manager.md:15  (severities.P1.degraded)",
        "hold     5m  by agents/k8s-analyzer.md:9  (rules.container-waiting.hold)",
        "channel  #incidents  by CLAUDE.md:",
        "generation 1 sha256:",
        "told: alert as SEV-2 to #incidents",
    ):
        assert part in said


def test_lines_are_those_of_the_file_that_decided(data: Path) -> None:
    from hotagents_k8s_monitor.shipped import config_dir  # noqa: PLC0415 - beside what it is compared with

    text = (config_dir() / "agents/escalation-manager.md").read_text(encoding="utf-8").splitlines()
    decided = {d["what"]: d for f in the_one(data, "storefront")["findings"] for d in f["decided"]}
    assert text[decided["severity"]["line"] - 1].strip() == "degraded: SEV-2"


def test_a_muted_finding_names_the_entry_that_mutes_it(data: Path) -> None:
    (latest, *_) = lines(run("cycles", "--data", data, "--json"))
    (muted, *_) = [f for f in latest["findings"] if f["state"] == "muted"]
    done = run("explain", muted["fingerprint"], "--data", data)
    assert done.exit_code == 0
    assert "why      silent: muted: known issue: waits for GPUs until 2026-12-31" in done.stdout
    assert "(known_issues[0])" in done.stdout
    facts = json.loads(run("explain", muted["fingerprint"], "--data", data, "--json").stdout)
    assert facts["generation"]["number"] == 2
    assert facts["why"].startswith("silent: muted")


def test_what_ended_keeps_the_fields_that_said_why(data: Path) -> None:
    record = the_one(data, "checkout-api")
    assert record["end"]
    assert all(finding["fields"] for finding in record["findings"])


def test_a_cycle_is_shown_with_its_findings_though_its_line_names_an_earlier_one(data: Path) -> None:
    cycles = lines(run("cycles", "--data", data, "--json"))
    assert [cycle["at"] for cycle in cycles] == sorted((cycle["at"] for cycle in cycles), reverse=True)
    assert any("findings_as_of" in cycle for cycle in cycles)
    for cycle in cycles:
        done = run("cycles", cycle["cycle"], "--data", data)
        assert done.exit_code == 0
        assert "Deployment shop/storefront" in done.stdout
    assert len(lines(run("cycles", "--data", data, "--json", "--last", "2"))) == 2


def test_a_cycle_says_why_there_are_no_remarks(tmp_path: Path) -> None:
    trouble = "analysis unavailable: the model's server answered 401: invalid x-api-key"
    record: dict[str, Any] = {
        "schema": 1,
        "cycle": "20261124T100000Z-1",
        "at": "2026-11-24T10:00:00+00:00",
        "verdict": "findings",
    }
    record["findings"] = []
    (tmp_path / "cycles").mkdir()
    path = tmp_path / "cycles" / "2026-11-24.jsonl"
    path.write_text(json.dumps({**record, "analysis": {"trouble": trouble}}) + "\n", encoding="utf-8")
    assert run("cycles", "--data", tmp_path).stdout.endswith(f"told 0; {trouble}\n")
    path.write_text(json.dumps({**record, "analysis": None}) + "\n", encoding="utf-8")
    assert run("cycles", "--data", tmp_path).stdout.endswith("told 0\n")


@pytest.mark.parametrize("command", ["incidents", "cycles", "explain"])
def test_a_name_that_is_not_recorded_ends_with_1(command: str, data: Path) -> None:
    done = run(command, "no\x1bsuch", "--data", data)
    assert done.exit_code == 1
    assert "is recorded" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_name_that_means_several_is_refused(data: Path) -> None:
    done = run("incidents", "2026", "--data", data)
    assert done.exit_code == 2
    assert "say more" in done.stderr


def test_no_records_end_with_2_and_an_empty_directory_is_said(tmp_path: Path) -> None:
    assert run("incidents", "--data", tmp_path / "nowhere").exit_code == 2
    assert "no incident is recorded" in run("incidents", "--data", tmp_path).stdout
    assert "no cycle is recorded" in run("cycles", "--data", tmp_path).stdout


def test_damaged_hostile_and_newer_records_are_passed_over_or_shown_safely(data: Path) -> None:
    (data / "incident-zz-bad.json").write_text("{", encoding="utf-8")
    (data / "incident-zz-new.json").write_text('{"schema": 99}', encoding="utf-8")
    hostile = {"schema": 1, "id": "zz-hostile", "owner": {"kind": "\x1b[31mPod", "name": 3}, "findings": [3, {}]}
    hostile |= {"events": [{"what": "a\nb" * 500}, 3], "severity": None, "generation": "x"}
    (data / "incident-zz-hostile.json").write_text(json.dumps(hostile), encoding="utf-8")
    with (data / "cycles/2026-11-24.jsonl").open("a", encoding="utf-8") as file:
        file.write('no json\n[1]\n{"cycle": 3, "findings": "x", "told": 3, "troubles": ["\\u001b[0m"]}\n')
    for arguments in (
        ["incidents"],
        ["cycles"],
        ["explain", "zz-hostile"],
        ["incidents", "zz-hostile"],
        ["cycles", "3"],
    ):
        done = run(*arguments, "--data", data)
        assert done.exit_code == 0, (arguments, done.output, done.exception)
        assert [line for line in done.stdout.splitlines() if not line.isprintable() or len(line) > 2500] == []


def test_reading_changes_nothing(data: Path) -> None:
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    for arguments in (["incidents"], ["cycles"], ["explain", "x"]):
        run(*arguments, "--data", data)
    assert before == {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}


def test_a_line_that_has_no_findings_and_names_none_is_shown_without(tmp_path: Path) -> None:
    (tmp_path / "cycles").mkdir()
    line = {"schema": 1, "cycle": "one", "at": "2026-11-24T10:00:00+00:00", "verdict": "findings"}
    (tmp_path / "cycles" / "2026-11-24.jsonl").write_text(json.dumps(line) + "\n")
    result = run("cycles", "--data", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.startswith("one  2026-11-24T10:00:00+00:00")
