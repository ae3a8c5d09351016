"""`Section`: a heading of a Markdown text, and the list entries below it.

What counts as a heading, a list, code or a comment is CommonMark's, near enough; and a line that is wholly bold and
names a tier or a topic is a heading too, since people write them so. Each step looks at one line, and at no more than
its first thousand characters, so that the time grows with the size of the text alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, cast, final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents_k8s_monitor.policy.context import ServiceTier

__all__ = ["LINE_BREAK", "Bullet", "Section", "sections"]

LINE_BREAK: Final = re.compile(r"\r\n|\r|\n")
"""What ends a line in the frontmatter, in editors, and so here."""

_FENCE: Final = re.compile(r"[ ]{0,3}(?P<mark>`{3,}|~{3,})(?P<rest>.*)")
_COMMENT: Final = re.compile(r"[ ]{0,3}<!--")
_HEADING: Final = re.compile(r"[ ]{0,3}(?P<marks>#{1,6})[ \t](?P<text>.*)")
_UNDERLINE: Final = re.compile(r"(?:=+|--+)[ \t]*")
_BULLET: Final = re.compile(r"(?P<indent>[ ]{0,3})(?:[-*+]|[0-9]{1,9}[.)])[ \t]+(?:\[[ xX]\](?:[ \t]+|$))?(?P<text>.*)")
_ROW: Final = re.compile(r"[ ]{0,3}\|.*\|")
_WORD: Final = re.compile(r"\w")
_BOLD: Final = ("**", "__")
_BELOW_ALL: Final = 7  # the level of a bold line, below the six of headings

_TIER: Final = re.compile(r"\bP([0-3])\b", re.IGNORECASE)
_TOPIC: Final = re.compile(
    r"\b(known issues?|maintenance|business hours|on-?call|contacts?|channels?|escalations?|services?|thresholds?)\b",
    re.IGNORECASE,
)

_LONGEST_LINE: Final = 1000
_MOST: Final = 2000  # headings, and list entries, that are looked at


@final
@dataclass(frozen=True, slots=True)
class Bullet:
    """One entry of a list; ``line`` counts from 1 in the body."""

    line: int
    text: str


@final
@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it, up to the next heading.

    Attributes:
        line: Of the heading, from 1 in the body.
        title: The heading's text.
        tier: The tier that it names; or a heading above it, unless it is about something else, and except one of the
            first level, which is the title of all.
        topic: What of the configuration it speaks of, or a heading above it: in lower case, or nothing.
        is_part: Whether it has its tier or topic from a heading above it.
        bullets: List entries of the first level; those below others only explain.
        table: The first line of a table, or 0.
    """

    line: int
    title: str
    tier: ServiceTier | None
    topic: str
    is_part: bool
    bullets: tuple[Bullet, ...]
    table: int


def sections(body: str) -> tuple[Section, ...]:
    """Return the headings of a Markdown text with what stands below them, up to a bound of 2000 headings or entries."""
    outline = _Outline()
    for number, line in _text_lines(body):
        if outline.is_full:
            break
        outline.add(number, line)
    return outline.sections()


@dataclass(slots=True)
class _Draft:
    """A section while it is read; ``indent`` is that of its list."""

    line: int
    title: str
    tier: ServiceTier | None
    topic: str
    is_part: bool
    bullets: list[Bullet] = field(default_factory=list)
    table: int = 0
    indent: int = 0

    def add(self, number: int, match: re.Match[str]) -> bool:
        """Take an entry over, unless it stands below another, or is no text but a line across the page."""
        indent = len(match["indent"])
        if not self.bullets:
            self.indent = indent
        if indent > self.indent + 1 or not _WORD.search(match["text"]):
            return False
        self.bullets.append(Bullet(number, match["text"].strip()))
        return True


_Above: TypeAlias = "tuple[int, ServiceTier | None, str]"  # level, tier and topic of a heading


@final
class _Outline:
    """The sections of a text that is read line by line."""

    def __init__(self) -> None:
        self._drafts: list[_Draft] = []
        self._bullets = 0
        self._above: list[_Above] = []
        self._title: tuple[int, str] | None = None  # the line before, where an underline would make it a heading
        self._is_fresh = True  # whether a paragraph may begin

    @property
    def is_full(self) -> bool:
        return len(self._drafts) >= _MOST or self._bullets >= _MOST

    def sections(self) -> tuple[Section, ...]:
        return tuple(
            Section(d.line, d.title, d.tier, d.topic, d.is_part, tuple(d.bullets), d.table) for d in self._drafts
        )

    def add(self, number: int, line: str) -> None:
        """Take one line."""
        title, self._title = self._title, None
        is_fresh, self._is_fresh = self._is_fresh, True
        if not line or line.isspace():
            return
        if heading := _heading(line):
            self._begin(number, *heading)
        elif title is not None and _UNDERLINE.fullmatch(line):
            self._begin(title[0], 1 if line.startswith("=") else 2, title[1])
        else:
            self._is_fresh = False
            if is_fresh and not line[0].isspace():
                self._title = (number, line.strip())
            self._add_text(number, line)

    def _add_text(self, number: int, line: str) -> None:
        draft = self._drafts[-1] if self._drafts else None
        if bullet := _BULLET.fullmatch(line):
            self._title = None
            self._bullets += draft is not None and draft.add(number, bullet)
        elif _ROW.match(line):
            self._title = None
            if draft is not None:
                draft.table = draft.table or number

    def _begin(self, number: int, level: int, title: str) -> None:
        while self._above and self._above[-1][0] >= level:
            self._above.pop()
        _, above, topic_above = self._above[-1] if self._above else (0, None, "")
        own, topic = _tier_in(title), _topic_in(title)
        tier = own or (above if not topic or topic.startswith("service") else None)
        is_part = (tier is not None and own is None) or (not topic and bool(topic_above))
        topic = topic or topic_above
        self._drafts.append(_Draft(number, title, tier, topic, is_part))
        self._above.append((level, tier, topic) if level > 1 else (level, None, ""))


def _heading(line: str) -> tuple[int, str] | None:
    """Return the level and text of a heading, or None."""
    if match := _HEADING.fullmatch(line):
        text = match["text"].strip()
        plain = text.rstrip("#")
        text = plain.rstrip() if plain != text and (not plain or plain[-1].isspace()) else text
        return len(match["marks"]), text
    text = line.strip().removesuffix(":")
    for mark in _BOLD:
        inside = text.removeprefix(mark).removesuffix(mark)
        is_bold = line.startswith(mark) and len(inside) == len(text) - 2 * len(mark) and mark not in inside
        if is_bold and (_tier_in(inside) or _topic_in(inside)):
            return _BELOW_ALL, inside.strip().removesuffix(":")
    return None


def _tier_in(title: str) -> ServiceTier | None:
    found = _TIER.search(title)
    return cast("ServiceTier", f"P{found[1]}") if found else None


def _topic_in(title: str) -> str:
    found = _TOPIC.search(title)
    return found[1].lower() if found else ""


def _text_lines(body: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that stand neither in a code block nor in a comment, counted from 1, cut where they are long."""
    fence, in_comment = "", False
    for number, whole in enumerate(LINE_BREAK.split(body), start=1):
        line = whole[:_LONGEST_LINE]
        mark = _FENCE.match(line)
        if fence:
            closes = mark is not None and mark["mark"].startswith(fence) and not mark["rest"].strip()
            fence = "" if closes else fence
        elif in_comment:
            in_comment = "-->" not in whole
        elif mark is not None and not ("`" in mark["mark"] and "`" in mark["rest"]):
            fence = mark["mark"]
        elif _COMMENT.match(line):
            in_comment = "-->" not in whole
        else:
            yield number, line
