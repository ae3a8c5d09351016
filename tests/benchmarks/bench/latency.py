"""From the rename of a volume's link to the moment in which a waiting thread has the new content; one file changed."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from bench.floor import Floor
from bench.ours import Following, Waiting
from bench.peers import Naive, Polling, Watchdog, Watchfiles, read_by_file
from bench.sampling import Row, sampled
from bench.swap import Swaps, swapping
from bench.table import timings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bench.reader import Reader
    from bench.scale import Scale
    from bench.table import Table

__all__ = ["latency", "makers"]

FLOOR: Final = "floor: blocking inotify"
_OURS: Final = "hotagents, wait_for"
_CHANGES: Final = "hotagents, loop over changes()"
_FEW: Final = 4
_SLOW: Final = frozenset({"watchfiles, its defaults", "polling each second"})
_NOTE: Final = (
    "{files} files of 6 KB, one of them changed. The payload is written before; the clock runs from the call of rename "
    "until a thread that waited has the new description. Each reader has a volume of its own. The floor blocks in the "
    "kernel, reads below the pinned payload, compares, parses what changed with yaml.CSafeLoader and notifies a "
    "condition; watchdog, watchfiles and polling do the same after they have heard; the naive reader parses every file "
    "through the visible links. No peer validates anything."
)


def makers() -> Mapping[str, Callable[..., Reader]]:
    """Return what makes each reader, by the row's name; peers that are not installed are left out."""
    found: dict[str, Callable[..., Reader]] = {FLOOR: Floor, _OURS: Waiting, _CHANGES: Following}
    found["the floor, with file objects"] = partial(Floor, read=read_by_file)
    if find_spec("watchdog"):
        found["watchdog"] = Watchdog
    found["watchfiles, step 1 ms"] = partial(Watchfiles, step=1, debounce=1)
    found["watchfiles, step 5 ms"] = partial(Watchfiles, step=5, debounce=5)
    found["watchfiles, its defaults"] = Watchfiles
    found["naive: all files, all parsed"] = Naive
    found["polling each second"] = Polling
    return found


def latency(scale: Scale, place: Path) -> Iterator[Table]:
    """Yield a table for each number of files."""
    for files in scale.files:
        with ExitStack() as opened:
            rows = []
            for number, (name, make) in enumerate(makers().items()):
                swaps = Swaps(place / f"latency-{files}" / str(number), make, files=files)
                opened.enter_context(swapping(swaps))
                rows.append(_row(name, swaps, files, scale))
            taken = sampled(rows, rounds=scale.rounds)
        title = f"From the rename to a waiting thread, {files} files, one changed"
        yield timings(f"latency-{files}", title, _NOTE.format(files=files), rows, taken)


def _row(name: str, swaps: Swaps, files: int, scale: Scale) -> Row:
    bar = (1.4 if files <= _FEW else 1.3) if name == _OURS else None
    return Row(
        name=name,
        sample=swaps.sample,
        floor="" if name == FLOOR else FLOOR,
        bar=bar,
        tail_bar=2.0 if bar else None,
        every=scale.rare if name in _SLOW else 1,
    )
