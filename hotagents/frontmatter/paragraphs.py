"""Texts of several lines that YAML refuses: `of_text` names the lines to write, in quotes or as a block.

Like slips (`hotagents.frontmatter.slips`) they are only named here. What could be a limit is no part of a text.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING, Final

from hotagents.frontmatter.quoting import QUOTES, forms
from hotagents.frontmatter.rights import could_be_key, could_be_tool, limit_within, right_meant
from hotagents.frontmatter.slips import KEY, TEXTS, Change, head_above

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["of_text"]

_LIKELY_KEY: Final = re.compile(r"[a-z][\w.-]*:(?:[ \t]|\Z)")
_FOLD: Final = re.compile(r" ?\n ?")
_QUOTED: Final = re.compile(r"""'[^']*'|"[^"\\]*\"""")
_ODD_BLANKS: Final = re.compile(r"(?m)^[^\S\n]*")
_NEVER_TEXT: Final = frozenset({"model", "skills"})


def of_text(lines: Sequence[str], at: int) -> Iterator[Change]:
    """Name what to write instead of the text that the line at fault is in, or that of the two lines above."""
    # A line without a colon is found missing one only where the next key begins.
    for line in range(at, max(at - 2, -1), -1):
        first = head_above(lines, line)
        if first >= 0 and (first < line or line == at):
            yield from _joined(lines, first, line)
        first = next((n for n in range(line, -1, -1) if _LIKELY_KEY.match(lines[n].rstrip())), -1)
        if first >= 0 and (first < line or line == at):
            yield from _block(lines, first, line)


def _joined(lines: Sequence[str], first: int, at: int) -> Iterator[Change]:
    """Put a text on one line, with its continuation lines: what is indented, or what a quote goes on over."""
    match = KEY.match(lines[first].rstrip())
    if not match or not match[2] or match[2][0] in "|>" or limit_within(match[2]):
        return
    last = _end_of_quote(lines, first, match[2]) or next(
        (n for n in range(first + 1, len(lines)) if lines[n][:1] not in {"", " ", "\t"}), len(lines)
    )
    if _is_within(first, at, last, match[1]) and _is_text(match[1], lines[first + 1 : last]):
        rest = (line.strip() or "\n" for line in lines[first + 1 : last])
        text = _FOLD.sub("\n", " ".join((match[2], *rest))).rstrip()
        yield from (Change(first, last, f"{match[1]}: {form}") for form in forms(match[1], text))


def _end_of_quote(lines: Sequence[str], first: int, value: str) -> int:
    """Return the index behind the line at the left margin that ends a text in quotes; 0 where there is none."""
    if value[0] not in QUOTES or value.endswith(value[0]) or lines[first + 1 : first + 2][:1] == [""]:
        return 0
    more = range(first + 1, len(lines))
    end = next((n for n in more if KEY.match(lines[n].rstrip()) or lines[n].rstrip().endswith(value[0])), 0)
    return end + 1 if end and not KEY.match(lines[end].rstrip()) else 0


def _block(lines: Sequence[str], first: int, at: int) -> Iterator[Change]:
    """Indent a text of several lines that starts at the left margin: up to the next likely key, or the format's."""
    likely = next((n for n in range(first + 1, len(lines)) if _LIKELY_KEY.match(lines[n])), len(lines))
    sure = next((n for n in range(first + 1, len(lines)) if could_be_key(lines[n])), len(lines))
    key, _, value = (part.strip() for part in lines[first].partition(":"))
    if value[:1] in {"[", "{"} or (value[:1] in QUOTES and not _QUOTED.fullmatch(value)) or limit_within(value):
        return
    for last in (likely, sure):
        goes_on = next((line for line in lines[last:] if line.strip()), "").startswith((" ", "\t"))
        if _is_within(first, at, last, key) and _is_text(key, lines[first + 1 : last]) and not goes_on:
            sign, start, rest = "|", value, "\n".join(lines[first + 1 : last])
            if value[:1] in {"|", ">"}:
                sign, start, rest = value[0], value[1:].lstrip("+-123456789 \t"), _dedented(rest)
            elif value[:1] in QUOTES:
                start = value[1:-1]
            elif not start:
                rest = _dedented(rest)
            text = "\n".join([start, rest] if start else [rest]).rstrip()
            body = "".join(f"\n  {line}" if line.strip() else "\n" for line in text.split("\n"))
            yield Change(first, last, f"{key}: {sign}{body}")


def _dedented(text: str) -> str:
    """Return a text without the indentation that its lines share, or without any where the first has more."""
    said = dedent(_ODD_BLANKS.sub(lambda blanks: " " * len(blanks[0]), text))
    return "\n".join(map(str.strip, said.split("\n"))) if said[:1] == " " else said


def _is_within(first: int, at: int, last: int, key: str) -> bool:
    """Say whether a fault is in the lines of an entry that has several; in its first where that surely is a text."""
    return first < at < last or (first == at and first + 1 < last and key in TEXTS)


def _is_text(key: str, more: Sequence[str]) -> bool:
    """Return whether a key has a text of several lines: lists and mappings that went wrong are none, nor are limits."""
    if key in _NEVER_TEXT or right_meant(key):
        return False
    return not any(could_be_key(line) or could_be_tool(line) or limit_within(line) for line in more)
