"""`bars`: the medians of a table as an SVG picture, one bar a row, on a logarithmic axis."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

from bench.table import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.table import Table

__all__ = ["bars"]

_WIDTH, _LEFT, _RIGHT = 720, 232, 640
_TOP, _STEP, _THICK = 48, 26, 16
_STYLE: Final = "text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-size:14px;font-weight:600}"


def bars(table: Table) -> str:
    """Return the picture of the first two columns: names and seconds."""
    medians = {str(row[0]): row[1] for row in table.rows if isinstance(row[1], float)}
    low = 10.0 ** math.floor(math.log10(min(medians.values())))
    high = max(medians.values()) * 1.1
    height = _TOP + _STEP * len(medians) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{escape(table.title)}</title><style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text class="title" x="16" y="24">{escape(table.title)} (median, logarithmic)</text>',
    ]
    for number, (name, seconds) in enumerate(medians.items()):
        width = math.log(seconds / low) / math.log(high / low) * (_RIGHT - _LEFT)
        parts += _bar(name, seconds, round(width, 1), _TOP + number * _STEP)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bar(name: str, seconds: float, width: float, y: int) -> Iterator[str]:
    colour = "#1f6feb" if name.startswith("hotagents") else "#8b8f98" if "floor" in name else "#d1602d"
    middle = y + _THICK - 4
    yield f'<text x="{_LEFT - 10}" y="{middle}" text-anchor="end">{escape(name)}</text>'
    yield f'<rect x="{_LEFT}" y="{y}" width="{width}" height="{_THICK}" fill="{colour}"/>'
    yield f'<text x="{_LEFT + width + 8}" y="{middle}">{shown(seconds, "seconds")}</text>'
