"""`Reading`: one path, read and loaded as a registry would, whether or not it could be published."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.cli.refusal import place
from hotagents.diagnostics import Diagnostic, errors_in, order
from hotagents.errors import SourceError
from hotagents.generation import Generation, published
from hotagents.limits import Limits
from hotagents.loading import Candidate, Schema, load
from hotagents.sources import read_settled, source_from
from hotagents.validation import Validation

if TYPE_CHECKING:
    from hotagents.cli.schema import Chosen
    from hotagents.snapshot import Snapshot

__all__ = ["Reading", "read"]

_VALIDATE_TIMEOUT: Final = 5.0


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """What lies at a path.

    Attributes:
        path: As it was given.
        snapshot: Its bytes, with what could not be part of them.
        candidate: The set, loaded.
        diagnostics: All that is wrong with it, errors first; a set that a registry refuses as a whole has an error.
    """

    path: str
    snapshot: Snapshot
    candidate: Candidate[Any]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def generation(self) -> Generation[Any]:
        """What could be served, as if it were published: number 0 says that it is not."""
        now = datetime.now(timezone.utc)
        return published(self.candidate, number=0, restores=None, diagnostics=self.diagnostics, created_at=now)

    @property
    def placed(self) -> tuple[Diagnostic, ...]:
        """The diagnostics with paths that lead there from the current directory: an editor can open them."""
        return tuple(replace(d, path=self.place(d.path)) for d in self.diagnostics)

    def place(self, path: str) -> str:
        """Return where a path of the set lies, seen from the current directory."""
        return place(self.path, path)


def read(path: str, chosen: Chosen, *, allow_empty: bool = False) -> Reading:
    """Return what lies at a path, with everything for which a registry would refuse it.

    Raises:
        SourceError: If it cannot be read.
    """
    if os.path.exists(path) and not (os.path.isdir(path) or os.path.isfile(path)):  # noqa: PTH110, PTH112, PTH113
        raise SourceError(f"{path}: is neither a directory nor a regular file", path=path, reason="Unreadable")
    schema = Schema(chosen.spec, dict(chosen.documents or {}))
    snapshot = read_settled(source_from(path, limits=Limits()))
    candidate = load(snapshot, schema)
    diagnostics = order([*candidate.mismatches, *candidate.diagnostics])
    if not candidate.agents and not allow_empty and not errors_in(diagnostics):
        diagnostics = order([*diagnostics, _empty(path)])
    if not errors_in(diagnostics):
        diagnostics = order([*diagnostics, *Validation(chosen.plugins, timeout=_VALIDATE_TIMEOUT).run(candidate)])
    return Reading(path, snapshot, candidate, diagnostics)


def _empty(path: str) -> Diagnostic:
    what = "the set holds no agent" if os.path.isdir(path) else "this file is not an agent"  # noqa: PTH112 - paths are text here
    return Diagnostic("empty-set", "error", "", 0, 0, "", what, "if this is meant, say --allow-empty")
