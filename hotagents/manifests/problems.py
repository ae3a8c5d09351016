"""`Problems`: what is wrong with manifests, each at its place there, and fields that are read on the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, final

from hotagents.diagnostics import Diagnostic, did_you_mean, escape
from hotagents.manifests.nodes import Listing, Record, Scalar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hotagents.diagnostics import Severity
    from hotagents.frontmatter.page import Position
    from hotagents.manifests.nodes import Node

__all__ = ["Problems", "quoted"]

_MOST: Final = 500  # a manifest can hold a hundred thousand bad keys
_MOST_REPEATED: Final = 50
_LONGEST: Final = 80
_HIGHEST_MODE: Final = 0o777
_DECIMAL_MODE: Final = re.compile("0{0,2}[0-7]{3}", re.ASCII)  # as chmod takes it, without a word that it is octal


@final
class Problems:
    """Takes what is wrong; the same at the same place once, since a ConfigMap may be mounted twice."""

    __slots__ = ("_found", "_left_out")

    def __init__(self) -> None:
        self._found: dict[Diagnostic, None] = {}
        self._left_out: Diagnostic | None = None

    @property
    def found(self) -> tuple[Diagnostic, ...]:
        """All of them, in the order in which they were found."""
        return (*self._found, self._left_out) if self._left_out is not None else tuple(self._found)

    @property
    def has_error(self) -> bool:
        """Whether any of them refuses the set."""
        return any(diagnostic.severity == "error" for diagnostic in self.found)

    def add(self, node: Node, code: str, severity: Severity, message: str, hint: str = "") -> None:
        """Say what is wrong with a value."""
        self.put(node.sheet.name, node.place, code, severity, message, hint)

    def error(self, node: Node, code: str, message: str, hint: str = "") -> None:
        """Say what is wrong with a value so that the set is refused."""
        self.add(node, code, "error", message, hint)

    def warning(self, node: Node, code: str, message: str, hint: str = "") -> None:
        """Say what is odd about a value."""
        self.add(node, code, "warning", message, hint)

    def put(self, name: str, place: Position, code: str, severity: Severity, message: str, hint: str = "") -> None:
        """Say what is wrong at a place of a manifest."""
        diagnostic = Diagnostic(code, severity, name, *place, "", message, hint)
        if diagnostic in self._found:
            return
        if len(self._found) < _MOST:
            self._found[diagnostic] = None
        elif severity == "error" or self._left_out is None:
            more = f"and more, of which this is not the last: {message}"
            self._left_out = Diagnostic(code, severity, name, *place, "", more, hint)

    # --- fields -----------------------------------------------------------------------------------------------------

    def text(self, record: Record, key: str) -> str:
        """Return a field's text; empty where it is not there, or is none, which is an error."""
        node = _present(record, key)
        if node is None:
            return ""
        if isinstance(node, Scalar) and node.kind == "text":
            return node.text
        self._wrong(node, key, "a text", f"write: {key}: {quoted(node.text)}" if isinstance(node, Scalar) else "")
        return ""

    def flag(self, record: Record, key: str) -> bool:
        """Return a field's boolean; False where it is not there, or is none, which is an error."""
        node = _present(record, key)
        if node is None:
            return False
        if isinstance(node, Scalar) and node.kind == "boolean":
            return node.is_true
        self._wrong(node, key, "true or false", f"write: {key}: true")
        return False

    def mode(self, record: Record, key: str) -> None:
        """Say what the API server has against a field that holds a file's permissions; it need not be there."""
        node = _present(record, key)
        number = node.whole if isinstance(node, Scalar) else None
        if node is None or (number is not None and 0 <= number <= _HIGHEST_MODE):
            return
        digits = node.text.strip() if isinstance(node, Scalar) else ""
        octal = int(digits, 8) if _DECIMAL_MODE.fullmatch(digits) else None
        hint = "" if octal is None else f"write: {key}: 0{digits.lstrip('0') or '0'}, which in JSON is {octal}"
        self._wrong(node, key, "a whole number from 0 to 0777, which is 511", hint)

    def record(self, record: Record, key: str, *, secret: bool = False) -> Record | None:
        """Return a field's mapping; None where it is not there, or is none, which is an error.

        Args:
            record: What it is a field of.
            key: The field.
            secret: Whether no text of it may be repeated.
        """
        node = _present(record, key)
        if node is None or isinstance(node, Record):
            return node
        self._wrong(node, key, "a mapping", secret=secret)
        return None

    def records(self, record: Record, key: str) -> list[Record]:
        """Return the mappings of a field's list; what is none is an error."""
        node = _present(record, key)
        if node is None:
            return []
        if not isinstance(node, Listing):
            self._wrong(node, key, "a list")
            return []
        for item in node.items:
            if not isinstance(item, Record):
                self._wrong(item, key, "a list of mappings")
        return [item for item in node.items if isinstance(item, Record)]

    def slips(self, record: Record, fields: Collection[str], what: str) -> None:
        """Say which fields are slips of known ones, which the API server refuses, or a tool drops without a word."""
        for key, node in record.keys.items():
            if key not in fields and (hint := did_you_mean(key, fields)):
                self.error(node, "manifest-field", f"{what}: expected a field that is known, got {quoted(key)}", hint)

    def repeated(self, root: Record) -> None:
        """Say which keys stand twice in a mapping, in all that an object consists of."""
        for count, (earlier, later) in enumerate(_repeated(root)):
            if count == _MOST_REPEATED:
                return
            message = f"expected {quoted(later.text)} once, got it again; the first is on line {earlier.place.line}"
            self.error(later, "duplicate-key", message, "remove one of the two")

    def _wrong(self, node: Node, key: str, expected: str, hint: str = "", *, secret: bool = False) -> None:
        said = "something else" if secret else _said(node)
        self.error(node, "manifest-field", f"{escape(key)}: expected {expected}, got {said}", hint)


def quoted(text: str) -> str:
    """Return a text from a manifest in quotes, on one line and not too long."""
    return f'"{escape(text, limit=_LONGEST)}"'


def _present(record: Record, key: str) -> Node | None:
    node = record.values.get(key)
    return None if isinstance(node, Scalar) and node.kind == "null" else node


def _said(node: Node) -> str:
    if isinstance(node, Scalar):
        return quoted(node.text) if node.kind == "text" else f"{node.kind} {escape(node.text, limit=_LONGEST)}".rstrip()
    return "a list" if isinstance(node, Listing) else "a mapping"


def _repeated(root: Record) -> Iterator[tuple[Scalar, Scalar]]:
    todo: list[Node] = [root]
    seen: set[int] = set()  # an alias leads to a node that was there already
    while todo:
        node = todo.pop()
        if isinstance(node, Scalar) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Record):
            yield from node.repeated
            todo.extend(reversed(node.values.values()))
        else:
            todo.extend(reversed(node.items))
