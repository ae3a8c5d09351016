"""A storm of hints with nothing changed: what is called for each, and what it costs.

Names that are no payload's come and go in the root of a volume, one event at a time. Every call that opens, lists,
looks or reads a link is counted, in a process of its own: those that open by an audit hook, the others where the
library finds them, in the module ``os``.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from bench.child import in_child
from bench.floor import Inotify
from bench.idle import spent
from bench.ours import Waiting
from bench.payloads import Payloads, room
from bench.sampling import Row, sampled
from bench.table import Table, columns, timings
from bench.texts import agents
from hotagents import Tree, Volume

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.scale import Scale
    from bench.table import Kind

__all__ = ["storm"]

_FILES: Final = 50
_QUIET: Final = 0.003  # seconds in which a look is over
_LOOKS: Final = ("stat", "lstat", "fstat", "readlink")
_OPENS: Final = frozenset({"open", "os.scandir", "os.listdir"})
_CALLS: Final = (*_LOOKS, *sorted(_OPENS))
_CALLS_NOTE: Final = (
    "System calls for each hint of a volume of {files} files in whose root {hints:,} names came and went, one at a "
    "time, and the time on a processor that the watching thread spent on one. The floor blocks in the kernel, then "
    "does one os.stat of the payload and one os.readlink. The bar: nothing is opened or listed."
)
_LOOK_NOTE: Final = "What is called after a hint, by itself. The floor is one os.stat and one os.readlink a volume."


def storm(scale: Scale, place: Path) -> Iterator[Table]:
    """Yield the table of calls and that of times."""
    calls: list[tuple[str, Kind]] = [(name, "number") for name in _CALLS]
    heads = columns(("", "text"), *calls, ("a hint", "seconds"), ("bar", "text"))
    lines = []
    for name in ("floor: one stat, one readlink", "hotagents"):
        counts, seconds = in_child(_counted, name, scale.hints)
        bar = "" if name != "hotagents" else "met" if not any(counts[call] for call in _OPENS) else "MISSED"
        lines.append((name, *(counts[call] / scale.hints for call in _CALLS), seconds / scale.hints, bar))
    note = _CALLS_NOTE.format(files=_FILES, hints=scale.hints)
    title = "A storm of hints, nothing changed: calls for each"
    yield Table("storm", title, note, heads, tuple(lines))
    volume = Payloads(place / "look", agents(_FILES, 0))
    rows = list(_looks(volume.root))
    title = "A look at a volume that has not changed"
    yield timings("look", title, _LOOK_NOTE, rows, sampled(rows, rounds=scale.rounds))


def _looks(root: str) -> Iterator[Row]:
    link = f"{root}/..data"
    floor = "floor: os.stat, os.readlink"
    yield Row(name=floor, sample=_hundred(lambda: (os.stat(link), os.readlink(link))))
    for name, source in (("Volume.token()", Volume(root)), ("Tree.token(), of a plain path", Tree(root))):
        source.read()
        yield Row(name=name, sample=_hundred(source.token), floor=floor)


def _hundred(look: Callable[[], object]) -> Callable[[], float]:
    def sample() -> float:
        begun = time.perf_counter()
        for _ in range(100):
            look()
        return (time.perf_counter() - begun) / 100

    return sample


def _counted(name: str, hints: int) -> tuple[Counter[str], float]:
    with room() as place:
        volume = Payloads(place / "volume", agents(_FILES, 0))
        link = f"{volume.root}/..data"
        follower = (
            Waiting(volume.root)
            if name == "hotagents"
            else Inotify.of_names([volume.root], lambda: (os.stat(link), os.readlink(link)))
        )
        threading.Event().wait(0.2)
        counts: Counter[str] = Counter()
        _count(counts)
        before = spent().seconds
        for number in range(hints):
            _touch(volume.root, number)
        seconds = spent().seconds - before
        found = Counter(counts)
        follower.close()
    return found, seconds


def _touch(root: str, number: int) -> None:
    # A link is nothing that anybody serves; a directory could be a volume to come.
    if number % 2:
        os.unlink(f"{root}/hint-{number - 1}")
    else:
        os.symlink("nowhere", f"{root}/hint-{number}")
    threading.Event().wait(_QUIET)


def _count(counts: Counter[str]) -> None:
    def hook(event: str, _: tuple[object, ...]) -> None:
        if event in _OPENS and threading.current_thread() is not threading.main_thread():
            counts[event] += 1

    sys.addaudithook(hook)
    for name in _LOOKS:
        setattr(os, name, _counting(getattr(os, name), name, counts))


def _counting(function: Callable[..., Any], name: str, counts: Counter[str]) -> Callable[..., Any]:
    def counted(*args: Any, **kwargs: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            counts[name] += 1
        return function(*args, **kwargs)

    return counted
