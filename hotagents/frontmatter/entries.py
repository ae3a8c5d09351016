"""`Entry`: a line with a key in column 0 and what stands below it, up to the next such line.

Cutting a frontmatter there gives what YAML would give as long as every piece can be read alone: in the mapping at the
left margin nothing that is complete goes on over a line that begins in column 0, and what is not complete (an open
quote, an open bracket) cannot be read alone. Where lines stand that mean something else in the whole (markers of
documents, directives, anything but comments above the first key), nothing is cut.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents.frontmatter.quoting import quoted
from hotagents.frontmatter.rights import is_never_guessed, limit_within

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["MOST_ENTRIES", "Entry", "cut", "with_instead"]

MOST_ENTRIES: Final = 300
"""A frontmatter with more of them is not looked at piece by piece: agents have a dozen, and each costs a parser."""

_LINE: Final = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n|\Z)")
_KEY: Final = re.compile(
    r"(?:(?P<bare>\w[^:#\"'\[\]{},&*!|>%@`?\r\n]*+)"
    r"|\"(?P<double>[^\"\\\r\n]*+)\"[ \t]*+"
    r"|'(?P<single>[^'\r\n]*+)'[ \t]*+)"
    r":(?:[ \t]++|(?=[\r\n]|\Z))"
)
_NOTHING: Final = re.compile(r"[ \t]*+(?:#[^\r\n]*+)?[\r\n]*")
_NO_MORE: Final = re.compile(r"(?:[ \t]*+|#[^\r\n]*+)[\r\n]*")
_OTHER_IN_THE_WHOLE: Final = ("---", "...", "%")
# A quote, a block, a list or mapping, an anchor, a tag, a comment; an entry of a list, a key or value of its own.
_OPENS: Final = re.compile(r"[\"'|>\[{&!#]|[-?:](?:[ \t]|\Z)")
# Line ends to editors, and spaces by the time that YAML reads: what looks like two lines must not become one text.
_HIDDEN_BREAK: Final = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_ALL_TOOLS: Final = ("tools:", "*")


class Entry(NamedTuple):
    """One entry.

    Attributes:
        key: Its key, as YAML reads it.
        line: The index of its first line, from 0.
        lines: All of its lines, with their ends.
        head: The first line up to its value: the key, the colon and blanks.
        value: The rest of the first line, without the blanks around it.
        hides_break: Whether a character stands in it that some editors show as the end of a line.
    """

    key: str
    line: int
    lines: tuple[str, ...]
    head: str
    value: str
    hides_break: bool

    @property
    def content(self) -> str:
        """All of it."""
        return "".join(self.lines)

    @property
    def last(self) -> int:
        """The index of its last line on which anything stands."""
        return self.line + max(n for n, line in enumerate(self.lines) if not n or line.strip())

    def literal(self) -> str | None:
        """Return the text that the value is if it is no YAML; None where more than quotes would be guessed."""
        if any(not _NO_MORE.fullmatch(line) for line in self.lines[1:]):
            return None
        if (self.head.rstrip(" \t"), self.value) == _ALL_TOOLS:
            return self.value
        if not self.value or _OPENS.match(self.value) or self.hides_break:
            return None
        return None if is_never_guessed(self.key) or limit_within(self.value) else self.value

    def quoted(self, text: str) -> str:
        """Return the entry, without the end of its line, with a text in quotes as its value."""
        return self.head.replace("\t", " ") + quoted(text)  # a tab cannot be pasted from every terminal

    def instead(self, line: str) -> str:
        """Return the entry with another first line; what follows stays, and so do all ends of lines."""
        end = self.lines[0][len(self.lines[0].rstrip("\r\n")) :]
        return "".join((line + end, *self.lines[1:]))

    def blank(self) -> str:
        """Return as many lines without content; none is empty, or its end could make one of two with that above."""
        return "".join("#" + line[len(line.rstrip("\r\n")) :] for line in self.lines)


def cut(frontmatter: str, raw: str) -> tuple[Entry, ...]:
    """Return the entries of a frontmatter; none where it is in doubt what they are in the whole.

    Args:
        frontmatter: The text from the file's second line on.
        raw: The same before characters were replaced, of the same length.
    """
    starts: list[tuple[int, int]] = []  # index of the line, and of its first character
    for number, line in enumerate(_LINE.finditer(frontmatter)):
        if line[0].startswith(_OTHER_IN_THE_WHOLE):
            return ()
        if _KEY.match(line[0]):
            starts.append((number, line.start()))
        elif not starts and not _NOTHING.fullmatch(line[0]):
            return ()
        if len(starts) > MOST_ENTRIES:
            return ()
    return tuple(_entries(frontmatter, raw, starts))


def _entries(frontmatter: str, raw: str, starts: list[tuple[int, int]]) -> Iterator[Entry]:
    ends = (*(start for _, start in starts[1:]), len(frontmatter))
    for (number, start), end in zip(starts, ends, strict=False):
        lines = tuple(line[0] for line in _LINE.finditer(frontmatter, start, end) if line[0])
        if key := _KEY.match(lines[0]):
            name = key["bare"].rstrip(" \t") if key["bare"] is not None else key["double"] or key["single"] or ""
            value = lines[0][key.end() :].strip(" \t\r\n")
            hides_break = _HIDDEN_BREAK.search(raw, start, end) is not None
            yield Entry(name, number, lines, key[0], value, hides_break)


def with_instead(frontmatter: str, entries: tuple[Entry, ...], instead: Mapping[int, str]) -> str:
    """Return a frontmatter with other text for some of its entries, by their index."""
    start = len(frontmatter) - sum(len(entry.content) for entry in entries)
    parts = (instead.get(index, entry.content) for index, entry in enumerate(entries))
    return "".join((frontmatter[:start], *parts))
