"""`Row`: one thing to measure; and how the rows of a table are sampled, in turn and in an order that rotates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Row", "Samples", "sampled"]

Samples = dict[int, float]
"""What one row gave, by the number of the round."""
_WARM = -1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing to measure.

    Attributes:
        name: What a reader of the table sees.
        sample: Measures once, and returns seconds.
        floor: Name of the row that it is compared with, round by round; empty for a floor itself.
        bar: The most that it may be times its floor, None for what only shows.
        tail_bar: Likewise for the 99th percentiles of both.
        every: Rounds from one sample to the next, for what is slow.
    """

    name: str
    sample: Callable[[], float]
    floor: str = ""
    bar: float | None = None
    tail_bar: float | None = None
    every: int = 1


def sampled(rows: Sequence[Row], *, rounds: int) -> Mapping[str, Samples]:
    """Return what each row gave in each round, after one round that does not count."""
    taken: dict[str, Samples] = {row.name: {} for row in rows}
    for number in range(_WARM, rounds):
        turn = number % len(rows)
        for row in (*rows[turn:], *rows[:turn]):
            if number != _WARM and number % row.every:
                continue
            value = row.sample()
            if number != _WARM:
                taken[row.name][number] = value
    return taken
