"""What is found where a record should be: a FIFO, a device, a link, or far too much. None of it hangs the monitor."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from hotagents_k8s_monitor.records import Journal, StateFile
from hotagents_k8s_monitor.tracking import Book

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

ID: Final = "20261124T100000.123456Z-0123abcd"


def journal(directory: Path) -> Journal:
    return Journal(directory, keep=timedelta(days=30), most_bytes=1 << 20)


@pytest.mark.parametrize("kind", ["fifo", "device", "link"])
def test_what_is_no_file_is_moved_aside_and_hangs_nobody(tmp_path: Path, at: datetime, kind: str) -> None:
    path = tmp_path / "state.json"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else tmp_path / "elsewhere")
    StateFile(tmp_path).refuse_newer()
    assert StateFile(tmp_path).load(at) == Book()
    assert [p.name for p in tmp_path.iterdir()] == ["state.json.damaged-20261124T100000Z"]


def test_a_file_that_is_far_too_large_is_damage(tmp_path: Path, at: datetime) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"schema": 1, "cluster": "", "tracked": [], "incidents": []}' + " " * ((64 << 20) - 61))
    assert path.stat().st_size == (64 << 20) - 1
    StateFile(tmp_path).load(at)
    assert [p.name for p in tmp_path.iterdir()] == ["state.json"]
    os.truncate(path, 64 << 20)
    assert StateFile(tmp_path).load(at) == Book()
    assert [p.name for p in tmp_path.iterdir()] == ["state.json.damaged-20261124T100000Z"]


@pytest.mark.parametrize("kind", ["fifo", "device", "link", "too large"])
def test_what_is_no_incidents_file_is_replaced_and_hangs_nobody(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"incident-{ID}.json"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "too large":
        path.touch()
        os.truncate(path, 64 << 20)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else tmp_path / "elsewhere")
    journal(tmp_path).add_to_incident(ID, {"id": ID}, [{"what": "opened"}])
    assert path.is_file()
    assert not path.is_symlink()
    assert json.loads(path.read_text())["events"] == [{"what": "opened"}]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", ["fifo", "device", "link", "directory"])
def test_a_line_goes_into_a_regular_file_or_nowhere(tmp_path: Path, at: datetime, kind: str) -> None:
    path = tmp_path / "cycles" / "2026-11-24.jsonl"
    path.parent.mkdir()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to("/dev/full" if kind == "device" else tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"not a regular file|Is a directory"):
        journal(tmp_path).add_cycle({"number": 0}, at=at)
    assert not (tmp_path / "elsewhere").exists()
