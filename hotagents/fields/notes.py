"""`Notes`: what is wrong with one page, each finding at its place in the file."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, final

from pydantic import BaseModel, ValidationError

from hotagents.diagnostics import Diagnostic
from hotagents.fields.lines import added, written
from hotagents.spec import FORMAT_KEYS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from hotagents.diagnostics import Severity
    from hotagents.frontmatter.page import Page

__all__ = ["MOST", "Keys", "Notes", "at", "shown"]

Keys: TypeAlias = Sequence[str | int]
M = TypeVar("M", bound=BaseModel)

MOST: Final = 50
"""Findings of one sort that one file may bring: 64 KiB of frontmatter hold 16,000 unknown keys."""

_LONGEST_SHOWN: Final = 80
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
            message, hint = _told(self.page, item, keys)
            if item["type"] == "extra_forbidden" or _OF_A_KEY in rest:
                line, column = self.page.at_key(*keys)
                path, key = self.page.path, ".".join(map(str, keys))
                self.found.append(Diagnostic("invalid-field", "error", path, line, column, key, message, hint))
            else:
                self.add("invalid-field", "error", keys, message, hint)
        self.add_rest("invalid-field", "error", len(items) - MOST)


def _told(page: Page, item: ErrorDetails, keys: Keys) -> tuple[str, str]:
    """Return what a model expected and found, and what to do, in the words of all other findings."""
    kind, value, key = item["type"], item["input"], keys[-1] if keys else ""
    if kind == "missing":
        return "expected this field, got nothing", added(page, f"{key}: ...") if _is_plain(key) else ""
    if kind == "extra_forbidden":
        return f'expected a key that is known here, got "{key}"', "correct its spelling, or remove it"
    if kind == "too_short" and {"min_length", "actual_length"} <= item.get("ctx", {}).keys():  # not a model's own code
        return f"expected at least {item['ctx']['min_length']} of these, got {item['ctx']['actual_length']}", ""
    if (sort := _EXPECTED.get(kind)) is not None:
        return f"expected {sort}, got {shown(value)}", _as_list(page, keys, value) if sort == "a list" else ""
    if kind in {"value_error", "assertion_error"}:  # a validator's own words: expected x; do y
        said = item["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        message, _, hint = said.partition("; ")
        message = message.strip() or "expected a value that the model accepts"
        return message if ", got " in message else f"{message}, got {shown(value)}", hint
    message = item["msg"].replace("Input should be", "expected a value" if "_than" in kind else "expected", 1)
    return f"{message}, got {shown(value)}", ""


def _as_list(page: Page, keys: Keys, value: object) -> str:
    """Return how a value is written where a list belongs, or nothing where that is not sure."""
    if not keys or not _is_plain(key := keys[-1]) or not (value is None or isinstance(value, str)):
        return ""
    said = [] if value is None else [value]
    if any(len(entry) > _LONGEST_SHOWN for entry in said):
        return ""
    if len(keys) == 1:
        return written(page, str(key), said)
    return f"as a list: {key}: [{', '.join(map(shown, said))}]"  # a part of a value is no line of its own


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
