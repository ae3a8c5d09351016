"""What it costs that nothing happens: processor time and wake-ups of every way to follow a volume.

Each follows a volume in a process of its own, all at the same time; the main thread sleeps. The kernel counts: time on
a processor and switches of each thread, by ``/proc/self/task``. Of several windows the median counts, since what a
neighbour takes from a virtual machine is counted as ours.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bench.child import in_children
from bench.latency import makers
from bench.payloads import Payloads, room
from bench.table import Table, columns
from bench.texts import agents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.scale import Scale

__all__ = ["idle", "spent"]

_FILES: Final = 50
_TASKS: Final = Path("/proc/self/task")
_SETTLED: Final = 0.5  # seconds after which what starting brings with it is over
_RESYNC: Final = 5.0
_BAR: Final = 0.0001
_FLOOR: Final = "floor: one stat and readlink each 5 s"
_OURS: Final = "hotagents, wait_for"
_LEFT_OUT: Final = frozenset(
    {"hotagents, loop over changes()", "naive: all files, all parsed", "the floor, with file objects"}
)
_NOTE: Final = (
    f"{_FILES} files that do not change, each reader in a process of its own, with the settings that it has by "
    "default; medians of {windows} windows of {window:g} s. Of all threads but the one that sleeps: time on a "
    "processor as a part of one core, and how often they went to sleep again each minute. hotagents looks every 5 "
    "s: 12 times a minute."
)


class _Cost(NamedTuple):
    """Of all threads but the main one."""

    seconds: float
    switches: int


@final
class _Looking:
    """What a look each 5 s costs at least: a thread that wakes up, one stat, one readlink."""

    def __init__(self, root: str) -> None:
        self._link = f"{root}/..data"
        self._stop = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def wait(self, name: str, description: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(_RESYNC):
            os.stat(self._link)
            os.readlink(self._link)


def idle(scale: Scale, place: Path) -> Iterator[Table]:
    """Yield the table."""
    del place
    names = [_FLOOR, *(name for name in makers() if name not in _LEFT_OUT)]
    costs = in_children(_idle, [f"{scale.windows} {scale.window} {name}" for name in names])
    lines = []
    for name, windows in zip(names, costs, strict=True):
        part = median(cost.seconds for cost in windows) / scale.window
        wakeups = sum(cost.switches for cost in windows) * 60 / (scale.window * len(windows))
        bar = f"0.01 % {'met' if part <= _BAR else 'MISSED'}" if name == _OURS else ""
        lines.append((name, part, round(wakeups), bar))
    note = _NOTE.format(windows=scale.windows, window=scale.window)
    heads = columns(("", "text"), ("of a core", "percent"), ("wake-ups a minute", "number"), ("bar", "text"))
    yield Table("idle", "Nothing happens", note, heads, tuple(lines))


def _idle(what: str) -> list[_Cost]:
    windows, window, name = what.split(" ", 2)
    with room() as place:
        volume = Payloads(place / "volume", agents(_FILES, 0))
        reader = {_FLOOR: _Looking, **makers()}[name](volume.root)
        time.sleep(_SETTLED)
        costs = []
        before = spent()
        for _ in range(int(windows)):
            time.sleep(float(window))
            after = spent()
            costs.append(_Cost(after.seconds - before.seconds, after.switches - before.switches))
            before = spent()
        reader.close()
    return costs


def spent() -> _Cost:
    """Return what all threads but the main one have cost so far."""
    seconds, switches = 0.0, 0
    for task in _TASKS.iterdir():
        if int(task.name) == os.getpid():
            continue
        on_processor, _, _ = (task / "schedstat").read_text().split()
        seconds += int(on_processor) / 1e9
        # Those that a thread made itself, by going to sleep; the others are the system's.
        (line,) = [line for line in (task / "status").read_text().splitlines() if line.startswith("voluntary")]
        switches += int(line.split()[1])
    return _Cost(seconds, switches)
