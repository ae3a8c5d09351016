"""`Secrets`: where Secrets stand and what they bring, so that nothing of it is shown.

An agent may lie in a Secret. It is listed then by its name, its path and its digest, and what is wrong with it by code
and place; its fields and its text are repeated nowhere, nor is a line of the manifest in which a Secret stands. Whoever
shows what was read asks here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from hotagents.diagnostics import CODES
from hotagents.spec import FORMAT_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotagents.diagnostics import Diagnostic
    from hotagents.manifests.origins import Origins
    from hotagents.manifests.stream import Resource
    from hotagents.manifests.stretch import Stretch

__all__ = ["NOT_SHOWN", "SECRET", "Secrets", "lines_of", "looks_secret"]

NOT_SHOWN: Final = "not shown, since a Secret holds it"
"""What stands in place of a text."""
SECRET: Final = "Secret"  # noqa: S105 - a kind of objects
_LOOKS: Final = re.compile(r"""\bkind["']?\s*:\s*["']?Secret""")
_Lines = tuple[int, int]


@final
@dataclass(frozen=True, slots=True)
class Secrets:
    """What of manifests is not shown.

    Attributes:
        paths: Files of the set that a Secret brings.
        lines: The first and last lines of all Secrets, by manifest.
    """

    paths: frozenset[str] = frozenset()
    lines: Mapping[str, tuple[_Lines, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, origins: Origins, lines: Mapping[str, Sequence[_Lines]]) -> Secrets:
        """Return what is not shown of a set whose files have these origins."""
        paths = frozenset(path for path, origin in origins.files.items() if origin.owner.startswith(f"{SECRET} "))
        return cls(paths, MappingProxyType({name: tuple(spans) for name, spans in lines.items()}))

    def holds_line(self, manifest: str, line: int) -> bool:
        """Say whether a line of a manifest belongs to a Secret."""
        return any(first <= line <= last for first, last in self.lines.get(manifest, ()))

    def hushed(self, found: Diagnostic) -> Diagnostic:
        """Return a diagnostic of the set without any text of a Secret: of what one brings, the code's meaning alone."""
        if found.path not in self.paths:
            return found
        key = found.key if found.key.partition(".")[0] in FORMAT_KEYS and "." not in found.key else ""
        message = f"{CODES.get(found.code, found.code)}; the rest is {NOT_SHOWN}"
        return replace(found, key=key, message=message, hint="")


def lines_of(found: Sequence[Resource], stretch: Stretch) -> list[_Lines]:
    """Return the lines of the Secrets among the objects of a stretch; each ends where the next object begins."""
    starts = [resource.root.place.line for resource in found]
    ends = [*starts, stretch.lines[1]][1:]
    return [
        (start, end) for resource, start, end in zip(found, starts, ends, strict=bool(found)) if resource.kind == SECRET
    ]


def looks_secret(stretch: Stretch) -> bool:
    """Say whether what could not be read seems to be a Secret."""
    return _LOOKS.search(stretch.text) is not None
