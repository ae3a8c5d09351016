"""Holding: what is wrong in a set stays at its last good bytes, and the rest goes on; pure, no I/O.

An error need not hold back the whole set. What is at fault, a file or the volume that it lies in, is put back to the
bytes that were last published, or left out where there were none, and the outcome is loaded and judged like any other
set: mended or refused, never half of each. What nobody can pin on a file or volume holds everything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, final

from hotagents.diagnostics import Diagnostic, errors_in
from hotagents.snapshot import Snapshot, is_lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hotagents.loading import Candidate
    from hotagents.snapshot import Part

__all__ = ["HELD", "Held", "held_by"]

HELD: Final = frozenset({"file-held", "volume-held"})
"""Codes that say of a generation that it holds something at its last good bytes."""

_OF_JOINING: Final = frozenset({"bad-path", "duplicate-path"})  # found anew when parts are joined anew


@final
@dataclass(frozen=True, slots=True)
class Held:
    """What is held: files by path relative to the root, and parts by name."""

    files: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()

    def __or__(self, other: Held) -> Held:
        """Return both together."""
        return Held(self.files | other.files, self.parts | other.parts)

    def applied(self, snapshot: Snapshot, served: Candidate[Any]) -> Snapshot:
        """Return a snapshot in which all of these are as they were served, and left out where they were not."""
        earlier = {part.name: part for part in served.parts}
        parts = [self._part(part, earlier.get(part.name)) for part in snapshot.parts]
        found = [d for d in snapshot.diagnostics if d.code not in _OF_JOINING]
        problems = [d for d in found if not self._covers(d.path, snapshot.parts)]
        return Snapshot.of(parts, token=snapshot.token, diagnostics=problems)

    def keeps_roles(self, read: Candidate[Any], mended: Candidate[Any]) -> bool:
        """Say whether what is not held still is what it was read as: holding must make no agent of a document."""
        return all(
            entry.role == read.entries[path].role
            for path, entry in mended.entries.items()
            if path in read.entries and read.entries[path].content == entry.content
        )

    def warnings(self, errors: Iterable[Diagnostic], served: Candidate[Any]) -> Iterator[Diagnostic]:
        """Yield a warning for each thing held, to be said of the generation that holds it."""
        first = {d.path: d for d in reversed(errors_in(errors))}
        for name in sorted(self.parts):
            kept = any(part.name == name for part in served.parts)
            yield _warning("volume-held", "", f"the volume {name} {_how(kept)}", None)
        for path in sorted(self.files):
            yield _warning("file-held", path, f"the file {_how(path in served.entries)}", first.get(path))

    def _part(self, part: Part, old: Part | None) -> Part:
        if part.name in self.parts:
            payload = old.payload if old is not None else part.payload
            return replace(part, files=old.files if old is not None else MappingProxyType({}), payload=payload)
        before: Mapping[str, bytes] = old.files if old is not None else {}
        held = {path.removeprefix(part.prefix) for path in self.files if path.startswith(part.prefix)}
        files = {path: content for path, content in part.files.items() if path not in held}
        files.update({path: before[path] for path in held if path in before})
        return replace(part, files=MappingProxyType(dict(sorted(files.items()))))

    def _covers(self, path: str, parts: Iterable[Part]) -> bool:
        part = _part_of(path, parts)
        return path in self.files or (part is not None and part.name in self.parts)


def held_by(
    errors: Iterable[Diagnostic],
    emptied: Iterable[str],
    read: Candidate[Any],
    served: Candidate[Any],
    *,
    policy: Literal["hold-volume", "hold-file"],
) -> Held | None:
    """Return what is at fault, or None where an error concerns the set; a broken lock does, and a plugin may.

    Args:
        errors: Of the set that was read.
        emptied: Names of the parts that lost all their agents, which no file tells of.
        read: The set.
        served: What was published last.
        policy: Whether a file's error holds the file or all of its part.
    """
    held = Held(parts=frozenset(emptied))
    for error in errors:
        if error.code == "empty-set":
            if not held.parts:
                return None
        elif not error.path or is_lock(error.path):
            return None
        else:
            held |= _at_fault(error, read, served, policy)
    return held


def _at_fault(error: Diagnostic, read: Candidate[Any], served: Candidate[Any], policy: str) -> Held:
    paths = {error.path}
    agent = read.entries[error.path].agent if error.path in read.entries else None
    if error.code == "duplicate-name" and agent is not None:  # said of the later one, whichever was served before
        paths |= {path for path, e in read.entries.items() if e.agent is not None and e.agent.name == agent.name}
    if policy == "hold-file":
        return Held(files=frozenset(paths))
    parts = (_part_of(path, read.parts, served.parts) for path in paths)
    return Held(parts=frozenset(part.name for part in parts if part is not None))


def _part_of(path: str, parts: Iterable[Part], earlier: Iterable[Part] = ()) -> Part | None:
    """Return the part that a path lies in, or lay in, or would lie in: the innermost."""
    around = [part for part in parts if path.startswith(part.prefix)]
    had_it = {part.name for part in earlier if part.files.get(path.removeprefix(part.prefix)) is not None}
    nearest = (
        [part for part in around if path.removeprefix(part.prefix) in part.files],
        [part for part in around if part.name in had_it],
        around,
    )
    return max(next(filter(None, nearest), around), key=lambda part: len(part.prefix), default=None)


def _how(kept: bool) -> str:  # noqa: FBT001 - of this module alone
    return "is held at its last good content" if kept else "is left out: it has never been good"


def _warning(code: str, path: str, message: str, error: Diagnostic | None) -> Diagnostic:
    if error is None:
        return Diagnostic(code, "warning", path, 0, 0, "", message, "correct what is wrong with it")
    key = f"{error.key}: " if error.key else ""
    said = f"{message}; {error.code}: {key}{error.message}"
    return Diagnostic(code, "warning", path, error.line, error.column, "", said, error.hint)
