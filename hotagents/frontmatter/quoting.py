"""Quotes: `quoted` writes a text as YAML, `forms` names how a value that YAML refuses may be written as a text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from hotagents.frontmatter.rights import holds, is_never_guessed

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["QUOTES", "forms", "quoted"]

QUOTES: Final = ("'", '"')

_BRACKETED: Final = re.compile(r"(?:\[[^\[\]]*\]|\{[^{}]*\})[ \t]*[^\s#,\]}].*")
_ONE_WORD: Final = re.compile(r"\W*(\w+)\W*")
_SIGNED: Final = re.compile(r"[|>][+-]?[ \t]+([^#\s].*)")


def quoted(text: str) -> str:
    """Return a text as YAML in double quotes, on one line."""
    return json.dumps(text, ensure_ascii=False)


def forms(key: str, value: str) -> Iterator[str]:
    """Give the quoted forms of a key's value; none for what opens a block, a list or a mapping.

    ``{{ a template }}``, ``[WIP] text`` and, where the sign would have to stand alone, ``> text`` are texts. Of a limit
    that is one word only that is left.
    """
    if not holds(key, value):
        if (word := _ONE_WORD.fullmatch(value)) is not None:
            yield word[1]
        return
    bare = value.strip("'\"")
    if is_never_guessed(key) and bare[:1] == "[" and bare[-1] == "]":
        yield bare
    elif is_never_guessed(key) and value[-1] == "]" and "[" not in value:
        yield f"[{value}"
    yield from _as_text(value)
    if is_never_guessed(key):
        return
    if _BRACKETED.fullmatch(value):
        yield quoted(value)
    elif (found := _SIGNED.fullmatch(value)) is not None:
        yield quoted(found[1])


def _as_text(value: str) -> Iterator[str]:
    quote = value[0]
    if quote not in QUOTES:
        if (quote not in "|>[{" or value.startswith("{{")) and not value.startswith("- "):
            yield quoted(value)
    elif value.count(quote) == 1:
        yield quoted(value[1:])
    elif value.endswith(quote):
        inner = value[1:-1]
        yield quoted(inner.replace("''", "'")) if quote == "'" else f'"{_escaped(inner)}"'
    elif not value.endswith(QUOTES):
        yield quoted(value)


def _escaped(inner: str) -> str:
    return re.sub(r'\\.|"', lambda match: '\\"' if match[0] == '"' else match[0], inner)
