"""What is kept of analyses, in memory and on disk, whatever is found there."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.analysis.keeping import Kept
from hotagents_k8s_monitor.analysis.outcome import Outcome
from hotagents_k8s_monitor.analysis.remarks import Remark
from hotagents_k8s_monitor.findings import Owner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW: Final = datetime(2026, 11, 24, 10, 0, tzinfo=timezone.utc)
DAY: Final = timedelta(days=1)
CART: Final = frozenset({"aaaa"})


def remark(fingerprints: frozenset[str] = CART) -> Remark:
    return Remark(owner=Owner("Deployment", "shop", "cart"), fingerprints=fingerprints, at=NOW, summary="It is short.")


def outcome(*asked: frozenset[str], remarks: tuple[Remark, ...] = (), at: datetime = NOW) -> Outcome:
    return Outcome(state="ok", remarks=remarks, asked=asked, generation=1, digest="d", at=at, seconds=1.0)


def kept_in(directory: Path, now: datetime = NOW) -> Kept:
    kept = Kept(directory)
    kept.load(now)
    return kept


def test_what_was_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    other = frozenset({"bbbb", "cccc"})
    kept.add(outcome(CART, other, remarks=(remark(),)), NOW)
    kept.attempted_at, kept.failures, kept.trouble = NOW, 3, "analysis unavailable: no"
    assert kept.save(NOW) == ""
    again = kept_in(tmp_path)
    assert (again.attempted_at, again.failures, again.trouble) == (NOW, 3, "analysis unavailable: no")
    assert (found := again.find("d", CART, NOW)) is not None
    assert found.remark == remark()
    assert (unsaid := again.find("d", other, NOW)) is not None
    assert unsaid.remark is None
    assert again.find("e", CART, NOW) is None
    assert again.find("d", CART | other, NOW) is None


def test_what_is_still_open_after_days_survives_a_process_that_was_killed(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    kept.add(outcome(CART, remarks=(remark(),)), NOW)
    kept.save(NOW)
    later = NOW + 5 * DAY
    kept.find("d", CART, later)  # which nobody wrote before it was killed
    again = kept_in(tmp_path, later)
    assert again.find("d", CART, later) is not None
    again.save(later)
    assert kept_in(tmp_path, later).find("d", CART, later) is not None


def test_what_nobody_was_like_for_a_day_is_forgotten(tmp_path: Path) -> None:
    kept = kept_in(tmp_path)
    kept.add(outcome(CART), NOW)
    kept.save(NOW + 2 * DAY)
    assert kept.find("d", CART, NOW) is None


def test_of_too_much_that_is_forgotten_which_was_not_used_for_longest() -> None:
    kept = Kept(None)
    names = [frozenset({str(number)}) for number in range(2500)]
    for number, name in enumerate(names):
        kept.add(outcome(name), NOW + timedelta(seconds=number))
    later = NOW + timedelta(hours=1)
    for name in names[:100]:
        kept.find("d", name, later)
    kept.save(later)
    left = {name for name in names if kept.find("d", name, later) is not None}
    assert len(left) == 2000
    assert left >= {*names[:100], *names[600:]}


@pytest.mark.parametrize("ahead", [DAY, 365 * DAY])
def test_a_clock_that_was_ahead_keeps_nothing_for_longer(ahead: timedelta, tmp_path: Path) -> None:
    kept = kept_in(tmp_path, NOW + ahead)
    kept.add(outcome(CART), NOW + ahead)
    kept.save(NOW + ahead)
    again = kept_in(tmp_path, NOW)
    assert again.find("d", CART, NOW) is not None
    again.save(NOW + 2 * DAY)
    assert again.find("d", CART, NOW + 2 * DAY) is None


def entry(**changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "digest": "d",
        "fingerprints": ["aaaa"],
        "at": NOW.isoformat(),
        "used_at": NOW.isoformat(),
        "remark": remark().to_dict(),
    }
    return usual | changes


SPOILT: Final[dict[str, Any]] = {
    "no entries": {"schema": 1, "entries": 5},
    "texts": {"schema": 1, "entries": "abc"},
    "nulls": {"schema": 1, "entries": [None]},
    "naive": {"schema": 1, "entries": [entry(at="2026-11-24T10:00:00")]},
    "no time": {"schema": 1, "entries": [entry(used_at=5)]},
    "year": {"schema": 1, "entries": [entry(at="9999-12-31T23:59:59-23:59")]},
    "of another": {"schema": 1, "entries": [entry(fingerprints=["bbbb"])]},
    "owner": {"schema": 1, "entries": [entry(remark=remark().to_dict() | {"owner": 3})]},
    "evidence": {"schema": 1, "entries": [entry(remark=remark().to_dict() | {"evidence": 3})]},
    "failures": {"schema": 1, "failures": 1e400},
    "attempt": {"schema": 1, "attempted_at": "2026-11-24T10:00:00"},
    "newer": {"schema": 2},
    "schema": {"schema": "1"},
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_file_that_makes_no_sense_is_left_aside_and_written_anew(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "analysis.json").write_text(json.dumps(SPOILT[name]))
    kept = kept_in(tmp_path)
    assert "cannot be read and are made anew" in caplog.text
    assert "Traceback" not in caplog.text
    assert (kept.attempted_at, kept.failures, kept.trouble) == (None, 0, "")
    kept.add(outcome(CART), NOW)
    assert kept.save(NOW) == ""
    assert kept_in(tmp_path).find("d", CART, NOW) is not None


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b'{"schema": 1, "x": ' + b"9" * 5000 + b"}", b"\0"])
def test_bytes_that_are_no_json_are_left_aside(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "analysis.json").write_bytes(content)
    assert kept_in(tmp_path).save(NOW) == ""
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("depth", range(900, 1000, 5))
def test_no_depth_of_what_a_file_holds_keeps_a_monitor_from_its_beginning(depth: int, tmp_path: Path) -> None:
    deep = "[" * depth + "]" * depth
    whole = {"schema": 1, "trouble": "DEEP", "entries": [entry(digest="DEEP")]}
    (tmp_path / "analysis.json").write_text(json.dumps(whole).replace('"DEEP"', deep))
    assert kept_in(tmp_path).save(NOW) == ""


def test_what_a_hostile_file_says_is_bounded_and_visible(tmp_path: Path) -> None:
    spoilt = "\x1b[2J\u202e<!channel>\nhttps://x.example password=correct-horse " + "y" * 10_000
    values: dict[str, Any] = dict.fromkeys(("summary", "cause", "command", "known_issue"), spoilt)
    values |= {"owner": dict.fromkeys(("kind", "namespace", "name"), spoilt), "evidence": [spoilt] * 1000}
    whole = {"schema": 1, "trouble": spoilt, "entries": [entry(remark=remark().to_dict() | values)]}
    (tmp_path / "analysis.json").write_text(json.dumps(whole))
    kept = kept_in(tmp_path)
    found = kept.find("d", CART, NOW)
    assert found is not None
    assert found.remark is not None
    text = found.remark.text() + kept.trouble + found.remark.known_issue + str(found.remark.owner)
    assert not [part for part in ("\x1b", "\u202e", "\n") if part in text]
    assert "correct-horse" not in found.remark.text()
    assert len(json.dumps(found.remark.to_dict())) < 20_000


def _directory(path: Path) -> None:
    (path / "x").mkdir(parents=True)


IN_ITS_PLACE: Final[dict[str, Callable[[Path], Any]]] = {
    "directory": _directory,
    "fifo": os.mkfifo,
    "link": lambda path: path.symlink_to("/etc/hostname"),
    "link to nothing": lambda path: path.symlink_to("/nowhere/at/all"),
}


@pytest.mark.parametrize("name", IN_ITS_PLACE)
def test_something_else_in_its_place_hangs_nobody_and_is_said_where_it_cannot_be_replaced(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "analysis.json"
    IN_ITS_PLACE[name](path)
    kept = kept_in(tmp_path)
    assert "not a regular file" in caplog.text
    assert kept.save(NOW).startswith("NOT WRITTEN the analysis: ") is (name == "directory")
    assert path.is_dir() is (name == "directory")


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = kept_in(tmp_path / "file" / "data")
    assert kept.save(NOW).startswith("NOT WRITTEN the analysis: ")


def test_many_entries_are_read_and_bounded_with_the_next_write(tmp_path: Path) -> None:
    entries = [entry(fingerprints=[str(n)], remark=None) for n in range(20_000)]
    (tmp_path / "analysis.json").write_text(json.dumps({"schema": 1, "entries": entries}))
    kept_in(tmp_path).save(NOW)
    assert len(json.loads((tmp_path / "analysis.json").read_text())["entries"]) == 2000
