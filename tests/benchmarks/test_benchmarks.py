"""The harness works, whatever the times are; and the pages say what was measured."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from bench.figures import figures, interval, quantile
from bench.pages import KEPT, stale
from bench.sampling import Row, sampled

RUN: Final = Path(__file__).with_name("run.py")
PAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "performance"
MEASUREMENTS: Final = {
    "latency": {"latency-4"},
    "reload": {"reload"},
    "delay": {"delay"},
    "pull": {"pull"},
    "idle": {"idle"},
    "storm": {"storm", "look"},
    "plain": {"plain"},
    "memory": {"memory"},
    "import": {"import"},
    "steps": {"steps"},
    "growth": {f"growth-{axis}" for axis in ("files", "volumes", "subscribers", "history", "body")},
    "check": {"check"},
}

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the floor blocks on inotify")
in_a_checkout = pytest.mark.skipif(not PAGES.exists(), reason="no checkout: the pages are not beside the tests")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", str(RUN), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=55, check=False)


def run_rows(table: dict[str, Any]) -> list[dict[str, Any]]:
    headings = [column["heading"] for column in table["columns"]]
    return [dict(zip(headings, row, strict=True)) for row in table["rows"]]


@on_linux
@pytest.mark.parametrize("name", MEASUREMENTS)
def test_every_measurement_gives_whole_tables_of_positive_numbers(name: str, tmp_path: Path) -> None:
    done = run("--smoke", "--only", name, "--write", str(tmp_path))
    assert done.returncode == 0, done.stderr
    tables = json.loads((tmp_path / KEPT).read_text(encoding="utf-8"))["tables"]
    assert {table["name"] for table in tables} == MEASUREMENTS[name]
    for table in tables:
        assert table["title"] in done.stdout
        assert len(table["rows"]) > 1
        numbers = [cell for row in table["rows"] for cell in row if isinstance(cell, float)]
        assert all(math.isfinite(number) for number in numbers)
        if name != "memory":  # a difference of two readings may be nothing at so small a scale
            assert min(numbers, default=0.0) >= 0.0


@on_linux
def test_each_row_of_a_timing_is_compared_with_its_floor_and_the_bar_is_shown(tmp_path: Path) -> None:
    assert run("--smoke", "--only", "latency", "--write", str(tmp_path)).returncode == 0
    (table,) = json.loads((tmp_path / KEPT).read_text(encoding="utf-8"))["tables"]
    rows = {row[""]: row for row in run_rows(table)}
    floors = {name for name, row in rows.items() if row["times the floor"] is None}
    assert floors == {"floor: blocking inotify"}
    assert rows["hotagents, wait_for"]["bar"].startswith("1.4 ")
    assert {"watchfiles, its defaults", "polling each second", "naive: all files, all parsed"} <= set(rows)
    assert (tmp_path / "latency-4.svg").read_text(encoding="utf-8").startswith("<svg")
    assert stale(tmp_path) == []


@in_a_checkout
def test_the_pages_hold_what_was_measured_and_no_other_table() -> None:
    assert stale(PAGES) == []


@in_a_checkout
def test_a_number_that_was_edited_by_hand_is_found(tmp_path: Path) -> None:
    pages = tmp_path / "performance"
    shutil.copytree(PAGES, pages)
    page = pages / "where-the-microseconds-go.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("| hotagents, wait_for |", "| hotagents, wait_for | 1 µs |", 1), encoding="utf-8")
    assert stale(pages) == [page.name]
    done = run("--stale", str(pages))
    if sys.platform == "linux":
        assert done.returncode == 1
        assert page.name in done.stdout


@in_a_checkout
def test_every_table_that_a_page_asks_for_was_measured() -> None:
    measured = {table["name"] for table in json.loads((PAGES / KEPT).read_text(encoding="utf-8"))["tables"]}
    for page in PAGES.glob("*.md"):
        asked = set(re.findall(r"^<!-- table: (\S+) -->$", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert asked <= measured, page.name


def test_rows_are_sampled_in_turn_in_an_order_that_rotates() -> None:
    asked: list[str] = []

    def row(name: str, every: int = 1) -> Row:
        def sample() -> float:
            asked.append(name)
            return 1.0

        return Row(name=name, sample=sample, every=every)

    taken = sampled([row("a"), row("b"), row("rare", every=2)], rounds=3)
    assert asked[3:] == ["a", "b", "rare", "b", "a", "rare", "a", "b"]
    assert {name: sorted(values) for name, values in taken.items()} == {"a": [0, 1, 2], "b": [0, 1, 2], "rare": [0, 2]}


def test_ratios_are_of_the_same_round_and_not_of_the_medians() -> None:
    ours = Row(name="ours", sample=lambda: 0.0, floor="floor")
    found = figures(ours, {"floor": {0: 1.0, 1: 10.0, 2: 100.0}, "ours": {0: 2.0, 1: 20.0, 2: 200.0}})
    assert (found.ratio, found.ratio_low, found.ratio_high) == (2.0, 2.0, 2.0)
    assert (found.median, found.count) == (20.0, 3)


def test_quantiles_are_interpolated_and_the_interval_holds_the_median() -> None:
    values = [float(number) for number in range(101)]
    assert quantile(values, 0.5) == 50.0
    assert quantile([1.0, 2.0], 0.25) == 1.25
    low, high = interval(values)
    assert low < 50.0 < high
    assert interval([1.0, 3.0]) == (1.0, 3.0)
