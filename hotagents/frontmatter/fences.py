"""Fences: where the frontmatter begins and ends.

It opens with ``---`` alone on the first line and closes with the next line of three or more dashes alone. Where no such
line follows, other readers cut at the first ``---`` anywhere, in the middle of a line too; so does this, and says so.
Where a limit would be left behind, in the body, the file is refused: `lost_key` finds it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents.frontmatter.rights import key_on, right_meant
from hotagents.frontmatter.text import LINE_BREAK, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents.frontmatter.page import Position

__all__ = ["Split", "is_fenced", "lost_key", "name_line", "split"]

_OPENING: Final = re.compile(r"---[ \t]*+(?:\r\n|\r|\n|\Z)")
_CLOSING: Final = re.compile(r"-{3,}+[ \t]*+(?:\r\n|\r|\n|\Z)")
_DASHES: Final = re.compile(r"-++")
_REST_OF_LINE: Final = re.compile(r"[ \t]*+(?:\r\n|\r|\n|\Z)")
_NAME: Final = re.compile(r"[ \t]*+name[ \t]*+:(?:[ \t]|\Z)")
_NEAR_TOP: Final = 20
_BELOW_CUT: Final = 40
_LIKE_YAML: Final = re.compile(r"""[ \t]|-[ \t]|["'?]?[\w .-]*+["']?[ \t]*+:|\Z""")


class Split(NamedTuple):
    """A text taken apart at its fences.

    Attributes:
        frontmatter: From line 2 of the file up to the closing fence.
        body: After the closing fence's line.
        cut: Where the closing dashes stand when they are not alone on their line; None when they are.
    """

    frontmatter: str
    body: str
    cut: Position | None = None


def is_fenced(text: str) -> bool:
    """Return whether the first line is an opening fence."""
    return _OPENING.match(text) is not None


def split(text: str) -> Split | None:
    """Return a fenced text's frontmatter and body; None where no ``---`` follows the opening fence."""
    opening = _OPENING.match(text)
    start = opening.end() if opening else 0
    first = dashes = text.find("---", start)
    while dashes >= 0:
        if text[dashes - 1] in "\r\n" and (closing := _CLOSING.match(text, dashes)):
            return Split(text[start:dashes], text[closing.end() :])
        run = _DASHES.match(text, dashes)
        dashes = text.find("---", run.end() if run else dashes)
    return _cut(text, start, first) if first >= 0 else None


def _cut(text: str, start: int, dashes: int) -> Split:
    end = dashes + len("---")
    if rest := _REST_OF_LINE.match(text, end):
        end = rest.end()
    return Split(text[start:dashes], text[end:], place_of(text, dashes))


def lost_key(parts: Split) -> str:
    """Return the rights key that stands below the end of the frontmatter and was meant to be in it; empty if none does.

    Below dashes that cut, any of the next lines counts: nobody can say where the frontmatter was meant to end. Below a
    closing fence the lines have to look like frontmatter up to one more fence; a rule in a text is no such thing.
    """
    if parts.cut is not None:
        found = (_right_on(line) for _, line in zip(range(_BELOW_CUT), _lines(parts.body), strict=False))
        return next(filter(None, found), "")
    lost = ""
    for line in _lines(parts.body):
        if _CLOSING.fullmatch(line):
            return lost
        if not _LIKE_YAML.match(line) and not (lost and line.startswith("#")):  # else it is a heading
            return ""
        key = _right_on(line)
        if key == "name" or right_meant(key) != "name":  # "Name: ..." begins texts, too
            lost = lost or key
    return ""


def _right_on(line: str) -> str:
    key = key_on(line)
    return key if right_meant(key) else ""


def _lines(text: str) -> Iterator[str]:
    start = 0
    for found in LINE_BREAK.finditer(text):
        yield text[start : found.start()]
        start = found.end()
    yield text[start:]


def name_line(text: str) -> int:
    """Return the line, from 1, of a ``name:`` that says that the file means to be an agent; 0 where there is none.

    It has to stand near the top, counted from the first line that is not blank. A block of code is an example, not a
    claim, unless the whole file stands in one.
    """
    blank = len(text) - len(text.lstrip())
    first_line = place_of(text, blank).line
    for number, line in enumerate(LINE_BREAK.split(text[blank:], _NEAR_TOP)[:_NEAR_TOP]):
        if number and line.lstrip().startswith(("```", "~~~")):
            return 0
        if _NAME.match(line):
            return first_line + number
    return 0
