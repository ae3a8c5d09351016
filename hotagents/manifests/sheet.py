"""`Sheet`: the text of one manifest, and where each of its characters stands."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Final, final

from hotagents.frontmatter.page import Position
from hotagents.frontmatter.text import LINE_BREAK

__all__ = ["Sheet"]

_ENDS: Final = "\r\n"


@final
class Sheet:
    """A manifest as it was read.

    Lines are those that an editor counts, whatever a parser takes for the end of a line.

    Attributes:
        name: The file as it was given, ``-`` for standard input, ``(text)`` for a text.
        text: All of it, without a byte order mark.
    """

    __slots__ = ("_starts", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._starts: array[int] | None = None  # made when the first place is asked for

    def place(self, index: int) -> Position:
        """Return line and column of a character."""
        starts = self._line_starts()
        line = bisect_right(starts, min(index, len(self.text)))
        return Position(line, min(index, len(self.text)) - starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return a line without its end; empty behind the last."""
        starts = self._line_starts()
        if number > len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip(_ENDS)

    def _line_starts(self) -> array[int]:
        if self._starts is None:
            self._starts = array("I", [0])
            self._starts.extend(found.end() for found in LINE_BREAK.finditer(self.text))
        return self._starts
