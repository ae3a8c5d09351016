"""The arguments of ``run.py``, and the list of everything that can be measured."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.check import check
from bench.delay import delay
from bench.growth import growth
from bench.idle import idle
from bench.importing import importing
from bench.latency import latency
from bench.memory import memory
from bench.pages import KEPT, stale, write
from bench.payloads import room
from bench.plain import plain
from bench.pull import pull
from bench.reload import reload_all
from bench.report import Report, surroundings
from bench.scale import FULL, QUICK, SMOKE
from bench.steps import steps
from bench.storm import storm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bench.scale import Scale
    from bench.table import Table

__all__ = ["MEASUREMENTS", "main"]

MEASUREMENTS: Final[Mapping[str, Callable[[Scale, Path], Iterator[Table]]]] = {
    "latency": latency,
    "reload": reload_all,
    "delay": delay,
    "pull": pull,
    "idle": idle,
    "storm": storm,
    "plain": plain,
    "memory": memory,
    "import": importing,
    "steps": steps,
    "growth": growth,
}
_SCALES: Final = {"full": FULL, "quick": QUICK, "smoke": SMOKE}


def main(words: Sequence[str] | None = None) -> int:
    """Measure what was asked for; return 0, or 1 where something is wrong that is not a matter of time."""
    asked = _asked(words)
    if asked.stale is not None:
        return _tell_stale(asked.stale)
    scale = _SCALES[asked.scale]
    before = Report(surroundings(asked.scale), {})
    if asked.write is not None and (asked.write / KEPT).exists() and asked.only:
        before = Report.from_json((asked.write / KEPT).read_text(encoding="utf-8"))
    tables = []
    for table in _measured(asked.only or (*MEASUREMENTS, *(["check"] if asked.check else [])), scale):
        _say(table.plain())
        tables.append(table)
        if asked.write is not None:
            write(asked.write, before.with_tables(tables))
    return 0


def _measured(names: Sequence[str], scale: Scale) -> Iterator[Table]:
    for name in names:
        begun = time.monotonic()
        if name == "check":
            yield check(scale)
        else:
            with room() as place:
                yield from MEASUREMENTS[name](scale, place)
        _say(f"({name}: {time.monotonic() - begun:.1f} s)")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _tell_stale(directory: Path) -> int:
    names = stale(directory)
    for name in names:
        _say(f"{directory / name}: is not what {KEPT} makes of it; run nox -s bench, or take back what was edited")
    return 1 if names else 0


def _asked(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py", description="Measure hotagents beside floors and peers.")
    scale = parser.add_mutually_exclusive_group()
    for name in ("quick", "smoke"):
        scale.add_argument(f"--{name}", dest="scale", action="store_const", const=name, default="full")
    parser.add_argument(
        "--only", action="append", choices=[*MEASUREMENTS, "check"], help="measure this alone; repeatable"
    )
    parser.add_argument("--check", action="store_true", help="also bursts of swaps: fails if anything torn is seen")
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help="write pages and pictures; with --only, those tables anew"
    )
    parser.add_argument(
        "--stale", type=Path, metavar="DIR", help="measure nothing; fail if pages are not what was measured"
    )
    return parser.parse_args(words)
