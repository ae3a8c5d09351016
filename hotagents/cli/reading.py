"""`Reading`: one set, read and loaded as a registry would, whether or not it could be published."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.cli.given import Given, Mounting, given
from hotagents.cli.output import UsageError
from hotagents.cli.refusal import place
from hotagents.diagnostics import Diagnostic, errors_in, order
from hotagents.errors import SourceError
from hotagents.generation import Generation, published
from hotagents.limits import Limits
from hotagents.loading import Candidate, Schema, load
from hotagents.manifests import Manifests, Origins, Secrets, located
from hotagents.sources import read_settled, source_from
from hotagents.strictness import strictly
from hotagents.validation import Validation

if TYPE_CHECKING:
    from hotagents.cli.chosen import Chosen
    from hotagents.lock import Lock
    from hotagents.snapshot import Snapshot

__all__ = ["Reading", "read"]

_VALIDATE_TIMEOUT: Final = 5.0


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """What was read.

    Attributes:
        given: From what.
        snapshot: Its bytes, with what could not be part of them.
        candidate: The set, loaded.
        schema: With what.
        diagnostics: All that is wrong with it, errors first; a set that a registry refuses as a whole has an error.
            Without any text that a Secret holds.
        origins: Where the files stand in manifests; None where it is no manifest.
        remark: What stands in manifests and was left out of account, for people; empty where that is nothing.
        secrets: What of it is not to be shown, since a Secret holds it.
    """

    given: Given
    snapshot: Snapshot
    candidate: Candidate[Any]
    schema: Schema[Any]
    diagnostics: tuple[Diagnostic, ...]
    origins: Origins | None = None
    remark: str = ""
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def path(self) -> str:
        """What to call it: the path, or all manifests."""
        return self.given.name

    @property
    def generation(self) -> Generation[Any]:
        """What could be served, as if it were published: number 0 says that it is not."""
        now = datetime.now(timezone.utc)
        found = published(self.candidate, number=0, restores=None, diagnostics=self.diagnostics, created_at=now)
        return replace(found, lock=self.lock)

    @property
    def lock(self) -> Lock | None:
        """The set's lock; what one in a Secret calls the set is left out."""
        lock = self.candidate.lock
        return replace(lock, release="", commit="") if lock and lock.path in self.secrets.paths else lock

    def is_secret(self, placed: Diagnostic) -> bool:
        """Say whether a diagnostic, placed from the current directory, is about a line of a manifest's Secret."""
        return self.secrets.holds_line(placed.path, placed.line)

    @property
    def placed(self) -> tuple[Diagnostic, ...]:
        """The diagnostics with paths that lead there from the current directory: an editor can open them."""
        return tuple(self.place(diagnostic) for diagnostic in self.diagnostics)

    def place(self, diagnostic: Diagnostic) -> Diagnostic:
        """Return a diagnostic of the set as one of the file, or the manifest, that it is about."""
        if self.origins is None:
            return replace(diagnostic, path=place(self.path, diagnostic.path))
        moved = located(diagnostic, self.origins)
        if moved is not diagnostic or diagnostic in self.origins.own:
            return moved
        root = self.given.mounting.root if self.given.mounting is not None else None
        path = posixpath.join(root or "", diagnostic.path) if diagnostic.path else self.path
        return replace(diagnostic, path=path)

    def shown(self, diagnostic: Diagnostic) -> Diagnostic:
        """Return a diagnostic as it is shown beside what the set holds: by its path in the set, or in a manifest."""
        return diagnostic if self.origins is None else self.place(diagnostic)

    def beside(self, diagnostic: Diagnostic) -> dict[str, Any]:
        """Return what a diagnostic of manifests has besides in JSON: its place there and in the set, if it has them."""
        if self.origins is None:
            return {}
        if diagnostic in self.origins.own:
            where = {"file": diagnostic.path, "line": diagnostic.line, "column": diagnostic.column, "exact": True}
            return {"manifest": where, "set": None}
        inside = {"path": diagnostic.path, "line": diagnostic.line, "column": diagnostic.column}
        if (origin := self.origins.files.get(diagnostic.path)) is None:
            return {"manifest": None, "set": inside}
        line, column = origin.place(diagnostic.line, diagnostic.column)
        return {
            "manifest": {"file": origin.file, "line": line, "column": column, "exact": origin.exact},
            "set": inside,
        }


def read(what: str | Given, chosen: Chosen, *, allow_empty: bool = False) -> Reading:
    """Return what lies at a path or in manifests, with everything for which a registry would refuse it.

    Raises:
        SourceError: If it cannot be read.
        UsageError: If it is said of manifests how a pod mounts them, and that makes no sense.
    """
    what = given([what], Mounting())[0] if isinstance(what, str) else what
    snapshot, source = _snapshot(what)
    origins, remark = (source.origins, source.remark) if source is not None else (None, "")
    secrets = source.secrets if source is not None else Secrets()
    documents = dict(chosen.documents or {})
    schema: Schema[Any] = Schema(chosen.spec, documents, recover=chosen.recover, strict=chosen.strict)
    candidate = load(snapshot, schema)
    diagnostics = order([*candidate.mismatches, *candidate.diagnostics])
    if not candidate.agents and not allow_empty and not errors_in(diagnostics):
        diagnostics = order([*diagnostics, _empty(what)])
    if not errors_in(diagnostics):
        said = Validation(chosen.plugins, timeout=_VALIDATE_TIMEOUT).run(candidate)
        diagnostics = order([*diagnostics, *strictly(said, schema.strict)])
    own = origins.own if origins is not None else frozenset()
    hushed = (found if found in own else secrets.hushed(found) for found in diagnostics)
    return Reading(what, snapshot, candidate, schema, tuple(hushed), origins, remark, secrets)


def _snapshot(what: Given) -> tuple[Snapshot, Manifests | None]:
    if (mounting := what.mounting) is None:
        return read_settled(source_from(_checked(what.paths[0]), limits=Limits())), None
    try:
        source = Manifests(
            what.paths,
            workload=mounting.workload,
            root=mounting.root,
            container=mounting.container,
            namespace=mounting.namespace,
            workload_name=mounting.workload_name,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    return read_settled(source), source


def _checked(path: str) -> str:
    if os.path.exists(path) and not (os.path.isdir(path) or os.path.isfile(path)):  # noqa: PTH110, PTH112, PTH113
        raise SourceError(f"{path}: is neither a directory nor a regular file", path=path, reason="Unreadable")
    return path


def _empty(what: Given) -> Diagnostic:
    is_file = what.mounting is None and not os.path.isdir(what.name)  # noqa: PTH112 - paths are text here
    message = "this file is not an agent" if is_file else "the set holds no agent"
    return Diagnostic("empty-set", "error", "", 0, 0, "", message, "if this is meant, say --allow-empty")
