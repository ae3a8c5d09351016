"""What a whole cycle leaves on disk, and what is said where that fails."""

from __future__ import annotations

import errno
import json
import os
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import Lock
from hotagents_k8s_monitor.records import Recorder, RecordsError
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE = timedelta(minutes=1)
CART = deployment("cart", namespace="shop", replicas=3, available=0, since=NOW - 20 * MINUTE)
SEARCH = deployment("search", namespace="shop", replicas=3, available=0, since=NOW - 20 * MINUTE)
WHOLE = [deployment(name, namespace="shop", replicas=3) for name in ("cart", "search")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def kept(make_bench: Callable[..., Any], data: Path) -> Any:
    return make_bench(recorder=Recorder(data, keep=timedelta(days=30), most_bytes=1 << 20))


def incidents(data: Path) -> dict[str, Any]:
    found = [json.loads(path.read_text()) for path in sorted(data.glob("incident-*.json"))]
    return {incident["owner"]["name"]: incident for incident in found}


def cycles(data: Path) -> list[Any]:
    return [json.loads(line) for path in sorted(data.glob("cycles/*")) for line in path.read_text().splitlines()]


def full(*_arguments: object, **_options: object) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_cycle_leaves_its_line_its_incidents_and_the_state(kept: Any, data: Path) -> None:
    result = kept.look(CART, SEARCH)
    assert "NOT WRITTEN" not in result.summary
    assert max(path.name for path in data.iterdir()) == "state.json"
    (line,) = cycles(data)
    for finding in line["findings"]:
        assert finding.pop("fields")
        assert {"tier", "severity", "hold"} <= {decision["what"] for decision in finding.pop("decided")}
    assert line == {"schema": 1, **json.loads(json.dumps(result.data))}
    assert {name: incident["severity"] for name, incident in incidents(data).items()} == {
        "cart": "SEV-2",
        "search": "SEV-2",
    }


def test_each_event_names_number_digest_release_and_commit(kept: Any, data: Path) -> None:
    kept.look(CART)
    kept.files["CLAUDE.md"] += "\nOne more sentence.\n"
    hashes = {path: sha256(text.encode()).hexdigest() for path, text in kept.files.items()}
    lock = Lock(path="hotagents.lock", release="1.4.2", commit="9fceb02", entries=hashes)
    kept._source.write({**kept.files, "hotagents.lock": lock.text()})
    kept.registry.reload()  # the watch may have been there before
    generation = kept.registry.current
    kept.look(*WHOLE, after=MINUTE)
    kept.again(after=MINUTE)
    events = incidents(data)["cart"]["events"]
    assert [event["what"] for event in events] == [
        "opened: deployment-short: SEV-2",
        "told: alert as SEV-2",
        "resolved",
        "told: resolved as SEV-2",
    ]
    first, last = events[0]["generation"], events[-1]["generation"]
    assert (first["number"], first["release"], first["commit"]) == (1, "", "")
    assert (last["number"], last["digest"]) == (2, generation.digest)
    assert (last["release"], last["commit"]) == ("1.4.2", "9fceb02")
    assert {event["cycle"] for event in events} == {cycle["cycle"] for cycle in (cycles(data)[0], cycles(data)[2])}


@pytest.mark.parametrize("name", ["os.fsync", "os.replace", "os.write", "os.open"])
def test_what_cannot_be_written_is_said_and_written_with_the_next_cycle(
    kept: Any, data: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.look(*WHOLE)
    earlier = (data / "state.json").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(name, full)
        if name == "os.replace":
            patch.setattr(Path, "replace", full)
        result = kept.look(CART, after=MINUTE)
    troubles = result.data["troubles"]
    assert troubles
    assert all(trouble.startswith("NOT WRITTEN ") and "No space left on device" in trouble for trouble in troubles)
    assert "NOT WRITTEN" in result.summary
    assert result.status == "ok"
    if name != "os.write":  # which writes lines alone
        assert (data / "state.json").read_bytes() == earlier
        assert incidents(data) == {}
    after = kept.look(CART, after=MINUTE)
    assert after.data["troubles"] == []
    assert [event["what"] for event in incidents(data)["cart"]["events"]] == [
        "opened: deployment-short: SEV-2",
        "told: alert as SEV-2",
    ]
    assert incidents(data)["cart"]["events"][0]["cycle"] == result.data["cycle"]
    assert b'"cart"' in (data / "state.json").read_bytes()
    assert not list(data.glob(".*.tmp"))


def test_a_healthy_cluster_of_which_nothing_can_be_recorded_is_impaired(
    kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", full)
    result = kept.look(*WHOLE)
    assert result.data["verdict"] == "impaired"
    assert result.summary.startswith("impaired: no findings; NOT WRITTEN the state: ")


def test_the_record_says_what_the_log_says(kept: Any, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.look(*WHOLE)
    (data / "state.json").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)  # all that is replaced whole, and no line
        kept.look(CART, after=MINUTE)
        kept.look(*WHOLE, after=MINUTE)
        result = kept.again(after=MINUTE)
    assert result.summary.startswith("impaired: no findings; NOT WRITTEN an incident: ")
    said = cycles(data)[-1]
    assert (said["verdict"], said["cycle"]) == ("impaired", result.data["cycle"])
    assert said["troubles"] == result.data["troubles"]
    assert [trouble.partition(":")[0] for trouble in said["troubles"]] == [
        "NOT WRITTEN an incident",
        "NOT WRITTEN the state",
    ]


def test_only_the_failure_of_the_line_itself_is_missing_from_it(
    kept: Any, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", full)  # which only lines need
        kept.look(*WHOLE)
        result = kept.again(after=MINUTE)
    (trouble,) = result.data["troubles"]
    assert trouble.startswith("NOT WRITTEN the cycle: ")
    assert [line["troubles"] for line in cycles(data)] == [[]]


@pytest.mark.untraced
def test_more_incidents_than_may_wait_are_all_written_where_they_can_be(kept: Any, data: Path) -> None:
    many = [
        deployment(f"d-{n}", namespace="shop", replicas=3, available=0, since=NOW - 20 * MINUTE) for n in range(1100)
    ]
    result = kept.look(*many)
    assert result.data["troubles"] == []
    assert len(list(data.glob("incident-*.json"))) == 1100


def test_incidents_that_are_given_up_are_counted(kept: Any, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [
        deployment(f"d-{n}", namespace="shop", replicas=3, available=0, since=NOW - 20 * MINUTE) for n in range(1100)
    ]
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        result = kept.look(*many)
    said = "NOT WRITTEN 100 incidents: given up, since 1000 others wait to be written"
    assert said in result.data["troubles"]
    assert said in cycles(data)[-1]["troubles"]
    after = kept.again(after=MINUTE)
    assert after.data["troubles"] == []
    assert len(list(data.glob("incident-*.json"))) == 1000


def test_the_result_has_its_findings_though_the_line_names_an_earlier_one(kept: Any, data: Path) -> None:
    first, second = kept.look(CART), kept.again(after=MINUTE)
    assert [len(result.data["findings"]) for result in (first, second)] == [1, 1]
    line = cycles(data)[1]
    assert (line["findings_as_of"], line["counts"]) == (first.data["cycle"], {"open": 1})
    assert "findings" not in line


def test_a_monitor_keeps_others_from_its_records_until_it_ends(
    kept: Any, make_bench: Callable[..., Any], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotagents_k8s_monitor.records.lock._PATIENCE", 0.0)
    second = Recorder(data, keep=timedelta(days=30), most_bytes=1 << 20)
    with pytest.raises(RecordsError, match=r"another monitor .* uses"):
        make_bench(recorder=second)
    kept.restart()
    kept.monitor.teardown()
    make_bench(recorder=second)


def test_a_directory_that_cannot_be_made_keeps_nobody_from_looking(
    make_bench: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    bench = make_bench(recorder=Recorder(tmp_path / "file" / "data", keep=timedelta(days=1), most_bytes=1 << 20))
    result = bench.look(CART)
    assert result.data["verdict"] == "findings"
    assert [message.kind for message in bench.heard.messages] == ["alert"]
    assert {trouble.partition(":")[0] for trouble in result.data["troubles"]} >= {
        "NOT WRITTEN an incident",
        "NOT WRITTEN the cycle",
        "NOT WRITTEN the state",
    }


def test_one_incident_that_cannot_be_written_keeps_no_other_from_it(
    kept: Any, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def refused(path: Path, target: Path) -> Path:
        if "cart" in path.read_text() and "incident" in path.name:
            raise PermissionError(errno.EPERM, "Operation not permitted", str(target))
        return real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refused)
        result = kept.look(CART, SEARCH)
    (trouble,) = result.data["troubles"]
    assert trouble.startswith("NOT WRITTEN an incident: ")
    assert list(incidents(data)) == ["search"]
    kept.again(after=MINUTE)
    assert sorted(incidents(data)) == ["cart", "search"]


@pytest.mark.untraced
def test_what_waits_for_a_full_disk_is_bounded(kept: Any, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for _ in range(300):  # down, and healthy for two looks: three or four events each
            kept.look(CART, after=MINUTE)
            kept.look(*WHOLE, after=MINUTE)
            kept.again(after=MINUTE)
    waiting = kept._recorder._unwritten
    assert len(waiting) <= 1000
    assert all(len(events) <= 500 for *_, events in waiting.values())
    kept.again(after=MINUTE)
    assert kept._recorder._unwritten == {}
    assert list(data.glob("incident-*.json"))


@pytest.mark.parametrize(
    "name", ["../../../x", "/etc/passwd", "..", "a\0b", "a\nb", "\x1b[2J", "\u202e", "é" * 300, ""]
)
def test_no_owners_name_leads_out_of_the_directory(
    kept: Any, data: Path, tmp_path: Path, name: str, files_below: Any
) -> None:
    result = kept.look(deployment(name, namespace=name, replicas=3, available=0, since=NOW - 20 * MINUTE))
    assert result.status == "ok"
    assert result.data["troubles"] == []
    assert {Path(path).parts[0] for path in files_below(tmp_path)} == {"data"}
    assert all(len(Path(path).parts) <= 3 for path in files_below(tmp_path))
    if result.data["findings"]:
        (path,) = data.glob("incident-*.json")
        assert json.loads(path.read_text())["owner"]["name"] == (name if len(name) <= 253 else name[:252] + "…")
        kept.restart()
        assert kept.look(after=MINUTE).status == "ok"


def test_a_newer_versions_state_lets_nothing_run(kept: Any, data: Path) -> None:
    kept.look(CART)
    (data / "state.json").write_text('{"schema": 2}')
    with pytest.raises(RecordsError, match="newer version"):
        kept.restart()
    assert (data / "state.json").read_text() == '{"schema": 2}'


def test_open_incidents_are_spared_and_ended_ones_go(make_bench: Callable[..., Any], data: Path) -> None:
    kept = make_bench(recorder=Recorder(data, keep=timedelta(days=30), most_bytes=1))
    kept.look(CART, SEARCH)
    kept.look(CART, WHOLE[1], after=MINUTE)
    assert sorted(incidents(data)) == ["cart", "search"]
    kept.look(CART, WHOLE[1], after=MINUTE)  # search is resolved
    assert list(incidents(data)) == ["cart"]
    assert cycles(data)
