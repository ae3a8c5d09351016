"""Tool limits: ``tools``, ``disallowedTools``, and the keys that were meant to be one of them.

Whatever is wrong here must not give an agent more than its author wrote. What cannot be read in a granting list grants
nothing; in a denying list it is an error. A misspelt key, which other readers ignore with the effect that the agent has
every tool, is read as the limit that it means.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from hotagents.authority import ToolRule, split_tools
from hotagents.diagnostics import did_you_mean
from hotagents.fields.lines import has_key, has_one_line, removed, written
from hotagents.fields.notes import MOST, Notes, at, shown
from hotagents.frontmatter.rights import right_meant

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from hotagents.diagnostics import Severity
    from hotagents.fields.notes import Keys
    from hotagents.frontmatter.page import Page

__all__ = ["Limit", "entries_of", "limit_meant", "limits_of"]

Limit: TypeAlias = Literal["tools", "disallowedTools"]

_MEANT: Final[Mapping[str, Limit]] = MappingProxyType(
    {"tools": "tools", "allowedtools": "tools", "disallowedtools": "disallowedTools"}
)
_TOGETHER: Final = 'write all that you mean under "{}", once, and remove the other line'
_DENIABLE: Final = re.compile(r"[A-Za-z0-9_.*][A-Za-z0-9_.*-]*")


def limit_meant(key: str) -> Limit | None:
    """Return the limit that a misspelt key means, such as ``allowed-tools`` or ``deniedTools``; None if none."""
    return _MEANT.get(right_meant(key))


def limits_of(
    notes: Notes, misspelt: Mapping[str, Limit | None], known_tools: Collection[str] | None
) -> dict[str, tuple[str, ...]]:
    """Return ``tools`` and ``disallowed_tools``, each where the page says anything about it.

    Args:
        notes: Takes what is wrong.
        misspelt: Keys of the page that are neither the format's nor the model's own, with the limit that each means.
        known_tools: Names that exist; None where that is not known.
    """
    granting = [key for key, limit in misspelt.items() if limit == "tools"]
    denying = [key for key, limit in misspelt.items() if limit == "disallowedTools"]
    mine = Notes(notes.page)
    limits = _tools(mine, granting, known_tools) | _disallowed(mine, denying, known_tools)
    notes.add_capped(mine.found)
    return limits


def _tools(notes: Notes, misspelt: Sequence[str], known_tools: Collection[str] | None) -> dict[str, tuple[str, ...]]:
    said = notes.page.frontmatter
    own = [_granted(notes, "tools", said["tools"], known_tools, alone=True)] if "tools" in said else []
    if own and not _grants_all(own[0]):
        for key in misspelt:
            message = f'expected only "tools", got "{key}" beside it, which is ignored'
            notes.add_at_key("limit-misspelt", "warning", key, message, removed(notes.page, key))
        return {"tools": own[0]}
    alone = len(misspelt) == 1 and not has_key(notes.page, "tools")
    lists = [_granted(notes, key, said[key], known_tools, alone=alone) for key in misspelt]
    for key, entries in zip(misspelt, lists, strict=True):
        if own:
            message = f'expected only "tools", got "{key}" beside it; read too, as the narrower of the two'
            notes.add_at_key("limit-misspelt", "warning", key, message, _TOGETHER.format("tools"))
        else:
            _note_misspelt(notes, key, "tools", entries, alone=alone)
    return {"tools": _in_all([*own, *lists])} if own or lists else {}


def _grants_all(entries: Sequence[str]) -> bool:
    return any(not entry.strip("*") for entry in entries)


def _in_all(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    limited = [entries for entries in lists if not _grants_all(entries)] or lists[:1]
    common = frozenset(limited[0]).intersection(*limited[1:])
    return tuple(entry for entry in limited[0] if entry in common)


def _disallowed(notes: Notes, misspelt: Sequence[str], known: Collection[str] | None) -> dict[str, tuple[str, ...]]:
    said = notes.page.frontmatter
    entries = _refused(notes, "disallowedTools", said["disallowedTools"], known) if "disallowedTools" in said else ()
    alone = len(misspelt) == 1 and not has_key(notes.page, "disallowedTools")
    for key in misspelt:
        more = _refused(notes, key, said[key], known)
        _note_misspelt(notes, key, "disallowedTools", more, alone=alone)
        entries += more
    return {"disallowed_tools": entries} if entries else {}


def _note_misspelt(notes: Notes, key: str, limit: Limit, entries: Sequence[str], *, alone: bool) -> None:
    message = f'expected "{limit}", got "{key}", which other readers ignore; read as the limit that it means'
    text = ", ".join(entries)
    told = len(notes.found) > 2 * MOST  # the hint would be left out, and reading the entry again for it is dear
    # A value that says more than its entries, such as `true`, stays, and so does the error about it.
    is_all = entries_of(notes.page.frontmatter[key])[1] is None or limit == "tools"
    same = not told and is_all and split_tools(text) == tuple(entries) and has_one_line(notes.page, key)
    hint = written(notes.page, key, text or [], to=limit) if same else f"rename the key to {limit}"
    hint = hint if alone and not _is_repeated(notes.page, key) else _TOGETHER.format(limit)
    notes.add_at_key("limit-misspelt", "warning", key, message, hint)


def _is_repeated(page: Page, key: str) -> bool:
    return any(found.code == "duplicate-key" and found.key == key for found in page.diagnostics)


def _granted(
    notes: Notes, key: str, value: Any, known_tools: Collection[str] | None, *, alone: bool
) -> tuple[str, ...]:
    if value is None:
        message = "expected a list of tools, got nothing: the agent may use no tool at all"
        hint = written(notes.page, key, [], to="tools") if alone else _TOGETHER.format("tools")
        notes.add("null-tools", "warning", (key,), message, hint)
        return ()
    entries, bad = entries_of(value)
    if bad is not None:
        message = f"expected a string or a list of strings, got {shown(at(value, bad))}, which grants no tool"
        whole = not bad and key == "tools" and has_one_line(notes.page, key)
        hint = written(notes.page, key, []) if whole else "write the names of tools as text, such as Read, Grep"
        notes.add("wrong-type", "warning", (key, *bad), message, hint)
    if isinstance(value, (list, tuple)):
        # A parenthesis that a comma of the list tore apart is one entry for its author, as it is in a text.
        entries = split_tools(", ".join(item for item in value if isinstance(item, str)))
    _note_unreadable(notes, key, entries, severity="warning", effect="it grants nothing")
    _note_all_unknown(notes, key, entries, known_tools)
    return entries


def _refused(notes: Notes, key: str, value: Any, known: Collection[str] | None) -> tuple[str, ...]:
    if value is None:
        notes.ignored((key,), value, "a list of tools", "name the tools, or remove the line")
        return ()
    entries, bad = entries_of(value)
    if bad is not None:
        message = f"expected a string or a list of strings, got {shown(at(value, bad))}: a limit would be lost"
        notes.add("wrong-type", "error", (key, *bad), message, "write the names of tools as text, such as Bash, Write")
    _note_unreadable(notes, key, entries, severity="error", effect="what it denies cannot be known")
    _note_undeniable(notes, key, entries, known)
    return entries


def entries_of(value: object) -> tuple[tuple[str, ...], Keys | None]:
    """Return the entries of a string or list, and the place of the first part that is neither (None: all are good)."""
    if isinstance(value, str):
        return split_tools(value), None
    if not isinstance(value, (list, tuple)):
        return (), ()
    entries = tuple(entry for item in value if isinstance(item, str) for entry in split_tools(item))
    bad = next((index for index, item in enumerate(value) if not isinstance(item, str)), None)
    return entries, None if bad is None else (bad,)


def _note_unreadable(notes: Notes, key: str, entries: Sequence[str], *, severity: Severity, effect: str) -> None:
    if bad := [entry for entry in entries if ToolRule.parse(entry) is None]:
        message = f"expected entries such as Read or Bash(git *), got {shown(bad[0])}: {effect}"
        notes.add("invalid-value", severity, (key,), message, "close every parenthesis, with a pattern inside")


def _note_undeniable(notes: Notes, key: str, entries: Sequence[str], known: Collection[str] | None) -> None:
    names = [rule.name for entry in entries if (rule := ToolRule.parse(entry))]
    if bad := [name for name in names if not _DENIABLE.fullmatch(name)]:
        message = f"expected names of letters, digits, _, ., * and -, got {shown(bad[0])}: a limit would be lost"
        notes.add(
            "invalid-value", "error", (key,), message, "write plain names with commas between, such as Bash, Write"
        )
        return
    unknown = [n for n in names if not (known is None or n in known or "*" in n or n.startswith("mcp__"))]
    if unknown:
        message = f"expected names of tools, got unknown ones such as {shown(unknown[0])}, which may deny nothing"
        hint = did_you_mean(unknown[0], known or ()) or "check the name's spelling and case"
        notes.add("invalid-value", "warning", (key,), message, hint)


def _note_all_unknown(notes: Notes, key: str, entries: Sequence[str], known: Collection[str] | None) -> None:
    names = [rule.name for entry in entries if (rule := ToolRule.parse(entry))]
    if known is None or not names or any(n in known or "*" in n or n.startswith("mcp__") for n in names):
        return
    message = f"expected names of tools, got only unknown ones such as {shown(names[0])}: the agent can use none"
    notes.add("null-tools", "warning", (key,), message, did_you_mean(names[0], known))
