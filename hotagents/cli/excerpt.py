"""`Excerpt`: the line of a file that a diagnostic is about, a mark below its column, and the line to write instead.

For people at a terminal. The text is untrusted and of any length: what could move a cursor is spelled out, and a line
that is too wide is cut around the column. Widths are cells of the terminal, not characters: a Chinese character fills
two, a combining one none.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple, final

from rich.cells import cell_len

from hotagents.diagnostics import escape
from hotagents.remedy import edit_of, lines_of, said_to_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hotagents.diagnostics import Diagnostic

__all__ = ["Excerpt", "excerpt", "file_text"]

_MOST_LINES: Final = 8
_LABEL: Final = 4
_NARROWEST: Final = 40
_LEFT: Final = 0.6  # of the width, for what stands before the column
_TAB: Final = "    "
_LARGEST: Final = 1 << 20
_KEY: Final = re.compile(r"[\w.-]+:")


@final
@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is shown of one diagnostic.

    Attributes:
        head: The diagnostic; without its hint where the lines below say the same.
        lines: Below it, each with a colour or none; escaped.
    """

    head: Diagnostic
    lines: tuple[tuple[str, str], ...]


class _Instead(NamedTuple):
    """What is written instead, and of which lines; ``first`` is behind ``last`` where lines are only added."""

    first: int
    last: int
    lines: Sequence[str]
    is_exact: bool


def excerpt(
    found: Diagnostic, text: str | None, *, width: int, encoding: str = "utf-8", apart: bool = False
) -> Excerpt:
    """Return what to show of a diagnostic.

    Args:
        found: With its line in the text.
        text: The file; None where it cannot be had, which shows the diagnostic alone.
        width: Cells of the terminal.
        encoding: What the terminal can show.
        apart: Whether the text is a manifest, in which the file that the hint is about is only a part.
    """
    lines = [] if text is None else lines_of(text)
    if not 0 < found.line <= len(lines):
        return Excerpt(found, ())
    screen = _Screen(max(_NARROWEST, width) - _LABEL - len(" | ") - 1, encoding)  # 1: for a mark behind the line
    instead = _in_manifest(found, lines[found.line - 1]) if apart else _in_file(found, text or "")
    old = tuple(_old(found, lines, instead, screen))
    if instead is None or not instead.lines:
        return Excerpt(found, old)
    label = "+" if instead.is_exact else "e.g."
    new = [(f"{label:>{_LABEL}} | {screen.cut(line)}", "green") for line in instead.lines[:_MOST_LINES]]
    is_whole = len(instead.lines) <= _MOST_LINES and all(screen.fits(line) for line in instead.lines)
    if len(instead.lines) > _MOST_LINES:
        new.append((f"{label:>{_LABEL}} | {screen.dots}", "green"))
    return Excerpt(replace(found, hint="") if is_whole else found, (*old, *new))


def file_text(path: str) -> str | None:
    """Return what stands in a regular file that is not too large, for showing; None where that cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - paths are text here, as in the sources
            return None
        with open(path, "rb") as file:  # noqa: PTH123
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError):
        return None
    return content.decode(errors="replace") if len(content) <= _LARGEST else None


def _in_file(found: Diagnostic, text: str) -> _Instead | None:
    edit = edit_of(found, text)
    return None if edit is None else _Instead(edit.first, edit.last, edit.lines, edit.exact)


def _in_manifest(found: Diagnostic, line: str) -> _Instead | None:
    """Return one line that stands where the old one does; what is said of several is about the lines of the file."""
    new = [said.strip() for said in said_to_write(found.hint)]
    old = line.lstrip(" ")
    start = _KEY.match(old)
    if len(new) != 1 or not found.hint.startswith("write: ") or start is None or not new[0].startswith(start[0]):
        return None
    return _Instead(found.line, found.line, [" " * (len(line) - len(old)) + new[0]], is_exact=True)


def _old(
    found: Diagnostic, lines: Sequence[str], instead: _Instead | None, screen: _Screen
) -> Iterator[tuple[str, str]]:
    first, last = found.line, found.line
    if instead is not None and instead.first <= found.line <= instead.last:
        first, last = instead.first, min(instead.last, len(lines))
    if last - first >= _MOST_LINES:
        first = max(first, min(found.line - _MOST_LINES // 2, last - _MOST_LINES + 1))
    end = min(last, first + _MOST_LINES - 1)
    for number in range(first, end + 1):
        column = found.column if number == found.line else 0
        yield f"{number:>{_LABEL}} | {screen.cut(lines[number - 1], column)}", ""
        if column:
            yield f"{'':>{_LABEL}} | {' ' * screen.offset(lines[number - 1], column)}^", "red"
    if end < last:
        yield f"{'':>{_LABEL}} | {screen.dots}", ""


@final
class _Screen:
    """A width, and what an encoding can show."""

    def __init__(self, width: int, encoding: str) -> None:
        self.width = width
        self.encoding = encoding
        self.dots = self._shown("…")

    def fits(self, line: str) -> bool:
        """Say whether a line is shown as it is, so that it can be copied."""
        return self.cut(line) == line

    def cut(self, line: str, column: int = 0) -> str:
        """Return what is shown of a line: all of it, or what surrounds the column."""
        start, end, cells = self._window(line, column)
        shown = "".join(cells[start:end])
        return (self.dots if start else "") + shown + (self.dots if end < len(line) else "")

    def offset(self, line: str, column: int) -> int:
        """Return how many cells stand before a column, from 1, in what is shown of its line."""
        start, _, cells = self._window(line, column)
        return cell_len(self.dots if start else "") + cell_len("".join(cells[start : column - 1]))

    def _window(self, line: str, column: int) -> tuple[int, int, list[str]]:
        cells = [self._shown(char) for char in line]
        widths = [cell_len(cell) for cell in cells]
        if sum(widths) <= self.width:
            return 0, len(line), cells
        room = self.width - 2 * cell_len(self.dots)
        start, before = min(max(column - 1, 0), len(line)), 0
        while start and before + widths[start - 1] <= room * _LEFT:
            start -= 1
            before += widths[start]
        end, taken = start, 0
        while end < len(line) and taken + widths[end] <= room:
            taken += widths[end]
            end += 1
        return start, end, cells

    def _shown(self, char: str) -> str:
        if char == "\t":
            return _TAB
        return escape(char).encode(self.encoding, "backslashreplace").decode(self.encoding)
