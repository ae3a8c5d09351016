"""The values of a manifest, each with its place, and what a cluster's tools take a plain one for.

``kubectl`` reads YAML 1.1: there ``yes``, ``on`` and ``y`` are booleans and ``012`` is ten. Where a text is expected,
such a value is refused by the API server, so it matters which ones they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final

from hotagents.frontmatter.scalars import CORE

if TYPE_CHECKING:
    from hotagents.frontmatter.page import Position
    from hotagents.manifests.sheet import Sheet

__all__ = ["Listing", "Node", "Record", "Scalar", "ScalarKind"]

ScalarKind = Literal["text", "null", "boolean", "number", "tagged"]

_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
_FALSE: Final = frozenset(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"))
_NUMBER: Final = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    re.ASCII,
)
_WHOLE: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)", re.ASCII)
_OCTAL: Final = re.compile(r"^([-+]?)0(?=[0-7])", re.ASCII)
_LONGEST_NUMBER: Final = 400
_TAGS: Final[dict[str, ScalarKind]] = {
    "!": "text",
    f"{CORE}str": "text",
    f"{CORE}null": "null",
    f"{CORE}bool": "boolean",
    f"{CORE}int": "number",
    f"{CORE}float": "number",
}


@final
class Scalar:
    """A single value.

    Attributes:
        sheet: The manifest that it stands in.
        start: Index of its first character.
        text: What it says.
        style: Empty where it is plain, else ``'``, ``"``, ``|`` or ``>``.
        tag: Its YAML tag, None where it has none.
        weight: What it costs to hold.
    """

    __slots__ = ("sheet", "start", "style", "tag", "text", "weight")

    def __init__(self, sheet: Sheet, start: int, text: str, *, style: str, tag: str | None, weight: int) -> None:
        self.sheet = sheet
        self.start = start
        self.text = text
        self.style = style
        self.tag = tag
        self.weight = weight

    @property
    def place(self) -> Position:
        """Where it begins."""
        return self.sheet.place(self.start)

    @property
    def kind(self) -> ScalarKind:
        """What a cluster's tools take it for; a tag that is not YAML's own is ``tagged``."""
        if self.tag is not None:
            return _TAGS.get(self.tag, "tagged")
        if self.style:
            return "text"
        if self.text in _NULLS:
            return "null"
        if self.text in _TRUE or self.text in _FALSE:
            return "boolean"
        digits = self.text[: _LONGEST_NUMBER + 1].replace("_", "")
        is_number = digits[:1] in "0123456789+-." and len(digits) <= _LONGEST_NUMBER and _NUMBER.fullmatch(digits)
        return "number" if is_number else "text"

    @property
    def whole(self) -> int | None:
        """The whole number that it says, None where it is none: ``0644`` is octal, and ``420.0`` is whole."""
        digits = self.text.replace("_", "")
        if self.kind != "number" or len(digits) > _LONGEST_NUMBER:
            return None
        if _WHOLE.fullmatch(digits):
            return int(_OCTAL.sub(r"\g<1>0o", digits), 0)
        try:
            number = float(digits)
        except ValueError:  # a tag may call anything a number
            return None
        return int(number) if number.is_integer() else None

    @property
    def is_true(self) -> bool:
        """Whether it is a boolean that says yes."""
        return self.kind == "boolean" and self.text in _TRUE


@final
class Listing:
    """A list; ``items`` are its values in order. See `Scalar` for the rest."""

    __slots__ = ("items", "sheet", "start", "weight")

    def __init__(self, sheet: Sheet, start: int) -> None:
        self.sheet = sheet
        self.start = start
        self.items: list[Node] = []
        self.weight = 0

    @property
    def place(self) -> Position:
        """Where it begins."""
        return self.sheet.place(self.start)


@final
class Record:
    """A mapping; see `Scalar` for the other attributes.

    Attributes:
        values: By key; of a key that stands twice, the last one.
        keys: Where each key stands, the last one likewise.
        repeated: The earlier and the later place of each key that stands again.
    """

    __slots__ = ("keys", "repeated", "sheet", "start", "values", "weight")

    def __init__(self, sheet: Sheet, start: int) -> None:
        self.sheet = sheet
        self.start = start
        self.values: dict[str, Node] = {}
        self.keys: dict[str, Scalar] = {}
        self.repeated: list[tuple[Scalar, Scalar]] = []
        self.weight = 0

    @property
    def place(self) -> Position:
        """Where it begins."""
        return self.sheet.place(self.start)

    def add(self, key: Scalar, value: Node) -> None:
        """Set a value, also where the key is there already."""
        if (earlier := self.keys.get(key.text)) is not None:
            self.repeated.append((earlier, key))
        self.keys[key.text] = key
        self.values[key.text] = value

    def merge(self, other: Record) -> None:
        """Take the values of the keys that are not there yet."""
        for key, value in other.values.items():
            if key not in self.values:
                self.keys[key] = other.keys[key]
                self.values[key] = value

    def get(self, *keys: str) -> Node | None:
        """Return what stands at the end of a way through mappings; None where it ends earlier."""
        node: Node | None = self
        for key in keys:
            if not isinstance(node, Record):
                return None
            node = node.values.get(key)
        return node


Node: TypeAlias = "Scalar | Listing | Record"
