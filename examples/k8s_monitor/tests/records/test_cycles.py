"""One line a cycle: short while nothing changes, whole where a reader would have to search, in small files."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.records.cycles import Cycles

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)


def finding(name: str = "cart", **changes: Any) -> dict[str, Any]:
    return {
        "fingerprint": name * 4,
        "rule": "container-waiting",
        "owner": {"kind": "Deployment", "namespace": "shop", "name": name},
        "impact": "down",
        "severity": "SEV-2",
        "message": "CrashLoopBackOff after 8 restarts: back-off 5m0s (and 3 more)",
        "objects": [f"pod/{name}-x"],
        "since": "2026-11-24T09:00:00+00:00",
        "due": "2026-11-24T09:05:00+00:00",
        "muted": None,
        "state": "open",
        "first_seen": "2026-11-24T09:01:00+00:00",
        "absent_since": None,
        "unsure": False,
    } | changes


def record(cycle: str, *findings: dict[str, Any]) -> dict[str, Any]:
    return {"cycle": cycle, "verdict": "findings", "findings": list(findings)}


def lines(directory: Path) -> list[Any]:
    return [json.loads(line) for path in sorted(directory.iterdir()) for line in path.read_text().splitlines()]


@pytest.fixture
def cycles(tmp_path: Path) -> Cycles:
    return Cycles(tmp_path, most_in_file=1 << 20)


def test_findings_that_stay_are_listed_once_and_named_by_the_later_lines(
    cycles: Cycles, tmp_path: Path, at: datetime
) -> None:
    same = [finding(), finding("search", state="muted"), finding("trainer", state="pending")]
    for number in range(3):
        cycles.add(record(f"c{number}", *same), at=at)
    first, second, third = lines(tmp_path)
    assert first == {"schema": 1, **record("c0", *same)}
    counts = {"open": 1, "muted": 1, "pending": 1}
    assert second == {"schema": 1, "cycle": "c1", "verdict": "findings", "findings_as_of": "c0", "counts": counts}
    assert third["findings_as_of"] == "c0"


@pytest.mark.parametrize(
    "changes",
    [
        {"since": "2026-11-24T09:00:01+00:00", "due": "2026-11-24T09:05:01+00:00"},
        {"first_seen": "2026-11-24T09:02:00+00:00"},
        {"message": "CrashLoopBackOff after 1 restart: back-off 10s (and 3 more)"},
    ],
    ids=["times", "memory", "restarts"],
)
def test_what_moves_all_the_time_makes_no_difference(
    cycles: Cycles, tmp_path: Path, at: datetime, changes: dict[str, Any]
) -> None:
    cycles.add(record("c0", finding()), at=at)
    cycles.add(record("c1", finding(**changes)), at=at)
    assert lines(tmp_path)[1]["findings_as_of"] == "c0"


@pytest.mark.parametrize(
    "changes",
    [
        {"fingerprint": "other"},
        {"severity": "SEV-1"},
        {"impact": "degraded"},
        {"message": "ImagePullBackOff"},
        {"message": "CrashLoopBackOff after 8 restarts: back-off 5m0s (and 4 more)"},
        {"objects": ["pod/cart-y"]},
        {"muted": {"kind": "known issue", "reason": "known", "until": None}},
        {"state": "muted"},
        {"absent_since": "2026-11-24T10:00:00+00:00"},
        {"unsure": True},
    ],
)
def test_what_makes_a_difference_is_listed_anew_and_again_when_it_is_over(
    cycles: Cycles, tmp_path: Path, at: datetime, changes: dict[str, Any]
) -> None:
    for number, found in enumerate([finding(), finding(**changes), finding(**changes), finding()]):
        cycles.add(record(f"c{number}", found), at=at)
    assert [line.get("findings_as_of") for line in lines(tmp_path)] == [None, None, "c1", None]


def test_how_much_is_missing_makes_a_difference(cycles: Cycles, tmp_path: Path, at: datetime) -> None:
    for number in (4, 1):
        cycles.add(record(f"c{number}", finding(message=f"{number} of 9 replicas available")), at=at)
    assert lines(tmp_path)[1]["findings"][0]["message"] == "1 of 9 replicas available"


def test_a_finding_more_or_less_makes_a_difference(cycles: Cycles, tmp_path: Path, at: datetime) -> None:
    for number, found in enumerate([[finding()], [finding(), finding("search")], [finding()], []]):
        cycles.add(record(f"c{number}", *found), at=at)
    assert [len(line["findings"]) for line in lines(tmp_path)] == [1, 2, 1, 0]


def test_a_line_without_findings_says_so_itself(cycles: Cycles, tmp_path: Path, at: datetime) -> None:
    for number in range(3):
        cycles.add(record(f"c{number}"), at=at)
    assert [line["findings"] for line in lines(tmp_path)] == [[], [], []]


def test_each_day_and_each_process_begins_with_a_whole_line(cycles: Cycles, tmp_path: Path, at: datetime) -> None:
    cycles.add(record("c0", finding()), at=at)
    cycles.add(record("c1", finding()), at=at + DAY)
    Cycles(tmp_path, most_in_file=1 << 20).add(record("c2", finding()), at=at + DAY)
    assert [line.get("findings_as_of") for line in lines(tmp_path)] == [None, None, None]


def test_a_line_that_was_not_written_is_named_by_none(
    cycles: Cycles, tmp_path: Path, at: datetime, largest_file: Any
) -> None:
    cycles.add(record("c0", finding()), at=at)
    (path,) = tmp_path.iterdir()
    with largest_file(path.stat().st_size + 5), pytest.raises(OSError, match="only 5 of"):
        cycles.add(record("c1", finding(severity="SEV-1")), at=at)
    cycles.add(record("c2", finding(severity="SEV-1")), at=at)
    cycles.add(record("c3", finding(severity="SEV-1")), at=at)
    last, before = json.loads(path.read_text().splitlines()[-1]), json.loads(path.read_text().splitlines()[-2])
    assert (before["findings"][0]["severity"], last["findings_as_of"]) == ("SEV-1", "c2")


def test_a_file_that_somebody_deleted_is_begun_with_a_whole_line(cycles: Cycles, tmp_path: Path, at: datetime) -> None:
    cycles.add(record("c0", finding()), at=at)
    (path,) = tmp_path.iterdir()
    path.unlink()
    cycles.add(record("c1", finding()), at=at)
    assert lines(tmp_path)[0]["findings"] == [finding()]


def test_a_large_day_has_several_files_that_sort_by_age_and_each_begins_with_a_whole_line(
    tmp_path: Path, at: datetime
) -> None:
    cycles = Cycles(tmp_path, most_in_file=1500)
    for number in range(40):
        cycles.add(record(f"c{number:02}", finding()), at=at)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[:3] == ["2026-11-24.jsonl", "2026-11-24_001.jsonl", "2026-11-24_002.jsonl"]
    assert [line["cycle"] for line in lines(tmp_path)] == [f"c{number:02}" for number in range(40)]
    assert all(path.stat().st_size < 1500 + 200 for path in tmp_path.iterdir())
    for path in tmp_path.iterdir():
        first, *others = [json.loads(line) for line in path.read_text().splitlines()]
        assert first["findings"] == [finding()]
        assert {line["findings_as_of"] for line in others} <= {first["cycle"]}
    Cycles(tmp_path, most_in_file=1500).add(record("new"), at=at)
    assert json.loads((tmp_path / names[-1]).read_text().splitlines()[-1])["cycle"] == "new"
    cycles.add(record("next"), at=at + DAY)
    assert (tmp_path / "2026-11-25.jsonl").exists()


def test_a_day_of_two_thousand_findings_takes_a_few_megabytes(tmp_path: Path, at: datetime) -> None:
    cycles, found = Cycles(tmp_path, most_in_file=31 << 20), [finding(f"workload-{n:04}") for n in range(2000)]
    whole = cycles.add(record("first", *found), at=at)
    short = cycles.add(record("second", *found), at=at + MINUTE)
    assert whole > 900_000
    assert whole + 1440 * short < 2_000_000
