"""`Origin`: where a file of the set stands in a manifest; `located` moves a diagnostic there.

The lines that a message or a hint names go with it: they are those of the manifest then, or are called the file's.

A file that was written as a literal block (``|``) stands there line by line, only further to the right, so each place
in it has a place in the manifest. In quotes, folded or in JSON it does not: then only the line of the value is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from hotagents.frontmatter.text import LINE_BREAK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.diagnostics import Diagnostic
    from hotagents.manifests.nodes import Scalar

_REPLACE: Final = re.compile(r"(replace lines?) (\d+)(?:-(\d+))? by: (.*)", re.DOTALL)
_MOVE: Final = re.compile(r"move the --- of line (\d+) to the very beginning of the file")
_WRITE: Final = re.compile(r"write --- on line (\d+)(, .*)")
# Behind what may be a text from the file.
_NAMED: Final = {
    "duplicate-key": re.compile(r"(.*; the first is on line )(\d+)(|, the last one counts)", re.DOTALL),
    "missing-fence": re.compile(r"(.* on line )(\d+)()", re.DOTALL),
}

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

    def said(self, line: int | str) -> str:
        """Return how a line of the file is named in words: by its number in the manifest where it has one."""
        return str(self.place(int(line), 0)[0]) if self.exact else f"{line} of the file"

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
    message = f"{_message(diagnostic, origin)} ({origin.owner}{within})"
    hint = _hint(diagnostic.hint, origin)
    return replace(diagnostic, path=origin.file, line=line, column=column, message=message, hint=hint)


def _message(diagnostic: Diagnostic, origin: Origin) -> str:
    named = _NAMED.get(diagnostic.code)
    if named is None or (found := named.fullmatch(diagnostic.message)) is None:
        return diagnostic.message
    return f"{found[1]}{origin.said(found[2])}{found[3]}"


def _hint(hint: str, origin: Origin) -> str:
    """Return a hint with the manifest's lines in it; lines that replace others stand as far to the right as these."""
    if found := _REPLACE.fullmatch(hint):
        what, first, last, lines = found.groups()
        if origin.exact:
            blanks = " " * (origin.column - 1)
            lines = "\n".join(f"{blanks}{line}" if line else "" for line in lines.split("\n"))
            first, last = origin.said(first), last and origin.said(last)
        return f"{what} {first}{f'-{last}' if last else ''}{'' if origin.exact else ' of the file'} by: {lines}"
    if found := _MOVE.fullmatch(hint):
        first_line = f"line {origin.line}" if origin.exact else "its very beginning"
        return f"move the --- of line {origin.said(found[1])} to {first_line}"
    if found := _WRITE.fullmatch(hint):
        return f"write --- on line {origin.said(found[1])}{found[2]}"
    return hint


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
