"""What is deleted again: what is ours, and old or too much; never anything else."""

from __future__ import annotations

import errno
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hotagents_k8s_monitor.records import Journal
from hotagents_k8s_monitor.records.files import write_object

if TYPE_CHECKING:
    from datetime import datetime

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ID = "20261124T100000.123456Z-0123abcd"


def journal(directory: Path, *, most_bytes: int = 1 << 20, keep: timedelta = 30 * DAY) -> Journal:
    return Journal(directory, keep=keep, most_bytes=most_bytes)


def made(path: Path, *, size: int = 10, changed_at: datetime) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    os.utime(path, (changed_at.timestamp(), changed_at.timestamp()))
    return path


def test_what_is_too_old_goes_and_what_goes_on_stays(tmp_path: Path, at: datetime) -> None:
    old, young = at - 31 * DAY, at - 29 * DAY
    cycles = tmp_path / "cycles"
    gone = [
        made(cycles / "2026-10-24.jsonl", changed_at=old),
        made(tmp_path / "incident-ended.json", changed_at=old),
        made(tmp_path / "state.json.damaged-20261024T000000Z", changed_at=old),
    ]
    stays = [
        made(cycles / "2026-10-26.jsonl", changed_at=young),
        made(cycles / "2026-11-24.jsonl", changed_at=old),  # today's, whatever its time
        made(tmp_path / "incident-young.json", changed_at=young),
        made(tmp_path / "incident-open.json", changed_at=old),
        made(tmp_path / "state.json", changed_at=old),
    ]
    assert journal(tmp_path).prune(at, going_on=frozenset({"open"})) == 3
    assert [path.exists() for path in gone] == [False] * 3
    assert [path.exists() for path in stays] == [True] * 5


def test_the_oldest_go_until_the_rest_is_small_enough(tmp_path: Path, at: datetime) -> None:
    cycles = tmp_path / "cycles"
    days = [made(cycles / f"2026-11-{n}.jsonl", size=100, changed_at=at - (24 - n) * DAY) for n in range(14, 25)]
    open_one = made(tmp_path / "incident-open.json", size=100, changed_at=at - 20 * DAY)
    assert journal(tmp_path, most_bytes=450).prune(at, going_on=frozenset({"open"})) == 8
    assert [path.name for path in days if path.exists()] == [f"2026-11-{n}.jsonl" for n in (22, 23, 24)]
    assert open_one.exists()


def test_what_goes_on_stays_though_it_alone_is_too_large(tmp_path: Path, at: datetime) -> None:
    made(tmp_path / "cycles" / "2026-11-24.jsonl", size=2, changed_at=at)
    made(tmp_path / "incident-open.json", size=100, changed_at=at)
    assert journal(tmp_path, most_bytes=48).prune(at, going_on=frozenset({"open"})) == 0
    assert (tmp_path / "cycles" / "2026-11-24.jsonl").exists()


def test_the_files_of_one_day_go_too_but_for_the_one_that_is_written(tmp_path: Path, at: datetime) -> None:
    cycles = tmp_path / "cycles"
    names = ["2026-11-24.jsonl", *(f"2026-11-24_{n:03}.jsonl" for n in range(1, 5))]
    days = [made(cycles / name, size=99, changed_at=at - (5 - n) * HOUR) for n, name in enumerate(names)]
    assert journal(tmp_path, most_bytes=1600).prune(at) == 0
    assert journal(tmp_path, most_bytes=200).prune(at + HOUR) == 3
    assert [path.exists() for path in days] == [False, False, False, True, True]


def test_all_that_is_written_within_an_hour_takes_no_more_than_it_may_and_a_share(tmp_path: Path, at: datetime) -> None:
    kept, most = journal(tmp_path, most_bytes=160_000), 0
    for number in range(300):
        kept.prune(at)
        kept.add_cycle({"number": number, "filling": "x" * 5000}, at=at)
        kept.add_to_incident(f"{number}", {"filling": "x" * 1000}, [])
        most = max(most, sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()))
    assert 150_000 < most < 160_000 + 10_000 + 2 * 6200
    lines = [line for path in sorted((tmp_path / "cycles").iterdir()) for line in path.read_text().splitlines()]
    assert [json.loads(line)["number"] for line in lines] == list(range(300 - len(lines), 300))


@pytest.mark.parametrize(
    "name",
    [
        "incident-.json",
        "incident-a b.json",
        "incident-a.json.gz",
        "incident-a.json\n",
        "Incident-a.json",
        "notes.json",
        "state.json",
        "state.json.damaged-by-hand",
        "2026-10-01.jsonl",
        "cycles/2026-10-1.jsonl",
        "cycles/2026-10-01.json",
        "cycles/2026-10-01_1.jsonl",
        "cycles/2026-10-01.001.jsonl",
        "cycles/incident-a.json",
        "cycles/deep/2026-10-01.jsonl",
        "deep/incident-a.json",
        ".other.json.abcdefgh.tmp",
        ".state.json.tmp",
        "lost+found/incident-a.json",
    ],
)
def test_a_file_of_somebody_elses_is_never_touched(tmp_path: Path, at: datetime, name: str) -> None:
    path = made(tmp_path / name, size=1000, changed_at=at - 900 * DAY)
    assert journal(tmp_path, most_bytes=1).prune(at) == 0
    assert path.exists()


def test_no_link_is_followed_and_none_is_removed(tmp_path: Path, at: datetime) -> None:
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    data.mkdir()
    old = at - 900 * DAY
    target = made(elsewhere / "incident-a.json", changed_at=old)
    (data / "incident-a.json").symlink_to(target)
    (data / "incident-b.json").symlink_to(tmp_path / "nowhere")
    (data / "incident-c.json").mkdir()
    inside = made(elsewhere / "2026-10-01.jsonl", changed_at=old)
    (data / "cycles").symlink_to(elsewhere)
    assert journal(data, most_bytes=1).prune(at) == 0
    assert target.exists()
    assert inside.exists()
    assert len(list(data.iterdir())) == 4


def test_what_a_killed_process_left_behind_goes_after_an_hour(tmp_path: Path, at: datetime) -> None:
    names = [".state.json.abc_de12.tmp", f".incident-{ID}.json.abc_de12.tmp"]
    for name in names:
        made(tmp_path / name, changed_at=at - HOUR / 2)
    kept = journal(tmp_path)
    assert kept.prune(at) == 0
    assert kept.prune(at + HOUR / 2) == 0
    assert kept.prune(at + HOUR) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_write_leaves_behind_what_retention_knows(
    tmp_path: Path, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_arguments: None)
        write_object(tmp_path / "state.json", {})
        journal(tmp_path).add_to_incident(ID, {}, [])
    assert len(list(tmp_path.iterdir())) == 2
    far = at + 900 * DAY
    assert journal(tmp_path).prune(far) == 2


def test_all_is_looked_through_once_an_hour_and_again_when_the_clock_was_set_back(tmp_path: Path, at: datetime) -> None:
    kept = journal(tmp_path)
    assert kept.prune(at) == 0
    made(tmp_path / "incident-a.json", changed_at=at - 31 * DAY)
    assert kept.prune(at + HOUR - timedelta(seconds=1)) == 0
    assert kept.prune(at + HOUR) == 1
    made(tmp_path / "incident-b.json", changed_at=at - 40 * DAY)
    assert kept.prune(at - DAY) == 1


def test_a_file_that_cannot_be_deleted_keeps_no_other_and_is_tried_again(
    tmp_path: Path, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        made(tmp_path / f"incident-{name}.json", changed_at=at - 31 * DAY)
    kept, real = journal(tmp_path), Path.unlink

    def refused(path: Path, **options: bool) -> None:
        if path.name == "incident-a.json":
            raise PermissionError(errno.EPERM, "Operation not permitted", str(path))
        real(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        for _ in range(2):
            with pytest.raises(PermissionError, match="incident-a"):
                kept.prune(at)
    assert [path.name for path in tmp_path.iterdir()] == ["incident-a.json"]
    assert kept.prune(at) == 1


def test_without_a_directory_there_is_nothing_to_delete(tmp_path: Path, at: datetime) -> None:
    assert journal(tmp_path / "not there").prune(at) == 0
