"""One reader for each key that is no tool limit: the value for the spec, or a note and the default."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args

from hotagents.diagnostics import did_you_mean
from hotagents.fields.limits import entries_of
from hotagents.fields.notes import Keys, Notes, at, line_of, shown
from hotagents.spec import (
    MODEL_ALIASES,
    PERMISSION_MODE_ALIASES,
    Color,
    Effort,
    Isolation,
    Memory,
    PermissionMode,
    is_model_id,
    name_fault,
    thaw,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ABSENT", "READ"]

ABSENT: Final = object()
"""What a reader returns where the default holds."""

Reader: TypeAlias = Callable[[Notes, str, Any], object]

_MOST_DIGITS: Final = 9
_LEADING: Final = re.compile(rf"\s*([0-9]{{1,{_MOST_DIGITS}}})(?:\.0+)?(?![0-9.,])")
_LONGEST_KEBAB: Final = 256
_KEBAB: Final = re.compile(r"(?=.{1,256}\Z)[a-z0-9]++(?:-[a-z0-9]++)*+")
_HOOKS_HINT: Final = 'write: hooks: {PreToolUse: [{matcher: "Bash", hooks: [{type: command, command: "..."}]}]}'


def _name(notes: Notes, key: str, value: Any) -> object:
    if not isinstance(value, str):
        hint = _name_hint(shown(value)) if isinstance(value, (bool, int, float)) else "write: name: my-agent"
        notes.add("wrong-type", "error", (key,), f"expected a string, got {shown(value)}", hint)
    elif fault := name_fault(value):
        notes.add("bad-name", "error", (key,), f"{fault}, got {shown(value)}", _name_hint(value))
    elif value != _kebab(value):
        message = f"expected lower-case-with-hyphens, got {shown(value)}; kept as written"
        notes.add("name-style", "warning", (key,), message, _name_hint(value))
    return value


def _name_hint(name: str) -> str:
    if not name.strip():
        return "write: name: my-agent"
    plain = _kebab(name)
    return line_of("name", plain) if plain else "use a name of a-z, 0-9 and hyphens"


def _kebab(name: str) -> str:
    """Return the name in lower-case-with-hyphens, or nothing where letters would get lost."""
    if _KEBAB.fullmatch(name):
        return name
    letters = unicodedata.normalize("NFKD", name[:_LONGEST_KEBAB]).lower()
    if any(char.isalnum() and not char.isascii() for char in letters):
        return ""
    marked = (char for char in letters if not unicodedata.combining(char))
    plain = "".join(char if char.isascii() and char.isalnum() else " " for char in marked)
    return "-".join(plain.split())[:_LONGEST_KEBAB].rstrip("-")


def _description(notes: Notes, key: str, value: Any) -> object:
    if value is None or (isinstance(value, str) and not value.strip()):
        message = "expected when to use the agent, got nothing"
        notes.add("missing-description", "error", (key,), message, "write: description: Use when ...")
    elif not isinstance(value, str):
        message = f"expected a string, got {shown(value)}"
        scalar = isinstance(value, (bool, int, float))
        hint = line_of("description", shown(value)) if scalar else "write: description: Use when ..."
        notes.add("wrong-type", "error", (key,), message, hint)
    return value


def _model(notes: Notes, key: str, value: Any) -> object:
    if not isinstance(value, str) or not value.strip():
        return _ignored(notes, key, value, "an alias or a model's id", "write: model: inherit")
    if not is_model_id(value):
        message = f"expected {', '.join(MODEL_ALIASES)} or a model's id, got {shown(value)}; kept as written"
        hint = did_you_mean(value, MODEL_ALIASES) or "write: model: inherit"
        notes.add("model-unknown", "warning", (key,), message, hint)
    return value


def _choice(choices: Sequence[str], aliases: Mapping[str, str] = MappingProxyType({})) -> Reader:
    def read(notes: Notes, key: str, value: Any) -> object:
        if isinstance(value, str) and aliases.get(value, value) in choices:
            return aliases.get(value, value)
        hint = _near(value, choices) or f"write: {key}: {choices[0]}"
        return _ignored(notes, key, value, f"one of {', '.join(choices)}", hint)

    return read


def _effort(notes: Notes, key: str, value: Any) -> object:
    levels = get_args(Effort)
    if (isinstance(value, str) and value in levels) or _is_number(value):
        return value
    hint = _near(value, levels) or "write: effort: medium"
    return _ignored(notes, key, value, f"one of {', '.join(levels)} or a whole number", hint)


def _max_turns(notes: Notes, key: str, value: Any) -> object:
    turns = _leading_number(value) if isinstance(value, str) else value
    if isinstance(turns, float) and turns.is_integer():
        turns = int(turns)  # 20.0 and 1e1 are numbers that their author meant, and ignoring them lifts the limit
    if _is_number(turns) and turns > 0:
        return turns
    return _ignored(notes, key, value, "a whole number from 1", "write: maxTurns: 20")


def _is_number(value: Any) -> bool:
    # A number of thousands of digits is legal YAML (in hexadecimal) but can be neither printed nor dumped.
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_MOST_DIGITS


def _leading_number(text: str) -> int:
    """Return the number that a text such as ``20 turns`` starts with, or 0."""
    number = _LEADING.match(text)
    return int(number[1]) if number else 0


def _background(notes: Notes, key: str, value: Any) -> object:
    return value if isinstance(value, bool) else _ignored(notes, key, value, "true or false", f"write: {key}: true")


def _text(notes: Notes, key: str, value: Any) -> object:
    if isinstance(value, str):
        return value
    hint = line_of(key, shown(value)) if isinstance(value, (bool, int, float)) else "write one text, in quotes"
    return _ignored(notes, key, value, "a string", hint)


def _skills(notes: Notes, key: str, value: Any) -> object:
    entries, bad = entries_of(value)
    if bad is None:
        return entries
    notes.ignored((key, *bad), at(value, bad), "a string or a list of strings", f"write: {key}: [first, second]")
    return entries if bad else ABSENT


def _mcp_servers(notes: Notes, key: str, value: Any) -> object:
    hint = f"write: {key}: [name]"
    if not isinstance(value, (list, tuple)):
        return _ignored(notes, key, value, "a list of names or of {name: config}", hint)
    bad = next((index for index, item in enumerate(value) if not isinstance(item, (str, Mapping))), None)
    if bad is not None:
        notes.ignored((key, bad), value[bad], "a name or {name: config}", hint)
    return tuple(thaw(item) for item in value if isinstance(item, (str, Mapping)))


def _hooks(notes: Notes, key: str, value: Any) -> object:
    if value is None:
        return _ignored(notes, key, value, "a mapping of events to matchers", "remove the line")
    if (fault := _hooks_fault(value)) is None:
        return thaw(value)
    keys, expected = fault
    message = f"expected {expected}, got {shown(at(value, keys))}"
    notes.add("wrong-type", "error", (key, *keys), message, _HOOKS_HINT)
    return ABSENT


def _hooks_fault(hooks: Any) -> tuple[Keys, str] | None:
    """Return the place of the first part that is malformed, and what belongs there."""
    if not isinstance(hooks, Mapping):
        return (), "a mapping of events to matchers"
    for event, matchers in hooks.items():
        if not isinstance(matchers, (list, tuple)):
            return (event,), "a list of matchers"
        for index, matcher in enumerate(matchers):
            if fault := _matcher_fault(matcher):
                keys, expected = fault
                return (event, index, *keys), expected
    return None


def _matcher_fault(matcher: Any) -> tuple[Keys, str] | None:
    if not isinstance(matcher, Mapping) or "hooks" not in matcher:
        return (), "a mapping with a list of hooks"
    hooks = matcher["hooks"]
    if not isinstance(hooks, (list, tuple)):
        return ("hooks",), "a list of hooks"
    bad = next((index for index, hook in enumerate(hooks) if not isinstance(hook, Mapping)), None)
    return None if bad is None else (("hooks", bad), "a mapping with a type")


def _near(value: Any, words: Sequence[str]) -> str:
    return did_you_mean(value, words) if isinstance(value, str) else ""


def _ignored(notes: Notes, key: str, value: object, expected: str, hint: str) -> object:
    notes.ignored((key,), value, expected, hint)
    return ABSENT


READ: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "name": _name,
        "description": _description,
        "model": _model,
        "permissionMode": _choice(get_args(PermissionMode), PERMISSION_MODE_ALIASES),
        "maxTurns": _max_turns,
        "skills": _skills,
        "mcpServers": _mcp_servers,
        "hooks": _hooks,
        "memory": _choice(get_args(Memory)),
        "background": _background,
        "effort": _effort,
        "isolation": _choice(get_args(Isolation)),
        "color": _choice(get_args(Color)),
        "initialPrompt": _text,
    }
)
"""The readers by key; `hotagents.fields.limits` reads the two that are missing here."""
