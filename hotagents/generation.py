"""`Generation`: a published whole, numbered and immutable; and the differences between two of them.

`digest` names content and is the same everywhere; `number` names a publication in this process. A return to earlier
content is a new publication, so generations compare by identity and their content by digest.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

from pydantic import BaseModel

from hotagents.authority import narrowed, widened
from hotagents.diagnostics import did_you_mean
from hotagents.snapshot import PartKind, content_hash, digest_of
from hotagents.spec import AgentSpec, Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from hotagents.diagnostics import Diagnostic
    from hotagents.loading import Candidate
    from hotagents.lock import Lock
    from hotagents.snapshot import Part

__all__ = ["Change", "Delta", "Diff", "Generation", "RightsDelta", "VolumeState", "published"]

S_co = TypeVar("S_co", bound=AgentSpec, covariant=True)
S = TypeVar("S", bound=AgentSpec)
T = TypeVar("T", bound=AgentSpec)
V = TypeVar("V")
M = TypeVar("M", bound=BaseModel)


@final
@dataclass(frozen=True, slots=True)
class Delta:
    """Names that came, changed and went, each in order."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """True where there is any difference."""
        return bool(self.added or self.changed or self.removed)

    @classmethod
    def between(cls, before: Mapping[str, V], after: Mapping[str, V], differ: Callable[[V, V], bool]) -> Delta:
        """Compare two mappings by names; ``differ`` is asked about two values that are not the same object."""
        return cls(
            added=tuple(name for name in after if name not in before),
            changed=tuple(
                name
                for name, now in after.items()
                if name in before and (then := before[name]) is not now and differ(then, now)
            ),
            removed=tuple(name for name in before if name not in after),
        )

    def to_dict(self) -> dict[str, list[str]]:
        """Return JSON-ready lists."""
        return {"added": list(self.added), "changed": list(self.changed), "removed": list(self.removed)}


@final
@dataclass(frozen=True, slots=True)
class RightsDelta:
    """What an agent may use now and could not before, and the reverse, as entries of its tool lists."""

    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Diff:
    """Differences between two generations.

    Attributes:
        agents: By name.
        documents: By path.
        files: By path; files that are no Markdown.
        rights: For each agent that both have and whose rights differ.
    """

    agents: Delta
    documents: Delta
    files: Delta
    rights: Mapping[str, RightsDelta]

    def __bool__(self) -> bool:
        """True where there is any difference."""
        return bool(self.agents or self.documents or self.files)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        rights = {name: {"gained": list(r.gained), "lost": list(r.lost)} for name, r in self.rights.items()}
        return {
            "agents": self.agents.to_dict(),
            "documents": self.documents.to_dict(),
            "files": self.files.to_dict(),
            "rights": rights,
        }


@final
@dataclass(frozen=True, slots=True)
class VolumeState:
    """One volume or plain directory as it was when the generation was read.

    Attributes:
        name: Its place below the root, ``.`` for the root itself.
        kind: ``volume``, ``directory`` or ``memory``.
        location: Where it is on disk.
        payload: What a volume's link pointed at.
        digest: By the same rule as the generation's, relative to its own root.
        agents: Names of the agents that it brought.
    """

    name: str
    kind: PartKind
    location: str
    payload: str
    digest: str
    agents: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"agents": list(self.agents)}


@final
@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Generation(Generic[S_co]):
    """One whole, validated set; holding it in a variable pins it.

    Immutable and safe to share between threads. Compares by identity; compare content by ``digest``.

    Attributes:
        number: From 1, growing with each publication of this process; never compare it between processes.
        digest: ``sha256:...`` of the bytes served, the same for the same content everywhere.
        restores: Number of the latest publication of the same content that is still in the history, or None.
        agents: Specs by name.
        documents: Pages that are no agents, by path relative to the root.
        files: Bytes of all other files by path.
        volumes: Where the content came from, by `VolumeState.name`.
        created_at: When it was published, aware UTC.
        diagnostics: Warnings and notes about it; never errors.
        lock: What it was published under, None where there was no lock. A lock that comes later and lists the same
            files publishes nothing, so it is not shown here.
    """

    number: int
    digest: str
    restores: int | None
    agents: Mapping[str, S_co]
    documents: Mapping[str, Document]
    files: Mapping[str, bytes]
    volumes: Mapping[str, VolumeState]
    created_at: datetime
    diagnostics: tuple[Diagnostic, ...]
    lock: Lock | None = None

    def __repr__(self) -> str:
        """Return number and digest; never content."""
        return f"<Generation {self.number} {self.digest[:19]} agents={len(self.agents)}>"

    def agent(self, name: str, spec: type[T]) -> T:
        """Return one agent, typed.

        Raises:
            LookupError: If there is no agent of that name; says which name is near.
            TypeError: If it was validated as another class.
        """
        agent: AgentSpec = _named("agent", name, self.agents)
        if not isinstance(agent, spec):
            raise TypeError(f'agent "{name}" is a {type(agent).__name__}, expected {spec.__name__}')
        return agent

    def document(self, path: str, model: type[M]) -> M:
        """Return one document's frontmatter, typed.

        Raises:
            LookupError: If there is no document of that path; says which path is near.
            TypeError: If it was not validated as that class.
        """
        frontmatter = _named("document", path, self.documents).frontmatter
        if not isinstance(frontmatter, model):
            raise TypeError(f'document "{path}" holds {type(frontmatter).__name__}, expected {model.__name__}')
        return frontmatter

    def diff(self, other: Generation[Any]) -> Diff:
        """Return what ``other`` has that this one has not, and the reverse: the way from here to there."""
        agents = Delta.between(self.agents, other.agents, _differ)
        both = {name: (self.agents[name].rights, other.agents[name].rights) for name in agents.changed}
        rights = {
            name: RightsDelta(widened(before, after), narrowed(before, after))
            for name, (before, after) in both.items()
            if before != after
        }
        return Diff(
            agents=agents,
            documents=Delta.between(self.documents, other.documents, _differ),
            files=Delta.between(self.files, other.files, operator.ne),
            rights=MappingProxyType({name: r for name, r in rights.items() if r.gained or r.lost}),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values; files as size and hash, never their bytes, and no prompt."""
        return {
            "number": self.number,
            "digest": self.digest,
            "restores": self.restores,
            "created_at": self.created_at.isoformat(),
            "agents": {name: _described(agent) for name, agent in self.agents.items()},
            "documents": {path: {"digest": document.digest} for path, document in self.documents.items()},
            "files": {path: {"size": len(c), "digest": f"sha256:{content_hash(c)}"} for path, c in self.files.items()},
            "volumes": {name: volume.to_dict() for name, volume in self.volumes.items()},
            "diagnostics": [diagnostic.to_dict() for diagnostic in self.diagnostics],
            "lock": self.lock.to_dict() if self.lock is not None else None,
        }


@final
@dataclass(frozen=True, slots=True)
class Change(Generic[S_co]):
    """From one generation to a later one; what lay between them is in the difference."""

    previous: Generation[S_co]
    generation: Generation[S_co]
    diff: Diff


def published(
    candidate: Candidate[S],
    *,
    number: int,
    restores: int | None,
    diagnostics: tuple[Diagnostic, ...],
    created_at: datetime,
) -> Generation[S]:
    """Return the generation that publishes a candidate without errors; ``diagnostics`` are all that is said of it."""
    return Generation(
        number=number,
        digest=candidate.digest,
        restores=restores,
        agents=candidate.agents,
        documents=candidate.documents,
        files=candidate.files,
        volumes=_volumes(candidate),
        created_at=created_at,
        diagnostics=diagnostics,
        lock=candidate.lock,
    )


def _volumes(candidate: Candidate[Any]) -> Mapping[str, VolumeState]:
    return MappingProxyType({part.name: _state_of(part, candidate) for part in candidate.parts})


def _state_of(part: Part, candidate: Candidate[Any]) -> VolumeState:
    if not part.prefix and part.files.keys() == candidate.entries.keys():  # all of it, as nearly always
        digest, names = candidate.digest, tuple(candidate.agents)
    else:
        paths = [path for path in part.files if part.prefix + path in candidate.entries]
        entries = {path: candidate.entries[part.prefix + path] for path in paths}
        names = tuple(entry.agent.name for entry in entries.values() if entry.agent is not None)
        digest = digest_of({path: entry.hash for path, entry in entries.items()})
    return VolumeState(part.name, part.kind, part.location, part.payload, digest, names)


def _differ(before: AgentSpec | Document, after: AgentSpec | Document) -> bool:
    return before.digest != after.digest


def _described(agent: AgentSpec) -> dict[str, Any]:
    described = agent.model_dump(mode="json", by_alias=True, exclude={"prompt"}, exclude_defaults=True)
    return described | {"path": agent.path, "digest": agent.digest}


def _named(kind: str, name: str, items: Mapping[str, V]) -> V:
    try:
        return items[name]
    except KeyError:
        raise LookupError(f'no {kind} "{name}"; {_near(name, items)}') from None


def _near(name: str, items: Iterable[str]) -> str:
    known = sorted(items)
    return did_you_mean(name, known) or f"there are: {', '.join(known) or 'none'}"
