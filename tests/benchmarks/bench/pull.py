"""`registry.current` beside the bare read of an attribute, by 1 to 8 threads, with and without a writer.

Each row has compiled code of its own, since the interpreter keeps in the code what it has learnt of the object.
"""

from __future__ import annotations

import threading
import time
import timeit
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, final

from bench.sampling import Row, sampled
from bench.table import timings
from bench.texts import agents
from hotagents import ConfigRegistry, Memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.scale import Scale
    from bench.table import Table

__all__ = ["pull"]

_BAR: Final = 1.3
_UNROLLED: Final = 50
_PAUSE: Final = 0.001
_FILES: Final = 4
_NOTE: Final = (
    "One read, of {reads:,} by each thread at once, as a part of the time from the first to the last. The floor is "
    "an object with __slots__ and nothing else. Beside both rows of the second half one writer changes a set of "
    f"{_FILES} files and publishes it, about 500 times a second."
)


@final
class _Bare:
    """An object with one attribute."""

    __slots__ = ("current",)

    def __init__(self, current: object) -> None:
        self.current = current


@final
class _Reads:
    """Many reads of one attribute, by several threads at once."""

    def __init__(self, thing: object, threads: int, reads: int) -> None:
        self._turns = max(1, reads // _UNROLLED)
        statement = "; ".join(["thing.current"] * _UNROLLED)
        self._timers = [timeit.Timer(statement, "thing = given", globals={"given": thing}) for _ in range(threads)]

    def sample(self) -> float:
        """Return the seconds of one read."""
        if len(self._timers) == 1:
            return self._timers[0].timeit(self._turns) / (self._turns * _UNROLLED)
        begin = threading.Barrier(len(self._timers) + 1)

        def run(timer: timeit.Timer) -> None:
            begin.wait()
            timer.timeit(self._turns)

        threads = [threading.Thread(target=run, args=(timer,), daemon=True) for timer in self._timers]
        for thread in threads:
            thread.start()
        begin.wait()
        begun = time.perf_counter()
        for thread in threads:
            thread.join()
        return (time.perf_counter() - begun) / (self._turns * _UNROLLED * len(threads))


def pull(scale: Scale, place: Path) -> Iterator[Table]:
    """Yield the table."""
    del place
    memory = Memory(agents(_FILES, 0))
    rows: list[Row] = []
    with ConfigRegistry(memory) as registry:
        bare = _Bare(registry.current)
        for threads in scale.threads:
            rows += _rows(bare, registry, f"{threads} thread{'s' if threads > 1 else ''}", threads, scale.reads)
        alone = sampled(rows, rounds=scale.rounds)
        with _writer(memory):
            beside = sampled(rows, rounds=scale.rounds)
    named = {f"{name}, a writer beside": values for name, values in beside.items()}
    both = [*rows, *(_beside(row) for row in rows)]
    note = _NOTE.format(reads=scale.reads)
    yield timings("pull", "One read of registry.current", note, both, {**alone, **named})


def _rows(bare: object, registry: object, who: str, threads: int, reads: int) -> list[Row]:
    floor = f"floor: bare attribute, {who}"
    return [
        Row(name=floor, sample=_Reads(bare, threads, reads).sample),
        Row(name=f"registry.current, {who}", sample=_Reads(registry, threads, reads).sample, floor=floor, bar=_BAR),
    ]


def _beside(row: Row) -> Row:
    floor = f"{row.floor}, a writer beside" if row.floor else ""
    return Row(name=f"{row.name}, a writer beside", sample=row.sample, floor=floor, bar=row.bar)


@contextmanager
def _writer(memory: Memory) -> Iterator[None]:
    stop = threading.Event()

    def write() -> None:
        version = 0
        while not stop.wait(_PAUSE):
            version += 1
            memory.update({"agent-1.md": agents(2, version)["agent-1.md"]})

    thread = threading.Thread(target=write, name="bench-writer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
