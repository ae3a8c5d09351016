"""Loading: from a snapshot to validated specs and documents; pure, no I/O.

Every file has a *role*, which its path decides: an agent's page, a document, or just bytes. Only then is it parsed
(`hotagents.frontmatter`) and turned into a spec (`hotagents.fields`). The outcome for one file depends on its bytes and
its role alone, so files that have not changed keep their outcome: the same spec object, at the cost of comparing bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

from hotagents.diagnostics import Diagnostic, errors_in, order
from hotagents.fields import agent_from, document_from, kind_of, problems_in, without_guesses
from hotagents.frontmatter import parse
from hotagents.limits import Limits
from hotagents.lock import locks_in, mismatches, misplaced
from hotagents.roles import Roles
from hotagents.snapshot import content_hash, digest_of_lines, is_lock, line_of
from hotagents.spec import AgentSpec, Document
from hotagents.strictness import strict_codes, strictly

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from pydantic import BaseModel

    from hotagents.ceiling import Ceiling
    from hotagents.frontmatter import Page
    from hotagents.lock import Lock
    from hotagents.roles import Role
    from hotagents.snapshot import Part, Snapshot

__all__ = ["Candidate", "Entry", "Schema", "is_as_listed", "load"]

S = TypeVar("S", bound=AgentSpec)


@final
@dataclass(frozen=True, slots=True)
class Schema(Generic[S]):
    """What files are validated against.

    Attributes:
        spec: The class of every agent, or one by agent's name with ``"*"`` for the rest.
        documents: The frontmatter's model by exact relative path, None for any frontmatter; each is required to exist.
        limits: Bounds for untrusted frontmatter.
        ceiling: The most that any agent may have, None for no limit.
        recover: Whether a text on one line that YAML refuses is taken as it stands, with a warning. Never for a field
            that a class adds, nor in a document that has a model.
        strict: Codes of warnings that are errors.

    Raises:
        TypeError, ValueError: If ``strict`` names what is no code.
    """

    spec: type[S] | Mapping[str, type[S]]
    documents: Mapping[str, type[BaseModel] | None] = field(default_factory=dict)
    limits: Limits = Limits()
    ceiling: Ceiling | None = None
    recover: bool = True
    strict: Collection[str] = ()

    def __post_init__(self) -> None:
        """Refuse codes that there are none of."""
        object.__setattr__(self, "strict", strict_codes(self.strict))

    def spec_for(self, name: object) -> type[S] | None:
        """Return the class for an agent of that name; None where the mapping has neither the name nor ``"*"``."""
        if not isinstance(self.spec, Mapping):
            return self.spec
        found = self.spec.get(name) if isinstance(name, str) else None
        return found if found is not None else self.spec.get("*")

    @property
    def specs(self) -> tuple[type[S], ...]:
        """All classes that an agent may have."""
        return tuple(self.spec.values()) if isinstance(self.spec, Mapping) else (self.spec,)


@final
@dataclass(frozen=True, slots=True)
class Entry(Generic[S]):
    """The outcome for one file; a function of ``content`` and ``role``.

    ``line`` is that of the digest. ``name_at`` is line and column of an agent's name and ``folded`` what two names that
    look alike have in common, for what only shows beside other files.
    """

    content: bytes
    role: Role
    hash: str
    line: str
    agent: S | None = None
    document: Document | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    name_at: tuple[int, int] = (0, 0)
    folded: str = ""


@final
@dataclass(frozen=True, slots=True)
class Candidate(Generic[S]):
    """A whole set, loaded and not yet published.

    Attributes:
        agents: Specs by name, in the order of their paths.
        documents: Documents by path.
        files: Bytes of everything that is no Markdown, by path.
        digest: Name of the content that was read.
        parts: Volumes and directories the content came from.
        diagnostics: All problems, errors first. With an error the set must not be published.
        entries: Outcome by path, to load the next snapshot with.
        locks: Those that the set has to be as, one for each content; contradicting each other where there are several.
        mismatches: Why it is not. Then the set is incomplete: it must not be published, and its own errors may pass.
    """

    agents: Mapping[str, S]
    documents: Mapping[str, Document]
    files: Mapping[str, bytes]
    digest: str
    parts: tuple[Part, ...]
    diagnostics: tuple[Diagnostic, ...]
    entries: Mapping[str, Entry[S]]
    locks: tuple[Lock, ...] = ()
    mismatches: tuple[Diagnostic, ...] = ()

    @property
    def lock(self) -> Lock | None:
        """The lock, or the first of several."""
        return self.locks[0] if self.locks else None

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that forbid publishing."""
        return errors_in(self.diagnostics)

    def hash_of(self, path: str) -> str:
        """Return the hex SHA-256 of one file's bytes."""
        return self.entries[path].hash


def load(snapshot: Snapshot, schema: Schema[S], *, known: Sequence[Candidate[S]] = ()) -> Candidate[S]:
    """Return the set that a snapshot's bytes make, with everything that is wrong with it; never raises for any bytes.

    Args:
        snapshot: The bytes.
        schema: What to validate against; ``known`` must come from the same one.
        known: Earlier candidates, the preferred first: their outcome for equal bytes and role is taken.
    """
    entries = _outcomes(snapshot, schema, known)
    agents, documents, files, diagnostics = _sorted_out(entries)
    diagnostics = [*snapshot.diagnostics, *diagnostics, *_missing(snapshot, schema), *_name_clashes(entries)]
    lock_paths = [path for path in files if is_lock(path)]
    lines = [entries[path].line for path in sorted(entries) if path not in lock_paths]
    diagnostics += misplaced(lock_paths, snapshot.parts) if lock_paths else ()
    locks, faults = locks_in(snapshot.parts)
    diagnostics += faults
    return Candidate(
        agents=MappingProxyType(agents),
        documents=MappingProxyType(documents),
        files=MappingProxyType({path: content for path, content in files.items() if path not in lock_paths}),
        digest=digest_of_lines(lines),
        parts=snapshot.parts,
        diagnostics=order(strictly(diagnostics, schema.strict)),
        entries=MappingProxyType(entries),
        locks=locks,
        mismatches=_mismatches(entries, locks) if locks and not faults else (),
    )


def _outcomes(snapshot: Snapshot, schema: Schema[S], known: Sequence[Candidate[S]]) -> dict[str, Entry[S]]:
    """Return the outcome for each path."""
    shape = _shape(snapshot.parts)
    roles: Roles | None = None
    alike = next((before for before in known if _shape(before.parts) == shape), None)
    # The same paths in the same parts have the same roles; what was read again is the same object, as sources see to.
    entries = dict(alike.entries) if alike is not None and len(alike.entries) == len(snapshot.files) else {}
    for path, content in snapshot.files.items():
        entry = entries.get(path)
        if entry is not None and entry.content is content:
            continue
        if entry is not None:
            role = entry.role
        else:
            roles = roles or Roles(snapshot, schema.documents)
            role = roles.of(path)
        entries[path] = _known(path, content, role, known) or _entry(path, content, role, schema)
    return entries


def _shape(parts: Sequence[Part]) -> list[tuple[object, ...]]:
    return [(part.name, part.prefix, part.agents, list(part.files)) for part in parts]


def _known(path: str, content: bytes, role: Role, known: Sequence[Candidate[S]]) -> Entry[S] | None:
    for before in known:
        entry = before.entries.get(path)
        if entry is not None and entry.role == role and entry.content == content:
            return entry
    return None


def _sorted_out(
    entries: Mapping[str, Entry[S]],
) -> tuple[dict[str, S], dict[str, Document], dict[str, bytes], list[Diagnostic]]:
    """Return the agents by name, documents and files by path, and all that is said of single files."""
    agents: dict[str, S] = {}
    documents: dict[str, Document] = {}
    files: dict[str, bytes] = {}
    diagnostics: list[Diagnostic] = []
    for path, entry in entries.items():
        if entry.agent is not None:
            agents[entry.agent.name] = entry.agent
        if entry.document is not None:
            documents[path] = entry.document
        if entry.role == "file":
            files[path] = entry.content
        if entry.diagnostics:
            diagnostics += entry.diagnostics
    return agents, documents, files, diagnostics


def is_as_listed(entries: Mapping[str, Entry[Any]], locks: Sequence[Lock]) -> bool:
    """Say whether the files of a candidate, given as its entries, are those that locks list."""
    return not _mismatches(entries, locks)


def _mismatches(entries: Mapping[str, Entry[Any]], locks: Sequence[Lock]) -> tuple[Diagnostic, ...]:
    hashes = {path: entry.hash for path, entry in entries.items()}
    return mismatches(locks, hashes, [path for path, entry in entries.items() if entry.role != "file"])


def _entry(path: str, content: bytes, role: Role, schema: Schema[S]) -> Entry[S]:
    digest = content_hash(content)
    if role == "file":
        return Entry(content, role, digest, line_of(path, digest))
    page = parse(path, content, limits=schema.limits, recover=schema.recover)
    if role == "agent":
        agent, document, found = _agent(page, digest, schema)
    else:
        agent, (document, found) = None, _document(page, digest, schema)
    diagnostics = tuple(strictly(found, schema.strict))
    if diagnostics != found:
        agent = document = None
    line, folded = line_of(path, digest), _folded(agent.name) if agent is not None else ""
    return Entry(content, role, digest, line, agent, document, diagnostics, page.at("name"), folded)


def _agent(page: Page, digest: str, schema: Schema[S]) -> tuple[S | None, Document | None, tuple[Diagnostic, ...]]:
    kind, notes = ("agent", ()) if page.broken else kind_of(page)
    if kind == "document":
        document, problems = document_from(page, model=None, digest=f"sha256:{digest}")
        return None, document, (*page.diagnostics, *notes, *problems)
    name = page.readable.get("name")
    spec = schema.spec_for(name)
    unexpected = [_unknown_agent(page, schema.spec)] if spec is None and name is not None else []
    page = without_guesses(page, spec) if spec is not None else page
    if page.broken:
        return (
            None,
            None,
            (*page.diagnostics, *unexpected, *problems_in(page, schema.specs if spec is None else [spec])),
        )
    if spec is None:
        return None, None, (*page.diagnostics, *notes, *unexpected)
    agent, problems = agent_from(page, spec=spec, digest=f"sha256:{digest}")
    beyond = _beyond(page, agent, schema.ceiling) if agent is not None and schema.ceiling is not None else ()
    return agent, None, (*page.diagnostics, *notes, *problems, *beyond)


def _beyond(page: Page, agent: AgentSpec, ceiling: Ceiling) -> Iterator[Diagnostic]:
    for excess in ceiling.excesses(agent):
        place = page.at(excess.key)
        yield Diagnostic("beyond-ceiling", "error", page.path, *place, excess.key, excess.message, excess.hint)


def _unknown_agent(page: Page, spec: object) -> Diagnostic:
    expected = ", ".join(sorted(spec)) if isinstance(spec, Mapping) else ""
    line, column = page.at("name")
    message = f"no agent of this name is expected here; expected one of: {expected}"
    hint = "rename the agent, or give the program a class for it"
    return Diagnostic("unexpected-agent", "error", page.path, line, column, "name", message, hint)


def _document(page: Page, digest: str, schema: Schema[Any]) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """A page that is required must be right; another page's broken frontmatter is just text, and worth a warning."""
    required = page.path in schema.documents
    if schema.documents.get(page.path) is not None:
        page = page.refusing(page.recovered)  # what a text means to a model only its author knows
    if page.broken and required:
        return None, page.diagnostics
    document, problems = document_from(page, model=schema.documents.get(page.path), digest=f"sha256:{digest}")
    diagnostics = (*page.diagnostics, *problems)
    return document, diagnostics if required else tuple(_as_warning(d) for d in diagnostics)


def _as_warning(diagnostic: Diagnostic) -> Diagnostic:
    d = diagnostic
    if d.severity != "error":
        return d
    return Diagnostic(d.code, "warning", d.path, d.line, d.column, d.key, d.message, d.hint)


def _missing(snapshot: Snapshot, schema: Schema[Any]) -> list[Diagnostic]:
    message = "this document is required and is not there"
    return [
        Diagnostic("missing-document", "error", path, 0, 0, "", message, "add the file, or the key of the ConfigMap")
        for path in schema.documents
        if path not in snapshot.files
    ]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _name_clashes(entries: Mapping[str, Entry[Any]]) -> list[Diagnostic]:
    names = [entry.folded for entry in entries.values() if entry.agent is not None]
    if len(set(names)) == len(names):
        return []
    exact: dict[str, str] = {}
    folded: dict[str, str] = {}
    clashes: list[Diagnostic] = []
    for path, entry in entries.items():
        if entry.agent is None:
            continue
        name: str = entry.agent.name
        if exact.setdefault(name, path) != path:
            message = f'the name "{name}" is also defined in {exact[name]}'
            hint = "rename or remove one of the two"
            clashes.append(Diagnostic("duplicate-name", "error", path, *entry.name_at, "name", message, hint))
        elif (other := folded.setdefault(entry.folded, name)) != name:
            how = (
                "differ only in case"
                if other.casefold() == name.casefold()
                else "look alike (equal in NFKC, but for case)"
            )
            message = f'"{name}" and "{other}" in {exact[other]} {how}'
            hint = "rename one of the two"
            clashes.append(Diagnostic("names-differ-in-case", "warning", path, *entry.name_at, "name", message, hint))
    return clashes
