"""A plain directory of many files, one changed: the look and the reload, beside a bare pass of scandir and stat."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, final

from bench.ours import still_registry
from bench.sampling import Row, sampled
from bench.table import timings
from bench.texts import agent, agents
from hotagents import Directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.scale import Scale
    from bench.table import Table

__all__ = ["plain"]

_FLOOR: Final = "floor: scandir and stat"
_BAR: Final = 2.0
_SETTLE: Final = 0.02
_BODY: Final = 200
_FOLDERS: Final = 20
_NOTE: Final = (
    f"{{files:,}} files of {_BODY} bytes in {_FOLDERS} directories, one of them written anew and quiet for the time "
    "that a plain directory must be, which is not counted. A look is what each resync does; a reload scans, reads the "
    "one file, scans again, and publishes. The floor is one pass that lists each directory and looks at each file."
)


@final
class _Plain:
    """A plain directory, one of whose files changes before each sample of a reload."""

    def __init__(self, place: Path, files: int) -> None:
        self._place = place
        self._version = 0
        for number, (name, text) in enumerate(agents(files, 0, body=_BODY).items()):
            path = place / f"team-{number % _FOLDERS}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        time.sleep(_SETTLE * 2)
        self._source = Directory(place, settle=_SETTLE)
        self._registry = still_registry(Directory(place, settle=_SETTLE))
        self._source.read()

    def floor(self) -> float:
        """Return the seconds of a bare pass."""
        begun = time.perf_counter()
        found = {}
        for folder in [str(self._place), *(entry.path for entry in os.scandir(self._place))]:
            with os.scandir(folder) as listing:
                for entry in listing:
                    found[entry.path] = entry.stat(follow_symlinks=False)
        return time.perf_counter() - begun

    def look(self) -> float:
        """Return the seconds of a look."""
        begun = time.perf_counter()
        self._source.token()
        return time.perf_counter() - begun

    def reload(self) -> float:
        """Return the seconds of a reload after one change."""
        self._version += 1
        name = "agent-1"
        (self._place / "team-1" / f"{name}.md").write_text(agent(name, self._version, body=_BODY), encoding="utf-8")
        time.sleep(_SETTLE * 2)
        begun = time.perf_counter()
        result = self._registry.reload()
        took = time.perf_counter() - begun
        if result != "published":
            raise AssertionError(f"expected a publication, got {result}")
        return took

    def close(self) -> None:
        """End it."""
        self._registry.close()


def plain(scale: Scale, place: Path) -> Iterator[Table]:
    """Yield the table."""
    directory = _Plain(place / "plain", scale.plain)
    try:
        rows = [
            Row(name=_FLOOR, sample=directory.floor),
            Row(name="a look: Directory.token()", sample=directory.look, floor=_FLOOR, bar=_BAR),
            Row(name="reload(), one file changed", sample=directory.reload, floor=_FLOOR, bar=_BAR),
        ]
        taken = sampled(rows, rounds=scale.heavy_rounds)
    finally:
        directory.close()
    title = f"A plain directory of {scale.plain:,} files"
    yield timings("plain", title, _NOTE.format(files=scale.plain), rows, taken)
