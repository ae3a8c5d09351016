"""`Notes`: what is wrong with one page, each finding at its place in the file."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, final

from pydantic import BaseModel, ValidationError

from hotagents.diagnostics import Diagnostic
from hotagents.frontmatter.parsing import parse
from hotagents.frontmatter.scalars import resolve
from hotagents.spec import FORMAT_KEYS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from hotagents.diagnostics import Severity
    from hotagents.frontmatter.page import Page

__all__ = ["MOST", "Keys", "Notes", "at", "line_of", "one_line", "shown"]

Keys: TypeAlias = Sequence[str | int]
M = TypeVar("M", bound=BaseModel)

MOST: Final = 50
"""Findings of one sort that one file may bring: 64 KiB of frontmatter hold 16,000 unknown keys."""

_LONGEST_SHOWN: Final = 80
_SURELY_PLAIN: Final = re.compile(r"[A-Za-z0-9](?:[\w.()*/,-]| (?!#))*", re.ASCII)
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][\w.-]*", re.ASCII)
_OF_A_KEY: Final = "[key]"  # how pydantic ends the way to what it has against a key
_EXPECTED: Final[Mapping[str, str]] = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_parsing": "a number",
    "float_type": "a number",
    "frozen_set_type": "a list",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "set_type": "a list",
    "string_type": "a string",
    "tuple_type": "a list",
}
_HUGE: Final = 10**18  # a number of thousands of digits cannot even be turned into text


@final
class Notes:
    """The findings about one page, in the order in which they were made; used by one thread."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[Diagnostic] = []

    def add(self, code: str, severity: Severity, keys: Keys, message: str, hint: str = "") -> None:
        """Note something about a value, placed at the innermost part of it that the file has."""
        there = _existing(self.page.frontmatter, keys)
        line, column = self.page.at(*there) if there or severity == "error" else (0, 0)
        key = ".".join(map(str, keys))
        self.found.append(Diagnostic(code, severity, self.page.path, line, column, key, message, hint))

    def add_at_key(self, code: str, severity: Severity, key: str, message: str, hint: str = "") -> None:
        """Note something about a key itself."""
        line, column = self.page.at_key(key)
        self.found.append(Diagnostic(code, severity, self.page.path, line, column, key, message, hint))

    def add_rest(self, code: str, severity: Severity, count: int) -> None:
        """Note how many findings of a sort were left out, if any."""
        if count > 0:
            self.add(code, severity, (), f"and {count} more of these")

    def add_capped(self, found: Sequence[Diagnostic]) -> None:
        """Take over findings, of each sort the first `MOST` and the number of the others."""
        counts: Counter[tuple[str, Severity]] = Counter()
        for finding in found:
            sort = (finding.code, finding.severity)
            counts[sort] += 1
            if counts[sort] <= MOST:
                self.found.append(finding)
        for (code, severity), count in counts.items():
            self.add_rest(code, severity, count - MOST)

    def ignored(self, keys: Keys, value: object, expected: str, hint: str) -> None:
        """Note a value that other readers ignore too, so that the default holds."""
        message = f"expected {expected}, got {shown(value)}; ignored, the default holds"
        self.add("invalid-value", "warning", keys, message, hint)

    def validated(self, model: type[M], values: Mapping[str, Any]) -> M | None:
        """Return an instance of the model, or None after noting what it refuses."""
        try:
            return model.model_validate(values)
        except ValidationError as error:
            self._refused(error)
        except Exception as error:  # noqa: BLE001  a validator is foreign code: it refuses the file, not the process
            message = f"{model.__name__} failed on this file: {type(error).__name__}: {error}"
            self.add("invalid-field", "error", (), message, "raise ValueError in a validator to refuse a value")
        return None

    def _refused(self, error: ValidationError) -> None:
        items = error.errors(include_url=False)
        for item in items[:MOST]:
            first, *rest = item["loc"] or ("",)
            keys = (_format_key(first), *(key for key in rest if key != _OF_A_KEY)) if first else ()
            message, hint = _told(item, keys[-1] if keys else "")
            if item["type"] == "extra_forbidden" or _OF_A_KEY in rest:
                line, column = self.page.at_key(*keys)
                path, key = self.page.path, ".".join(map(str, keys))
                self.found.append(Diagnostic("invalid-field", "error", path, line, column, key, message, hint))
            else:
                self.add("invalid-field", "error", keys, message, hint)
        self.add_rest("invalid-field", "error", len(items) - MOST)


def _told(item: ErrorDetails, key: str | int) -> tuple[str, str]:
    """Return what a model expected and found, and what to do, in the words of all other findings."""
    kind, value = item["type"], item["input"]
    if kind == "missing":
        return "expected this field, got nothing", f"add: {key}: ..." if _is_plain(key) else ""
    if kind == "extra_forbidden":
        return f'expected a key that is known here, got "{key}"', "correct its spelling, or remove it"
    if kind == "too_short" and {"min_length", "actual_length"} <= item.get("ctx", {}).keys():  # not a model's own code
        return f"expected at least {item['ctx']['min_length']} of these, got {item['ctx']['actual_length']}", ""
    if (sort := _EXPECTED.get(kind)) is not None:
        return f"expected {sort}, got {shown(value)}", _as_list(key, value) if sort == "a list" else ""
    if kind in {"value_error", "assertion_error"}:  # a validator's own words: expected x; do y
        said = item["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        message, _, hint = said.partition("; ")
        message = message.strip() or "expected a value that the model accepts"
        return message if ", got " in message else f"{message}, got {shown(value)}", hint
    message = item["msg"].replace("Input should be", "expected a value" if "_than" in kind else "expected", 1)
    return f"{message}, got {shown(value)}", ""


def _as_list(key: str | int, value: object) -> str:
    """Return how a value is written where a list belongs, or nothing where that is not sure."""
    if not _is_plain(key):
        return ""
    if value is None:
        return f"write: {key}: []"
    return f"write: {key}: [{shown(value)}]" if isinstance(value, str) and len(value) <= _LONGEST_SHOWN else ""


def _is_plain(key: str | int) -> bool:
    """Tell whether a place in a model is surely a key of a file as it stands: no index, union's branch or odd text."""
    return isinstance(key, str) and _PLAIN_KEY.fullmatch(key) is not None


def _existing(value: Any, keys: Keys) -> Keys:
    # A model's location also names branches of a union, which are not in the file.
    there: list[str | int] = []
    for key in keys:
        if _has(value, key):
            there.append(key)
            value = value[key]
    return there


def _has(value: Any, key: str | int) -> bool:
    if isinstance(value, Mapping):
        return key in value
    return isinstance(value, (list, tuple)) and isinstance(key, int) and key < len(value)


def _format_key(field: str | int) -> str | int:
    return next((key for key, name in FORMAT_KEYS.items() if name == field), field)


def at(value: Any, keys: Keys) -> object:
    """Return the part of a value that the keys lead to."""
    for key in keys:
        value = value[key]
    return value


def shown(value: object) -> str:
    """Return a short description of a value for a message: scalars as written in YAML, containers by their sort."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value[:_LONGEST_SHOWN], ensure_ascii=False)
    if isinstance(value, (int, float)):
        return "a huge number" if abs(value) >= _HUGE else str(value)
    return "a mapping" if isinstance(value, Mapping) else "a list"


def line_of(key: str, text: str) -> str:
    """Return ``write: key: text`` as a line to paste, with the text in quotes where YAML would read it otherwise."""
    if not text:
        return f"write: {key}: []" if key in ("tools", "disallowedTools") else f'write: {key}: ""'
    plain = resolve(text) == text if _SURELY_PLAIN.fullmatch(text) else _reads_back(key, text)
    return f"write: {key}: {text if plain else json.dumps(text, ensure_ascii=False)}"


def _reads_back(key: str, text: str) -> bool:
    page = parse("", f"---\n{key}: {text}\n---\n".encode("utf-8", "replace"), recover=False)
    return not page.diagnostics and page.frontmatter == {key: text}


def one_line(page: Page, key: str) -> bool:
    """Tell whether a key and its value surely stand on one line, which one line can then replace."""
    line = page.at_key(key).line
    others = [page.at_key(other).line for other in page.frontmatter if other != key]
    following = min((other for other in others if other > line), default=line + 1)
    value = page.frontmatter[key]
    parts = range(len(value)) if isinstance(value, (list, tuple)) else ()
    inside = all(page.at(key, part).line == line for part in parts)
    return following == line + 1 and inside and not (isinstance(value, str) and "\n" in value)
