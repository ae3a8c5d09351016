"""`Judge`: whether a set may be served, and what of it, by everything that a registry was told to insist on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, final

from hotagents.diagnostics import Diagnostic, errors_in, order
from hotagents.holding import Held, held_by
from hotagents.loading import is_as_listed, load
from hotagents.spec import AgentSpec
from hotagents.strictness import strictly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents.limits import Limits
    from hotagents.loading import Candidate, Schema
    from hotagents.registry.settings import OnInvalid
    from hotagents.snapshot import Part, Snapshot
    from hotagents.validation import Validation

__all__ = ["Judge", "Verdict"]

S = TypeVar("S", bound=AgentSpec)
_MOST_ROUNDS: Final = 10
_HINT: Final = "if this is meant, say allow_empty=True"


class Verdict(NamedTuple, Generic[S]):
    """What may be said of a set.

    Attributes:
        candidate: The set; where something of it is held, the mended one.
        diagnostics: All that is said of it; with an error it must not be served.
        emptied: Names of the parts that lost all their agents.
    """

    candidate: Candidate[S]
    diagnostics: tuple[Diagnostic, ...]
    emptied: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What forbids to serve it."""
        return errors_in(self.diagnostics)


@final
class Judge(Generic[S]):
    """Loads and judges; used by one thread at a time, under the check lock.

    Attributes:
        served: What was last found good of the content that is served, None before the first; set by the publisher.
        is_from_disk: Whether that was kept by an earlier process, whose mounts may have been laid out otherwise.
    """

    def __init__(
        self, schema: Schema[S], validation: Validation, *, allow_empty: bool, on_invalid: OnInvalid = "hold-set"
    ) -> None:
        self._schema = schema
        self._validation = validation
        self._allow_empty = allow_empty
        self._on_invalid = on_invalid
        self._read: Candidate[S] | None = None
        self.served: Candidate[S] | None = None
        self.is_from_disk = False

    @property
    def limits(self) -> Limits:
        """Bounds of what is loaded."""
        return self._schema.limits

    def load(self, snapshot: Snapshot) -> Candidate[S]:
        """Return the set that a snapshot makes; what has not changed is not parsed again."""
        known = [before for before in (self.served, self._read) if before is not None]
        self._read = load(snapshot, self._schema, known=known)
        return self._read

    def judge(self, candidate: Candidate[S]) -> Verdict[S]:
        """Say what is wrong with a set: its files, what it lacks, and only where that is well, what plugins find.

        Content that is served already is not shown to plugins again.
        """
        # Where files have errors, those say why agents are missing; emptiness would only stand before them.
        emptied = {} if candidate.errors else self._emptiness(candidate)
        diagnostics = [*candidate.diagnostics, *dict.fromkeys(emptied.values())]
        is_served = self.served is not None and self.served.digest == candidate.digest
        if not errors_in(diagnostics) and not is_served:
            diagnostics += strictly(self._validation.run(candidate), self._schema.strict)
        return Verdict(candidate, order(diagnostics), tuple(name for name in emptied if name))

    def close(self) -> None:
        """End waits for plugins."""
        self._validation.close()

    def mended(self, snapshot: Snapshot, verdict: Verdict[S], good: Candidate[S] | None) -> Verdict[S] | None:
        """Return the set with what is at fault held at its last good bytes, None where that is no way out.

        Never under a lock that says otherwise, be it that of what was read: what belongs together is served together.

        Args:
            snapshot: What was read.
            verdict: What is wrong with it.
            good: The last good set, None where there is none.
        """
        read, served, policy = verdict.candidate, good, self._on_invalid
        if served is None or policy == "hold-set":
            return None
        held, said = Held(), verdict
        for _ in range(_MOST_ROUNDS):
            more = held_by(said.errors, said.emptied, said.candidate, served, policy=policy)
            if more is None or (held | more) == held:
                return None  # what is held already is not what is wrong
            held |= more
            known = (served, read)
            candidate = load(held.applied(snapshot, served), self._schema, known=known)
            as_listed = not candidate.mismatches and is_as_listed(candidate.entries, read.locks)
            if not as_listed or not held.keeps_roles(read, candidate):
                return None
            said = self.judge(candidate)
            if not said.errors:
                warnings = held.warnings(verdict.diagnostics, served)
                return said._replace(diagnostics=order([*said.diagnostics, *warnings]))
        return None

    def _emptiness(self, candidate: Candidate[Any]) -> Mapping[str, Diagnostic]:
        """Return what is missing by the name of its part, and under no name where the whole set is empty."""
        if self._allow_empty:
            return {}
        now = {part.name: part for part in candidate.parts}
        before = self.served.parts if self.served is not None and not self.is_from_disk else ()
        # Mounts may have been laid out anew: agents that are at the same paths are not lost, whatever brings them now.
        lost = [
            part
            for part in before
            if any(_agents_in(self.served, part))
            and not any(_agents_in(candidate, part))
            and not any(_agents_in(candidate, now.get(part.name)))
        ]
        if not candidate.agents:
            return dict.fromkeys([part.name for part in lost] or ("",), _empty("the set holds no agent"))
        counts = {part.name: sum(_agents_in(self.served, part)) for part in lost}
        return {name: _empty(f"agents in {name}: {count} before, none now") for name, count in counts.items()}


def _agents_in(candidate: Candidate[Any] | None, part: Part | None) -> Iterator[bool]:
    """Say of each file of a part whether it is an agent."""
    if candidate is None or part is None:
        return
    for path in part.files:
        entry = candidate.entries.get(part.prefix + path)
        yield entry is not None and entry.agent is not None


def _empty(message: str) -> Diagnostic:
    return Diagnostic("empty-set", "error", "", 0, 0, "", message, _HINT)
