"""`Origin`: where a file of the set stands in a manifest; `located` moves a diagnostic there.

A file that was written as a literal block (``|``) stands there line by line, only further to the right, so each place
in it has a place in the manifest. In quotes, folded or in JSON it does not: then only the line of the value is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, final

from hotagents.frontmatter.text import LINE_BREAK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.diagnostics import Diagnostic
    from hotagents.manifests.nodes import Scalar

__all__ = ["Origin", "Origins", "located", "origin_of"]


@final
@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file of the set comes from.

    Attributes:
        file: The manifest, as it was given; ``-`` for standard input.
        line: Where its first line stands; where it is not exact, where the value begins.
        column: Where its first column stands; 0 where it is not exact.
        exact: Whether each line and column of the file has its own in the manifest.
        owner: Which object and key it is, for people: ``ConfigMap agents, key triage.md``.
    """

    file: str
    line: int
    column: int
    exact: bool
    owner: str = ""

    def place(self, line: int, column: int) -> tuple[int, int]:
        """Return the manifest's line and column for those of the file; 0 stands for what is not known."""
        if not self.exact or not line:
            return self.line, 0
        return self.line + line - 1, self.column + column - 1 if column else 0


@final
@dataclass(frozen=True, slots=True)
class Origins:
    """Where all files of a set come from.

    Attributes:
        files: By path in the set.
        own: What is wrong with the manifests themselves; these have their place there already.
    """

    files: Mapping[str, Origin] = field(default_factory=lambda: MappingProxyType({}))
    own: frozenset[Diagnostic] = frozenset()


def located(diagnostic: Diagnostic, origins: Origins) -> Diagnostic:
    """Return a diagnostic of the set with its place in a manifest, and with the object and key that it is about.

    What has its place in a manifest already, and what is about no file that is there, stays as it is.
    """
    origin = origins.files.get(diagnostic.path)
    if origin is None or diagnostic in origins.own:
        return diagnostic
    line, column = origin.place(diagnostic.line, diagnostic.column)
    within = f", line {diagnostic.line}" if diagnostic.line else ""
    within += f" column {diagnostic.column}" if within and diagnostic.column and not origin.exact else ""
    message = f"{diagnostic.message} ({origin.owner}{within})"
    return replace(diagnostic, path=origin.file, line=line, column=column, message=message)


def origin_of(value: Scalar, owner: str) -> Origin:
    """Return where a value's text stands."""
    place = value.place
    if value.style == "|" and (indent := _indent(value)) is not None:
        return Origin(value.sheet.name, place.line + 1, indent + 1, exact=True, owner=owner)
    return Origin(value.sheet.name, place.line, 0, exact=False, owner=owner)


def _indent(value: Scalar) -> int | None:
    """Return by how much a literal block is indented, if it says line by line what the text says."""
    lines = LINE_BREAK.split(value.text)
    first = value.place.line + 1
    indent: int | None = None
    for number, line in enumerate(lines, first):
        written = value.sheet.line(number)
        if not line:
            if number - first < len(lines) - 1 and written.strip(" "):
                return None
            continue
        found = len(written) - len(line)
        if found < 0 or (indent is not None and found != indent) or written != " " * found + line:
            return None
        indent = found
    return indent
