"""Remedies: the line to write instead of one that YAML refuses.

A line is offered only after reading the frontmatter with it: the fault has to be gone, or to stand further down. It is
text for a person to paste and is never applied, so it may guess where the reader must not; but never so that a line
that could be a limit would become part of a text.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents.frontmatter.events import read_tree
from hotagents.frontmatter.lists import of_lists
from hotagents.frontmatter.paragraphs import of_text
from hotagents.frontmatter.quoting import forms, quoted
from hotagents.frontmatter.rights import holds, key_on, limit_within, right_meant
from hotagents.frontmatter.slips import KEY, TEXTS, Change, doubt_about, head_above, of_sign, of_slips, with_spaces
from hotagents.frontmatter.text import LINE_BREAK
from hotagents.frontmatter.tree import TreeError
from hotagents.spec import FORMAT_KEYS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from hotagents.frontmatter.tree import Tree

__all__ = ["Remedy", "limit_in_text", "remedy"]

_ENTRY: Final = re.compile(r"( *(?:- +)*(?:[\w.-]+ *:[ \t]+)?)(.+)")
_NEXT: Final = re.compile(
    rf"""[#?]|["']?\w[\w .-]*["']?[ \t]*:(?:[ \t]|\Z)|(?:{"|".join(FORMAT_KEYS)})\s*[:;=\uff1a]"""
)
_INDENT: Final = re.compile(r"[ \t]*")
_FIRST_LINE: Final = 2  # of the frontmatter, in the file
_FIXED: Final = {
    "bad-key": "quote the text if it is no YAML",
    "alias": "quote the text, or write the value out",
    "unsupported-tag": "remove the tag, or quote the text",
    "not-a-mapping": "write one key: value on each line, or remove the fences if this is no frontmatter",
    "frontmatter-too-deep": "nest less",
}
_LOST: Final = "a limit is lost"
_MERGED: Final = "write the keys of the mapping in its place"
_IN_BRACES: Final = "write one key: value on each line, without the braces around them"


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


def remedy(
    text: str,
    error: TreeError,
    *,
    depth: int,
    above: int = 0,
    noticed: TreeError | None = None,
    others: Collection[str] = (),
) -> Remedy:
    """Return what to do about a fault, with the exact line to write wherever a change of one entry cures it.

    Args:
        text: The frontmatter, or an entry of it that was read alone.
        error: The fault.
        depth: Most lists and mappings within each other.
        above: The number of the frontmatter's lines above the text.
        noticed: How the parser tells the fault of the text, where that is not where it is; it has to be gone, too.
        others: Keys that stand elsewhere in the frontmatter, so that no line may begin with one.
    """
    fault = _fault_of(noticed or error, above)
    lines = LINE_BREAK.split(text)
    at = min(error.place.line - _FIRST_LINE - above, len(lines) - 1)
    if "\t" in (_INDENT.match(lines[at]) or "")[0] and error.code == "yaml-syntax":
        return _with_spaces(lines, at, depth, above, fault, others)
    if error.code in {"frontmatter-too-deep", "not-a-mapping"}:
        change = _best(lines, _of_slips(lines, at), depth, fault) if error.code == "not-a-mapping" else None
        return Remedy(_FIXED[error.code]) if change is None else _offered(lines, change, at, above)
    is_key = error.code == "bad-key"
    if is_key and lines[at].lstrip().startswith("<<"):
        return Remedy(_MERGED)
    if text.lstrip().startswith("{"):
        return Remedy(_IN_BRACES)
    doubt = doubt_about(lines, at)
    changes = of_sign(lines, at) if doubt else _of_entry(lines, at) if is_key else _changes(lines, at)
    change = _best(lines, (change for change in changes if not _repeats(lines, change, others)), depth, fault)
    if change is not None:
        return _offered(lines, change, at, above)
    return Remedy(doubt or _in_words(lines[at], error.code))


def _in_words(line: str, code: str) -> str:
    key = limit_within(_entry_on(line)[1])
    if key and key_on(line) == key:
        return f'write a blank behind "{key}:"'
    if key:
        return f'begin a new line before "{key}", or quote the whole text if it is no limit'
    if line[:1].isspace() and _limits(line) and key_on(line) != "hooks":  # hooks have hooks
        return f'begin "{key_on(line)}" at the left margin, as every key of its own'
    return _FIXED.get(code, "")


def _with_spaces(
    lines: Sequence[str], at: int, depth: int, above: int, fault: _Fault, others: Collection[str]
) -> Remedy:
    if (spaced := with_spaces(lines, at)) is not None:
        with_it, end = spaced
        left = _fault_after(lines, with_it, depth)
        if left is None or left.line >= end:
            return _offered(lines, with_it, at, above)
    is_text = any(lines[max(head_above(lines, at), 0)].startswith(f"{key}:") for key in TEXTS)
    changes = chain(_of_slips(lines, at), of_text(lines, at) if is_text else ())
    change = _best(lines, (change for change in changes if not _repeats(lines, change, others)), depth, fault)
    if change is not None:
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
    yield from _of_slips(lines, at)
    yield from _of_entry(lines, at)
    yield from of_text(lines, at)


def _of_slips(lines: Sequence[str], at: int) -> Iterator[Change]:
    yield from of_lists(lines, at)
    yield from of_slips(lines, at)


def _of_entry(lines: Sequence[str], at: int) -> Iterator[Change]:
    head, value = _entry_on(lines[at])
    if not head.strip() or limit_within(value):
        return
    head = head.replace("\t", " ")  # a tab cannot be pasted from every terminal
    yield from (Change(at, at + 1, head + form) for form in forms(key_on(head), value))
    if value.startswith("- ") and (indent := _list_below(lines, at)) is not None:
        yield Change(at, at + 1, f"{head.rstrip()}\n{indent}{value}")
    elif value.startswith("- ") and key_on(head) in TEXTS:
        yield Change(at, at + 1, head + quoted(value))


def _entry_on(line: str) -> tuple[str, str]:
    """Return what stands on a line before a value, and the value."""
    match = _ENTRY.fullmatch(line.rstrip())
    return (match[1], match[2]) if match else ("", "")


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


def _repeats(lines: Sequence[str], change: Change, others: Collection[str]) -> bool:
    """Say whether a change begins with a key that would then stand twice."""
    new, old = KEY.match(change.instead.partition("\n")[0]), KEY.match(lines[change.first].rstrip())
    if new is None or (old is not None and old[1] == new[1]):
        return False
    rest = (*lines[: change.first], *lines[change.last :])
    stand = (found[1] for line in rest if (found := KEY.match(line.rstrip())) is not None)
    return new[1] in others or new[1] in stand


class _Fault(NamedTuple):
    """What is wrong with some lines: the index of the line, where on it, and how the parser tells it."""

    line: int
    column: int
    problem: str
    is_open: bool = False


def _fault_of(error: TreeError, above: int = 0) -> _Fault:
    return _Fault(error.place.line - _FIRST_LINE - above, error.place.column, error.problem, error.is_open)


def _best(lines: Sequence[str], changes: Iterable[Change], depth: int, fault: _Fault) -> Change | None:
    """Return the first change that leaves no fault, else the first that leaves another one, below all of its own entry.

    Of two blocks the longer one, where the shorter one leaves a fault within that; but none swallows an open quote.
    """
    best: Change | None = None
    left = fault  # by the best one
    for change in changes:
        is_within = best is not None and left.line < change.last
        if (is_within and left.is_open) or not _is_held(change):
            continue
        found = _fault_after(lines, change, depth)
        if found is None:
            return change
        more = max(0, len(change.instead.split("\n")) - (change.last - change.first))
        found = found._replace(line=found.line - more)
        is_longer = best is not None and best.last - best.first > 1 and is_within
        is_new = found != fault and found.line >= fault.line and found.problem != _LOST
        if (best is None or is_longer) and is_new and found.line >= _end_of_entry(lines, change):
            best, left = change, found
    return best


def _is_held(change: Change) -> bool:
    """Say whether the limit that a change writes, if any, would not be ignored for its value."""
    found = KEY.match(change.instead.partition("\n")[0])
    return found is None or holds(found[1], (found[2] or "").partition(" #")[0].strip(" \t'\""))


def _fault_after(lines: Sequence[str], change: Change, depth: int) -> _Fault | None:
    """Return where reading fails with a change, None where it does not."""
    # Empty lines keep the numbers of the lines below.
    new = change.instead.split("\n")
    padding = [""] * (change.last - change.first - len(new))
    with_change = [*lines[: change.first], *new, *padding, *lines[change.last :]]
    try:
        tree = read_tree("\n".join(with_change), depth=depth)
    except TreeError as error:
        return _fault_of(error)
    lost = limit_in_text(with_change, tree)
    return None if lost is None else _Fault(lost, 1, _LOST)


def limit_in_text(lines: Sequence[str], tree: Tree) -> int | None:
    """Return the index of a line that could limit an agent and is no key, but a part of a text; None if none is."""
    keys = {place.line - _FIRST_LINE for place in tree.key_places.values()}
    return next((n for n, line in enumerate(lines) if n not in keys and _limits(line)), None)


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
