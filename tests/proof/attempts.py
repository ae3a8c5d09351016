"""Arbitrary bytes for everything that reads untrusted bytes: a page, a set, a lock, what the store kept.

`try_bytes` is one attempt; `fuzz.py` makes as many as time allows, `test_corpus.py` one for each of the small files in
``corpus/``. Nothing but the named errors may come out, and what does come out must hold what
its docstrings say.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hotagents.ceiling import Ceiling
from hotagents.diagnostics import CODES
from hotagents.frontmatter import parse
from hotagents.generation import published
from hotagents.loading import Schema, load
from hotagents.lock import Lock
from hotagents.snapshot import Part, Snapshot
from hotagents.spec import AgentSpec
from hotagents.store import Store, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from hotagents.diagnostics import Diagnostic

__all__ = ["try_bytes"]

_NOW: Final = datetime(2026, 11, 24, tzinfo=timezone.utc)
_QUESTIONS: Final = (("Bash", None), ("Bash", "git log"), ("Agent", "a"), ("mcp__a__b", None))
_SCHEMAS: Final[tuple[Schema[Any], ...]] = (
    Schema(AgentSpec),
    Schema(AgentSpec, {"CLAUDE.md": None}, ceiling=Ceiling(tools=["Read", "Bash(git *)"], models=["haiku"])),
)


def try_bytes(content: bytes, room: Path) -> None:
    """Read the bytes as each kind of file that there is.

    Args:
        content: Anything.
        room: An empty directory, or one of an earlier call.

    Raises:
        AssertionError: If what was read is not as it should be; any other exception is a finding too.
    """
    try_page(content)
    for schema in _SCHEMAS:
        try_set(content, schema)
    try_lock(content)
    try_store(content, room)


def try_page(content: bytes) -> None:
    page = parse("a.md", content)
    check_diagnostics(page.diagnostics)
    text = content.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    assert text.endswith(page.body)
    lines = text.count("\n") + text.count("\r") + 1
    assert all(1 <= place.line <= lines for place in page.positions.values())
    json.dumps(dict(page.frontmatter), allow_nan=True)


def try_set(content: bytes, schema: Schema[Any]) -> None:
    name = os.fsdecode(content[:40]).replace("\0", "") or "x"
    outer = {"CLAUDE.md": content, "data.bin": content, name: content}
    inner = {"a.md": content, "b.md": b"---\nname: b\ndescription: d\ntools: Read\n---\n" + content}
    parts = (part(".", "", outer), part("agents", "agents/", inner))
    for chosen in (parts, (part(".", "", {**outer, "hotagents.lock": content}), parts[1])):
        candidate = load(Snapshot.of(chosen), schema)
        check_diagnostics((*candidate.diagnostics, *candidate.mismatches))
        for agent in candidate.agents.values():
            check_agent(agent, schema)
        again = load(Snapshot.of(chosen), schema, known=(candidate,))
        assert (again.digest, again.diagnostics) == (candidate.digest, candidate.diagnostics)
        if not candidate.errors and not candidate.mismatches:
            generation = published(candidate, number=1, restores=None, diagnostics=(), created_at=_NOW)
            json.dumps(generation.to_dict())
            assert not generation.diff(generation)


def check_agent(agent: AgentSpec, schema: Schema[Any]) -> None:
    answers = [agent.allows(tool, argument) for tool, argument in _QUESTIONS]
    assert all(isinstance(answer, bool) for answer in answers)
    json.dumps(agent.model_dump(mode="json", by_alias=True))
    if schema.ceiling is not None:
        for excess in schema.ceiling.excesses(agent):
            assert excess.message


def part(name: str, prefix: str, files: Mapping[str, bytes]) -> Part:
    return Part(name=name, prefix=prefix, kind="memory", location="", payload="", files=MappingProxyType(dict(files)))


def check_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    for diagnostic in diagnostics:
        assert diagnostic.code in CODES
        line = str(diagnostic)
        assert "\n" not in line
        assert "\x1b" not in line
        json.dumps(diagnostic.to_dict())


def try_lock(content: bytes) -> None:
    lock, faults = Lock.parse("hotagents.lock", content)
    check_diagnostics(faults)
    assert (lock is None) is bool(faults)
    if lock is not None:
        again, _ = Lock.parse("hotagents.lock", lock.text().encode(errors="surrogateescape"))
        assert again is not None
        assert (again.entries, again.digest) == (lock.entries, lock.digest)
        assert list(lock.differences(lock.entries, [])) == []


def try_store(content: bytes, room: Path) -> None:
    """As the file that tells which set is kept, and as the set that it tells of."""
    digest = "0" * 64
    pointer = json.dumps({"schema": 1, "digest": f"sha256:{digest}", "confirmed_at": ""}).encode()
    for first, second in ((content, content), (pointer, content)):
        (room / "last-good.json").write_bytes(first)
        (room / f"set-{digest}.json").write_bytes(second)
        try:
            snapshot = Store(room).load()
        except StoreError as error:
            assert str(room) in str(error)  # noqa: PT017 - what it says is the test
        else:
            raise AssertionError(f"no bytes have the digest of zeros, and these were served: {snapshot.digest}")
