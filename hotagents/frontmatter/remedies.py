"""Remedies: the line to write instead of one that YAML refuses.

A line is offered only after reading the frontmatter with it: the fault has to be gone, or to stand further down. It is
text for a person to paste and is never applied, so it may guess where the reader must not; but never so that a line
that could be a limit would become part of a text.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents.frontmatter.events import read_tree
from hotagents.frontmatter.rights import could_be_key, is_never_guessed, key_on, limit_within, right_meant
from hotagents.frontmatter.slips import KEY, Change, doubt_about, head_above, of_sign, of_slips, quoted, with_spaces
from hotagents.frontmatter.text import LINE_BREAK
from hotagents.frontmatter.tree import TreeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Remedy", "quoted", "remedy"]

_ENTRY: Final = re.compile(r"( *(?:- +)*(?:[\w.-]+ *:[ \t]+)?)(.+)")
_LIKELY_KEY: Final = re.compile(r"[a-z][\w.-]*:(?:[ \t]|\Z)")
_NEXT: Final = re.compile(r"""[#?]|["']?\w[\w .-]*["']?[ \t]*:(?:[ \t]|\Z)""")
_INDENT: Final = re.compile(r"[ \t]*")
_BRACKETED: Final = re.compile(r"(?:\[[^\[\]]*\]|\{[^{}]*\})[ \t]*[^\s#,:\]}].*")
_SIGNED: Final = re.compile(r"[|>][+-]?[ \t]+([^#\s].*)")
_FOLD: Final = re.compile(r" ?\n ?")
_QUOTES: Final = ("'", '"')
_TEXTS: Final = frozenset({"description", "initialPrompt"})
_NEVER_TEXT: Final = frozenset({"model", "skills"})
_FIRST_LINE: Final = 2  # of the frontmatter, in the file
_FIXED: Final = {
    "bad-key": "quote the text if it is no YAML",
    "alias": "quote the text, or write the value out",
    "unsupported-tag": "remove the tag, or quote the text",
    "not-a-mapping": "write one key: value on each line, or remove the fences if this is no frontmatter",
    "frontmatter-too-deep": "nest less",
}

_MERGED: Final = "write the keys of the mapping in its place"


class Remedy(NamedTuple):
    """What to do about a fault.

    Attributes:
        hint: In words, with the lines to write where they are known; may be empty.
        first: The index of the frontmatter's first line that these replace.
        end: The index of the line behind the last one; 0 where no lines are known.
    """

    hint: str
    first: int = 0
    end: int = 0

    def covers(self, line: int) -> bool:
        """Return whether there are lines to write, and instead of this one too."""
        return self.first <= line < self.end


def remedy(text: str, error: TreeError, *, depth: int, above: int = 0) -> Remedy:
    """Return what to do about a fault, with the exact line to write wherever a change of one entry cures it.

    Args:
        text: The frontmatter, or an entry of it that was read alone.
        error: The fault.
        depth: Most lists and mappings within each other.
        above: The number of the frontmatter's lines above the text.
    """
    lines = LINE_BREAK.split(text)
    at = min(error.place.line - _FIRST_LINE - above, len(lines) - 1)
    if "\t" in (_INDENT.match(lines[at]) or "")[0] and error.code == "yaml-syntax":
        return _with_spaces(lines, at, depth, above)
    if error.code in {"frontmatter-too-deep", "not-a-mapping"}:
        change = _best(lines, of_slips(lines, at), depth) if error.code == "not-a-mapping" else None
        return Remedy(_FIXED[error.code]) if change is None else _offered(lines, change, at, above)
    if error.code == "bad-key" and lines[at].lstrip().startswith("<<"):
        return Remedy(_MERGED)
    doubt = doubt_about(lines, at)
    change = _best(lines, of_sign(lines, at) if doubt else _changes(lines, at), depth)
    if change is not None:
        return _offered(lines, change, at, above)
    return Remedy(doubt or _in_words(lines[at], error.code))


def _in_words(line: str, code: str) -> str:
    if key := limit_within(_entry_on(line)[1]):
        return f'begin a new line before "{key}", or quote the whole text if it is no limit'
    if line[:1].isspace() and _limits(line):
        return f'begin "{key_on(line)}" at the left margin, as every key of its own'
    return _FIXED.get(code, "")


def _with_spaces(lines: Sequence[str], at: int, depth: int, above: int) -> Remedy:
    if (spaced := with_spaces(lines, at)) is not None:
        change, end = spaced
        fault = _fault_after(lines, change, depth)
        if fault is None or fault >= end:
            return _offered(lines, change, at, above)
    return Remedy("indent with spaces, not with tabs")


def _offered(lines: Sequence[str], change: Change, at: int, above: int) -> Remedy:
    return Remedy(_written(lines, change, at, above), change.first + above, change.last + above)


def _written(lines: Sequence[str], change: Change, at: int, above: int) -> str:
    """Return a change in words, which lines it replaces included unless that is the one of the diagnostic."""
    last = change.last
    while last > change.first + 1 and not lines[last - 1].strip():
        last -= 1
    first, last = change.first + _FIRST_LINE + above, last - 1 + _FIRST_LINE + above
    if first < last:
        return f"replace lines {first}-{last} by: {change.instead}"
    is_one = change.first == at and "\n" not in change.instead and change.instead[:1] != " "
    return f"write: {change.instead}" if is_one else f"replace line {first} by: {change.instead}"


def _changes(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Name the changes worth trying, the smallest first."""
    yield from of_slips(lines, at)
    yield from _of_entry(lines, at)
    # A line without a colon is found missing one only where the next key begins.
    for line in range(at, max(at - 2, -1), -1):
        first = head_above(lines, line)
        if first >= 0 and (first < line or line == at):
            yield from _joined(lines, first, line)
        first = next((n for n in range(line, -1, -1) if _LIKELY_KEY.match(lines[n].rstrip())), -1)
        if first >= 0 and (first < line or line == at):
            yield from _block(lines, first, line)


def _of_entry(lines: Sequence[str], at: int) -> Iterator[Change]:
    head, value = _entry_on(lines[at])
    if not head.strip() or limit_within(value):
        return
    yield from (Change(at, at + 1, head + text) for text in _as_text(value))
    if not is_never_guessed(key_on(head)):
        yield from (Change(at, at + 1, head + quoted(text)) for text in _behind_signs(value))
    if value.startswith("- ") and (indent := _list_below(lines, at)) is not None:
        yield Change(at, at + 1, f"{head.rstrip()}\n{indent}{value}")


def _entry_on(line: str) -> tuple[str, str]:
    """Return what stands on a line before a value, and the value."""
    match = _ENTRY.fullmatch(line.rstrip())
    return (match[1], match[2]) if match else ("", "")


def _as_text(value: str) -> Iterator[str]:
    """Give a value's quoted forms; none for what opens a block, or lists and mappings other than `{{ a template }}`."""
    quote = value[0]
    if quote not in _QUOTES:
        if (quote not in "|>[{" or value.startswith("{{")) and not value.startswith("- "):
            yield quoted(value)
    elif value.count(quote) == 1:
        yield quoted(value[1:])
    elif value.endswith(quote):
        inner = value[1:-1]
        yield quoted(inner.replace("''", "'")) if quote == "'" else f'"{_escaped(inner)}"'
    elif not value.endswith(_QUOTES):
        yield quoted(value)


def _behind_signs(value: str) -> Iterator[str]:
    """Give the text of ``[WIP] text``, which no list is, and of ``> text``, where the sign has to stand alone."""
    if _BRACKETED.fullmatch(value):
        yield value
    elif (found := _SIGNED.fullmatch(value)) is not None:
        yield found[1]


def _list_below(lines: Sequence[str], at: int) -> str | None:
    """Return the indentation of the list's next entry, below the rest of this one; None where there is none."""
    least = len((_INDENT.match(lines[at]) or "")[0])
    for below in lines[at + 1 :]:
        indent = (_INDENT.match(below) or "")[0]
        if below[len(indent) :].startswith("- "):
            return indent
        if below.strip() and len(indent) <= least:
            break
    return None


def _escaped(inner: str) -> str:
    return re.sub(r'\\.|"', lambda match: '\\"' if match[0] == '"' else match[0], inner)


def _joined(lines: Sequence[str], first: int, at: int) -> Iterator[Change]:
    """Put a plain text and its indented continuation lines on one line."""
    last = next((n for n in range(first + 1, len(lines)) if lines[n][:1] not in {"", " ", "\t"}), len(lines))
    match = KEY.match(lines[first].rstrip())
    if match and match[2] and _is_within(first, at, last, match[1]) and _is_text(match[1], lines[first + 1 : last]):
        if limit_within(match[2]):
            return
        rest = (line.strip() or "\n" for line in lines[first + 1 : last])
        text = _FOLD.sub("\n", " ".join((match[2], *rest))).rstrip()
        yield from (Change(first, last, f"{match[1]}: {form}") for form in _as_text(text))


def _block(lines: Sequence[str], first: int, at: int) -> Iterator[Change]:
    """Indent a text of several lines that starts at the left margin: up to the next likely key, or the format's."""
    likely = next((n for n in range(first + 1, len(lines)) if _LIKELY_KEY.match(lines[n])), len(lines))
    sure = next((n for n in range(first + 1, len(lines)) if could_be_key(lines[n])), len(lines))
    key, _, value = (part.strip() for part in lines[first].partition(":"))
    if value[:1] in {"[", "{", *_QUOTES} or limit_within(value):
        return
    for last in (likely, sure):
        goes_on = next((line for line in lines[last:] if line.strip()), "").startswith((" ", "\t"))
        if _is_within(first, at, last, key) and _is_text(key, lines[first + 1 : last]) and not goes_on:
            sign, start, rest = "|", value, "\n".join(lines[first + 1 : last])
            if value[:1] in {"|", ">"}:
                sign, start, rest = value[0], value[1:].lstrip("+-123456789 \t"), dedent(rest)
            text = "\n".join([start, rest] if start else [rest]).rstrip()
            body = "".join(f"\n  {line}" if line.strip() else "\n" for line in text.split("\n"))
            yield Change(first, last, f"{key}: {sign}{body}")


def _is_within(first: int, at: int, last: int, key: str) -> bool:
    """Say whether a fault is in the lines of an entry that has several; in its first where that surely is a text."""
    return first < at < last or (first == at and first + 1 < last and key in _TEXTS)


def _is_text(key: str, more: Sequence[str]) -> bool:
    """Return whether a key has a text of several lines: lists and mappings that went wrong are none, nor are limits."""
    if key in _NEVER_TEXT or right_meant(key):
        return False
    return not any(could_be_key(line) or limit_within(line) for line in more)


def _best(lines: Sequence[str], changes: Iterable[Change], depth: int) -> Change | None:
    """Return the first change that leaves no fault, else the first that leaves none but below all of its own entry.

    Of two blocks the longer one, where the shorter one leaves a fault within that.
    """
    best: Change | None = None
    left = 0  # where the best one leaves a fault
    for change in changes:
        fault = _fault_after(lines, change, depth)
        if fault is None:
            return change
        more = max(0, len(change.instead.split("\n")) - (change.last - change.first))
        is_longer = best is not None and best.last - best.first > 1 and left < change.last
        if (best is None or is_longer) and fault >= _end_of_entry(lines, change) + more:
            best, left = change, fault - more
    return best


def _fault_after(lines: Sequence[str], change: Change, depth: int) -> int | None:
    """Return the index of the line at which reading fails with a change, None where it does not."""
    # Empty lines keep the numbers of the lines below.
    new = change.instead.split("\n")
    padding = [""] * (change.last - change.first - len(new))
    with_change = [*lines[: change.first], *new, *padding, *lines[change.last :]]
    try:
        tree = read_tree("\n".join(with_change), depth=depth)
    except TreeError as error:
        return error.place.line - _FIRST_LINE
    keys = {place.line - _FIRST_LINE for place in tree.key_places.values()}
    # A line that could limit an agent and is no key any more has become a part of a text.
    return next((n for n, line in enumerate(with_change) if n not in keys and _limits(line)), None)


def _limits(line: str) -> bool:
    return right_meant(key_on(line)) not in {"", "name"}


def _end_of_entry(lines: Sequence[str], change: Change) -> int:
    """Return the index of the first line below a change that goes on with nothing of what was changed."""
    first = lines[change.first]
    width = len((_INDENT.match(first) or "")[0])
    in_list = first.startswith("-", width)
    for number in range(change.last, len(lines)):
        indent = len((_INDENT.match(lines[number]) or "")[0])
        is_entry = indent == width and not in_list and lines[number].startswith("-", indent)
        goes_on = not width and not in_list and not _NEXT.match(lines[number])  # a text at the left margin
        if lines[number].strip() and indent <= width and not is_entry and not goes_on:
            return number
    return len(lines)
