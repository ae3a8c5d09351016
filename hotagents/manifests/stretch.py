"""`Stretch`: a part of a manifest that a YAML parser can read in one go.

A YAML stream is one. Of JSON there may be several objects in a row, which ``kubectl`` takes and a YAML parser does not;
and JSON writes an emoji as two halves, which YAML refuses.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents.frontmatter.page import Position
    from hotagents.manifests.sheet import Sheet

__all__ = ["Stretch", "stretches"]

_BLANK: Final = re.compile(r"[ \t\r\n]*")
# Two halves of one character, where the backslash is not itself escaped.
_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_SHORTER: Final = 2  # \U0001f600 than \ud83d\ude00


@final
class Stretch:
    """A part of a manifest's text.

    Attributes:
        sheet: The manifest.
        text: The part, with each pair of halves as one character.
    """

    __slots__ = ("_joints", "_start", "sheet", "text")

    def __init__(self, sheet: Sheet, start: int, end: int, *, is_json: bool = False) -> None:
        self.sheet = sheet
        self._start = start
        self._joints: list[int] = []  # where, in `text`, something became shorter
        text = sheet.text if not start and end == len(sheet.text) else sheet.text[start:end]
        self.text = self._joined(text) if is_json and "\\u" in text else text

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


def stretches(sheet: Sheet) -> Iterator[Stretch]:
    """Yield the objects of a JSON manifest one by one, anything else as a whole."""
    ends = list(_objects(sheet.text))
    if not ends:
        yield Stretch(sheet, 0, len(sheet.text))
    for start, end in ends:
        yield Stretch(sheet, start, end, is_json=True)


def _objects(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each object begins and ends; nothing where it is not JSON throughout, which YAML may still be."""
    decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
    found: list[tuple[int, int]] = []
    start = _BLANK.match(text).end()  # type: ignore[union-attr]  # it matches anything
    while text.startswith("{", start):
        try:
            _, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            return
        found.append((start, end))
        start = _BLANK.match(text, end).end()  # type: ignore[union-attr]  # the same
    if start == len(text):
        yield from found
