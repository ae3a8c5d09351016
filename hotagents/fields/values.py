"""One reader for each key that is no tool limit: the value for the spec, or a note and the default."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args

from hotagents.diagnostics import did_you_mean
from hotagents.fields.limits import entries_of
from hotagents.fields.lines import Writable, literal, written
from hotagents.fields.notes import Keys, Notes, at, shown
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
_DIGITS: Final = re.compile(rf"[0-9]{{1,{_MOST_DIGITS}}}")
_SERVER: Final = re.compile(r"[\w.-]+")
_SWITCHES: Final = dict.fromkeys(("true", "yes", "on"), True) | dict.fromkeys(("false", "no", "off"), False)
_LONGEST_KEBAB: Final = 256
_KEBAB: Final = re.compile(r"(?=.{1,256}\Z)[a-z0-9]++(?:-[a-z0-9]++)*+")
_DESCRIPTION_HINT: Final = "such as: description: Use when ..."
_HOOKS_HINT: Final = 'such as: hooks: {PreToolUse: [{matcher: "Bash", hooks: [{type: command, command: "..."}]}]}'


def _name(notes: Notes, key: str, value: Any) -> object:
    if not isinstance(value, str):
        hint = _name_hint(notes, _as_text(notes, key, value))
        notes.add("wrong-type", "error", (key,), f"expected a string, got {shown(value)}", hint)
    elif fault := name_fault(value):
        notes.add("bad-name", "error", (key,), f"{fault}, got {shown(value)}", _name_hint(notes, value))
    elif value != _kebab(value):
        message = f"expected lower-case-with-hyphens, got {shown(value)}; kept as written"
        notes.add("name-style", "warning", (key,), message, _name_hint(notes, value))
    return value


def _name_hint(notes: Notes, name: str) -> str:
    seen = "".join(char for char in name if unicodedata.category(char) != "Cf")
    if not seen.strip():
        return "such as: name: my-agent"
    plain = _kebab(seen) or (seen if seen != name and not name_fault(seen) else "")
    return written(notes.page, "name", plain) if plain else "use a name of a-z, 0-9 and hyphens"


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
        notes.add("missing-description", "error", (key,), message, _DESCRIPTION_HINT)
    elif not isinstance(value, str):
        message = f"expected a string, got {shown(value)}"
        text = _as_text(notes, key, value)
        hint = written(notes.page, key, text) if text.strip() else _DESCRIPTION_HINT
        notes.add("wrong-type", "error", (key,), message, hint)
    return value


def _model(notes: Notes, key: str, value: Any) -> object:
    if not isinstance(value, str) or not value.strip():
        hint = _meant(notes, key, value, lambda said: isinstance(said, str) and is_model_id(said), "inherit")
        return _ignored(notes, key, value, "an alias or a model's id", hint)
    if not is_model_id(value):
        message = f"expected {', '.join(MODEL_ALIASES)} or a model's id, got {shown(value)}; kept as written"
        hint = did_you_mean(value, MODEL_ALIASES) or _sample(key, "inherit")
        notes.add("model-unknown", "warning", (key,), message, hint)
    return value


def _choice(choices: Sequence[str], aliases: Mapping[str, str] = MappingProxyType({})) -> Reader:
    def is_one(value: Any) -> bool:
        return isinstance(value, str) and aliases.get(value, value) in choices

    def read(notes: Notes, key: str, value: Any) -> object:
        if is_one(value):
            return aliases.get(value, value)
        hint = _near(value, choices) or _meant(notes, key, value, is_one, choices[0])
        return _ignored(notes, key, value, f"one of {', '.join(choices)}", hint)

    return read


def _effort(notes: Notes, key: str, value: Any) -> object:
    if _is_effort(value):
        return value
    levels = get_args(Effort)
    hint = _near(value, levels) or _meant(notes, key, value, _is_effort, "medium")
    return _ignored(notes, key, value, f"one of {', '.join(levels)} or a whole number", hint)


def _is_effort(value: Any) -> bool:
    return (isinstance(value, str) and value in get_args(Effort)) or _is_number(value)


def _max_turns(notes: Notes, key: str, value: Any) -> object:
    turns = _turns(value)
    if turns is not None:
        return turns
    hint = _meant(notes, key, value, lambda said: _turns(said) is not None, "20")
    return _ignored(notes, key, value, "a whole number from 1", hint)


def _turns(value: Any) -> int | None:
    turns = _leading_number(value) if isinstance(value, str) else value
    if isinstance(turns, float) and turns.is_integer():
        turns = int(turns)  # 20.0 and 1e1 are numbers that their author meant, and ignoring them lifts the limit
    return int(turns) if _is_number(turns) and turns > 0 else None


def _is_number(value: Any) -> bool:
    # A number of thousands of digits is legal YAML (in hexadecimal) but can be neither printed nor dumped.
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_MOST_DIGITS


def _leading_number(text: str) -> int:
    """Return the number that a text such as ``20 turns`` starts with, or 0."""
    number = _LEADING.match(text)
    return int(number[1]) if number else 0


def _background(notes: Notes, key: str, value: Any) -> object:
    if isinstance(value, bool):
        return value
    only = _only(value)
    meant = only if isinstance(only, bool) else _SWITCHES.get(only.strip().lower()) if isinstance(only, str) else None
    hint = "write true or false" if meant is None else written(notes.page, key, meant)
    return _ignored(notes, key, value, "true or false", hint)


def _text(notes: Notes, key: str, value: Any) -> object:
    if isinstance(value, str):
        return value
    text = _as_text(notes, key, value)
    hint = written(notes.page, key, text) if text else "write one text, in quotes"
    return _ignored(notes, key, value, "a string", hint)


def _skills(notes: Notes, key: str, value: Any) -> object:
    entries, bad = entries_of(value)
    if bad is None:
        return entries
    names = _names(notes, key, value)
    hint = written(notes.page, key, names) if names else _sample(key, "[first, second]")
    notes.ignored((key, *bad), at(value, bad), "a string or a list of strings", hint)
    return entries if bad else ABSENT


def _mcp_servers(notes: Notes, key: str, value: Any) -> object:
    if isinstance(value, Mapping):
        hint = "write each server as an entry of a list: - {name: config}"
        return _ignored(notes, key, value, "a list of names or of {name: config}", hint)
    names = value.split(",") if isinstance(value, str) else _names(notes, key, value)
    names = [name.strip() for name in names]
    sure = names and all(map(_SERVER.fullmatch, names))
    hint = written(notes.page, key, names) if sure else _sample(key, "[name]")
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


def _only(value: Any) -> Any:
    """Return the one entry of a list that has no other, and anything else as it is."""
    return value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value


def _as_text(notes: Notes, key: str, value: Any) -> str:
    """Return the text that a value was meant as, if it is a single one: numbers as written; else nothing."""
    only = _only(value)
    return _scalar_text(notes, (key,) if only is value else (key, 0), only)


def _scalar_text(notes: Notes, keys: Keys, value: Any) -> str:
    if isinstance(value, str) or not isinstance(value, (bool, int, float)):
        return value if isinstance(value, str) else ""
    said = literal(notes.page, *keys, value=value)
    return said or ("" if abs(value) >= 10**_MOST_DIGITS else shown(value))


def _names(notes: Notes, key: str, value: Any) -> list[str]:
    """Return a list's entries as text; none where one of them is no single value."""
    items = value if isinstance(value, (list, tuple)) else ()
    names = [_scalar_text(notes, (key, index), item) for index, item in enumerate(items)]
    return names if all(names) else []


def _meant(notes: Notes, key: str, value: Any, is_right: Callable[[Any], bool], sample: str) -> str:
    """Return the line that surely says what was meant, as in a list of one or a number in quotes; else a sample."""
    only = _only(value)
    number = int(only) if isinstance(only, str) and _DIGITS.fullmatch(only.strip()) else None
    right: Writable | None = next((said for said in (only, number) if said is not value and is_right(said)), None)
    return _sample(key, sample) if right is None else written(notes.page, key, right)


def _sample(key: str, text: str) -> str:
    return f"such as: {key}: {text}"


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
