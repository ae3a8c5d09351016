"""A new process on the same records: nothing is forgotten or told twice; what was not kept is told again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MINUTE = timedelta(minutes=1)
CHECKOUT = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE)
PARTLY = deployment("cart", namespace="shop", replicas=9, available=8, since=NOW - timedelta(days=1))
WHOLE = deployment("checkout-api", namespace="payments", replicas=3)


@pytest.fixture
def kept(make_bench: Callable[..., Any], tmp_path: Path) -> Any:
    return make_bench(recorder=Recorder(tmp_path, keep=timedelta(days=30), most_bytes=1 << 20))


def test_what_was_told_before_a_restart_is_not_told_after_it(kept: Any) -> None:
    kept.look(CHECKOUT)
    assert [kind for kind, _, _ in kept.heard.taken()] == ["alert"]
    kept.restart()
    kept.look(CHECKOUT, after=MINUTE)
    assert kept.heard.taken() == []
    kept.look(WHOLE, after=MINUTE)
    kept.restart()  # between the two looks that resolve it
    kept.again(after=MINUTE)
    assert kept.heard.taken() == [("resolved", "SEV-1", "checkout-api")]


def test_a_hold_time_goes_on_through_restarts(kept: Any, rated: Any) -> None:
    for _ in range(15):
        assert rated(kept.look(PARTLY, after=MINUTE))["cart deployment-short"].startswith("pending")
        kept.restart()
    assert rated(kept.look(PARTLY, after=MINUTE))["cart deployment-short"].startswith("open")


def test_what_could_not_be_kept_is_told_again_by_the_next_process(kept: Any, tmp_path: Path) -> None:
    kept.look(WHOLE)
    earlier = (tmp_path / "state.json").read_bytes()
    kept.look(CHECKOUT, after=MINUTE)
    assert [kind for kind, _, _ in kept.heard.taken()] == ["alert"]
    (tmp_path / "state.json").write_bytes(earlier)  # as if the process had died before it wrote
    kept.restart()
    kept.look(CHECKOUT, after=MINUTE)
    assert [kind for kind, _, _ in kept.heard.taken()] == ["alert"]


def test_an_incident_is_one_file_that_names_the_generation_of_each_event(kept: Any, tmp_path: Path) -> None:
    kept.look(CHECKOUT)
    kept.edit(
        "agents/escalation-manager.md", ("    down: SEV-1\n    degraded: {0m", "    down: SEV-2\n    degraded: {0m")
    )
    kept.look(CHECKOUT, after=MINUTE)
    kept.again(after=10 * MINUTE)
    kept.look(WHOLE, after=MINUTE)
    kept.again(after=MINUTE)
    (path,) = tmp_path.glob("incident-*.json")
    incident = json.loads(path.read_text())
    assert (incident["schema"], incident["end"], incident["owner"]["name"]) == (1, "resolved", "checkout-api")
    assert [(event["generation"]["number"], event["what"]) for event in incident["events"]] == [
        (1, "opened: deployment-short: SEV-1"),
        (1, "told: alert as SEV-1"),
        (2, "deployment-short: SEV-1 became SEV-2"),
        (2, "told: update as SEV-2"),
        (2, "resolved"),
        (2, "told: resolved as SEV-2"),
    ]
    assert {event["generation"]["digest"] for event in incident["events"]} == {g.digest for g in kept.registry.history}


def test_each_cycle_is_one_line_that_says_what_it_saw_and_by_which_generation(kept: Any, tmp_path: Path) -> None:
    first, second = kept.look(CHECKOUT), kept.look(WHOLE, after=MINUTE)
    lines = (tmp_path / "cycles" / "2026-11-24.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["cycle"] for record in records] == [first.data["cycle"], second.data["cycle"]]
    assert records[0]["generation"]["digest"] == kept.registry.current.digest
    assert records[0]["verdict"] == "findings"
    assert [finding["rule"] for finding in records[0]["findings"]] == ["deployment-short"]


LOCKED = {"release": "2026.11", "commit": "0a1b2c3"}


def test_release_and_commit_of_a_lock_are_in_every_record(kept: Any, tmp_path: Path) -> None:
    import hashlib  # noqa: PLC0415 - for this test alone

    lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {path}" for path, text in kept.files.items()]
    head = ["# hotagents.lock 1", "# release: 2026.11", "# commit: 0a1b2c3"]
    kept.files = {**kept.files, "hotagents.lock": "\n".join([*head, *sorted(lines, key=lambda line: line[66:]), ""])}
    # The lock names files that are served already, so it takes a change of them to publish anew.
    context = kept.files["CLAUDE.md"].replace("cluster: demo", "cluster: demo-2")
    old = hashlib.sha256(kept.files["CLAUDE.md"].encode()).hexdigest()
    new = hashlib.sha256(context.encode()).hexdigest()
    lock = kept.files["hotagents.lock"].replace(old, new)
    kept.files = {**kept.files, "CLAUDE.md": context, "hotagents.lock": lock}
    kept.edit("CLAUDE.md")
    result = kept.look(CHECKOUT)
    assert {name: result.data["generation"][name] for name in LOCKED} == LOCKED
    record = json.loads((tmp_path / "cycles" / "2026-11-24.jsonl").read_text())
    (path,) = tmp_path.glob("incident-*.json")
    events = json.loads(path.read_text())["events"]
    for generation in (record["generation"], *(event["generation"] for event in events)):
        assert {name: generation[name] for name in LOCKED} == LOCKED
