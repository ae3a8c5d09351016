"""`Figures`: what is said of one row's samples: median, spread, tail, and the ratio to its floor, round by round."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.sampling import Row, Samples

__all__ = ["Figures", "figures", "interval", "quantile"]

_TAIL: Final = 0.99
_NORMAL: Final = 1.96


@final
@dataclass(frozen=True, slots=True)
class Figures:
    """Of one row; times in seconds, ratios in times the floor's.

    Attributes:
        count: Samples taken.
        median, low, high, tail: The median, the quartiles around it, the 99th percentile.
        ratio, ratio_low, ratio_high: Median of the ratios within each round, and the interval in which it lies at 95 %.
        tail_ratio: 99th percentile over the floor's.
    """

    count: int
    median: float
    low: float
    high: float
    tail: float
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    tail_ratio: float | None = None


def figures(row: Row, taken: Mapping[str, Samples]) -> Figures:
    """Return what a row's samples come to."""
    mine = taken[row.name]
    values = sorted(mine.values())
    own = Figures(
        count=len(values),
        median=quantile(values, 0.5),
        low=quantile(values, 0.25),
        high=quantile(values, 0.75),
        tail=quantile(values, _TAIL),
    )
    if not row.floor:
        return own
    floor = taken[row.floor]
    ratios = sorted(value / floor[number] for number, value in mine.items() if number in floor)
    low, high = interval(ratios)
    tail_ratio = own.tail / quantile(sorted(floor.values()), _TAIL)
    return replace(own, ratio=quantile(ratios, 0.5), ratio_low=low, ratio_high=high, tail_ratio=tail_ratio)


def quantile(ordered: Sequence[float], part: float) -> float:
    """Return the value below which that part of the ordered values lies, interpolated."""
    at = part * (len(ordered) - 1)
    below, above = math.floor(at), math.ceil(at)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def interval(ordered: Sequence[float]) -> tuple[float, float]:
    """Return the interval that holds the true median at 95 %, by the order of the values alone."""
    reach = _NORMAL * math.sqrt(len(ordered)) / 2
    middle = (len(ordered) - 1) / 2
    return ordered[max(0, math.floor(middle - reach))], ordered[min(len(ordered) - 1, math.ceil(middle + reach))]
