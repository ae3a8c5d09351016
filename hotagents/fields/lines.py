"""Lines to write instead of an entry of the frontmatter: `written` gives the hint that says which and where.

A line is only offered where it is sure what goes: the entry's lines, read alone, have to say what they say in the
whole. In braces (``{name: 7, description: x}``) an entry has no lines of its own, so there it is the whole line, and
that is read before it is offered. Where neither is sure the hint says in words what to write.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from hotagents.frontmatter.events import read_tree
from hotagents.frontmatter.rights import is_never_guessed
from hotagents.frontmatter.scalars import resolve
from hotagents.frontmatter.text import LINE_BREAK
from hotagents.frontmatter.tree import TreeError
from hotagents.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hotagents.frontmatter.page import Page

__all__ = ["Writable", "added", "has_key", "has_one_line", "literal", "removed", "spaced", "written"]

Writable: TypeAlias = str | bool | int | list[str]
"""What a line can say."""

_FIRST_LINE: Final = 2  # of the frontmatter, in the file
_DEPTH: Final = Limits().frontmatter_depth
_MOST_IN_BRACES: Final = 4000  # of a frontmatter that is read once more for each hint
_SURELY_PLAIN: Final = re.compile(r"[A-Za-z0-9](?:[\w.()*/,-]| (?!#))*", re.ASCII)
_SURELY_PLAIN_ENTRY: Final = re.compile(r"[A-Za-z0-9][\w.()*/-]*", re.ASCII)
_WORD: Final = re.compile(r"[^\s#,\[\]{}\"']+")
_IN_BRACES: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|\[[^\[\]{}"']*\]|[^,\[\]{}#]*""")


class _Entry(NamedTuple):
    """The lines of an entry, counted in the file, and what stands before its key."""

    first: int
    last: int
    indent: str


def written(page: Page, key: str, value: Writable, *, to: str = "") -> str:
    """Return the hint that says what to write instead of an entry, as a line to paste wherever that is sure.

    Args:
        page: The page.
        key: The entry's key; of one that stands twice the last is meant.
        value: What it is to say.
        to: Another key to write it under.
    """
    to = to or key
    line = f"{to}: {_in_block(to, value)}"
    if (entry := _entry_of(page, key)) is not None:
        if entry.first == entry.last and not entry.indent:
            return f"write: {line}"
        return f"{_replace(entry.first, entry.last)} by: {entry.indent}{line}"
    if whole := _line_in_braces(page, key, value, to):
        return f"{_replace(whole[0], whole[0])} by: {whole[1]}"
    return f"write {line} instead of the whole entry"


def added(page: Page, line: str, *, below: str = "") -> str:
    """Return the hint that says which line to add; in words where nothing can be added below the diagnostic's line.

    Args:
        page: The page.
        line: What to add.
        below: The key of the entry on the diagnostic's line; none for the opening fence.
    """
    if _is_in_braces(page):
        return f"add {line} within the braces"
    return f"add: {line}" if not below or has_one_line(page, below) else f"add a line above it, such as {line}"


def removed(page: Page, key: str) -> str:
    """Return the hint that says that an entry has to go."""
    return f'remove "{key}" from the braces' if _is_in_braces(page) else f'remove the line of "{key}"'


def spaced(page: Page, key: str) -> str:
    """Return the hint that says what to write instead of an entry whose key lacks the blank behind its colon."""
    head = key.partition(":")[0]
    if not page.text or not has_one_line(page, key):
        return f'write a blank behind "{head}:"'
    line = LINE_BREAK.split(page.text)[page.key_positions[key,].line - _FIRST_LINE]
    value = line.partition(":")[2].strip(": \t")
    return f"write: {head}: {value if is_never_guessed(head) else _quoted(value)}"


def has_key(page: Page, key: str) -> bool:
    """Tell whether an entry stands there, or one that cannot be read."""
    line = re.compile(rf"^[\"']?{re.escape(key)}[\"']?[ \t]*:(?:[ \t\r]|$)", re.MULTILINE)
    return key in page.frontmatter or line.search(page.text) is not None


def has_one_line(page: Page, key: str) -> bool:
    """Tell whether an entry surely stands on one line, at the left margin, which one line can then replace."""
    entry = _entry_of(page, key)
    return entry is not None and entry.first == entry.last and not entry.indent


def literal(page: Page, *keys: str | int, value: object) -> str:
    """Return a number or boolean as its author wrote it, such as ``1.20``; empty where that is not known."""
    place = page.positions.get(keys)
    lines = LINE_BREAK.split(page.text)
    if place is not None and 0 <= place.line - _FIRST_LINE < len(lines):
        word = _WORD.match(lines[place.line - _FIRST_LINE], place.column - 1)
        if word is not None and type(resolve(word[0])) is type(value) and repr(resolve(word[0])) == repr(value):
            return word[0]
    return ""


def _replace(first: int, last: int) -> str:
    return f"replace line {first}" if first == last else f"replace lines {first}-{last}"


def _in_block(key: str, value: Writable) -> str:
    """Return a value as it stands behind its key, in quotes where YAML would read it otherwise."""
    if not isinstance(value, str):
        return _in_any(value)
    plain = resolve(value) == value if _SURELY_PLAIN.fullmatch(value) else _reads_back(key, value)
    return value if plain else _quoted(value)


def _in_any(value: Writable) -> str:
    """Return a value as it stands anywhere, in braces too."""
    if isinstance(value, str):
        plain = _SURELY_PLAIN_ENTRY.fullmatch(value) and resolve(value) == value
        return value if plain else _quoted(value)
    return f"[{', '.join(map(_in_any, value))}]" if isinstance(value, list) else str(value).lower()


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _reads_back(key: str, text: str) -> bool:
    return bool(text) and "\n" not in text and _says(f"{key}: {text}\n", {key: text})


def _says(text: str, values: Mapping[str, Any]) -> bool:
    try:
        said = read_tree(text, depth=_DEPTH)
    except TreeError:
        return False
    return not said.repeated and repr(said.values) == repr(values)  # as text: not a number is never equal


def _entry_of(page: Page, key: str) -> _Entry | None:
    """Return where an entry stands; None where it is not sure that it has these lines for itself."""
    place = page.key_positions.get((key,))
    if place is None or key not in page.frontmatter:
        return None
    if not page.text:  # a page that was made by hand, and nothing is known of its lines
        return _Entry(place.line, place.line, "")
    lines, first = LINE_BREAK.split(page.text), place.line - _FIRST_LINE
    indent = lines[first][: place.column - 1] if first < len(lines) else "?"
    if indent.strip(" "):
        return None  # it stands in braces, or behind the sign of an explicit key
    for end in _ends(lines, first, len(indent)):
        text = "".join(f"{line}\n" for line in lines[first:end])
        if _says(text, {key: page.frontmatter[key]}):
            return _Entry(place.line, end - 1 + _FIRST_LINE, indent)
    return None


def _ends(lines: Sequence[str], first: int, width: int) -> Iterator[int]:
    """Yield the index behind an entry's last line: before comments that stand below it, and after them."""
    before = after = first + 1
    for number, line in enumerate(lines[first + 1 :], first + 1):
        said = line.lstrip(" ")
        indent = len(line) - len(said)
        if not said.strip() or (said.startswith("#") and indent <= width):
            continue
        if indent < width or (indent == width and not (f"{said} ").startswith("- ")):
            break
        after = number + 1
        before = before if said.startswith("#") else after
    yield before
    if after != before:
        yield after


def _is_in_braces(page: Page) -> bool:
    return page.text.lstrip().startswith("{")


def _line_in_braces(page: Page, key: str, value: Writable, to: str) -> tuple[int, str] | None:
    """Return the number of the line that an entry in braces stands on, and what to write instead of all of it."""
    start, place = page.key_positions.get((key,)), page.positions.get((key,))
    if start is None or place is None or start.line != place.line or key not in page.frontmatter:
        return None
    lines, at = LINE_BREAK.split(page.text), start.line - _FIRST_LINE
    found = _IN_BRACES.match(lines[at], place.column - 1)
    if found is None or not _is_in_braces(page) or len(page.text) > _MOST_IN_BRACES:
        return None
    end = place.column - 1 + len(found[0].rstrip())
    lines[at] = f"{lines[at][: start.column - 1]}{to}: {_in_any(value)}{lines[at][end:]}"
    wanted = {to if said == key else said: value if said == key else old for said, old in page.frontmatter.items()}
    return (start.line, lines[at]) if _says("\n".join(lines), wanted) else None
