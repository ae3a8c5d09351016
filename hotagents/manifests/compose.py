"""`composed`: the document of a piece of a manifest as nodes, built from YAML's events in one pass, without recursion.

A manifest is untrusted. Nothing in it is executed: a tag is kept as text. An alias is the very node that its anchor
named, so that nothing is copied, but it costs as much as if it were: whoever walks the nodes later walks what they
expand to. `Budget` bounds that for all manifests together, and depth is bounded too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, final

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from hotagents.diagnostics import escape
from hotagents.frontmatter.events import new_parser, syntax_error
from hotagents.manifests.nodes import Listing, Record, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotagents.frontmatter.page import Position
    from hotagents.manifests.nodes import Node
    from hotagents.manifests.stretch import Stretch

__all__ = ["Budget", "ComposeError", "composed"]

_HEAVIEST: Final = 64 * 1024 * 1024
_SCALAR: Final = 64  # roughly the bytes that Python needs beside a text
_COLLECTION: Final = 128
_DEEPEST: Final = 200
_TOO_DEEP: Final = "nesting depth"  # libyaml's own bound, which it meets while it looks ahead
_NO_START: Final = "<document start>"
_MERGE: Final = "<<"
_SLASH: Final = "\\/"
_DIRECTIVE: Final = re.compile("^%", re.MULTILINE)
_TEMPLATE: Final = "manifests as they are applied: helm template . | hotagents validate -"


class ComposeError(Exception):
    """A manifest cannot be read; raised and caught within this package.

    Attributes:
        code: A key of `hotagents.diagnostics.CODES`.
        place: Where, in the manifest.
        problem: What was expected and what was found.
        hint: What to do.
    """

    def __init__(self, code: str, place: Position, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.code = code
        self.place = place
        self.problem = problem
        self.hint = hint


@final
class Budget:
    """What all manifests of one set may weigh together, every alias counted as what it stands for."""

    __slots__ = ("_left",)

    def __init__(self, most: int = _HEAVIEST) -> None:
        self._left = most

    def take(self, weight: int) -> bool:
        """Say whether there is as much left, and take it."""
        self._left -= weight
        return self._left >= 0


def composed(stretch: Stretch, budget: Budget) -> Iterator[Node]:
    """Yield the document's root, if there is one; an empty document yields an empty scalar.

    Raises:
        ComposeError: If it is not YAML, nested too deep, more than the budget allows, or followed by another document.
    """
    composer, parser = _Composer(stretch, budget), None
    try:
        parser = new_parser(stretch.text)
        for event in iter(parser.get_event, None):
            composer.take(event)
            if composer.root is not None:
                yield composer.root
                composer.root = None
                composer.is_done = True
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        found = syntax_error(error, stretch.text)
        place = stretch.place(max(found.place.line - 2, 0), found.place.column - 1)
        code = "manifest-too-large" if _TOO_DEEP in found.problem else "manifest-syntax"
        hint = _hint(stretch, place)
        if not hint and _NO_START in found.problem:
            hint = "write --- on a line of its own before another document"
        raise ComposeError(code, place, found.problem, hint) from None
    finally:
        if parser is not None:
            parser.dispose()


@final
class _Frame:
    """A list or mapping that is not complete yet; ``key`` is the one that waits for its value."""

    __slots__ = ("key", "node")

    def __init__(self, node: Record | Listing) -> None:
        self.node = node
        self.key: Scalar | None = None


@final
class _Composer:
    """The document of a stretch; ``root`` is set once it is complete, ``is_done`` says that it was taken."""

    def __init__(self, stretch: Stretch, budget: Budget) -> None:
        self.root: Node | None = None
        self.is_done = False
        self._has_slashes = not stretch.is_json and _SLASH in stretch.text
        self._stretch = stretch
        self._budget = budget
        self._frames: list[_Frame] = []
        self._anchors: dict[str, Node] = {}

    def take(self, event: Any) -> None:
        if isinstance(event, ScalarEvent):
            self._put(event, self._scalar(event))
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            self._open(event)
        elif isinstance(event, CollectionEndEvent):
            self._close()
        elif isinstance(event, AliasEvent):
            self._put(event, self._alias(event))
        elif isinstance(event, DocumentStartEvent) and self.is_done:
            message = 'expected one document up to the next line "---", got a second, which kubectl drops in silence'
            raise self._refusal("manifest-syntax", event, message, "write --- on a line of its own before it")

    def _scalar(self, event: ScalarEvent) -> Scalar:
        if self._has_slashes and event.style == '"' and self._writes_slash(event):
            message = 'expected an escape that kubectl knows, got "\\/", which is one in JSON alone'
            raise self._refusal("manifest-syntax", event, message, "write / without the backslash")
        weight = _SCALAR + len(event.value)
        self._pay(event, weight)
        start = self._stretch.index(event.start_mark)
        node = Scalar(
            self._stretch.sheet, start, event.value, style=str(event.style or ""), tag=event.tag, weight=weight
        )
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: AliasEvent) -> Node:
        node = self._anchors.get(event.anchor or "")
        if node is None or any(frame.node is node for frame in self._frames):
            which = "within itself" if node is not None else "that no anchor names"
            raise self._refusal("manifest-syntax", event, f'expected no alias {which}, got "*{event.anchor}"')
        self._pay(event, node.weight)
        return node

    def _open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        if len(self._frames) >= _DEEPEST:
            message = f"expected at most {_DEEPEST} lists and mappings within each other, got more"
            raise self._refusal("manifest-too-large", event, message)
        self._refuse_as_key(event)
        self._pay(event, _COLLECTION)
        start = self._stretch.index(event.start_mark)
        kind = Record if isinstance(event, MappingStartEvent) else Listing
        node = kind(self._stretch.sheet, start)
        node.weight = _COLLECTION
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._frames.append(_Frame(node))

    def _close(self) -> None:
        node = self._frames.pop().node
        if isinstance(node, Record):
            _merge(node)
        self._attach(node)

    def _put(self, event: ScalarEvent | AliasEvent, node: Node) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame is None or isinstance(frame.node, Listing) or frame.key is not None:
            self._attach(node)
        elif isinstance(node, Scalar):
            frame.key = node
            frame.node.weight += node.weight
        else:
            self._refuse_as_key(event)

    def _attach(self, node: Node) -> None:
        """Give a complete node to what it lies in."""
        if not self._frames:
            self.root = node
            return
        frame = self._frames[-1]
        frame.node.weight += node.weight
        if isinstance(frame.node, Listing):
            frame.node.items.append(node)
        elif frame.key is not None:
            frame.node.add(frame.key, node)
            frame.key = None

    def _refuse_as_key(self, event: Any) -> None:
        frame = self._frames[-1] if self._frames else None
        if frame is not None and isinstance(frame.node, Record) and frame.key is None:
            raise self._refusal("manifest-syntax", event, "expected text as a key, got a list or a mapping")

    def _pay(self, event: Any, weight: int) -> None:
        if not self._budget.take(weight):
            message = f"expected manifests that expand to at most {_HEAVIEST >> 20} MiB, got more"
            raise self._refusal("manifest-too-large", event, message)

    def _writes_slash(self, event: ScalarEvent) -> bool:
        start, end = (self._stretch.index(mark) for mark in (event.start_mark, event.end_mark))
        return _SLASH in self._stretch.sheet.text[start:end].replace("\\\\", "")

    def _refusal(self, code: str, event: Any, message: str, hint: str = "") -> ComposeError:
        place = self._stretch.sheet.place(self._stretch.index(event.start_mark))
        return ComposeError(code, place, message, hint or _hint(self._stretch, place))


def _merge(node: Record) -> None:
    """Do what ``<<`` asks for, as YAML 1.1 has it: keys that are there already stay.

    Raises:
        ComposeError: Where something else than mappings is to be merged, or a key that is brought stands above: tools
            differ about which of the two counts.
    """
    key, found = node.keys.get(_MERGE), node.values.get(_MERGE)
    if key is None or key.style or found is None:
        return
    others = found.items if isinstance(found, Listing) else [found]
    for other in others:
        if not isinstance(other, Record):
            message = 'expected a mapping to merge, or a list of them, behind "<<"'
            raise ComposeError("manifest-syntax", key.place, message, 'a key of this name is written in quotes: "<<"')
        above = (name for name in other.values if name in node.keys and node.keys[name].start < key.start)
        if (name := next(above, None)) is not None:
            message = f'expected "<<" above {escape(name)}, which it brings too: of two, tools take either'
            raise ComposeError("manifest-syntax", key.place, message, "write << first")
        node.merge(other)
    del node.keys[_MERGE], node.values[_MERGE]


def _hint(stretch: Stretch, place: Position) -> str:
    if _DIRECTIVE.search(stretch.text):
        return "remove the line that begins with %: kubectl parts the documents first, and so reads no directive"
    return f"this is a template; give {_TEMPLATE}" if "{{" in stretch.sheet.line(place.line) else ""
