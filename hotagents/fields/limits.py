"""Tool limits: ``tools``, ``disallowedTools``, and the keys that were meant to be one of them.

Whatever is wrong here must not give an agent more than its author wrote. What cannot be read in a granting list grants
nothing; in a denying list it is an error. A misspelt key, which other readers ignore with the effect that the agent has
every tool, is read as the limit that it means.
"""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from hotagents.authority import ToolRule, split_tools
from hotagents.diagnostics import did_you_mean
from hotagents.fields.notes import at, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from hotagents.diagnostics import Severity
    from hotagents.fields.notes import Keys, Notes

__all__ = ["Limit", "entries_of", "limit_meant", "limits_of"]

Limit: TypeAlias = Literal["tools", "disallowedTools"]

_MEANT: Final[Mapping[str, Limit]] = MappingProxyType(
    {"tools": "tools", "allowedtools": "tools", "disallowedtools": "disallowedTools"}
)
_NEAR: Final = range(9, 19)  # lengths within which a key can be a slip in one of the two long ones


def limit_meant(key: str) -> Limit | None:
    """Return the limit that a misspelt key means: other case, hyphens, underscores, or a slip in a long name."""
    plain = "".join(char for char in key.casefold() if char not in "-_ ")
    if plain in _MEANT or len(plain) not in _NEAR:
        return _MEANT.get(plain)
    near = difflib.get_close_matches(plain, ("allowedtools", "disallowedtools"), n=1, cutoff=0.9)
    return _MEANT[near[0]] if near else None


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
    return _tools(notes, granting, known_tools) | _disallowed(notes, denying)


def _tools(notes: Notes, misspelt: Sequence[str], known_tools: Collection[str] | None) -> dict[str, tuple[str, ...]]:
    said = notes.page.frontmatter
    if "tools" in said:
        for key in misspelt:
            message = f'expected only "tools", got "{key}" beside it, which is ignored'
            notes.add_at_key("limit-misspelt", "warning", key, message, f'remove the line of "{key}"')
        return {"tools": _granted(notes, "tools", said["tools"], known_tools)}
    lists = [_granted(notes, key, said[key], known_tools) for key in misspelt]
    for key, entries in zip(misspelt, lists, strict=True):
        _note_misspelt(notes, key, "tools", entries)
    return {"tools": tuple(e for e in lists[0] if all(e in other for other in lists))} if lists else {}


def _disallowed(notes: Notes, misspelt: Sequence[str]) -> dict[str, tuple[str, ...]]:
    said = notes.page.frontmatter
    entries = _refused(notes, "disallowedTools", said["disallowedTools"]) if "disallowedTools" in said else ()
    for key in misspelt:
        more = _refused(notes, key, said[key])
        _note_misspelt(notes, key, "disallowedTools", more)
        entries += more
    return {"disallowed_tools": entries} if entries else {}


def _note_misspelt(notes: Notes, key: str, limit: Limit, entries: Sequence[str]) -> None:
    message = f'expected "{limit}", got "{key}", which other readers ignore; read as the limit that it means'
    notes.add_at_key("limit-misspelt", "warning", key, message, f"write: {limit}: {', '.join(entries) or '[]'}")


def _granted(notes: Notes, key: str, value: Any, known_tools: Collection[str] | None) -> tuple[str, ...]:
    if value is None:
        message = "expected a list of tools, got nothing: the agent may use no tool at all"
        notes.add("null-tools", "warning", (key,), message, "write: tools: [] for none, or remove the line for all")
        return ()
    entries, bad = entries_of(value)
    if bad is not None:
        message = f"expected a string or a list of strings, got {shown(at(value, bad))}, which grants no tool"
        hint = f"write: tools: {', '.join(entries) or 'Read, Grep'}"
        notes.add("wrong-type", "warning", (key, *bad), message, hint)
    _note_unreadable(notes, key, entries, severity="warning", effect="it grants nothing")
    _note_all_unknown(notes, key, entries, known_tools)
    return entries


def _refused(notes: Notes, key: str, value: Any) -> tuple[str, ...]:
    if value is None:
        notes.ignored((key,), value, "a list of tools", "name the tools, or remove the line")
        return ()
    entries, bad = entries_of(value)
    if bad is not None:
        message = f"expected a string or a list of strings, got {shown(at(value, bad))}: a limit would be lost"
        notes.add("wrong-type", "error", (key, *bad), message, "write: disallowedTools: Bash, Write")
    _note_unreadable(notes, key, entries, severity="error", effect="what it denies cannot be known")
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


def _note_all_unknown(notes: Notes, key: str, entries: Sequence[str], known: Collection[str] | None) -> None:
    names = [rule.name for entry in entries if (rule := ToolRule.parse(entry))]
    if known is None or not names or any(n in known or "*" in n or n.startswith("mcp__") for n in names):
        return
    message = f"expected names of tools, got only unknown ones such as {shown(names[0])}: the agent can use none"
    notes.add("null-tools", "warning", (key,), message, did_you_mean(names[0], known))
