"""How long a thread that only reads is kept waiting while 500 files are reloaded beside it.

The thread reads ``registry.current`` over and over and notes the longest time between two reads. Where threads take
turns, as they do under the interpreter's lock, that is the switch interval and what the system adds; what holds the
lock for longer, inside an extension, shows as more.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Final, final

from bench.ours import still_registry
from bench.payloads import Payloads
from bench.sampling import Row, sampled
from bench.table import timings
from bench.texts import agents
from hotagents import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.scale import Scale
    from bench.table import Table

__all__ = ["delay"]

_FLOOR: Final = "floor: beside a thread that counts"
_NOTE: Final = (
    "The longest time between two reads of one thread that does nothing but read registry.current, while another "
    "thread reloads {files} files, all of them changed; the floor's other thread counts for as long. The switch "
    "interval of this interpreter is {interval:g} ms: a thread that waits for the interpreter's lock asks for it "
    "after so long."
)


@final
class _Beside:
    """A registry whose volume changes wholly before each sample, and a thread that reads meanwhile."""

    def __init__(self, place: Path, files: int) -> None:
        self._files = files
        self._version = 0
        self._volume = Payloads(place, agents(files, 0))
        self._registry = still_registry(Tree(place))
        self._took = 0.2

    def reloading(self) -> float:
        """Return the longest delay beside a reload."""
        self._version += 1
        self._volume.prepare(agents(self._files, self._version))
        self._volume.swap()
        self._volume.clean()
        begun = time.perf_counter()
        longest = self._longest(self._registry.reload)
        self._took = time.perf_counter() - begun
        return longest

    def counting(self) -> float:
        """Return the longest delay beside a thread that counts for as long."""
        return self._longest(self._count)

    def close(self) -> None:
        """End it."""
        self._registry.close()

    def _count(self) -> None:
        end = time.perf_counter() + self._took
        number = 0
        while time.perf_counter() < end:
            for _ in range(1000):
                number += 1

    def _longest(self, work: Callable[[], object]) -> float:
        thread = threading.Thread(target=work, name="bench-beside", daemon=True)
        registry, clock, longest = self._registry, time.perf_counter, 0.0
        thread.start()
        last = clock()
        while True:
            for _ in range(100):
                registry.current  # noqa: B018 - the read is what is timed
                now = clock()
                longest = max(longest, now - last)
                last = now
            if not thread.is_alive():
                return longest


def delay(scale: Scale, place: Path) -> Iterator[Table]:
    """Yield the table."""
    beside = _Beside(place / "delay", scale.many)
    try:
        rows = [
            Row(name=_FLOOR, sample=beside.counting),
            Row(name="hotagents: beside a reload", sample=beside.reloading, floor=_FLOOR, bar=1.3),
        ]
        taken = sampled(rows, rounds=scale.heavy_rounds)
    finally:
        beside.close()
    note = _NOTE.format(files=scale.many, interval=sys.getswitchinterval() * 1000)
    yield timings("delay", "The longest delay of a reading thread", note, rows, taken)
