"""The pages in ``docs/performance/``: one of all tables, the pictures, and the tables inside the pages that explain.

A page that explains has a pair of comments around each table, ``<!-- table: latency-50 -->`` and ``<!-- end -->``; what
stands between them is made from ``results.json``, so no number is written by hand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bench.bars import bars
from bench.plot import plot
from bench.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bench.table import Table

__all__ = ["KEPT", "made", "stale", "write"]

KEPT: Final = "results.json"
_ALL: Final = "results.md"
_SECTION: Final = re.compile(r"<!-- table: (?P<name>[\w-]+) -->\n.*?<!-- end -->\n", re.DOTALL)
_HEAD: Final = """\
# All measurements

Made by `nox -s bench`; [where the microseconds go](where-the-microseconds-go.md) explains them, and [settings that
matter](settings-that-matter.md) says what to do about them. All rows of a table are sampled in turn in one process, in
an order that rotates. A ratio is the median of the ratios within each round, with the interval that holds it at 95 %:
that is what counts, and what another machine should find too. Times are this machine's.

"""


def write(directory: Path, report: Report) -> None:
    """Write the report and everything that is made of it."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / KEPT).write_text(report.to_json(), encoding="utf-8")
    for name, text in made(directory, report).items():
        (directory / name).write_text(text, encoding="utf-8")


def stale(directory: Path) -> list[str]:
    """Return the names of files that are not what ``results.json`` makes of them."""
    report = Report.from_json((directory / KEPT).read_text(encoding="utf-8"))
    wanted = made(directory, report)
    kept = {
        path.name: path.read_text(encoding="utf-8") for path in directory.iterdir() if path.suffix in {".md", ".svg"}
    }
    return sorted(name for name in {*wanted, *kept} if wanted.get(name) != kept.get(name))


def made(directory: Path, report: Report) -> Mapping[str, str]:
    """Return the text of each file that is made of a report, by name; pages that explain keep their prose."""
    files = {_ALL: _all(report)}
    pictures = {f"{name}.svg": _picture(table) for name, table in report.tables.items()}
    files |= {name: picture for name, picture in pictures.items() if picture is not None}
    pages = [path for path in directory.glob("*.md") if path.name != _ALL]
    return {**files, **{path.name: _filled(path.read_text(encoding="utf-8"), report) for path in pages}}


def _all(report: Report) -> str:
    lines = [f"- {what}: {value}" for what, value in report.surroundings.items()]
    tables = [f"## {table.title}\n{_section(table)}{table.note}\n" for table in report.tables.values()]
    return _HEAD + "\n".join(lines) + "\n\n" + "\n".join(tables)


def _filled(text: str, report: Report) -> str:
    def section(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in report.tables:
            return found[0]
        return f"<!-- table: {name} -->\n{_section(report.tables[name])}<!-- end -->\n"

    return _SECTION.sub(section, text)


def _section(table: Table) -> str:
    picture = f"\n![{table.title}]({table.name}.svg)\n" if _picture(table) is not None else ""
    return f"\n{table.markdown()}{picture}\n"


def _picture(table: Table) -> str | None:
    if table.name.startswith("growth-"):
        return plot(table)
    return bars(table) if table.name.startswith("latency-") else None
