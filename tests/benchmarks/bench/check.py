"""The correctness mode: bursts of swaps without a pause, by a process of its own, while threads read.

Every generation that any of them sees must have a digest that was written, and hold nothing but files of that one
version; the numbers must grow. The naive reader, which opens visible files by their paths, runs beside and is only
counted: it shows that the bursts would tear what can be torn.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, final

from bench.payloads import Payloads, room
from bench.reader import PATIENCE
from bench.table import Table, columns
from bench.texts import agents
from hotagents import ClosedError, ConfigRegistry

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Event

    from bench.scale import Scale
    from hotagents import AgentSpec, Generation

__all__ = ["TornError", "check"]

_SPAWNED: Final = multiprocessing.get_context("spawn")
_FILES: Final = 20
_VERSIONS: Final = 50  # written over and over, so that all digests are known before
_BODY: Final = 1_000
_BURST: Final = 200
_PAUSE: Final = 0.05  # seconds between two bursts, in which the last swap of a burst has to be seen
_NOTE: Final = (
    f"{_FILES} files, {_VERSIONS} versions in turn, bursts of {_BURST} swaps without a pause by another process, for "
    "{seconds:g} s. A generation is torn where its digest is none of those that were written, or where a file of it "
    "is of another version."
)


class TornError(AssertionError):
    """Something was seen that was never written."""


class _Seen(NamedTuple):
    """What one reader saw."""

    reads: int
    torn: int


@final
class _Written:
    """The digest of every version, computed from the texts alone."""

    def __init__(self) -> None:
        self._versions = {_digest(_texts(number)): number for number in range(_VERSIONS)}

    def is_whole(self, generation: Generation[AgentSpec]) -> bool:
        """Say whether a generation holds one version, and that one alone."""
        version = self._versions.get(generation.digest)
        described = {agent.description for agent in generation.agents.values()}
        return version is not None and described == {f"version {version}"} and len(generation.agents) == _FILES


def check(scale: Scale) -> Table:
    """Return what was seen.

    Raises:
        TornError: If a generation was torn, or a number did not grow.
    """
    written = _Written()
    with room() as place:
        volume = Payloads(place / "volume", _texts(0))
        begun, stop = _SPAWNED.Event(), _SPAWNED.Event()
        writer = _SPAWNED.Process(target=_write, args=(volume, begun, stop), daemon=True)
        with ConfigRegistry(volume.root) as registry:
            ended = threading.Event()
            readers: dict[str, Callable[[], _Seen]] = {
                "registry.current, over and over": lambda: _pulled(registry, written, ended),
                "loop over changes()": lambda: _followed(registry, written),
                "wait_for each next number": lambda: _waited(registry, written, ended),
                "the naive reader": lambda: _naive(volume.root, ended),
            }
            found: dict[str, _Seen] = {}
            threads = [threading.Thread(target=_into, args=(found, name, read)) for name, read in readers.items()]
            for thread in threads:
                thread.start()
            writer.start()
            begun.wait(PATIENCE)
            time.sleep(scale.check)
            stop.set()
            writer.join()
            ended.set()
            published = registry.current.number
        for thread in threads:
            thread.join()
    return _judged(found, published, scale.check)


def _judged(found: dict[str, _Seen], published: int, seconds: float) -> Table:
    heads = columns(("", "text"), ("reads", "number"), ("torn", "number"))
    lines = tuple((name, float(seen.reads), float(seen.torn)) for name, seen in sorted(found.items()))
    title = f"Bursts of swaps: {published:,} generations published"
    table = Table("check", title, _NOTE.format(seconds=seconds), heads, lines)
    if published < 2 or any(seen.torn for name, seen in found.items() if name != "the naive reader"):
        raise TornError(f"expected whole generations, and some of them; got\n{table.plain()}")
    return table


def _into(found: dict[str, _Seen], name: str, read: Callable[[], _Seen]) -> None:
    found[name] = _Seen(0, 1)  # unless it comes to an end
    found[name] = read()


def _pulled(registry: ConfigRegistry[AgentSpec], written: _Written, ended: threading.Event) -> _Seen:
    reads, torn, last = 0, 0, registry.current
    torn += not written.is_whole(last)
    while not ended.wait(0.0002):
        generation = registry.current
        reads += 1
        if generation is not last:
            torn += not written.is_whole(generation) or generation.number <= last.number
            last = generation
    return _Seen(reads, torn)


def _followed(registry: ConfigRegistry[AgentSpec], written: _Written) -> _Seen:
    reads, torn = 0, 0
    for change in registry.changes():
        reads += 1
        torn += not written.is_whole(change.generation) or change.generation.number <= change.previous.number
    return _Seen(reads, torn)


def _waited(registry: ConfigRegistry[AgentSpec], written: _Written, ended: threading.Event) -> _Seen:
    reads, torn, number = 0, 0, registry.current.number
    while not ended.is_set():
        try:
            generation = registry.wait_for(lambda g: g.number > number, timeout=0.2)  # noqa: B023 - called before the next turn
        except TimeoutError:
            continue
        except ClosedError:
            break
        reads += 1
        number = generation.number
        torn += not written.is_whole(generation)
    return _Seen(reads, torn)


def _naive(root: str, ended: threading.Event) -> _Seen:
    reads, torn = 0, 0
    names = sorted(agents(_FILES, 0))
    while not ended.wait(0.002):
        try:
            versions = {Path(root, name).read_bytes().splitlines()[2] for name in names}
        except OSError:
            versions = set()
        reads += 1
        torn += len(versions) != 1
    return _Seen(reads, torn)


def _write(volume: Payloads, begun: Event, stop: Event) -> None:
    number = 0
    texts = [_texts(version) for version in range(_VERSIONS)]
    begun.set()
    while not stop.is_set():
        number += 1
        volume.prepare(texts[number % _VERSIONS])
        volume.swap()
        volume.clean()
        if number % _BURST == 0:
            time.sleep(_PAUSE)


def _texts(version: int) -> dict[str, str]:
    return agents(_FILES, version, body=_BODY)


def _digest(texts: dict[str, str]) -> str:
    lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in texts.items()]
    # Sorted by the names' bytes, as `hotagents.snapshot` says.
    lines.sort(key=lambda line: os.fsencode(line.split("  ", 1)[1]))
    return "sha256:" + hashlib.sha256("".join(lines).encode()).hexdigest()
