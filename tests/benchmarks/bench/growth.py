"""How the time from a rename to a waiting thread grows: with files, volumes, subscribers, history and size of bodies.

Each axis is one table and one plot; at each point the floor and the library have readers of their own, and all points
of an axis are sampled in turn.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bench.figures import figures
from bench.floor import Floor
from bench.ours import Waiting
from bench.sampling import Row, sampled
from bench.swap import Swaps, swapping
from bench.table import Table, columns, shown
from bench.texts import BODY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.reader import Reader
    from bench.sampling import Samples
    from bench.scale import Scale
    from bench.table import Kind

__all__ = ["AXES", "growth"]

_FILES: Final = 50
_PART: Final = 4  # of the rounds of other tables: there are many rows here
_READERS: Final = (("floor", Floor), ("hotagents", Waiting))
_OF_VOLUMES: Final = 10
_NOTE: Final = "{what}; medians in seconds, from the rename until a waiting thread has the new content."


class _Axis(NamedTuple):
    """What grows."""

    name: str
    heading: str
    kind: Kind
    points: tuple[int, ...]
    what: str


AXES: Final = (
    _Axis("files", "files", "number", (4, 50, 500, 1000), "Files of 6 KB in one volume, one of them changed"),
    _Axis("volumes", "volumes", "number", (1, 4, 16, 64), f"Volumes of {_OF_VOLUMES} files, one file of one changed"),
    _Axis(
        "subscribers", "subscribers", "number", (1, 8, 64, 256), f"{_FILES} files, one changed, and so many that wait"
    ),
    _Axis("history", "history", "number", (1, 10, 100, 300), f"{_FILES} files, one changed, so many generations kept"),
    _Axis("body", "body", "bytes", (1_000, 8_000, 64_000, 256_000), f"{_FILES} files with such bodies, one changed"),
)


def growth(scale: Scale, place: Path) -> Iterator[Table]:
    """Yield a table for each axis."""
    for axis in AXES:
        points = axis.points[: scale.growth]
        rows: list[Row] = []
        with ExitStack() as opened:
            for point in points:
                for who, make in _READERS:
                    where = place / f"growth-{axis.name}" / f"{who}-{point}"
                    swaps = opened.enter_context(swapping(_swaps(axis.name, point, make, where, opened)))
                    floor = "" if who == "floor" else f"floor {point}"
                    rows.append(Row(name=f"{who} {point}", sample=swaps.sample, floor=floor))
            taken = sampled(rows, rounds=max(2, scale.rounds // _PART))
        yield _table(axis, rows, taken)


def _swaps(axis: str, point: int, make: Callable[..., Reader], place: Path, opened: ExitStack) -> Swaps:
    match axis:
        case "files":
            return Swaps(place, make, files=point)
        case "volumes":
            return Swaps(place, make, files=_OF_VOLUMES, volumes=point)
        case "body":
            return Swaps(place, make, files=_FILES, body=point)
        case "subscribers":
            return Swaps(place, partial(_subscribed, make, point - 1, opened), files=_FILES)
        case _:
            options: dict[str, Any] = {"history": point} if make is Waiting else {}
            swaps = Swaps(place, partial(make, **options), files=_FILES, body=BODY // 10)
            for _ in range(point if make is Waiting else 0):
                swaps.sample()
            return swaps


def _subscribed(make: Callable[..., Reader], more: int, opened: ExitStack, *roots: str) -> Reader:
    """Make a reader that has so many subscribers beside the thread that is measured."""
    reader = make(*roots)
    if isinstance(reader, Waiting):
        for _ in range(more):
            reader.registry.subscribe(_ignore)
    elif isinstance(reader, Floor):
        ended = threading.Event()
        opened.callback(ended.set)
        for _ in range(more):
            threading.Thread(target=_wait, args=(reader, ended), daemon=True).start()
    return reader


def _ignore(_: object) -> None:
    pass


def _wait(floor: Floor, ended: threading.Event) -> None:
    seen: object = floor.pages
    while not ended.is_set():
        with floor.changed:
            floor.changed.wait_for(lambda: floor.pages is not seen)  # noqa: B023 - called before the next turn
        seen = floor.pages


def _table(axis: _Axis, rows: Sequence[Row], taken: Mapping[str, Samples]) -> Table:
    found = {row.name: figures(row, taken) for row in rows}
    lines = []
    for point in axis.points:
        if f"floor {point}" not in found:
            break
        floor, ours = found[f"floor {point}"], found[f"hotagents {point}"]
        spread = f"{shown(ours.ratio_low, 'times')} - {shown(ours.ratio_high, 'times')}"
        lines.append((float(point), floor.median, ours.median, ours.ratio, spread, ours.tail))
    heads = columns(
        (axis.heading, axis.kind),
        ("floor", "seconds"),
        ("hotagents", "seconds"),
        ("times the floor", "times"),
        ("at 95 %", "text"),
        ("p99", "seconds"),
    )
    title = f"Growth with {axis.name}"
    return Table(f"growth-{axis.name}", title, _NOTE.format(what=axis.what), heads, tuple(lines))
