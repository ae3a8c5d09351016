"""How much a set takes beyond its bodies, and what a history of it adds.

Measured in a process of its own for each row, by what Python allocated (tracemalloc) and by what the process holds
(resident pages), as differences between before and after. Everything that is made once, by the first set, is made
before.
"""

from __future__ import annotations

import ctypes
import gc
import os
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from bench.child import in_child
from bench.floor import Floor
from bench.ours import Waiting
from bench.payloads import Payloads, room
from bench.reader import read_pinned
from bench.table import Table, columns
from bench.texts import agent, agents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bench.reader import Reader
    from bench.scale import Scale

__all__ = ["memory"]

_PUBLICATIONS: Final = 9
_BAR: Final = 3_000.0
_READERS: Final[Mapping[str, Callable[[str], Reader]]] = {
    "floor: bytes, frontmatter and body": Floor,
    "hotagents": Waiting,
}
_NOTE: Final = (
    "{files} agents, each with a body of the size given. What one agent takes beyond its body, once: by what Python "
    "allocated and by the resident pages of the process; and what one more generation takes in which one body of "
    "{files} differs, the body included, with a history of 10. Specs that did not change are shared between "
    "generations."
)


class _Held(NamedTuple):
    """In bytes."""

    allocated: int
    resident: int


def memory(scale: Scale, place: Path) -> Iterator[Table]:
    """Yield the table."""
    del place
    lines = []
    for body in scale.bodies:
        for name in _READERS:
            traced, resident = (in_child(_started, name, scale.many, body, traced=traced) for traced in (True, False))
            one, shared = in_child(_history, scale.many, body) if name == "hotagents" else (None, None)
            beyond = [held / scale.many - body for held in (traced.allocated, resident.resident)]
            bar = f"3 KB {'met' if beyond[0] <= _BAR else 'MISSED'}" if name == "hotagents" else ""
            lines.append((name, float(body), *beyond, one, shared, bar))
    note = _NOTE.format(files=scale.many)
    heads = columns(
        ("", "text"),
        ("body", "bytes"),
        ("beyond it, allocated", "bytes"),
        ("beyond it, resident", "bytes"),
        ("one more generation", "bytes"),
        ("specs shared", "percent"),
        ("bar", "text"),
    )
    yield Table("memory", f"Memory of {scale.many} agents", note, heads, tuple(lines))


def _started(name: str, files: int, body: int, *, traced: bool) -> _Held:
    make = _READERS[name]
    with room() as place:
        _warm(make, place)
        volume = Payloads(place / "volume", agents(files, 0, body=body))
        if traced:
            tracemalloc.start()
        before = _held()
        reader = make(volume.root)
        after = _held()
        reader.close()
    return _Held(after.allocated - before.allocated, after.resident - before.resident)


def _history(files: int, body: int) -> tuple[float, float]:
    """Return the bytes that one more generation takes, and the part of the specs that two neighbours share."""
    with room() as place:
        _warm(Waiting, place)
        texts = agents(files, 0, body=body)
        volume = Payloads(place / "volume", texts)
        reader = Waiting(volume.root, history=_PUBLICATIONS + 1)
        tracemalloc.start()
        before = _held()
        for version in range(1, _PUBLICATIONS + 1):
            name = f"agent-{version % files}"
            texts[f"{name}.md"] = agent(name, version, body=body)
            volume.prepare(texts)
            volume.swap()
            reader.wait(name, f"version {version}")
            volume.clean()
        after = _held()
        newest, older = reader.registry.history[:2]
        shared = sum(older.agents.get(name) is spec for name, spec in newest.agents.items()) / len(newest.agents)
        reader.close()
    return (after.allocated - before.allocated) / _PUBLICATIONS, shared


def _warm(make: Callable[[str], Reader], place: Path) -> None:
    volume = Payloads(place / "first", agents(2, 0))
    reader = make(volume.root)
    read_pinned(volume.root, {})
    reader.close()


def _held() -> _Held:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    allocated = tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else 0
    return _Held(allocated, pages * os.sysconf("SC_PAGE_SIZE"))
