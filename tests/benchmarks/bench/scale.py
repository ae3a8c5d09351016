"""`Scale`: how much is measured: all of it, a quick look, or just enough to see that it works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

__all__ = ["FULL", "QUICK", "SMOKE", "Scale"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured.

    Attributes:
        rounds: Rounds of a table whose samples take milliseconds.
        heavy_rounds: Rounds of a table whose samples take tenths of a second.
        rare: Rounds from one sample of a slow peer to the next.
        files: Sizes of the sets in which one file changes.
        many: Files of which all change.
        plain: Files of the plain directory.
        reads: Reads of one attribute in a sample.
        threads: Threads that read at once.
        windows: How often it is looked what nothing cost.
        window: Seconds from one such look to the next.
        hints: Events of the storm.
        growth: How many of the points of each axis of growth are measured, from the smallest.
        bodies: Sizes of bodies whose memory is measured.
        check: Seconds of bursts in the correctness mode.
    """

    rounds: int
    heavy_rounds: int
    rare: int
    files: tuple[int, ...]
    many: int
    plain: int
    reads: int
    threads: tuple[int, ...]
    windows: int
    window: float
    hints: int
    growth: int
    bodies: tuple[int, ...]
    check: float


FULL: Final = Scale(
    rounds=400,
    heavy_rounds=60,
    rare=10,
    files=(4, 50, 500),
    many=500,
    plain=10_000,
    reads=100_000,
    threads=(1, 2, 4, 8),
    windows=24,
    window=5.0,
    hints=2_000,
    growth=4,
    bodies=(1_000, 6_240, 26_000),
    check=60.0,
)
QUICK: Final = Scale(
    rounds=6,
    heavy_rounds=3,
    rare=6,
    files=(4, 50, 500),
    many=500,
    plain=10_000,
    reads=20_000,
    threads=(1, 8),
    windows=1,
    window=5.0,
    hints=200,
    growth=3,
    bodies=(6_240,),
    check=3.0,
)
SMOKE: Final = Scale(
    rounds=2,
    heavy_rounds=2,
    rare=2,
    files=(4,),
    many=6,
    plain=20,
    reads=100,
    threads=(1, 2),
    windows=2,
    window=0.1,
    hints=4,
    growth=2,
    bodies=(6_240,),
    check=0.3,
)
