"""`plot`: a table of growth as an SVG picture, both axes logarithmic; the same numbers give the same bytes."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple

from bench.table import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.table import Table

__all__ = ["plot"]

_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 528, 52, 306
_COLOURS: Final = ("#8b8f98", "#1f6feb", "#d1602d")
_STEPS: Final = (1, 2, 5)
_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-size:14px;font-weight:600}"
    ".grid{stroke:#d8dee4;stroke-width:1}.line{fill:none;stroke-width:2}"
)


class _Scale(NamedTuple):
    """From values to places on one axis."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.begin + part * (self.end - self.begin), 1)


def plot(table: Table) -> str:
    """Return the picture: the first column across, every column of seconds but the tail's upwards."""
    lines = [at for at, column in enumerate(table.columns) if column.kind == "seconds" and column.heading != "p99"]
    points = {at: [(_number(row[0]), _number(row[at])) for row in table.rows] for at in lines}
    across = _Scale(*_reach([x for line in points.values() for x, _ in line]), _LEFT, _RIGHT)
    upwards = _Scale(*_reach([y for line in points.values() for _, y in line], margin=1.25), _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        f"<title>{escape(table.title)}</title><style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text class="title" x="{_LEFT}" y="24">{escape(table.title)}: from the rename to a waiting thread</text>',
        *_across(across, [x for x, _ in points[lines[0]]], table),
        *_upwards(upwards),
        *_names({table.columns[at].heading: upwards.at(points[at][-1][1]) for at in lines}),
    ]
    for colour, line in zip(_COLOURS, points.values(), strict=False):
        parts += _line([(across.at(x), upwards.at(y)) for x, y in line], colour)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _across(scale: _Scale, values: Sequence[float], table: Table) -> Iterator[str]:
    for value in values:
        x = scale.at(value)
        yield f'<line class="grid" x1="{x}" y1="{_TOP}" x2="{x}" y2="{_BOTTOM}"/>'
        yield f'<text x="{x}" y="{_BOTTOM + 20}" text-anchor="middle">{shown(value, table.columns[0].kind)}</text>'
    middle = (_LEFT + _RIGHT) / 2
    yield f'<text x="{middle}" y="{_BOTTOM + 42}" text-anchor="middle">{escape(table.columns[0].heading)}</text>'


def _upwards(scale: _Scale) -> Iterator[str]:
    for value in _ticks(scale.low, scale.high):
        y = scale.at(value)
        yield f'<line class="grid" x1="{_LEFT}" y1="{y}" x2="{_RIGHT}" y2="{y}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{shown(value, "seconds")}</text>'


def _names(places: dict[str, float]) -> Iterator[str]:
    """Yield the lines' names beside their ends, none over another."""
    last = -math.inf
    for colour, name in zip(_COLOURS, places, strict=False):
        y = places[name]
        free = [y] if abs(y - last) >= 14 else [last + 14 if y >= last else last - 14]
        last = free[0]
        yield f'<text x="{_RIGHT + 10}" y="{last + 4}" style="fill:{colour};font-weight:600">{escape(name)}</text>'


def _line(points: Sequence[tuple[float, float]], colour: str) -> Iterator[str]:
    yield f'<polyline class="line" stroke="{colour}" points="{" ".join(f"{x},{y}" for x, y in points)}"/>'
    for x, y in points:
        yield f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>'


def _ticks(low: float, high: float) -> Iterator[float]:
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        yield from (step * 10.0**power for step in _STEPS if low <= step * 10.0**power <= high)


def _reach(values: Sequence[float], *, margin: float = 1.0) -> tuple[float, float]:
    low, high = min(values) / margin, max(values) * margin
    return (low, high) if high > low else (low / 2, high * 2)


def _number(cell: object) -> float:
    if not isinstance(cell, float | int):
        raise TypeError(f"expected a number, got {cell!r}")
    return float(cell)
