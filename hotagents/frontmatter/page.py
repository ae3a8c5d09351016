"""`Page`: one file taken apart, with the place of every key and value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, Union, final

from hotagents.diagnostics import errors_in

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hotagents.diagnostics import Diagnostic

__all__ = ["RECOVERED", "TAKEN", "Keys", "Page", "Position", "Value"]

RECOVERED: Final = "recovered"
"""The code that tells of a literal text."""

TAKEN: Final = "; taken as the text that stands there"
"""How its message ends."""

Value: TypeAlias = Union[bool, int, float, str, list["Value"], dict[str, "Value"], None]  # noqa: UP007  `|` takes no quotes
"""What YAML's core schema can say."""

Keys: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys of mappings and, from 0, indexes of lists."""


class Position(NamedTuple):
    """A place in a file; both count from 1, columns in characters. A byte order mark is not counted."""

    line: int
    column: int


@final
@dataclass(frozen=True, slots=True)
class Page:
    """One file's frontmatter and body.

    Attributes:
        path: Relative to the root, ``/``-separated.
        frontmatter: Values by top-level key; empty where there is none or it could not be read as a whole.
        body: The text after the closing fence's line, untouched; the whole text where there is no frontmatter.
        fenced: Whether an opening fence stands on the first line.
        diagnostics: What is wrong with the text; of a frontmatter that could not be read, an error for each such entry.
        positions: Where each value begins, by the way to it.
        key_positions: Where each mapping's key begins, by the way to its value.
        recovered: Top-level keys whose value YAML could not read, and which have their literal text instead; a warning
            ``recovered`` tells of each.
        partial: What could be read of a frontmatter that could not be as a whole, to judge and never to serve.
        text: The frontmatter itself, from the file's second line on; empty of a page that was not read from a file.
    """

    path: str
    frontmatter: Mapping[str, Value]
    body: str
    fenced: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()
    positions: Mapping[Keys, Position] = field(default_factory=dict)
    key_positions: Mapping[Keys, Position] = field(default_factory=dict)
    recovered: frozenset[str] = frozenset()
    partial: Mapping[str, Value] = field(default_factory=dict)
    text: str = field(default="", repr=False, compare=False)

    def at(self, *keys: str | int) -> Position:
        """Return where a value begins; its nearest known parent's place otherwise, and line 1, column 1 at last."""
        for end in range(len(keys), 0, -1):
            if (place := self.positions.get(keys[:end])) is not None:
                return place
        return Position(1, 1)

    def at_key(self, *keys: str | int) -> Position:
        """Return where the key of a value begins; the place of the value or its nearest parent otherwise."""
        place = self.key_positions.get(keys)
        return self.at(*keys) if place is None else place

    @property
    def broken(self) -> bool:
        """Whether an error is among the diagnostics."""
        return bool(errors_in(self.diagnostics))

    def refusing(self, keys: Collection[str]) -> Page:
        """Return the page with an error in place of each literal text that was taken for the value of such a key."""
        refused = self.recovered.intersection(keys)
        if not refused:
            return self
        said = tuple(_as_error(d) if d.code == RECOVERED and d.key in refused else d for d in self.diagnostics)
        rest = {key: value for key, value in self.readable.items() if key not in refused}
        return replace(
            self,
            frontmatter=MappingProxyType({}),
            partial=MappingProxyType(rest),
            diagnostics=said,
            recovered=self.recovered - refused,
        )

    @property
    def readable(self) -> Mapping[str, Value]:
        """What could be read of the frontmatter: all of it, or the part to judge."""
        return self.frontmatter or self.partial


def _as_error(guess: Diagnostic) -> Diagnostic:
    message = guess.message.removesuffix(TAKEN) + "; of a value of the program's own no text is guessed"
    return replace(guess, code="yaml-syntax", severity="error", message=message)
