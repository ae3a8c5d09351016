"""`Stretch`: a part of a manifest that a YAML parser can read in one go, parted as a cluster's client parts it.

``kubectl`` does not leave that to YAML. Where the first character is ``{`` it reads objects of JSON, of which there may
be several in a row; since 1.33 it goes on with YAML where the first or what follows it is no JSON, and before that it
refuses the rest. Everything else it cuts at each line that begins with ``---``, takes the first document of each piece
and drops any other. So a manifest is cut here in the same way, and what only some clients read is said.

JSON writes an emoji as two halves, which YAML refuses, so these are joined.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents.frontmatter.page import Position
    from hotagents.manifests.problems import Problems
    from hotagents.manifests.sheet import Sheet

__all__ = ["Stretch", "stretches"]

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_BEGINS: Final = re.compile(r"\s*\{")
_TO_THE_NEXT_LINE: Final = re.compile(r"[^\S\n]*\n?")
_SEPARATOR: Final = re.compile(r"^---(.*)$", re.MULTILINE)
# Two halves of one character, where the backslash is not itself escaped.
_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_NOTHING: Final = frozenset({"", "\n", "---\n", "---\r\n"})
_SHORTER: Final = 2  # \U0001f600 than \ud83d\ude00
_NO_JSON: Final = 'expected JSON to the end, since it begins with "{", got something else here'
_BEHIND: Final = 'expected nothing but a comment behind "---" at the beginning of a line, got something else'
_ON_THE_NEXT: Final = "write it on the next line; what belongs to a text is indented"
_AS_YAML: Final = 'write --- on a line of its own before each "{" at the top, so that every client reads YAML'


@final
class Stretch:
    """A part of a manifest's text.

    Attributes:
        sheet: The manifest.
        text: The part, with each pair of halves as one character; of YAML with an end of its last line.
        is_json: Whether it is an object of JSON, which is read as that.
    """

    __slots__ = ("_joints", "_start", "is_json", "sheet", "text")

    def __init__(self, sheet: Sheet, start: int, end: int, *, is_json: bool = False) -> None:
        self.sheet = sheet
        self.is_json = is_json
        self._start = start
        self._joints: list[int] = []  # where, in `text`, something became shorter
        text = sheet.text if not start and end == len(sheet.text) else sheet.text[start:end]
        if is_json:
            self.text = self._joined(text) if "\\u" in text else text
        else:
            self.text = text if text.endswith("\n") else f"{text}\n"  # as kubectl has it: a text may end there

    @property
    def lines(self) -> tuple[int, int]:
        """Its first and its last line in the sheet."""
        return self.sheet.place(self._start).line, self.sheet.place(self._index(len(self.text))).line

    def index(self, mark: Any) -> int:
        """Return the index in the sheet of a parser's mark."""
        return self._index(int(mark.index))

    def place(self, line: int, column: int) -> Position:
        """Return where a parser's line and column, both from 0, lie in the sheet; a parser knows more ends of lines."""
        ends = islice(_BREAK.finditer(self.text), line)
        start = max((end.end() for end in ends), default=0)
        return self.sheet.place(self._index(min(start + column, len(self.text))))

    def _index(self, index: int) -> int:
        return self._start + index + _SHORTER * bisect_left(self._joints, index)

    def _joined(self, text: str) -> str:
        def join(found: re.Match[str]) -> str:
            self._joints.append(found.start() + len(found[1]) + 1 - _SHORTER * len(self._joints))
            high, low = int(found[2], 16) - 0xD800, int(found[3], 16) - 0xDC00
            return f"{found[1]}\\U{0x10000 + (high << 10) + low:08x}"

        return _PAIR.sub(join, text)


def stretches(sheet: Sheet, problems: Problems, unread: Callable[[Stretch], None]) -> Iterator[Stretch]:
    """Yield the pieces of a manifest.

    Args:
        sheet: The manifest.
        problems: Takes what no client reads, and as a warning what one before 1.33 refuses.
        unread: Is told of each part that no client reads.
    """
    if not _BEGINS.match(sheet.text):
        yield from _documents(sheet, 0, problems, unread)
        return
    ends, fault = _objects(sheet.text)
    for first, last in ends:
        yield Stretch(sheet, first, last, is_json=True)
    if fault is None:
        return
    if len(ends) > 1:
        problems.put(sheet.name, sheet.place(fault), "manifest-syntax", "error", _NO_JSON, _AS_YAML)
        unread(Stretch(sheet, ends[-1][1], len(sheet.text)))
        return
    message = f"{_NO_JSON}: kubectl before 1.33 refuses it"
    problems.put(sheet.name, sheet.place(fault), "manifest-syntax", "warning", message, _AS_YAML)
    behind = _TO_THE_NEXT_LINE.match(sheet.text, ends[0][1]).end() if ends else 0  # type: ignore[union-attr]  # it too
    yield from _documents(sheet, behind, problems, unread)


def _documents(sheet: Sheet, start: int, problems: Problems, unread: Callable[[Stretch], None]) -> Iterator[Stretch]:
    """Yield what stands between the lines that begin with ``---``; a first line that does belongs to what follows."""
    for found in _SEPARATOR.finditer(sheet.text, start):
        is_bad = (behind := found[1].strip()) != "" and not behind.startswith("#")
        if is_bad:
            problems.put(sheet.name, sheet.place(found.start(1)), "manifest-syntax", "error", _BEHIND, _ON_THE_NEXT)
            end = sheet.text.find("\n---", found.end())
            unread(Stretch(sheet, found.start(), end if end >= 0 else len(sheet.text)))
        if found.start() > start or is_bad:
            if sheet.text[start : found.start()] not in _NOTHING:
                yield Stretch(sheet, start, found.start())
            start = found.end() + 1
    if start < len(sheet.text):
        yield Stretch(sheet, start, len(sheet.text))


def _objects(text: str) -> tuple[list[tuple[int, int]], int | None]:
    """Return where each value of JSON begins and ends, and where what follows is none; None where all are."""
    found: list[tuple[int, int]] = []
    start = _BLANK.match(text).end()  # type: ignore[union-attr]  # it matches anything
    while start < len(text):
        try:
            _, end = _DECODER.raw_decode(text, start)
        except json.JSONDecodeError as error:
            return found, error.pos
        except (ValueError, RecursionError):
            return found, start
        found.append((start, end))
        start = _BLANK.match(text, end).end()  # type: ignore[union-attr]  # the same
    return found, None


def _refuse(constant: str) -> str:
    raise ValueError(constant)  # NaN is no JSON, though Python reads it


_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)
