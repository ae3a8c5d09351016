"""`Reloader`: one check, from the token to the decision.

Checks never run side by side: the check lock makes a second one wait, look again, and find what came meanwhile. The
same lock covers everything that the source does, so a source needs none, and going back, so that no check publishes in
between. It is never held while waiting for a subscriber.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, final

from hotagents.diagnostics import Diagnostic
from hotagents.errors import ClosedError, InvalidConfigError, SourceError
from hotagents.registry.publisher import Publisher
from hotagents.registry.stop import Stop
from hotagents.snapshot import Snapshot
from hotagents.sources import patterns_of, read_settled
from hotagents.spec import AgentSpec
from hotagents.store import StoreError
from hotagents.watching import Checked

if TYPE_CHECKING:
    from collections.abc import Hashable

    from hotagents.clock import Clock
    from hotagents.generation import Generation
    from hotagents.loading import Candidate
    from hotagents.registry.board import Board
    from hotagents.registry.health import Health
    from hotagents.registry.judge import Judge
    from hotagents.sources import Source
    from hotagents.status import ReloadResult
    from hotagents.store import Store
    from hotagents.watchers import Watcher

__all__ = ["Outcome", "Reloader"]

S = TypeVar("S", bound=AgentSpec)
_NEVER: Final = object()
_FROM_DISK: Final = "last-good-from-disk"


class Outcome(NamedTuple):
    """What a check came to."""

    result: ReloadResult
    checked: Checked
    error: SourceError | InvalidConfigError | None = None


@final
class Reloader(Generic[S]):
    """Reads, has it decided, and remembers what was seen.

    All methods may be called by any thread; all state here is guarded by the check lock.
    """

    def __init__(self, source: Source, board: Board[S], health: Health, judge: Judge[S], *, clock: Clock) -> None:
        self._source = source
        self._health = health
        self._judge = judge
        # Reentrant: a validator or clock of the program's may ask for the status meanwhile.
        self._lock = threading.RLock()
        self._stopped = Stop()
        self._publisher = Publisher(board, health, judge, clock=clock, stopped=self._stopped)
        self._clock = clock
        self._seen_token: Hashable = _NEVER
        # The token whose content is served, or held back by a rollback. Only success sets it: what failed or was
        # refused is read again at each resync, so that a fault that passes is not remembered as a state.
        self._good_token: Hashable = _NEVER

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
            begun = self._clock.monotonic()
            outcome = self._reload(moved=moved)
            self._health.reloaded(outcome.result, self._clock.monotonic() - begun)
            return outcome

    def _reload(self, *, moved: bool) -> Outcome:
        try:
            snapshot = self._snapshot()
        except SourceError as error:
            self._good_token = _NEVER  # or a source that comes back as it was would pass for one that never left
            self._health.failed(error, self._publisher.serving)
            # What never is quiet was read, and a restart would not make it quiet: that is no failure of the watch.
            return Outcome("failed", Checked(moved, finished=error.reason == "Unstable"), error)
        result, problem = self._publisher.decide(snapshot)
        self._seen_token = snapshot.token
        self._good_token = snapshot.token if problem is None else _NEVER
        return Outcome(result, Checked(moved, finished=True), problem)

    def rollback(self, to: Generation[Any] | int | str) -> Generation[S]:
        """Go back to an earlier generation's content and hold it.

        Raises:
            UnknownGenerationError: If it is not in the history.
            ClosedError: If nothing may be published any more.
        """
        with self._lock:
            if self._stopped.is_set():
                raise ClosedError("this registry was closed; make a new one")
            return self._publisher.rollback(to)

    def resume(self) -> Outcome:
        """End a hold, and serve what would be served had there been none: the newest good content."""
        with self._lock:
            hold = self._publisher.let_go()
            try:
                outcome = self.check(force=True)
            finally:
                self._publisher.forget_hold()
            # Where the source is served, that is the newest; else what was good last is.
            is_newest = outcome.error is None or outcome.result == "published"
            if hold is None or is_newest or not self._publisher.catch_up(hold):
                return outcome
            return self.check(force=True)._replace(result="published")  # says anew why the source is not served

    def serve_last_good(self, store: Store, error: SourceError | InvalidConfigError) -> Generation[S]:
        """Serve the set that was kept on disk, since the source gave ``error``.

        Raises:
            SourceError, InvalidConfigError: ``error``, with a note that says why that did not help.
        """
        why = str(error.diagnostics[0] if isinstance(error, InvalidConfigError) else error)
        warning = Diagnostic(_FROM_DISK, "warning", "", 0, 0, "", f"served from disk, since: {why}", "mend the source")
        with self._lock:
            try:
                snapshot = store.load(patterns=patterns_of(self._source), limits=self._judge.limits)
                generation = self._publisher.serve_last_good(snapshot, warning)
            except (StoreError, InvalidConfigError) as other:
                error.add_note(f"no last good set could be served in its place: {other}")
                raise error from None
            self.check(force=True)  # says anew, now that there is something that stays
            return generation

    def set_of(self, generation: Generation[Any]) -> Candidate[S] | None:
        """Return the set that a generation published, None once it has left the history."""
        return self._publisher.set_of(generation)

    def wait(self, seconds: float) -> bool:
        """Wait, and say whether the registry was stopped meanwhile."""
        return self._stopped.wait(seconds)

    def stop(self) -> None:
        """End waits for quiet and for validators; a check that runs now publishes nothing more."""
        self._stopped.set()
        self._judge.close()

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
