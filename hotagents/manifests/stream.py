"""`Resource`: one Kubernetes object of a manifest; `resources` finds them all.

A manifest is a stream of documents. Some are empty (Helm leaves them behind), some hold only comments, some are lists
of objects, as ``kubectl get -o yaml`` prints them. What kinds there are is of no interest here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from hotagents.frontmatter.page import Position
from hotagents.frontmatter.text import decode
from hotagents.manifests.compose import Budget, ComposeError, composed
from hotagents.manifests.nodes import Listing, Record, Scalar
from hotagents.manifests.secrets import NOT_SHOWN, lines_of, looks_secret
from hotagents.manifests.sheet import Sheet
from hotagents.manifests.stretch import stretches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hotagents.manifests.nodes import Node
    from hotagents.manifests.problems import Problems
    from hotagents.manifests.stretch import Stretch

__all__ = ["Resource", "resources", "sheet_of"]

_LIST: Final = "List"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One object.

    Attributes:
        kind: Such as ``ConfigMap``; empty where it is not said.
        name: As its metadata says; empty where it is not said.
        namespace: Likewise.
        root: All of it.
    """

    kind: str
    name: str
    namespace: str
    root: Record

    def __str__(self) -> str:
        """Return ``ConfigMap team-a/agents``."""
        name = self.name or "(without a name)"
        return f"{self.kind} {self.namespace}/{name}" if self.namespace else f"{self.kind} {name}"

    @property
    def file(self) -> str:
        """The manifest that it stands in."""
        return self.root.sheet.name

    @property
    def where(self) -> str:
        """``FILE:LINE`` of its beginning."""
        return f"{self.file}:{self.root.place.line}"


def sheet_of(name: str, content: bytes, problems: Problems) -> Sheet:
    """Return a manifest's text; what is not UTF-8 is an error, since no cluster's tool takes it."""
    text, found = decode(name, content)
    for diagnostic in found:
        message = diagnostic.message.partition(";")[0]  # nothing is replaced here
        place = Position(max(diagnostic.line, 1), max(diagnostic.column, 1))
        problems.put(name, place, "manifest-syntax", "error", message, diagnostic.hint)
    return Sheet(name, "" if found else text)


def resources(sheets: Iterable[Sheet], problems: Problems, secret: dict[str, list[tuple[int, int]]]) -> list[Resource]:
    """Return the objects of all manifests in order; what cannot be read of one hides nothing else of it.

    Args:
        sheets: The manifests.
        problems: Takes what is wrong with them.
        secret: Takes the first and last lines of each Secret, by manifest.
    """
    budget = Budget()
    found: list[Resource] = []
    for sheet in sheets:
        spans = secret.setdefault(sheet.name, [])

        def unread(stretch: Stretch, spans: list[tuple[int, int]] = spans) -> None:
            spans += [stretch.lines] if looks_secret(stretch) else []

        for stretch in stretches(sheet, problems, unread):
            spans += _read(stretch, budget, problems, found)
    return found


def _read(stretch: Stretch, budget: Budget, problems: Problems, found: list[Resource]) -> list[tuple[int, int]]:
    """Add the objects of one piece, and return the lines of the Secrets in it; what cannot be read may be one."""
    before = len(found)
    try:
        for root in composed(stretch, budget):
            found += _flat(root, problems)
    except ComposeError as error:
        is_secret = looks_secret(stretch)
        problem = f"expected a Secret that can be read; what stands here is {NOT_SHOWN}" if is_secret else error.problem
        problems.put(stretch.sheet.name, error.place, error.code, "error", problem, "" if is_secret else error.hint)
        if is_secret:
            return [stretch.lines]
    return lines_of(found[before:], stretch)


def _flat(root: Node, problems: Problems) -> Iterator[Resource]:
    """Yield a document's object, or those of a list, also of lists within it."""
    todo: list[tuple[Node, str]] = [(root, "")]
    while todo:
        node, kind = todo.pop()
        if isinstance(node, Scalar) and node.kind == "null":
            continue
        if not isinstance(node, Record):
            problems.error(node, "manifest-syntax", "expected an object with `kind`, got a list or a plain value")
            continue
        kind = _word(node, "kind") or kind
        items = node.values.get("items")
        if kind.endswith(_LIST) and isinstance(items, Listing):
            # Another kind may end so as well, and its items be anything.
            objects = [item for item in items.items if kind == _LIST or isinstance(item, Record)]
            todo.extend((item, kind.removesuffix(_LIST)) for item in reversed(objects))
        else:
            yield Resource(kind, _word(node, "metadata", "name"), _word(node, "metadata", "namespace"), node)


def _word(node: Record, *keys: str) -> str:
    found = node.get(*keys)
    return found.text if isinstance(found, Scalar) and found.kind != "null" else ""
