"""`mend`: the remedies of a set that a program may apply, each of them proved by loading the file with it; pure.

A remedy is text for people; here it becomes a change that nobody has to think about, and so it is held to more than
making the complaint go away. A file that is served stays the same agent: same name, prompt and guards, rights not
wider; what may change is the text that was mended, or the field whose key or value was a slip. Of a file that is
refused nobody knows what it was, so no line that could limit an agent is touched, made a part of the frontmatter, or
left out of it. `hotagents.remedy` reads the hints.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.authority import widened
from hotagents.diagnostics import order
from hotagents.frontmatter.fences import is_fenced, split
from hotagents.frontmatter.rights import key_on, right_meant
from hotagents.loading import Entry, Schema, load
from hotagents.remedy import edit_of, lines_of
from hotagents.snapshot import Part, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents.diagnostics import Diagnostic
    from hotagents.loading import Candidate
    from hotagents.remedy import Edit
    from hotagents.spec import AgentSpec

__all__ = ["Mended", "Mending", "mend", "proved"]

_MOST_TRIALS: Final = 100  # of one file
_MOST_READ: Final = 500_000  # characters of frontmatter, in all trials of one file
_NEVER_CHANGED: Final = frozenset({"name", "prompt", "permission_mode", "hooks", "mcp_servers", "isolation"})
_OF_THE_FILE: Final = frozenset({"path", "digest"})
_LIMITS: Final = frozenset({"tools", "disallowed_tools"})  # their rights are compared instead
_TEXTS: Final = frozenset({"description", "initial_prompt"})
_ENTRY: Final = re.compile(r"[^\s#-]")


@final
@dataclass(frozen=True, slots=True)
class Mended:
    """One file, mended as far as a program may.

    Attributes:
        path: In the set.
        before: Its bytes.
        after: Its bytes with all remedies that were proved.
        done: What these remedies were for.
        is_whole: Whether all remedies were tried; each costs a reading of the file, and a hostile one has hundreds.
    """

    path: str
    before: bytes
    after: bytes
    done: tuple[Diagnostic, ...]
    is_whole: bool = True


@final
@dataclass(frozen=True, slots=True)
class Mending:
    """A whole set, mended as far as a program may.

    Attributes:
        files: Those that changed, by path.
        after: The set once they have.
        untried: Paths of the files of which some remedies were left untried.
    """

    files: Mapping[str, Mended]
    after: Candidate[Any]
    untried: frozenset[str] = frozenset()


def mend(snapshot: Snapshot, candidate: Candidate[Any], schema: Schema[Any]) -> Mending:
    """Return a set's files with every remedy that a program may apply.

    Where the mended files clash with others, by their names for instance, they stay as they were.

    Args:
        snapshot: What was read.
        candidate: The set that was loaded from it.
        schema: What it was loaded with.
    """
    found = [_mended(path, entry, schema) for path, entry in candidate.entries.items() if entry.role != "file"]
    untried = frozenset(mended.path for mended in found if not mended.is_whole)
    files = {mended.path: mended for mended in found if mended.done}
    known = {d for entry in candidate.entries.values() for d in entry.diagnostics} | set(candidate.diagnostics)
    while True:
        after = load(_with(snapshot, files), schema, known=[candidate])
        own = {d for entry in after.entries.values() for d in entry.diagnostics}
        clashes = {d.path for d in after.diagnostics if d.severity != "info" and d not in own and d not in known}
        if not clashes or not files:
            return Mending(MappingProxyType(files), after, untried)
        files = {path: mended for path, mended in files.items() if path not in clashes} if clashes & set(files) else {}


def proved(candidate: Candidate[Any], schema: Schema[Any]) -> Mapping[Diagnostic, Edit]:
    """Return the remedies of a set that a program may apply, each of them alone and to the files as they are."""
    return MappingProxyType(
        {
            diagnostic: edit
            for path, entry in candidate.entries.items()
            if entry.role != "file"
            for diagnostic, edit in islice(_edits(entry), _most_trials(entry))
            if (after := _tried(path, entry, edit, schema)) is not None and _is_better(entry, after, diagnostic, edit)
        }
    )


def _mended(path: str, entry: Entry[Any], schema: Schema[Any]) -> Mended:
    now, edits = entry, _edits(entry)
    done: list[Diagnostic] = []
    for _ in range(_most_trials(entry)):
        if (found := next(edits, None)) is None:
            break
        diagnostic, edit = found
        after = _tried(path, now, edit, schema)
        if after is not None and _is_better(now, after, diagnostic, edit):
            now, edits = after, _edits(after)
            done.append(diagnostic)
    return Mended(path, entry.content, now.content, tuple(done), is_whole=next(edits, None) is None)


def _most_trials(entry: Entry[Any]) -> int:
    """Return how many remedies of a file are tried; each costs a reading, most of all of the frontmatter."""
    text = _text(entry).removeprefix("\ufeff")
    parts = split(text) if is_fenced(text) else None
    return min(_MOST_TRIALS, 1 + _MOST_READ // (1 + len(parts.frontmatter if parts else text)))


def _edits(entry: Entry[Any]) -> Iterator[tuple[Diagnostic, Edit]]:
    text = _text(entry)
    for diagnostic in order(entry.diagnostics):
        edit = edit_of(diagnostic, text) if diagnostic.hint else None
        if edit is not None and edit.exact:
            yield diagnostic, edit


def _tried(path: str, entry: Entry[Any], edit: Edit, schema: Schema[Any]) -> Entry[Any] | None:
    """Return what the file is with the change made; None where that makes no difference."""
    content = edit.applied_to(entry.content)
    if content == entry.content:
        return None
    agents = ("**",) if entry.role == "agent" else ()
    name = path.rpartition("/")[2]  # patterns decide what it is, so where it lies makes no difference but to documents
    required = {path: schema.documents[path]} if path in schema.documents else {}
    kept = path if required else name
    part = Part(name=".", prefix="", kind="memory", location="", payload="", files={kept: content}, agents=agents)
    return load(Snapshot.of([part]), replace(schema, documents=required)).entries[kept]


def _is_better(before: Entry[Any], after: Entry[Any], diagnostic: Diagnostic, edit: Edit) -> bool:
    if any(_is_still_there(diagnostic, edit, found) for found in after.diagnostics):
        return False
    if any(d.severity == "error" for d in before.diagnostics):
        return diagnostic.severity == "error" and _is_mended(before, after, edit)
    if _count(after, "error") or _count(after, "warning") > _count(before, "warning") - 1:
        return False
    if before.agent is None or after.agent is None:
        return before.agent is after.agent
    return _is_same(before.agent, after.agent, _may_change(diagnostic))


def _is_still_there(diagnostic: Diagnostic, edit: Edit, found: Diagnostic) -> bool:
    if (found.code, found.key) != (diagnostic.code, diagnostic.key):
        return False
    end = edit.first + max(1, len(edit.lines)) - 1
    return edit.first <= found.line <= end or (diagnostic.line < edit.first and found.line == diagnostic.line)


def _is_mended(before: Entry[Any], after: Entry[Any], edit: Edit) -> bool:
    """Say whether a refused file is nearer to being served, with no limit touched, got or lost."""
    end = edit.first + len(edit.lines) - 1
    known = {(d.code, d.key) for d in before.diagnostics if d.severity == "error"}
    errors = [d for d in after.diagnostics if d.severity == "error"]
    # What stands elsewhere in the file was hidden by the fault that is mended; a key that is missing may be lost.
    if any((d.code, d.key) not in known and (edit.first <= d.line <= end or d.line <= 1) for d in errors):
        return False
    old, new = _text(before), _text(after)
    return not _is_limit(old, edit.first, edit.last) and _limits(old) == _limits(new)


def _is_limit(text: str, first: int, last: int) -> bool:
    """Say whether any of the lines could limit an agent, or belongs to an entry that could."""
    lines = lines_of(text)
    start = next((n for n in range(first, 0, -1) if n <= len(lines) and _ENTRY.match(lines[n - 1])), first)
    return any(_limit_on(line) for line in lines[start - 1 : last])


def _limits(text: str) -> list[str]:
    """Return the keys that could limit an agent, each as often as the frontmatter, or a text without one, has it."""
    text = text.removeprefix("\ufeff")
    parts = split(text) if is_fenced(text) else None
    return [key for line in lines_of(parts.frontmatter if parts else text) if (key := _limit_on(line))]


def _limit_on(line: str) -> str:
    key = key_on(line)
    return key if right_meant(key) not in {"", "name"} else ""


def _may_change(diagnostic: Diagnostic) -> frozenset[str]:
    """Return the fields that a remedy may change, besides rights that get narrower; all but guards where it says so."""
    if diagnostic.hint.startswith("did you mean"):
        return frozenset({"*"})
    key = {"initialPrompt": "initial_prompt"}.get(diagnostic.key, diagnostic.key or "description")
    return frozenset({key}) & _TEXTS


def _is_same(before: AgentSpec, after: AgentSpec, free: frozenset[str]) -> bool:
    if type(before) is not type(after) or widened(before.rights, after.rights):
        return False
    changed = {
        name
        for name in type(before).model_fields
        if name not in _OF_THE_FILE and name not in _LIMITS and getattr(before, name) != getattr(after, name)
    }
    return changed.isdisjoint(_NEVER_CHANGED) if "*" in free else changed <= free


def _count(entry: Entry[Any], severity: str) -> int:
    return sum(d.severity == severity for d in entry.diagnostics)


def _text(entry: Entry[Any]) -> str:
    return entry.content.decode(errors="surrogateescape")


def _with(snapshot: Snapshot, files: Mapping[str, Mended]) -> Snapshot:
    """Return the snapshot with other bytes for some of its files."""
    parts = tuple(replace(part, files=_exchanged(part.files, part.prefix, files)) for part in snapshot.parts)
    return replace(snapshot, files=_exchanged(snapshot.files, "", files), parts=parts)


def _exchanged(old: Mapping[str, bytes], prefix: str, files: Mapping[str, Mended]) -> Mapping[str, bytes]:
    return MappingProxyType({path: _exchange(files.get(prefix + path), content) for path, content in old.items()})


def _exchange(mended: Mended | None, content: bytes) -> bytes:
    # Of a path that two parts bring only one is what was loaded.
    return mended.after if mended is not None and mended.before == content else content
