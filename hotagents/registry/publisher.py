"""`Publisher`: what a set that was read comes to: published, refused, held back, or nothing new.

Used under the check lock, so by one thread at a time. What it serves from, the sets of the history, is one mapping,
replaced whole, so that any thread may look a generation's bytes up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, final

from hotagents.diagnostics import Diagnostic, errors_in, order
from hotagents.errors import InvalidConfigError
from hotagents.loading import is_as_listed
from hotagents.registry.hold import Hold, generation_in
from hotagents.registry.judge import Verdict
from hotagents.registry.news import log_publication
from hotagents.snapshot import LOCK_NAME
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents.clock import Clock
    from hotagents.generation import Generation
    from hotagents.loading import Candidate
    from hotagents.registry.board import Board
    from hotagents.registry.health import Health
    from hotagents.registry.judge import Judge
    from hotagents.registry.stop import Stop
    from hotagents.snapshot import Snapshot
    from hotagents.status import ReloadResult

__all__ = ["Decision", "Publisher"]

S = TypeVar("S", bound=AgentSpec)


class Decision(NamedTuple):
    """What a set came to, and the error where what was read is not what should be served."""

    result: ReloadResult
    error: InvalidConfigError | None = None


@final
class Publisher(Generic[S]):
    """Decides, and publishes to a board."""

    def __init__(self, board: Board[S], health: Health, judge: Judge[S], *, clock: Clock, stopped: Stop) -> None:
        """Once ``stopped`` is set nothing is published any more."""
        self._board = board
        self._health = health
        self._judge = judge
        self._clock = clock
        self._stopped = stopped
        self._refused: tuple[str, tuple[Diagnostic, ...]] | None = None
        self._hold: Hold[S] | None = None
        self._ended_hold: Hold[S] | None = None  # while it is being ended
        self._sets: Mapping[int, Candidate[S]] = {}

    @property
    def serving(self) -> int:
        """Number of the current generation, 0 before the first."""
        latest = self._board.latest
        return latest.number if latest is not None else 0

    def set_of(self, generation: Generation[Any]) -> Candidate[S] | None:
        """Return the set that a generation published, None once it has left the history. For any thread."""
        is_kept = any(kept is generation for kept in self._board.history())
        return self._sets.get(generation.number) if is_kept else None

    # --- what was read ----------------------------------------------------------------------------------------------

    def decide(self, snapshot: Snapshot) -> Decision:
        """Publish what was read, all of it or what the policy for errors lets through, or say why not."""
        read = self._judge.load(snapshot)
        if read.mismatches:
            return Decision("held", self._wait_for_lock(read))
        verdict = self._judge.judge(read)
        if not verdict.errors:
            self._refused = None
            return Decision(self._accept(verdict))
        hold = self._hold or self._ended_hold
        if hold is not None and hold.newest is not None and _same_bytes(hold.newest.candidate, read):
            hold.newest = None  # it was good, and is no more
        mended = self._judge.mended(snapshot, verdict, self._last_good(hold))
        said = verdict.diagnostics if mended is None else order([*verdict.errors, *mended.diagnostics])
        result: ReloadResult = "rejected"
        if self._hold is not None:
            self._hold.newest = mended or self._hold.newest
            self._health.holding(read.digest, said, self._board.current)
        else:
            if mended is not None and not self._is_served(mended.candidate):
                result = self._publish(mended, lambda _: self._health.note_rejected(read.digest, said, self.serving))
            self._health.rejected(read.digest, said, self.serving)
        self._tell_once(read.digest, said)
        return Decision(result, InvalidConfigError(f"{read.digest[:19]} was refused:", verdict.diagnostics))

    def _last_good(self, hold: Hold[S] | None) -> Candidate[S] | None:
        """Return what would be served by now had nothing been held."""
        return hold.newest.candidate if hold is not None and hold.newest is not None else self._judge.served

    def _accept(self, verdict: Verdict[S]) -> ReloadResult:
        """Publish a set that is well, unless it is served already or held back."""
        latest, candidate = self._board.latest, verdict.candidate
        if self._hold is not None:
            self._hold.newest = verdict
            self._health.holding(candidate.digest, verdict.diagnostics, self._board.current)
            return "unchanged" if self._is_served(candidate) else "held"
        if latest is not None and self._is_served(candidate):
            # Equal content may lie under other locks, or beside other links, which are left out.
            of_plugins = [d for d in latest.diagnostics if d.code == "plugin-warning"]
            new = [d for d in candidate.diagnostics if d not in latest.diagnostics]
            # The bytes that a hold goes back to, locks included.
            self._judge.served, self._judge.is_from_disk = candidate, False
            self._health.unchanged(candidate.digest, order([*candidate.diagnostics, *of_plugins]), new)
            return "unchanged"
        return self._publish(verdict, self._health.published)

    def _is_served(self, candidate: Candidate[Any]) -> bool:
        latest = self._board.latest
        return latest is not None and candidate.digest == latest.digest

    def _tell_once(self, digest: str, diagnostics: tuple[Diagnostic, ...]) -> None:
        if (digest, diagnostics) != self._refused:  # each rejection once, not at each resync
            self._refused = (digest, diagnostics)
            self._board.reject()

    def _wait_for_lock(self, candidate: Candidate[S]) -> InvalidConfigError:
        """Note that a set is not, or not yet, as its lock lists it: held, and looked at again at each resync."""
        self._refused = None
        diagnostics = order([*candidate.mismatches, *candidate.diagnostics])
        served = self._judge.served
        stale = served is not None and is_as_listed(served.entries, candidate.locks)
        self._health.waiting(candidate, diagnostics, self.serving, stale=stale)
        what = f"{candidate.digest[:19]} is not what {LOCK_NAME} lists"
        then = "there is nothing older to serve: start again once every file is as listed"  # only a start raises it
        return InvalidConfigError(f"{what}; {then}:", diagnostics)

    # --- publishing -------------------------------------------------------------------------------------------------

    def _publish(self, verdict: Verdict[S], note: Callable[[Generation[S]], None]) -> ReloadResult:
        if self._stopped.is_set():
            return "unchanged"
        previous, candidate = self._board.latest, verdict.candidate

        def also(generation: Generation[S]) -> None:
            self._served(generation, candidate)
            note(generation)

        generation = self._board.publish(
            candidate, diagnostics=verdict.diagnostics, created_at=self._clock.now(), also=also
        )
        log_publication(generation, previous)
        return "published"

    def _served(self, generation: Generation[S], candidate: Candidate[S]) -> None:
        judge = self._judge
        judge.served, judge.is_from_disk = candidate, judge.is_from_disk and judge.served is None
        kept = {earlier.number for earlier in self._board.history()}
        self._sets = {n: c for n, c in {**self._sets, generation.number: candidate}.items() if n in kept}

    def serve_last_good(self, snapshot: Snapshot, warning: Diagnostic) -> Generation[S]:
        """Publish a set that was kept on disk, with a warning that says so, if it is still a good one.

        Raises:
            InvalidConfigError: If it is not.
        """
        candidate = self._judge.load(snapshot)
        verdict = self._judge.judge(candidate)
        faults = (*candidate.mismatches, *verdict.errors)
        if faults:
            raise InvalidConfigError(f"the last good set {candidate.digest[:19]} is not good any more:", faults)
        self._judge.is_from_disk = True
        self._publish(verdict._replace(diagnostics=order([*verdict.diagnostics, warning])), self._health.restored)
        return self._board.current

    # --- going back -------------------------------------------------------------------------------------------------

    def rollback(self, to: Generation[Any] | int | str) -> Generation[S]:
        """Make what an earlier generation holds current, and hold it; content that is current already stays so.

        Raises:
            UnknownGenerationError: If it is not in the history; nothing changes then.
        """
        target = generation_in(self._board.history(), to)
        latest, candidate = self._board.current, self._sets[target.number]
        if self._hold is None:
            served = self._judge.served
            self._hold = Hold(Verdict(served, latest.diagnostics) if served is not None else None)
        if target.digest == latest.digest:
            self._health.note_hold(latest)
            self._health.log_hold(latest)
            return latest

        def also(generation: Generation[S]) -> None:
            self._served(generation, candidate)
            self._health.note_hold(generation)

        generation = self._board.restore(target, created_at=self._clock.now(), also=also)
        log_publication(generation, latest)
        self._health.log_hold(generation)
        return generation

    def let_go(self) -> Hold[S] | None:
        """End the hold and return it, None where there is none; what is decided next still knows of it."""
        self._ended_hold, self._hold = self._hold, None
        self._health.let_go()
        return self._ended_hold

    def forget_hold(self) -> None:
        """Decide from here on as if nothing had been held."""
        self._ended_hold = None

    def catch_up(self, hold: Hold[S]) -> bool:
        """Publish what an ended hold kept back; say whether that was anything new."""
        newest = hold.newest
        if newest is None or errors_in(newest.diagnostics) or self._is_served(newest.candidate):
            return False
        return self._publish(newest, self._health.restored) == "published"


def _same_bytes(one: Candidate[Any], other: Candidate[Any]) -> bool:
    """Say whether two sets are the same file by file, locks included, which the digest leaves out."""
    return {path: e.hash for path, e in one.entries.items()} == {path: e.hash for path, e in other.entries.items()}
