"""The records on disk: whole lines, whole files, and only so many of them."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.records import SCHEMA, Journal
from hotagents_k8s_monitor.records.files import read_object

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ID = "20261124T100000.123456Z-0123abcd"


def journal(directory: Path, *, most_bytes: int = 1 << 20, keep: timedelta = 30 * DAY) -> Journal:
    return Journal(directory, keep=keep, most_bytes=most_bytes)


def lines(directory: Path) -> list[Any]:
    (path,) = (directory / "cycles").iterdir()
    return [json.loads(line) for line in path.read_text().splitlines() if is_json(line)]


def is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


# --- cycles ---------------------------------------------------------------------------------------------------------


def test_each_cycle_is_one_line_in_its_days_file(tmp_path: Path, at: datetime) -> None:
    kept = journal(tmp_path)
    for number in range(3):
        kept.add_cycle({"number": number, "text": "a\nb\x1b\ud800"}, at=at)
    kept.add_cycle({"number": 3}, at=at + DAY)
    first, second = sorted((tmp_path / "cycles").iterdir())
    assert (first.name, second.name) == ("2026-11-24.jsonl", "2026-11-25.jsonl")
    assert [json.loads(line)["number"] for line in first.read_text().splitlines()] == [0, 1, 2]
    assert json.loads(first.read_text().splitlines()[0]) == {"schema": SCHEMA, "number": 0, "text": "a\nb\x1b\ud800"}
    assert first.read_bytes().isascii()


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path, at: datetime) -> None:
    journal(tmp_path).add_cycle({"number": 0}, at=at)
    (path,) = (tmp_path / "cycles").iterdir()
    whole = path.read_bytes()
    for length in range(len(whole) - 1):
        path.write_bytes(whole[:length])
        journal(tmp_path).add_cycle({"number": 1}, at=at)
        assert [line["number"] for line in lines(tmp_path)] == [1]
        assert path.read_bytes().endswith(b"\n")
    path.write_bytes(whole[:-1])  # only its end is missing
    journal(tmp_path).add_cycle({"number": 1}, at=at)
    assert [line["number"] for line in lines(tmp_path)] == [0, 1]


def test_a_disk_that_fills_up_in_the_middle_of_a_line_is_an_error_and_the_next_line_is_whole(
    tmp_path: Path, at: datetime, largest_file: Any
) -> None:
    kept = journal(tmp_path)
    kept.add_cycle({"number": 0}, at=at)
    (path,) = (tmp_path / "cycles").iterdir()
    size = path.stat().st_size
    with largest_file(size + 5), pytest.raises(OSError, match="only 5 of 24 bytes could be written"):
        kept.add_cycle({"number": 1}, at=at)
    with largest_file(size + 5), pytest.raises(OSError, match="File too large"):
        kept.add_cycle({"number": 2}, at=at)
    kept.add_cycle({"number": 3}, at=at)
    assert [line["number"] for line in lines(tmp_path)] == [0, 3]


@pytest.mark.parametrize("name", ["write", "fsync", "open"])
def test_a_line_that_cannot_be_written_is_an_error(
    tmp_path: Path, at: datetime, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = journal(tmp_path)
    kept.add_cycle({"number": 0}, at=at)

    def full(*_arguments: object) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, name, full)
        with pytest.raises(OSError, match="No space left"):
            kept.add_cycle({"number": 1}, at=at)
    kept.add_cycle({"number": 2}, at=at)
    assert [line["number"] for line in lines(tmp_path)][-1] == 2


def test_whoever_reads_meanwhile_finds_whole_lines_and_whole_files(tmp_path: Path, at: datetime) -> None:
    kept, over = journal(tmp_path, most_bytes=1 << 30), threading.Event()
    kept.add_cycle({"number": 0}, at=at)
    kept.add_to_incident(ID, {"id": ID}, [{"what": "0"}])
    wrong: list[object] = []
    counts: list[int] = []

    def read() -> None:
        try:
            while not over.is_set():
                (path,) = (tmp_path / "cycles").iterdir()
                whole = path.read_bytes().rpartition(b"\n")[0].splitlines()
                counts.append([json.loads(line)["number"] for line in whole][-1])
                found = read_object(tmp_path / f"incident-{ID}.json")
                assert found is not None
                assert [event["what"] for event in found["events"]] == [str(n) for n in range(len(found["events"]))]
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            wrong.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(1, 200):
            kept.add_cycle({"number": number, "filling": "x" * 5000}, at=at)
            kept.add_to_incident(ID, {"id": ID}, [{"what": str(number)}])
    finally:
        over.set()
        reader.join(10.0)
    assert wrong == []
    assert counts == sorted(counts)
    assert [line["number"] for line in lines(tmp_path)] == list(range(200))


DYING = """
import os, sys, time
from pathlib import Path
from datetime import datetime, timedelta, timezone
from hotagents_k8s_monitor.records import Journal

real = os.write
def half(descriptor, line):
    real(descriptor, line[: len(line) // 2])
    print("here", flush=True)
    time.sleep(60)

journal = Journal(Path(sys.argv[1]), keep=timedelta(days=1), most_bytes=1 << 20)
os.write = half
journal.add_cycle({"number": 1}, at=datetime(2026, 11, 24, tzinfo=timezone.utc))
"""


def test_a_process_that_is_killed_in_the_middle_of_a_line_spoils_no_other(
    tmp_path: Path, at: datetime, killed: Any
) -> None:
    kept = journal(tmp_path)
    kept.add_cycle({"number": 0}, at=at)
    killed(DYING, tmp_path)
    kept.add_cycle({"number": 2}, at=at)
    assert [line["number"] for line in lines(tmp_path)] == [0, 2]


# --- incidents ------------------------------------------------------------------------------------------------------


def test_an_incident_grows_in_one_file(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    kept.add_to_incident(ID, {"severity": "SEV-2", "end": None}, [{"what": "opened"}])
    kept.add_to_incident(ID, {"severity": "SEV-1", "end": "resolved"}, [{"what": "worse"}, {"what": "resolved"}])
    (path,) = tmp_path.iterdir()
    assert path.name == f"incident-{ID}.json"
    assert json.loads(path.read_text()) == {
        "schema": SCHEMA,
        "severity": "SEV-1",
        "end": "resolved",
        "events": [{"what": "opened"}, {"what": "worse"}, {"what": "resolved"}],
    }


def test_an_incident_that_flaps_for_ever_keeps_its_first_event_and_the_latest_499(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    for start in range(0, 1200, 60):
        kept.add_to_incident(ID, {}, [{"what": str(number)} for number in range(start, start + 60)])
    found = read_object(tmp_path / f"incident-{ID}.json")
    assert found is not None
    assert [event["what"] for event in found["events"]] == ["0", *map(str, range(701, 1200))]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 99, "events": [1]}', '{"schema": 1, "events": {}}'])
def test_what_is_known_now_replaces_an_incidents_file_that_is_damaged(tmp_path: Path, content: str) -> None:
    path = tmp_path / f"incident-{ID}.json"
    path.write_text(content)
    journal(tmp_path).add_to_incident(ID, {"id": ID}, [{"what": "opened"}])
    assert json.loads(path.read_text())["events"] == [{"what": "opened"}]


@pytest.mark.parametrize("name", ["", "..", "../x", "/etc/x", "a/b", "a\0b", "a\n", "\u0663", "x" * 101, "-", ".a"])
def test_no_name_leads_out_of_the_directory(tmp_path: Path, name: str, files_below: Any) -> None:
    with pytest.raises(ValueError, match="expected an incident's id"):
        journal(tmp_path / "data").add_to_incident(name, {}, [])
    assert files_below(tmp_path) == {}


def test_a_failed_write_leaves_the_earlier_incident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files_below: Any
) -> None:
    kept = journal(tmp_path)
    kept.add_to_incident(ID, {}, [{"what": "opened"}])
    before = files_below(tmp_path)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        kept.add_to_incident(ID, {}, [{"what": "worse"}])
    assert files_below(tmp_path) == before


def test_records_may_be_read_by_the_group_and_by_nobody_else(tmp_path: Path, at: datetime) -> None:
    kept = journal(tmp_path)
    before = os.umask(0)
    try:
        kept.add_cycle({}, at=at)
        kept.add_to_incident(ID, {}, [])
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()} == {0o640}
