"""``record`` and ``eval`` as a person and a pipeline use them."""

from __future__ import annotations

import gzip
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from hotagents_k8s_monitor.cli.app import app
from hotagents_k8s_monitor.rehearsal.reading import read_recording
from hotagents_k8s_monitor.rehearsal.recording import EXPECTED, FILE
from hotagents_k8s_monitor.shipped import config_dir, recordings_dir
from hotagents_k8s_monitor.testing import FakeCluster, Fault

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return shutil.copytree(config_dir(), tmp_path / "config")


@pytest.fixture
def crash(tmp_path: Path) -> Path:
    return shutil.copytree(recordings_dir() / "incidents/crash-loop", tmp_path / "crash")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_cluster_is_recorded_and_rehearsed_on(trouble: FakeCluster, config: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    kubeconfig = trouble.kubeconfig(tmp_path)
    done = run("record", "--out", out, "--looks", "2", "--every", "1", "--kubeconfig", kubeconfig, "--title", "trouble")
    assert done.exit_code == 0, done.stderr
    assert "look 2: " in done.stdout
    assert {request.method for request in trouble.requests} == {"GET"}
    recorded = read_recording(out)
    assert recorded.header.summary == "trouble"
    assert len(list(recorded.looks())) == 2
    assert b"AKIAIOSFODNN7EXAMPLE" not in gzip.decompress((out / FILE).read_bytes())
    first = run("eval", out, "--config", config)
    assert first.exit_code == 2
    assert "nothing says what is expected" in first.stdout
    assert run("eval", out, "--config", config, "--write-expected").exit_code == 0
    assert run("eval", out, "--config", config).exit_code == 0


def test_what_cannot_be_seen_is_said_and_recorded(trouble: FakeCluster, tmp_path: Path) -> None:
    trouble.fault("pods", Fault.forbidden())
    kubeconfig = trouble.kubeconfig(tmp_path)
    done = run("record", "--out", tmp_path / "a", "--kubeconfig", kubeconfig, "--json")
    assert done.exit_code == 1
    (line,) = lines(done)
    assert line["gaps"][0].startswith("pods: forbidden")
    trouble.fault("*", Fault.forbidden())
    assert run("record", "--out", tmp_path / "b", "--kubeconfig", kubeconfig).exit_code == 2


def test_a_recording_is_never_overwritten(trouble: FakeCluster, crash: Path, tmp_path: Path) -> None:
    before = (crash / FILE).read_bytes()
    done = run("record", "--out", crash, "--kubeconfig", trouble.kubeconfig(tmp_path))
    assert done.exit_code == 2
    assert "there is a recording already" in done.stderr
    assert (crash / FILE).read_bytes() == before
    assert trouble.requests == ()


def test_pseudonyms_are_an_option(trouble: FakeCluster, tmp_path: Path) -> None:
    done = run("record", "--out", tmp_path / "a", "--names", "pseudonyms", "--kubeconfig", trouble.kubeconfig(tmp_path))
    assert done.exit_code == 0
    assert b"checkout" not in gzip.decompress((tmp_path / "a" / FILE).read_bytes())


def test_an_edit_that_silences_a_critical_service_is_caught_with_the_line_that_does_it(
    config: Path, crash: Path
) -> None:
    edit(config / "agents/escalation-manager.md", "down: SEV-1", "down: SEV-4")
    done = run("eval", crash, "--config", config)
    assert done.exit_code == 1
    assert "container-waiting: SEV-1 → SEV-4" in done.stdout
    assert "severity by agents/escalation-manager.md:10" in done.stdout
    assert "nobody told (was: alert as SEV-1 to #incidents after 7m" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 recording under sha256:")
    assert done.stdout.splitlines()[-1].endswith(": 1 differs")


def test_a_look_that_comes_to_another_verdict_differs_though_its_findings_do_not(config: Path, crash: Path) -> None:
    edit(crash / EXPECTED, "verdicts: {findings: ", "verdicts: {blind: 1, findings: ")
    done = run("eval", crash, "--config", config)
    assert done.exit_code == 1
    assert "(verdicts 1 blind, " in done.stdout
    assert " → " in done.stdout


def test_two_configurations_are_compared_without_an_expectation(config: Path, crash: Path) -> None:
    (crash / EXPECTED).unlink()
    edit(config / "CLAUDE.md", "known_issues: []", (
        "known_issues:\n  - {match: {name: checkout-api}, until: 2026-12-31, reason: known}"
    ))  # fmt: skip
    same = run("eval", crash, "--config", config, "--against", config)
    assert same.exit_code == 0
    other = run("eval", crash, "--config", config, "--against", config_dir(), "--json")
    assert other.exit_code == 1
    first, last = lines(other)
    assert first["status"] == "other"
    assert "muted by CLAUDE.md:" in " ".join(first["differences"][0]["findings"])
    assert last["exit"] == 1


def test_manifests_are_a_configuration_too(crash: Path) -> None:
    assert run("eval", crash, "--config", config_dir().parent / "k8s").exit_code == 0


def test_all_that_is_shipped_is_as_expected_in_a_moment(config: Path) -> None:
    done = run("eval", recordings_dir(), "--config", config, "--json")
    last = lines(done)[-1]
    assert (last["same"], last["exit"], done.exit_code) == (16, 0, 0)


def test_a_configuration_that_is_refused_ends_with_1_and_its_line(config: Path, crash: Path) -> None:
    edit(config / "agents/k8s-analyzer.md", "{hold: 5m}", "{hold: soon}")
    done = run("eval", crash, "--config", config)
    assert done.exit_code == 1
    assert "agents/k8s-analyzer.md:" in done.stderr


@pytest.mark.parametrize("what", ["nowhere", "empty", "damaged"])
def test_what_is_no_recording_ends_with_2(what: str, config: Path, tmp_path: Path) -> None:
    directory = tmp_path / what
    if what != "nowhere":
        directory.mkdir()
    if what == "damaged":
        (directory / FILE).write_bytes(b"not gzip")
    done = run("eval", directory, "--config", config)
    assert done.exit_code == 2
    assert str(directory) in done.stderr


def test_to_write_and_to_compare_with_another_at_once_makes_no_sense(config: Path, crash: Path) -> None:
    done = run("eval", crash, "--config", config, "--against", config, "--write-expected")
    assert done.exit_code == 2
    assert "leave out --against" in done.stderr
