"""All files changed: a reload in the calling thread, by shape of the frontmatter; and from the rename on."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, final

from bench.floor import Floor
from bench.ours import Waiting, still_registry
from bench.payloads import Payloads
from bench.reader import read_pinned
from bench.sampling import Row, sampled
from bench.swap import Swaps, swapping
from bench.table import timings
from bench.texts import SHAPES, agents
from hotagents import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.scale import Scale
    from bench.table import Table
    from bench.texts import Shape

__all__ = ["reload_all"]

_BAR: Final = 1.4
_LATE: Final = "a waiting thread has all, "
_NOTE: Final = (
    "{files} files of 6 KB, every one of them changed. A floor reads them below the pinned payload and puts each "
    "frontmatter through yaml.CSafeLoader; hotagents reads, parses, validates, hashes and publishes. The first rows "
    "are calls in one thread, with reload() for hotagents; the last two run from the rename to a waiting thread."
)


@final
class _Both:
    """One volume, all of whose files change before each sample."""

    def __init__(self, place: Path, files: int, shape: Shape) -> None:
        self._files = files
        self._shape: Shape = shape
        self._version = 0
        self._volume = Payloads(place, agents(files, 0, shape=shape))
        self._registry = still_registry(Tree(place))

    def floor(self) -> float:
        """Return the seconds of reading and parsing."""
        self._change()
        begun = time.perf_counter()
        read_pinned(self._volume.root, {})
        return time.perf_counter() - begun

    def ours(self) -> float:
        """Return the seconds of a reload."""
        self._change()
        begun = time.perf_counter()
        result = self._registry.reload()
        took = time.perf_counter() - begun
        if result != "published":
            raise AssertionError(f"expected a publication, got {result}")
        return took

    def close(self) -> None:
        """End it."""
        self._registry.close()

    def _change(self) -> None:
        self._version += 1
        self._volume.prepare(agents(self._files, self._version, shape=self._shape))
        self._volume.swap()
        self._volume.clean()


def reload_all(scale: Scale, place: Path) -> Iterator[Table]:
    """Yield the table."""
    files = scale.many
    rows: list[Row] = []
    with ExitStack() as opened:
        for shape in SHAPES:
            both = _Both(place / f"reload-{shape}", files, shape)
            opened.callback(both.close)
            floor = f"floor: read and parse, {shape}"
            rows.append(Row(name=floor, sample=both.floor))
            rows.append(Row(name=f"reload(), {shape}", sample=both.ours, floor=floor, bar=_BAR))
        late = (f"floor: {_LATE}plain", Floor, "", None), (f"hotagents: {_LATE}plain", Waiting, SHAPES[0], _BAR)
        for name, make, compared, bar in late:
            swaps = Swaps(place / f"late-{make.__name__}", make, files=files, changed=files)
            opened.enter_context(swapping(swaps))
            floor = f"floor: read and parse, {compared}" if compared else ""
            rows.append(Row(name=name, sample=swaps.sample, floor=floor, bar=bar))
        taken = sampled(rows, rounds=scale.heavy_rounds)
    yield timings("reload", f"All of {files} files changed", _NOTE.format(files=files), rows, taken)
