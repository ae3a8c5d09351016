"""Which locks of a set count, and what is not as they list it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from hotagents import AgentSpec, ConfigRegistry, Directory, Lock, Memory, Part, Snapshot
from hotagents.loading import Candidate, Schema, load
from hotagents.snapshot import content_hash

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AGENT: Final = "---\nname: {}\ndescription: text\n---\n"
FILES: Final = {"CLAUDE.md": "context", "agents/a.md": AGENT.format("a"), "tool.py": "pass"}


def lock_of(files: Mapping[str, str], *, release: str = "") -> str:
    entries = {path: content_hash(text.encode()) for path, text in files.items()}
    return Lock(path="hotagents.lock", release=release, entries=entries).text()


def loaded(files: Mapping[str, str]) -> Candidate[AgentSpec]:
    return load(Memory(files).read(), Schema(AgentSpec))


def part(prefix: str, files: Mapping[str, str]) -> Part:
    content = {path: text.encode() for path, text in files.items()}
    return Part(name=prefix.rstrip("/") or ".", prefix=prefix, kind="volume", location="", payload="", files=content)


def differences(candidate: Candidate[AgentSpec]) -> list[str]:
    assert {d.code for d in candidate.mismatches} <= {"lock-mismatch"}
    return [f"{d.path} {d.message}" for d in candidate.mismatches]


def test_a_set_that_is_as_listed_has_its_lock_and_nothing_to_say() -> None:
    candidate = loaded({**FILES, "hotagents.lock": lock_of(FILES, release="1")})
    assert candidate.lock is not None
    assert candidate.lock.release == "1"
    assert candidate.lock.digest == candidate.digest == loaded(FILES).digest
    assert not candidate.diagnostics
    assert not candidate.mismatches
    assert candidate.files.keys() == {"tool.py"}
    assert loaded(FILES).lock is None


def test_every_file_that_is_listed_counts_and_every_page_has_to_be_listed() -> None:
    lock = lock_of({**FILES, "lost.bin": "x"})
    changed = {"CLAUDE.md": "other", "agents/b.md": AGENT.format("b"), "agents/notes.md": "text", "more.py": ""}
    assert differences(loaded({**FILES, **changed, "hotagents.lock": lock})) == [
        "CLAUDE.md differs from hotagents.lock",
        "lost.bin is missing, and listed in hotagents.lock",
        "agents/b.md is not listed in hotagents.lock",
        "agents/notes.md is not listed in hotagents.lock",
    ]


def test_a_file_that_is_no_page_may_lie_beside_and_is_part_of_the_digest() -> None:
    candidate = loaded({**FILES, "podinfo/labels": "app=x", "hotagents.lock": lock_of(FILES)})
    assert not candidate.mismatches
    assert candidate.lock is not None
    assert candidate.lock.digest != candidate.digest


def test_a_page_that_is_broken_has_to_be_listed_too() -> None:
    candidate = loaded({**FILES, "agents/b.md": "---\nname: [\n---\n", "hotagents.lock": lock_of(FILES)})
    assert differences(candidate) == ["agents/b.md is not listed in hotagents.lock"]


@pytest.mark.parametrize("place", ["", "agents/"])
def test_a_lock_at_the_root_of_any_volume_lists_the_files_of_all(place: str) -> None:
    outer, inner = {"CLAUDE.md": "context"}, {"a.md": AGENT.format("a")}
    lock = lock_of({"CLAUDE.md": "context", "agents/a.md": inner["a.md"]})
    (inner if place else outer)["hotagents.lock"] = lock
    candidate = load(Snapshot.of([part("", outer), part("agents/", inner)]), Schema(AgentSpec))
    assert candidate.lock is not None
    assert candidate.lock.path == f"{place}hotagents.lock"
    assert not candidate.mismatches
    assert not candidate.diagnostics
    candidate = load(Snapshot.of([part("", {**outer, "CLAUDE.md": "x"}), part("agents/", inner)]), Schema(AgentSpec))
    assert differences(candidate) == [f"CLAUDE.md differs from {place}hotagents.lock"]


def test_two_locks_have_to_list_the_same() -> None:
    inner = {"a.md": AGENT.format("a")}
    files = {"CLAUDE.md": "context", "agents/a.md": inner["a.md"]}

    def both(first: str, second: str) -> Candidate[AgentSpec]:
        outer = part("", {"CLAUDE.md": "context", "tool.py": "", "hotagents.lock": first})
        nested = part("agents/", {**inner, "hotagents.lock": second})
        return load(Snapshot.of([outer, nested]), Schema(AgentSpec))

    agreeing = both(lock_of(files, release="1"), lock_of(files, release="2"))
    assert not agreeing.mismatches
    assert agreeing.lock is not None
    assert agreeing.lock.release == "1"
    contradicting = both(lock_of(files), lock_of({**files, "tool.py": ""}))  # each for itself matches
    assert differences(contradicting) == ["agents/hotagents.lock contradicts the hotagents.lock of another volume"]


def test_two_roots_over_each_other_may_both_bring_the_lock(tmp_path: Path) -> None:
    files = {"a.md": AGENT.format("a"), "b.md": AGENT.format("b")}
    for path, text in files.items():
        (tmp_path / path[0]).mkdir()
        (tmp_path / path[0] / path).write_bytes(text.encode())
        (tmp_path / path[0] / "hotagents.lock").write_bytes(lock_of(files).encode())
    with ConfigRegistry([tmp_path / "a", tmp_path / "b"]) as registry:
        assert registry.current.agents.keys() == {"a", "b"}
        assert registry.current.lock is not None


def test_in_a_mapping_of_roots_paths_begin_with_the_keys(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "a.md").write_bytes(AGENT.format("a").encode())
    (tmp_path / "one" / "hotagents.lock").write_bytes(lock_of({"team/a.md": AGENT.format("a")}).encode())
    with ConfigRegistry({"team": tmp_path / "one"}) as registry:
        assert registry.current.lock is not None
        assert registry.current.lock.path == "team/hotagents.lock"


def test_a_lock_elsewhere_is_ignored_with_a_warning() -> None:
    candidate = loaded({**FILES, "agents/hotagents.lock": "no lock at all"})
    assert candidate.lock is None
    assert not candidate.mismatches
    assert [(d.code, d.severity, d.path) for d in candidate.diagnostics] == [
        ("lock-misplaced", "warning", "agents/hotagents.lock")
    ]
    assert candidate.files.keys() == {"tool.py"}


def test_a_lock_that_cannot_be_read_is_an_error_and_nothing_is_compared() -> None:
    candidate = loaded({**FILES, "hotagents.lock": "x"})
    assert [(d.code, d.path, d.line, d.column) for d in candidate.errors] == [("lock-syntax", "hotagents.lock", 1, 1)]
    assert candidate.lock is None
    assert not candidate.mismatches


def test_a_source_that_leaves_the_lock_out_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(AGENT.format("a").encode())
    (tmp_path / "hotagents.lock").write_bytes(lock_of({}).encode())
    with ConfigRegistry(Directory(tmp_path, exclude=["hotagents.lock"])) as registry:
        assert registry.current.lock is None
    with ConfigRegistry(tmp_path / "a.md") as registry:
        assert registry.current.lock is None
