"""`Closing`: where the closing fence belongs that is missing, or that stands too far down; `closing` finds it.

It is below the keys and above the first line that cannot be frontmatter. It is only named where the lines above, read
as the whole frontmatter is, make one that is right, and where nothing soon below could be a limit that would be lost.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from hotagents.frontmatter.events import read_tree
from hotagents.frontmatter.recovery import read_apart
from hotagents.frontmatter.remedies import limit_in_text
from hotagents.frontmatter.rights import could_be_key, could_be_tool, holds, key_on, right_meant
from hotagents.frontmatter.text import LINE_BREAK, without_control_characters
from hotagents.frontmatter.tree import TreeError
from hotagents.limits import Limits
from hotagents.spec import FORMAT_KEYS, KNOWN_TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hotagents.frontmatter.tree import Tree

__all__ = ["BELOW_LAST_KEY", "Closing", "closing", "heading_key"]

BELOW_LAST_KEY: Final = "write --- on a line of its own below the last key"
"""What is said where the line is in doubt."""

_MOST_LINES: Final = 400  # of a frontmatter, and of the file that is looked at
_MOST_PLACES: Final = 10
_BELOW: Final = 40
_FEWEST_WORDS: Final = 3  # of a text
_WORD: Final = re.compile(r"\w+")
_DASH: Final = re.compile(r"[ \t]*- ")
_NEAR_TOP: Final = 20
_LIMITS: Final = Limits()
_OTHER_KEYS: Final = FORMAT_KEYS.keys() - {"name", "description"}
# Signs that were meant to be the fence, or that editors made of it.
_RULE: Final = re.compile(r"(?:[-*_=][ \t]*){2,}+|[\u2010-\u2015]++")
_GLUED: Final = re.compile(r"(.*[^\s-])[ \t]*-{3,}[ \t]*")
_KEY: Final = re.compile(r"([\w-]+):(?:[ \t]|\Z)")
_LOWER_KEY: Final = re.compile(r"[a-z][\w-]*:(?:[ \t]|\Z)")
_HEADING: Final = re.compile(r"#{1,6}[ \t]+(name|description|tools)[ \t]*:(?:[ \t]|\Z)")


class Closing(NamedTuple):
    """Where the closing fence belongs: above this line of the file, or instead of it where that was meant to be it.

    A line that ends with the fence is to be written without it: ``before``.
    """

    line: int
    is_instead: bool
    before: str = ""

    @property
    def hint(self) -> str:
        """What to do."""
        if self.before:
            return f"replace line {self.line} by: {self.before}\n---"
        if self.is_instead:
            return f"replace line {self.line} by: ---"
        return f"write --- on line {self.line}, below the last key"


def closing(text: str, *, end: int = 0, last: int = 0) -> Closing | None:
    """Return where a fenced text's frontmatter ends; None where that is in doubt.

    Args:
        text: The whole file, with its opening fence.
        end: The line of the fence that stands too far down; 0 where there is none.
        last: The last line at which it may end; 0 for any.
    """
    lines = LINE_BREAK.split(text, _MOST_LINES)[:_MOST_LINES]
    for place in islice(_places(lines), _MOST_PLACES):
        below = lines[place:]
        if 0 < last <= place or _goes_on(lines[:place], below):
            return None
        if _hides_key(below, end - 1 - place):
            continue
        if (glued := _GLUED.fullmatch(lines[place - 1])) is not None:
            is_whole = _is_whole([*lines[1 : place - 1], glued[1]], below)
            return Closing(place, is_instead=False, before=glued[1]) if is_whole else None
        if _is_whole(lines[1:place], below):
            return Closing(place + 1, bool(below) and _RULE.fullmatch(below[0].rstrip()) is not None)
    return None


def _places(lines: Sequence[str]) -> Iterator[int]:
    """Yield the indexes of the lines at which the frontmatter may end."""
    last = 0  # the last line that is not blank
    for number, line in enumerate(lines[1:], 1):
        if not line.strip():
            continue
        key = _KEY.match(line)
        follows = number == last + 1
        if key is not None and key[1] not in FORMAT_KEYS and last and not follows:
            return  # a key of the author's own, or a text that begins with a word and a colon
        if _RULE.fullmatch(line.rstrip()):
            yield number
        elif key is None and not line[:1].isspace() and not (follows and line.startswith("-")):
            yield last + 1
        last = number
    yield last + 1


def _goes_on(above: Sequence[str], below: Sequence[str]) -> bool:
    """Say whether what is below a limit could be more of its tools: an entry of a list, or no text."""
    key = next((key_on(line) for line in reversed(above) if line[:1] not in {"", " ", "\t", "-", "#"}), "")
    if not right_meant(key).endswith("tools"):
        return False
    if above[-1].rstrip().endswith(",") or next(filter(str.strip, below), "").startswith("- "):
        return True
    dash = _DASH.match(above[-1])
    if dash and any(_is_tool(line) for line in below[:_BELOW] if line.startswith(dash[0])):
        return True
    line = below[0] if below else ""
    return not (line.startswith(("#", "<")) or _RULE.fullmatch(line.rstrip())) and _is_tool(line)


def _is_tool(line: str) -> bool:
    words = _WORD.findall(line)
    is_short = 0 < len(words) < _FEWEST_WORDS
    return is_short or not KNOWN_TOOLS.isdisjoint(words) or "mcp__" in line


def _hides_key(below: Sequence[str], count: int) -> bool:
    """Say whether a key, or soon a limit, could be below: in the first paragraph, or as many lines as were between."""
    near = next((number for number, line in enumerate(below) if number and not line.strip()), len(below))
    return (
        any(map(could_be_key, below[:near]))
        or any(_LOWER_KEY.match(line) or could_be_tool(line) for line in below[: max(near, count)])
        or any(map(_is_limit, below[:_BELOW]))
    )


def _is_limit(line: str) -> bool:
    key = key_on(line)
    return right_meant(key) not in {"", "name"} or key in _OTHER_KEYS


def _is_whole(lines: Sequence[str], below: Sequence[str]) -> bool:
    """Say whether lines are a frontmatter that can be read and names something, and no text below is its last value."""
    text = "".join(f"{line}\n" for line in lines)
    tree = _tree(text) if len(text) <= _LIMITS.frontmatter_bytes else None
    if tree is None or limit_in_text(lines, tree) is not None:
        return False
    values = tree.values
    named = values.get("name") or values.get("description")
    if not named or not all(holds(key, value) for key, value in values.items()):
        return False
    is_titled = next((line for line in below if line.strip()), "").startswith("#")
    key, value = [*values.items()][-1]
    return value not in (None, "") or (is_titled and not right_meant(key))


def _tree(raw: str) -> Tree | None:
    depth, (frontmatter, _) = _LIMITS.frontmatter_depth, without_control_characters("", raw)
    try:
        return read_tree(frontmatter, depth=depth)
    except TreeError as error:
        reading = read_apart(frontmatter, raw, error, depth=depth, recover=True)
        return None if reading.faults else reading.tree


def heading_key(text: str) -> str:
    """Return the key that stands as a heading, ``## name: x``, near a text's top; empty where none does.

    Editors of Markdown make such a heading of the last key and the closing fence below it.
    """
    lines = LINE_BREAK.split(text, _NEAR_TOP)[:_NEAR_TOP]
    return next((heading[1] for line in lines if (heading := _HEADING.match(line)) is not None), "")
