r"""`Edit`: a hint as a change of the lines of its file.

Hints are text for people, and some of them say exactly what to write. These have a grammar; `edit_of` reads it:

====================================================  ==================================================
``write: LINES``                                      instead of the entry of the diagnostic's key, in all its
                                                      lines; without a key, instead of the diagnostic's line
``replace line N by: LINES``,                         instead of these lines
``replace lines A-B by: LINES``
``add: LINES``                                        below the diagnostic's line
``such as: LINES``                                    like ``write:``, but a sample: only the author knows what belongs
                                                      there, so it is never exact
``did you mean "X"?``                                 X instead of the word at the place
``rename the key to X``, ``write it as X:``           X instead of the key
``remove the line``, ``remove the line of "K"``,      the entry goes, in all its lines
``remove K`` (the diagnostic's key)
``remove this ---``                                   the line goes
``remove the character``                              a blank instead of each such character on the line
``move the --- of line N to the very beginning of the file``
``write --- on line 1, ...``                          at a file that has a closing ``---``
``write --- on line N, below the last key``           above what stands on line N
``write --- on a line of its own below the last key`` where dashes on the line of a key cut the frontmatter
====================================================  ==================================================

Anything else is for people alone. So is a line to add that is a sample (``description: Use when ...``): what is to be
written is not known to the program, so the edit is not ``exact``. Lines stand there as they are to be written, with
their indentation, but for those of ``write:`` with a key, of ``such as:`` and of ``add:``, which get that of the other
keys. An edit keeps the file's line ends, its byte order mark and its missing last line end; it may still be wrong,
since it is made from text: `hotagents.ops.mending` proves it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple, final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hotagents.diagnostics import Diagnostic

__all__ = ["Edit", "edit_of", "lines_of", "said_to_write"]

_MARK: Final = "\ufeff"
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_BLANKS: Final = re.compile(r"[ \t]*")
_FENCE: Final = re.compile(r"-{3,}[ \t]*")
_ENTRY: Final = re.compile(r"""[ \t]*(?:"[^"]*"|'[^']*'|[^\s"'#:-][^:#]*):(?:[ \t].*)?""")
_SAMPLE: Final = re.compile(r"description: Use when \.\.\.|[\w.-]+: \.\.\.")
_MADE_UP: Final = "name: my-agent"  # where it is to be added; it may be what an agent is called, too
_GOT: Final = re.compile(r'got (?:(?:only )?unknown ones such as )?("(?:[^"\\]|\\.)*")')
_LAST_KEY: Final = "write --- on a line of its own below the last key"


@final
@dataclass(frozen=True, slots=True)
class Edit:
    """A change of some lines of one file.

    Attributes:
        first: The first line that goes, from 1.
        last: The last one; ``first - 1`` where lines are only put before ``first``.
        lines: What stands there instead, without line ends.
        exact: Whether these are the lines to write, and no sample of them.
    """

    first: int
    last: int
    lines: tuple[str, ...]
    exact: bool = True

    def applied(self, text: str) -> str:
        """Return a file's text with the change made; line ends and a byte order mark stay as they are."""
        mark, old = _unmarked(text)
        before, gone, after, new = self._parts(old)
        return mark + "".join(line.text + line.end for line in (*before, *new, *after)) if gone != new else text

    def change(self, text: str) -> tuple[tuple[int, int], tuple[int, int], str]:
        """Return the change as lines and columns from 1: where what goes begins, where it ends, and what comes."""
        _, old = _unmarked(text)
        before, gone, after, new = self._parts(old)
        start, end = (len(before) + 1, 1), (len(before) + len(gone) + 1, 1)
        content = "".join(line.text + line.end for line in new)
        if before and not old[len(before) - 1].end:  # behind a last line that does not end
            start = end = (len(before), len(before[-1].text) + 1)
            return start, end, before[-1].end + content
        if not after and gone and not gone[-1].end:
            end = (end[0] - 1, len(gone[-1].text) + 1)
        return start, end, content

    def _parts(self, old: Sequence[_Line]) -> tuple[list[_Line], list[_Line], list[_Line], list[_Line]]:
        """Return the lines before, those that go, those behind, and those that come; each with its end."""
        before, gone, after = list(old[: self.first - 1]), list(old[self.first - 1 : self.last]), list(old[self.last :])
        end = next((line.end for line in (*gone, *after, *old) if line.end), "\n")
        new = [_Line(line, end) for line in self.lines]
        unended = bool(new) and not after and not (gone[-1:] or before[-1:] or new)[-1].end
        if unended:
            new[-1] = _Line(new[-1].text, "")
            before[-1:] = [_Line(line.text, line.end or end) for line in before[-1:]]
        return before, gone, after, new

    def applied_to(self, content: bytes) -> bytes:
        """Return a file's bytes with the change made; what is not UTF-8 stays as it is."""
        return self.applied(content.decode(errors="surrogateescape")).encode(errors="surrogateescape")


class _Line(NamedTuple):
    text: str
    end: str


def lines_of(text: str) -> list[str]:
    """Return a file's lines as diagnostics count them, without line ends and byte order mark."""
    return [line.text for line in _unmarked(text)[1]]


def said_to_write(hint: str) -> tuple[str, ...]:
    """Return the lines that a hint says to write, samples too; none where it names no line."""
    found = _WRITTEN.fullmatch(hint)
    return tuple(found[1].split("\n")) if found else ()


def edit_of(diagnostic: Diagnostic, text: str) -> Edit | None:
    """Return the change that a diagnostic's hint asks for; None where it leaves that to people.

    Args:
        diagnostic: Of the file, with its line there.
        text: The whole file.
    """
    place = _Place(diagnostic, lines_of(text))
    for pattern, read in _GRAMMAR.items():
        if found := pattern.fullmatch(diagnostic.hint):
            edit = read(place, *found.groups())
            return edit if edit is not None and 0 < edit.first <= edit.last + 1 <= len(place.lines) + 1 else None
    return None


@final
class _Place:
    """A diagnostic and the lines of its file."""

    def __init__(self, diagnostic: Diagnostic, lines: Sequence[str]) -> None:
        self.diagnostic = diagnostic
        self.lines = lines
        self.number = diagnostic.line

    @property
    def line(self) -> str:
        """The line that the diagnostic names; empty where there is none."""
        return self.lines[self.number - 1] if 0 < self.number <= len(self.lines) else ""

    @property
    def indent(self) -> int:
        """By how much the frontmatter's keys are indented."""
        said = (line for line in self.lines[1:] if line.strip() and not line.lstrip().startswith("#"))
        return _width(next(said, ""))

    def entry(self) -> tuple[int, int] | None:
        """Return the first and last line of the entry that the diagnostic is about; None where that is not sure."""
        key = self.diagnostic.key
        names = [key] + [key[:dot] for dot in range(len(key) - 1, 0, -1) if key[dot] == "."]
        for number in range(min(self.number, len(self.lines)), 1, -1):
            if any(self._is_key(self.lines[number - 1], name) for name in names if name):
                last = self._end(number)
                return (number, last) if last >= self.number else None
        return None

    def _is_key(self, line: str, name: str) -> bool:
        rest = line[self.indent :]
        forms = (name, f'"{name}"', f"'{name}'")
        return _width(line) == self.indent and any(
            rest.startswith(form) and re.match(r"[ \t]*:(?:[ \t]|\Z)", rest[len(form) :]) for form in forms
        )

    def _end(self, first: int) -> int:
        """Return the last line of an entry, 0 where what follows it looks like no other entry."""
        last = first
        for number in range(first + 1, len(self.lines) + 1):
            line = self.lines[number - 1]
            if _FENCE.fullmatch(line):
                break
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            if _width(line) <= self.indent and not re.match(r"-(?:[ \t]|\Z)", line[self.indent :]):
                return last if _ENTRY.fullmatch(line) else 0
            last = number
        return last


def _written(place: _Place, said: str) -> Edit | None:
    lines, key = said.split("\n"), place.diagnostic.key
    exact = not _SAMPLE.fullmatch(said) and "\ufffd" not in said
    if not key:
        return Edit(place.number, place.number, tuple(lines), exact) if place.number else None
    if (entry := place.entry()) is None:
        return None
    return Edit(*entry, tuple(" " * place.indent + line for line in lines), exact)


def _sampled(place: _Place, said: str) -> Edit | None:
    edit = _written(place, said)
    return None if edit is None else replace(edit, exact=False)


def _replaced(_place: _Place, first: str, last: str | None, said: str) -> Edit:
    return Edit(int(first), int(last or first), tuple(said.split("\n")), "\ufffd" not in said)


def _added(place: _Place, said: str) -> Edit | None:
    lines = tuple(" " * place.indent + line for line in said.split("\n"))
    exact = said != _MADE_UP and not _SAMPLE.fullmatch(said)
    return Edit(place.number + 1, place.number, lines, exact) if place.number else None


def _meant(place: _Place, right: str) -> Edit | None:
    found = place.diagnostic
    if found.code == "unknown-key":
        return _renamed(place, right)
    got = _GOT.search(found.message)
    entry = place.entry()
    if got is None or entry is None:
        return None
    wrong = str(json.loads(got[1]))
    word = re.compile(rf"(?<![\w*-]){re.escape(wrong)}(?![\w*-])") if wrong else None
    spots = [
        (number, at.start())
        for number in range(entry[0], entry[1] + 1)
        for at in (word.finditer(place.lines[number - 1]) if word is not None else ())
        if (number, at.start() + 1) >= (found.line, found.column - 1)
    ]
    if len(spots) != 1:
        return None
    number, start = spots[0]
    line = place.lines[number - 1]
    return Edit(number, number, (line[:start] + right + line[start + len(wrong) :],))


def _renamed(place: _Place, right: str) -> Edit | None:
    start, line, key = place.diagnostic.column - 1, place.line, place.diagnostic.key
    start += line[start : start + 1] in {'"', "'"}
    if start < 0 or not key or not line.startswith(key, start):
        return None
    return Edit(place.number, place.number, (line[:start] + right + line[start + len(key) :],))


def _gone(place: _Place, *key: str) -> Edit | None:
    if key and key[0] != place.diagnostic.key:
        return None
    entry = place.entry()
    return None if entry is None else Edit(*entry, ())


def _fence_gone(place: _Place) -> Edit | None:
    return Edit(place.number, place.number, ()) if _FENCE.fullmatch(place.line) else None


def _blanked(place: _Place) -> Edit | None:
    line = "".join(" " if _is_control(char) else char for char in place.line)
    return Edit(place.number, place.number, (line,)) if line != place.line else None


def _is_control(char: str) -> bool:
    return char != "\t" and unicodedata.category(char) in {"Cc", "Zl", "Zp"}


def _fence_moved(place: _Place, number: str) -> Edit | None:
    count = int(number)
    above = [line for line in place.lines[: count - 1] if line.strip()]
    if not 1 < count <= len(place.lines) or any(not line.startswith("#") for line in above):
        return None  # prose above would become frontmatter
    return Edit(1, count, ("---", *above), not above)


def _fence_first(place: _Place, *_: str) -> Edit | None:
    closed = next((n for n, line in enumerate(place.lines) if _FENCE.fullmatch(line)), 0)
    if not closed or not all(_is_entry(line, is_first=not n) for n, line in enumerate(place.lines[:closed])):
        return None
    return Edit(1, 0, ("---",))


def _is_entry(line: str, *, is_first: bool = True) -> bool:
    if not is_first and line[:1] in {"#", "]", "}"}:
        return True  # above the first key it would be a heading
    return not line.strip() or line[:1] in {" ", "\t", "-"} or _ENTRY.fullmatch(line) is not None


def _fence_below(place: _Place) -> Edit | None:
    start = place.diagnostic.column - 1
    if place.number == 1 or start < 0 or not place.line.startswith("---", start):
        return None
    before, after = place.line[:start].rstrip(), place.line[start + len("---") :]
    if not _is_entry(before):
        return None  # it is a text, or a table, that the dashes stand in
    return Edit(place.number, place.number, tuple(line for line in (before, "---", after) if line.strip()))


def _fence_on(_place: _Place, number: str) -> Edit:
    return Edit(int(number), int(number) - 1, ("---",))


def _width(line: str) -> int:
    blanks = _BLANKS.match(line)
    return blanks.end() if blanks and line.strip() else 0


def _unmarked(text: str) -> tuple[str, list[_Line]]:
    mark = _MARK if text.startswith(_MARK) else ""
    found = (line[0] for line in _LINE.finditer(text, len(mark)))
    return mark, list(_parted(found))


def _parted(lines: Iterable[str]) -> Iterable[_Line]:
    for line in lines:
        if line:
            said = line.rstrip("\r\n")
            yield _Line(said, line[len(said) :])


_WRITTEN: Final = re.compile(r"(?:write|such as|add|replace lines? \d+(?:-\d+)? by): (.*)", re.DOTALL)
_GRAMMAR: Final[Mapping[re.Pattern[str], Callable[..., Edit | None]]] = {
    re.compile(r"write: (.*)", re.DOTALL): _written,
    re.compile(r"replace lines? (\d{1,9})(?:-(\d{1,9}))? by: (.*)", re.DOTALL): _replaced,
    re.compile(r"add: (.*)", re.DOTALL): _added,
    re.compile(r"such as: (.*)", re.DOTALL): _sampled,
    re.compile(r'did you mean "([^"]+)"\?'): _meant,
    re.compile(r"rename the key to ([\w-]+)"): _renamed,
    re.compile(r"write it as ([\w-]+):"): _renamed,
    re.compile(r"remove the line"): _gone,
    re.compile(r'remove the line of "(.+)"'): _gone,
    re.compile(r"remove this ---"): _fence_gone,
    re.compile(r"remove the character"): _blanked,
    re.compile(r"move the --- of line (\d{1,9}) to the very beginning of the file"): _fence_moved,
    re.compile(r"write --- on line (\d{1,9}), below the last key"): _fence_on,
    re.compile(r"write --- on line 1, .*"): _fence_first,
    re.compile(re.escape(_LAST_KEY)): _fence_below,
    re.compile(r"remove ([\w-]+)"): _gone,
}
