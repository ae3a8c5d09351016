"""`Tree`: values and places, built from YAML's events in one pass and without recursion.

Events instead of a composed tree: composing recurses in C, so that some 32,000 nested brackets end the process, and it
expands aliases. Here the first event that is not allowed ends the walk, long before either could hurt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, final

from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from hotagents.frontmatter.page import Keys, Position, Value
from hotagents.frontmatter.scalars import CORE, resolve, tagged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["Tree", "TreeError", "position"]

_COLLECTION_TAGS: Final[Mapping[type, str]] = {SequenceStartEvent: CORE + "seq", MappingStartEvent: CORE + "map"}
_FIRST_LINE: Final = 2  # of the frontmatter, in the file; a mark counts from 0
_MERGE: Final = "<<"


class TreeError(Exception):
    """The frontmatter cannot be read; raised and caught within this package.

    Attributes:
        code: A key of `hotagents.diagnostics.CODES`.
        place: Where, in the file.
        problem: What was expected and what was found.
        of_text: Whether it may be a text without quotes: YAML has no reading of it at all, not one that is refused.
        is_open: Whether something opens there that is not closed, so that all below may belong to it.
    """

    def __init__(
        self, code: str, place: Position, problem: str, *, of_text: bool = False, is_open: bool = False
    ) -> None:
        super().__init__(problem)
        self.code = code
        self.place = place
        self.problem = problem
        self.of_text = of_text
        self.is_open = is_open


def position(mark: Any) -> Position:
    """Return the place in the file of a parser's mark."""
    return Position(mark.line + _FIRST_LINE, mark.column + 1)


@final
class _Frame:
    """A list or mapping that is not yet complete; ``key`` is the mapping's key that waits for its value."""

    __slots__ = ("key", "path", "value")

    def __init__(self, value: list[Value] | dict[str, Value], path: Keys) -> None:
        self.value = value
        self.path = path
        self.key: str | None = None

    def wants_key(self) -> bool:
        return self.key is None and isinstance(self.value, dict)

    def add(self, value: Value) -> Keys:
        if isinstance(self.value, list):
            self.value.append(value)
            return (*self.path, len(self.value) - 1)
        key, self.key = self.key or "", None
        self.value[key] = value
        return (*self.path, key)


@final
class Tree:
    """What the frontmatter says; complete once every event was taken.

    Attributes:
        values: By top-level key, in the file's order; of a key that stands twice, the last value.
        places: Where each value begins.
        key_places: Where each key begins.
        repeated: For each key that stands more than once: its first and second place.
        description_end: Where a plain description ends, in characters from the frontmatter's beginning; else -1.
    """

    def __init__(self, *, depth: int) -> None:
        self.values: dict[str, Value] = {}
        self.places: dict[Keys, Position] = {}
        self.key_places: dict[Keys, Position] = {}
        self.repeated: dict[Keys, tuple[Position, Position]] = {}
        self.description_end = -1
        self._depth = depth
        self._frames: list[_Frame] = []
        self._has_document = False

    def take(self, events: Iterator[Any]) -> None:
        """Add YAML's events.

        Raises:
            TreeError: At the first that is not allowed; the tree is then of no use.
        """
        handlers = self._handlers
        for event in events:
            handlers[type(event)](self, event)  # an event that is not known must not pass: its value would be missing

    def _document(self, event: DocumentStartEvent) -> None:
        if self._has_document:
            message = "expected one YAML document, got the start of a second"
            raise TreeError("yaml-syntax", position(event.start_mark), message)
        self._has_document = True

    def _pass(self, _event: object) -> None:
        """Nothing of the tree."""

    def _alias(self, event: AliasEvent) -> None:
        # Nothing is expanded, so an alias has no anchor that it could stand for.
        message = f'expected no YAML alias, got "*{event.anchor}"'
        raise TreeError("alias", position(event.start_mark), message, of_text=True)

    def _scalar(self, event: ScalarEvent) -> None:
        if event.anchor is not None:
            raise _anchor_error(event)
        if not self._frames:
            _refuse_root(event, _value_of(event))
            return
        frame = self._frames[-1]
        if frame.wants_key():
            self._key(frame, event)
            return
        path = frame.add(_value_of(event))
        self.places[path] = position(event.start_mark)
        if path == ("description",):
            # A repeated description has the last one's end, as it has the last one's value.
            self.description_end = -1 if event.style or event.end_mark is None else event.end_mark.index

    def _key(self, frame: _Frame, event: ScalarEvent) -> None:
        if event.tag is not None:
            _value_of(event)  # only to refuse the tag: keys are text as written
        elif event.value == _MERGE and not event.style:
            # Other readers put the mapping's keys in its place; here they would be lost, limits among them.
            message = f'expected the keys themselves, got "{_MERGE}", which merges a mapping'
            raise TreeError("bad-key", position(event.start_mark), message)
        path, place = (*frame.path, event.value), position(event.start_mark)
        if event.value in frame.value:
            self.repeated.setdefault(path, (self.key_places[path], place))
        self.key_places[path] = place
        frame.key = event.value

    def _open(self, event: SequenceStartEvent | MappingStartEvent) -> None:
        if event.anchor is not None:
            raise _anchor_error(event)
        if event.tag is not None and event.tag not in {"!", _COLLECTION_TAGS[type(event)]}:
            raise _tag_error(event)
        if len(self._frames) >= self._depth:
            message = f"expected at most {self._depth} lists and mappings within each other, got more"
            raise TreeError("frontmatter-too-deep", position(event.start_mark), message)
        self._frames.append(self._opened(event))

    def _opened(self, event: SequenceStartEvent | MappingStartEvent) -> _Frame:
        is_list = isinstance(event, SequenceStartEvent)
        if not self._frames:
            if is_list:
                _refuse_root(event, [])
            return _Frame(self.values, ())
        parent = self._frames[-1]
        if parent.wants_key():
            found = "a list" if is_list else "a mapping"
            raise TreeError("bad-key", position(event.start_mark), f"expected text as a key, got {found}")
        value: list[Value] | dict[str, Value] = [] if is_list else {}
        path = parent.add(value)
        self.places[path] = position(event.start_mark)
        return _Frame(value, path)

    def _close(self, _event: SequenceEndEvent | MappingEndEvent) -> None:
        self._frames.pop()

    _handlers: ClassVar[Mapping[type, Callable[[Tree, Any], None]]] = {
        AliasEvent: _alias,
        DocumentEndEvent: _pass,
        DocumentStartEvent: _document,
        MappingEndEvent: _close,
        MappingStartEvent: _open,
        ScalarEvent: _scalar,
        SequenceEndEvent: _close,
        SequenceStartEvent: _open,
        StreamEndEvent: _pass,
        StreamStartEvent: _pass,
    }

    def prune(self) -> None:
        """Forget the places within values that a repeated key has replaced."""
        self.places = {path: place for path, place in self.places.items() if _leads(self.values, path)}
        self.key_places = {path: place for path, place in self.key_places.items() if path in self.places}


def _anchor_error(event: ScalarEvent | SequenceStartEvent | MappingStartEvent) -> TreeError:
    return TreeError("alias", position(event.start_mark), f'expected no YAML anchor, got "&{event.anchor}"')


def _refuse_root(event: ScalarEvent | SequenceStartEvent | MappingStartEvent, value: Value) -> None:
    if value is not None:
        found = "a list" if isinstance(value, list) else "text without a key"
        raise TreeError("not-a-mapping", position(event.start_mark), f'expected lines of "key: value", got {found}')


def _value_of(event: ScalarEvent) -> Value:
    if event.tag is None:
        return resolve(event.value) if event.implicit[0] else event.value
    try:
        return tagged(event.tag, event.value)
    except ValueError:
        raise _tag_error(event) from None


def _tag_error(event: ScalarEvent | SequenceStartEvent | MappingStartEvent) -> TreeError:
    tag = (event.tag or "").replace(CORE, "!!")
    return TreeError("unsupported-tag", position(event.start_mark), f'expected no YAML tag that does this, got "{tag}"')


def _leads(value: Value, path: Keys) -> bool:
    for key in path:
        if isinstance(value, dict) and key in value:
            value = value[str(key)]
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return False
    return True
