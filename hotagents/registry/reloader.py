"""`Reloader`: one check, from the token to the publication.

Checks never run side by side: the check lock makes a second one wait, look again, and find what came meanwhile. The
same lock covers everything that the source does, so a source needs none. It is never held while waiting for a
subscriber.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, final

from hotagents.diagnostics import Diagnostic, errors_in, order
from hotagents.errors import InvalidConfigError, SourceError
from hotagents.loading import Candidate, Entry, Schema, is_as_listed, load
from hotagents.registry.health import log_publication
from hotagents.snapshot import LOCK_NAME, Snapshot
from hotagents.sources import read_settled
from hotagents.spec import AgentSpec
from hotagents.watching import Checked

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from hotagents.clock import Clock
    from hotagents.registry.board import Board
    from hotagents.registry.health import Health
    from hotagents.sources import Source
    from hotagents.status import ReloadResult
    from hotagents.validation import Validation
    from hotagents.watchers import Watcher

__all__ = ["Outcome", "Reloader"]

S = TypeVar("S", bound=AgentSpec)
_NEVER: Final = object()


class Outcome(NamedTuple):
    """What a check came to."""

    result: ReloadResult
    checked: Checked
    error: SourceError | InvalidConfigError | None = None


@final
class Reloader(Generic[S]):
    """Reads, loads, validates and publishes.

    `check` and `arm` may be called by any thread; all state here is guarded by the check lock.
    """

    def __init__(
        self,
        source: Source,
        schema: Schema[S],
        board: Board[S],
        health: Health,
        validation: Validation,
        *,
        clock: Clock,
        allow_empty: bool,
    ) -> None:
        self._source = source
        self._schema = schema
        self._board = board
        self._health = health
        self._validation = validation
        self._clock = clock
        self._allow_empty = allow_empty
        self._lock = threading.RLock()  # a validator or clock of the program's may ask for the status meanwhile
        self._stopped = threading.Event()
        self._seen_token: Hashable = _NEVER
        # The token whose content is served. Only success sets it: what failed or was refused is read again at each
        # resync, so that a fault that passes is not remembered as a state.
        self._good_token: Hashable = _NEVER
        self._refused: tuple[str, tuple[Diagnostic, ...]] | None = None
        self._served: Mapping[str, Entry[S]] = {}
        self._read: Mapping[str, Entry[S]] = {}

    def arm(self) -> Watcher:
        """Return a new watcher of the source.

        Raises:
            OSError: If it cannot be armed.
        """
        with self._lock:
            return self._source.watcher()

    def check(self, *, force: bool = False) -> Outcome:
        """Compare the token and, where it moved or with ``force``, read and publish or refuse; never raises."""
        with self._lock:
            token = self._token()
            moved = token != self._seen_token
            if not force and token == self._good_token:
                return Outcome("unchanged", Checked(moved=False, finished=True))
            self._seen_token = token
            try:
                snapshot = self._snapshot()
            except SourceError as error:
                self._good_token = _NEVER  # or a source that comes back as it was would pass for one that never left
                self._health.failed(error, self._serving)
                # What never is quiet was read, and a restart would not make it quiet: that is no failure of the watch.
                return Outcome("failed", Checked(moved, finished=error.reason == "Unstable"), error)
            result, problem = self._decide(self._load(snapshot))
            self._seen_token = snapshot.token
            self._good_token = snapshot.token if problem is None else _NEVER
            return Outcome(result, Checked(moved, finished=True), problem)

    def stop(self) -> None:
        """End waits for quiet and for validators; a check that runs now publishes nothing more."""
        self._stopped.set()
        self._validation.close()

    @property
    def _serving(self) -> int:
        latest = self._board.latest
        return latest.number if latest is not None else 0

    def _token(self) -> Hashable:
        try:
            return self._source.token()
        except Exception as error:  # noqa: BLE001 - a source of the program's; reading it will say what is wrong
            return ("failed", type(error).__name__, str(error))

    def _snapshot(self) -> Snapshot:
        try:
            snapshot = read_settled(self._source, wait=self._stopped.wait)
        except SourceError:
            raise
        except Exception as error:
            raise SourceError(f"the source failed: {type(error).__name__}: {error}") from error
        if not isinstance(snapshot, Snapshot):
            raise SourceError(f"the source's read() returned {type(snapshot).__name__}, expected Snapshot")
        return snapshot

    def _load(self, snapshot: Snapshot) -> Candidate[S]:
        candidate = load(snapshot, self._schema, known=(self._served, self._read))
        self._read = candidate.entries
        return candidate

    def _decide(self, candidate: Candidate[S]) -> tuple[ReloadResult, InvalidConfigError | None]:
        latest = self._board.latest
        if candidate.mismatches:
            return "held", self._wait_for_lock(candidate)
        # Where files have errors, those say why agents are missing; emptiness would only stand before them.
        diagnostics = candidate.diagnostics
        if not errors_in(diagnostics):
            diagnostics = order([*diagnostics, *self._emptiness(candidate)])
        if not errors_in(diagnostics):
            if latest is not None and candidate.digest == latest.digest:
                self._refused = None
                # Equal content may lie under other locks, or beside other links, which are left out.
                of_plugins = [d for d in latest.diagnostics if d.code == "plugin-warning"]
                new = [d for d in candidate.diagnostics if d not in latest.diagnostics]
                self._health.unchanged(candidate.digest, order([*candidate.diagnostics, *of_plugins]), new)
                return "unchanged", None
            diagnostics = order([*diagnostics, *self._validation.run(candidate)])
        if errors_in(diagnostics):
            self._health.rejected(candidate.digest, diagnostics, self._serving)
            if (candidate.digest, diagnostics) != self._refused:  # each rejection is told once, not at each resync
                self._refused = (candidate.digest, diagnostics)
                self._board.reject()
            return "rejected", InvalidConfigError(f"{candidate.digest[:19]} was refused:", diagnostics)
        if self._stopped.is_set():
            return "unchanged", None
        self._publish(candidate, diagnostics)
        return "published", None

    def _wait_for_lock(self, candidate: Candidate[S]) -> InvalidConfigError:
        """Note that a set is not, or not yet, as its lock lists it: held, and looked at again at each resync."""
        self._refused = None
        diagnostics = order([*candidate.mismatches, *candidate.diagnostics])
        stale = self._board.latest is not None and is_as_listed(self._served, candidate.locks)
        self._health.waiting(candidate, diagnostics, self._serving, stale=stale)
        what = f"{candidate.digest[:19]} is not what {LOCK_NAME} lists"
        then = "there is nothing older to serve: start again once every file is as listed"  # only a start raises it
        return InvalidConfigError(f"{what}; {then}:", diagnostics)

    def _publish(self, candidate: Candidate[S], diagnostics: tuple[Diagnostic, ...]) -> None:
        previous = self._board.latest
        generation = self._board.publish(
            candidate, diagnostics=diagnostics, created_at=self._clock.now(), also=self._health.published
        )
        self._served, self._refused = candidate.entries, None
        log_publication(generation, previous)

    def _emptiness(self, candidate: Candidate[Any]) -> list[Diagnostic]:
        if self._allow_empty:
            return []
        hint = "if this is meant, say allow_empty=True"
        if not candidate.agents:
            return [Diagnostic("empty-set", "error", "", 0, 0, "", "the set holds no agent", hint)]
        latest = self._board.latest
        if latest is None:
            return []
        now = {part.name: part for part in candidate.parts}
        return [
            Diagnostic(
                "empty-set", "error", "", 0, 0, "", f"agents in {name}: {len(state.agents)} before, none now", hint
            )
            for name, state in latest.volumes.items()
            if state.agents and not _has_agents(candidate, now.get(name))
        ]


def _has_agents(candidate: Candidate[Any], part: Any) -> bool:
    if part is None:
        return False
    entries = (candidate.entries.get(part.prefix + path) for path in part.files)
    return any(entry is not None and entry.agent is not None for entry in entries)
