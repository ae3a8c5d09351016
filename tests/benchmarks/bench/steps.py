"""Where the microseconds of one swap go: each step by itself, with 50 files of which one changed.

The steps are called directly, as the watch's thread does; what is missing in their sum is the hand-over from thread to
thread, which the two rows of waking up show.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, final

import yaml

from bench.floor import Inotify
from bench.ours import still_registry
from bench.payloads import Payloads
from bench.reader import PATIENCE, read_all
from bench.sampling import Row, sampled
from bench.table import timings
from bench.texts import agent, agents
from hotagents import AgentSpec, Tree
from hotagents.fields import agent_from
from hotagents.frontmatter import parse
from hotagents.loading import Schema, load
from hotagents.watchers import watcher_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.scale import Scale
    from bench.table import Table

__all__ = ["steps"]

_FILES: Final = 50
_CHANGED: Final = "agent-1.md"
_ASLEEP: Final = 0.002
_OPENED: Final = os.O_RDONLY | os.O_DIRECTORY
_NOTE: Final = (
    f"{_FILES} files of 6 KB in one volume, one of them changed: each step called by itself in one thread; the first "
    "two rows and the last run from the cause to the moment in which the other thread runs. Ratios compare a step with "
    "the least that would do."
)


@final
class _Steps:
    """One volume that has changed between two samples, in turn with another version."""

    def __init__(self, place: Path, opened: ExitStack) -> None:
        self._texts = agents(_FILES, 0)
        self._version = 0
        self._volume = Payloads(place, self._texts)
        self._registry = still_registry(Tree(place))
        opened.callback(self._registry.close)
        self._source = Tree(place)
        self._schema = Schema(AgentSpec)
        self._known = load(self._source.read(), self._schema)
        self._heard = threading.Event()
        self._at = 0.0
        inotify = Inotify([self._volume.root], self._note)
        opened.callback(inotify.close)

    def change(self) -> None:
        """Swap."""
        self._prepare()
        self._volume.swap()
        self._volume.clean()

    def heard(self) -> float:
        """Return the seconds from the rename until a thread runs that blocked in the kernel."""
        self._prepare()
        return self._swapped()

    def woken(self) -> float:
        """Return the seconds from the rename until our watcher has returned."""
        self._prepare()
        watcher = watcher_for({self._volume.root: "..data"}, [])
        thread = threading.Thread(target=lambda: self._note(watcher.wait(PATIENCE)), daemon=True)
        thread.start()
        time.sleep(_ASLEEP)
        took = self._swapped(thread)
        watcher.close()
        return took

    def read_floor(self) -> float:
        """Return the seconds of opening, reading and closing all files below the payload."""
        directory = os.open(f"{self._volume.root}/..data", _OPENED)
        begun = time.perf_counter()
        for name in os.listdir(directory):
            file = os.open(name, os.O_RDONLY, dir_fd=directory)
            read_all(file)
            os.close(file)
        took = time.perf_counter() - begun
        os.close(directory)
        return took

    def look(self) -> float:
        """Return the seconds of a look after a swap."""
        self.change()
        return timed(self._source.token)

    def read(self) -> float:
        """Return the seconds of reading after a swap."""
        self.change()
        return timed(self._source.read)

    def load(self) -> float:
        """Return the seconds from bytes to a candidate, one file changed."""
        self.change()
        snapshot = self._source.read()
        begun = time.perf_counter()
        candidate = load(snapshot, self._schema, known=[self._known])
        took = time.perf_counter() - begun
        self._known = candidate
        return took

    def reload(self) -> float:
        """Return the seconds of everything that a thread does after it was woken."""
        self.change()
        return timed(self._registry.reload)

    def handed_over(self) -> float:
        """Return the seconds from the notification of a condition until the thread that waited runs."""
        changed = threading.Condition()
        at: list[float] = []

        def wait() -> None:
            with changed:
                changed.wait(PATIENCE)
                at.append(time.perf_counter())

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        time.sleep(_ASLEEP)
        with changed:
            begun = time.perf_counter()
            changed.notify_all()
        thread.join()
        return at[0] - begun

    def _prepare(self) -> None:
        self._version += 1
        self._texts[_CHANGED] = agent("agent-1", self._version)
        self._volume.prepare(self._texts)

    def _swapped(self, thread: threading.Thread | None = None) -> float:
        self._heard.clear()
        begun = time.perf_counter()
        self._volume.swap()
        if thread is None:
            self._heard.wait(PATIENCE)
        else:
            thread.join(PATIENCE)
        took = self._at - begun
        self._volume.clean()
        return took

    def _note(self, *_: object) -> None:
        self._at = time.perf_counter()
        self._heard.set()


def steps(scale: Scale, place: Path) -> Iterator[Table]:
    """Yield the table."""
    with ExitStack() as opened:
        known = _Steps(place / "steps", opened)
        hears, reads, parses = (
            "floor: the kernel wakes a thread",
            "floor: open, read, close 50 files",
            "floor: CSafeLoader",
        )
        rows = [
            Row(name=hears, sample=known.heard),
            Row(name="the watcher returns", sample=known.woken, floor=hears),
            Row(name="a look: token()", sample=known.look),
            Row(name=reads, sample=known.read_floor),
            Row(name="read the volume: Tree.read()", sample=known.read, floor=reads),
            Row(name="from bytes to a set: load(), one changed", sample=known.load),
            *_of_one_page(parses),
            Row(name="all of it in one thread: reload(), one changed", sample=known.reload),
            Row(name="a condition wakes a thread", sample=known.handed_over),
        ]
        taken = sampled(rows, rounds=scale.rounds)
    yield timings("steps", "Where the time of one swap goes", _NOTE, rows, taken)


def _of_one_page(floor: str) -> Iterator[Row]:
    content = agent("agent-1", 1).encode()
    _, frontmatter, _ = content.decode().split("---\n", 2)
    page = parse(_CHANGED, content)
    yield Row(
        name=f"of it, the hash of one file: SHA-256 of {len(content)} bytes", sample=often(hashlib.sha256, content)
    )
    yield Row(name=floor, sample=often(_loaded, frontmatter))
    yield Row(name="of it, one page: parse()", sample=often(parse, _CHANGED, content), floor=floor)
    yield Row(name="of it, one page to a spec: agent_from()", sample=often(_agent_of, page), floor=floor)


def _loaded(text: str) -> object:
    return yaml.load(text, yaml.CSafeLoader)


def _agent_of(page: Any) -> object:
    return agent_from(page, spec=AgentSpec, digest="sha256:0")


def timed(step: Callable[[], object]) -> float:
    """Return the seconds of one call."""
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun


def often(step: Callable[..., object], *given: object) -> Callable[[], float]:
    """Return a sample of a step that is too short to be timed once."""

    def sample() -> float:
        begun = time.perf_counter()
        for _ in range(20):
            step(*given)
        return (time.perf_counter() - begun) / 20

    return sample
