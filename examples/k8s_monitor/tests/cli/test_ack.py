"""`k8s-monitor ack`: who has an incident is written for the monitor that runs, and nothing else is touched."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

import pytest
from typer.testing import CliRunner

from hotagents_k8s_monitor.cli.app import app
from hotagents_k8s_monitor.records import Acks, Recorder
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BROKEN: Final = [
    deployment(name, namespace=space, replicas=3, available=0, since=NOW - timedelta(hours=1))
    for space, name in (("payments", "checkout-api"), ("shop", "cart"))
]


@pytest.fixture
def bench(make_bench: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("K8S_MONITOR_DATA_DIR", str(tmp_path))
    found = make_bench(recorder=Recorder(tmp_path, keep=timedelta(days=30), most_bytes=1 << 20), acks=Acks(tmp_path))
    found.look(*BROKEN)
    return found


def ids(bench: Any) -> dict[str, str]:
    return {incident.owner.name: incident.id for incident in bench.monitor._book.incidents.values()}


def said(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["ack", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def test_an_incident_is_acknowledged_for_the_monitor_that_runs(bench: Any, tmp_path: Path) -> None:
    name = ids(bench)["cart"]
    before = (tmp_path / "state.json").read_bytes()
    output = said(name, "--for", "2h", "--by", "ana", "--reason", "disk\nfull")
    assert f"acknowledged {name} (SEV-" in output
    assert "Deployment shop/cart) until " in output
    assert (tmp_path / "state.json").read_bytes() == before
    (ack,) = json.loads((tmp_path / "acks.json").read_text())["acks"]
    assert (ack["by"], ack["reason"]) == ("ana", "disk\\nfull")


@pytest.mark.parametrize("part", ["end", "beginning"])
def test_a_part_of_the_id_will_do_where_it_says_which(bench: Any, part: str) -> None:
    name = ids(bench)["cart"]
    if part == "end":
        assert name in said(name[-8:], "--by", "ana")
    else:
        assert "several begin or end so; there are: " in said("2026", "--by", "ana", code=2)


def test_an_unknown_one_names_those_that_there_are(bench: Any) -> None:
    output = said("nothing", "--by", "ana", code=2)
    assert all(name in output for name in ids(bench).values())


@pytest.mark.parametrize("how_long", ["", "0m", "31d", "soon", "-1h"])
def test_a_time_that_may_not_be_is_refused(bench: Any, how_long: str) -> None:
    assert 'such as "30m" or "4h"' in said(ids(bench)["cart"], "--by", "ana", f"--for={how_long}", code=2)


def test_it_is_somebody_s(bench: Any) -> None:
    assert "expected who takes it over" in said(ids(bench)["cart"], code=2)


def test_it_can_be_taken_back(bench: Any, tmp_path: Path) -> None:
    name = ids(bench)["cart"]
    said(name, "--by", "ana")
    assert "no longer acknowledged" in said(name, "--undo")
    assert "was not acknowledged" in said(name, "--undo")
    assert json.loads((tmp_path / "acks.json").read_text())["acks"] == []


def test_programs_are_told_as_json(bench: Any) -> None:
    facts = json.loads(said(ids(bench)["cart"], "--by", "ana", "--json"))
    assert (facts["acknowledged"], facts["by"]) == (True, "ana")
    assert json.loads(said("x", "--json", code=2).splitlines()[0])["status"] == "failed"


def test_explain_says_who_has_it_and_until_when_and_the_records_keep_that(bench: Any, tmp_path: Path) -> None:
    name = ids(bench)["cart"]
    bench.set_clock(datetime.now(timezone.utc))  # the command asks the real one
    said(name, "--for", "2h", "--by", "ana", "--reason", "disk full")
    bench.look(*BROKEN, after=timedelta(seconds=1))
    (finding, *_) = bench.monitor._book.incidents[name].findings
    for what in (name, finding.fingerprint):
        shown = CliRunner().invoke(app, ["explain", what, "--data", str(tmp_path)]).output
        assert "acked    by ana at " in shown
        assert ": disk full" in shown
    Acks(tmp_path).remove(name, datetime.now(timezone.utc))
    later = CliRunner().invoke(app, ["explain", name, "--data", str(tmp_path)]).output
    assert "acked    by" not in later
    assert "told: acknowledged as SEV-" in later
    assert "; acknowledged by ana at " in later
