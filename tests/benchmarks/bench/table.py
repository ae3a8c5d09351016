"""`Table`: what a measurement came to, as numbers; shown as Markdown, kept as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, final

from bench.figures import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.figures import Figures
    from bench.sampling import Row, Samples

__all__ = ["Cell", "Column", "Kind", "Table", "columns", "shown", "timings"]

Cell = str | float | None
Kind = Literal["text", "seconds", "times", "bytes", "percent", "number"]


@final
@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and how the numbers below it are written."""

    heading: str
    kind: Kind


@final
@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        name: Names it in pages and on the command line.
        title: One line.
        note: What was done, for who wants to know.
        columns, rows: Numbers in seconds, bytes and parts of one; None is an empty cell.
    """

    name: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def markdown(self) -> str:
        """Return the table for a page."""
        lines = [[column.heading for column in self.columns]]
        lines.append(["---" if column.kind == "text" else "--:" for column in self.columns])
        lines += [
            [shown(cell, column.kind) for cell, column in zip(row, self.columns, strict=True)] for row in self.rows
        ]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"

    def plain(self) -> str:
        """Return the table for a terminal."""
        lines = [[column.heading for column in self.columns]]
        lines += [
            [shown(cell, column.kind) for cell, column in zip(row, self.columns, strict=True)] for row in self.rows
        ]
        widths = [max(len(line[at]) for line in lines) for at in range(len(self.columns))]
        kinds = [column.kind for column in self.columns]
        rows = ["  ".join(_padded(*cell) for cell in zip(line, widths, kinds, strict=True)).rstrip() for line in lines]
        return "\n".join([f"\n{self.title}", *rows])

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Table:
        """Return the table of what `to_json` gave."""
        columns = tuple(Column(column["heading"], column["kind"]) for column in found["columns"])
        return cls(found["name"], found["title"], found["note"], columns, tuple(tuple(row) for row in found["rows"]))


def columns(*given: tuple[str, Kind]) -> tuple[Column, ...]:
    """Return the columns of headings and kinds."""
    return tuple(Column(heading, kind) for heading, kind in given)


def timings(name: str, title: str, note: str, rows: Sequence[Row], taken: Mapping[str, Samples]) -> Table:
    """Return the table of rows that were sampled in turn."""
    heads = columns(
        ("", "text"),
        ("median", "seconds"),
        ("middle half", "text"),
        ("p99", "seconds"),
        ("samples", "number"),
        ("times the floor", "times"),
        ("at 95 %", "text"),
        ("bar", "text"),
        ("p99, times", "times"),
    )
    return Table(name, title, note, heads, tuple(_line(row, figures(row, taken)) for row in rows))


def _line(row: Row, found: Figures) -> tuple[Cell, ...]:
    middle = f"{shown(found.low, 'seconds')} - {shown(found.high, 'seconds')}"
    times = (found.median, middle, found.tail, found.count)
    if found.ratio is None:
        return (row.name, *times, None, "", "", None)
    spread = f"{shown(found.ratio_low, 'times')} - {shown(found.ratio_high, 'times')}"
    bars = [_bar(row.bar, found.ratio, ""), _bar(row.tail_bar, found.tail_ratio, "p99 ")]
    return (row.name, *times, found.ratio, spread, ", ".join(filter(None, bars)), found.tail_ratio)


def _bar(bar: float | None, ratio: float | None, what: str) -> str:
    if bar is None or ratio is None:
        return ""
    return f"{what}{bar:g} {'met' if ratio <= bar else 'MISSED'}"


def _padded(text: str, width: int, kind: Kind) -> str:
    return text.ljust(width) if kind == "text" else text.rjust(width)


def shown(cell: Cell, kind: Kind) -> str:
    """Return a number with its unit, to three digits."""
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else _SHOWN[kind](cell)


def _seconds(value: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(value) >= size:
            return f"{_digits(value / size)} {unit}"
    return f"{_digits(value / 1e-9)} ns"


def _bytes(value: float) -> str:
    for unit, size in (("MB", 1e6), ("KB", 1e3)):
        if abs(value) >= size:
            return f"{_digits(value / size)} {unit}"
    return f"{value:.0f} B"


def _digits(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _percent(value: float) -> str:
    return f"{_digits(value * 100)} %"


_SHOWN: Final[Mapping[Kind, Callable[[float], str]]] = {
    "text": str,
    "seconds": _seconds,
    "times": lambda value: f"{value:.2f}",
    "bytes": _bytes,
    "percent": _percent,
    "number": lambda value: f"{value:,.0f}" if value == int(value) else _digits(value),
}
