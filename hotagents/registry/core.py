"""`Core`: a started registry's parts and their life; made by `start`, gone silent by `close`.

Threads: the watch's (checks), one for each subscriber, one that tells plugins. They are daemons, and every registry
that is still open when the interpreter exits is closed first, since a thread that is inside an extension then may not
survive the interpreter's end.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, final

from hotagents.diagnostics import errors_in, escape
from hotagents.errors import ClosedError, InvalidConfigError, SourceError
from hotagents.registry.board import Board
from hotagents.registry.changes import Subscription
from hotagents.registry.health import Facts
from hotagents.registry.judge import Judge
from hotagents.registry.keeper import Keeper
from hotagents.registry.reloader import Outcome, Reloader
from hotagents.sources import patterns_of
from hotagents.spec import AgentSpec
from hotagents.store import Store
from hotagents.validation import Validation
from hotagents.watching import Cause, Checked, Watch
from hotagents.weak import members

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents.generation import Change, Generation
    from hotagents.registry.health import Health
    from hotagents.registry.settings import Settings
    from hotagents.status import RegistryStatus

__all__ = ["Core"]

S = TypeVar("S", bound=AgentSpec)
_CLOSE_TIMEOUT: Final = 1.0
_QUIET: Final = 5.0  # seconds that reading waits for quiet
_LOOK: Final = 0.1  # seconds between two looks for a source that is not there yet
_ABSENT: Final = frozenset({"empty-set", "missing-document"})
logger: Final = logging.getLogger("hotagents")


@final
class Core(Generic[S]):
    """The running parts of one registry."""

    def __init__(self, settings: Settings[S], health: Health, assign: Callable[[Generation[S]], None]) -> None:
        """``health`` outlives this: a start that failed may be followed by another."""
        self._settings = settings
        self.board: Board[S] = Board(assign, history=settings.history)
        self._health = health
        judge = Judge(
            settings.schema,
            Validation(settings.plugins, timeout=settings.validate_timeout),
            allow_empty=settings.allow_empty,
            on_invalid=settings.on_invalid,
        )
        self._reloader = Reloader(settings.source, self.board, self._health, judge, clock=settings.clock)
        self._store = Store(settings.state_dir) if settings.state_dir is not None else None
        patterns = patterns_of(settings.source)
        self._keeper = Keeper(self._store, self._reloader.set_of, clock=settings.clock, patterns=patterns)
        self._watch = Watch(
            self._reloader.arm, self._check, resync_interval=settings.resync_interval, clock=settings.clock
        )
        self._subscriptions: weakref.WeakSet[Subscription[S]] = weakref.WeakSet()
        self._rejections: threading.Thread | None = None
        self._atexit: Callable[[], None] | None = None
        self._started = False
        self._closing: set[int] = set()  # threads that are about it

    def start(self) -> Generation[S]:
        """Arm, load, then let the watch run; on failure everything is closed again.

        Raises:
            SourceError: If the source cannot be read.
            InvalidConfigError: If it is refused.
            ClosedError: If it was closed meanwhile.
        """
        try:
            if self._settings.watched:
                self._watch.arm()  # before loading, so that what changes meanwhile leaves a hint
            self._load_first()
            if self._settings.watched:
                self._watch.start()
            self._started = True
            self._tell_plugins()
            self._close_at_exit()
            self._refuse_closed()  # last, so that a close at any moment before is noticed
        except BaseException:
            self.close()
            raise
        return self.board.current

    def _load_first(self) -> None:
        error = self._first_error()
        self._refuse_closed()
        if error is not None and self._settings.on_start_invalid == "last-good" and self._store is not None:
            self._reloader.serve_last_good(self._store, error)
        elif error is not None:
            raise error

    def _first_error(self) -> SourceError | InvalidConfigError | None:
        """Check, and while nothing is there check again, for as long as the settings say."""
        deadline = time.monotonic() + self._settings.wait_for_source
        error = self._reloader.check(force=True).error
        waits = _is_absent(error) and self._settings.wait_for_source > 0
        if waits:
            logger.info("waiting up to %g s: %s", self._settings.wait_for_source, escape(str(error)))
        while _is_absent(error) and (left := deadline - time.monotonic()) > 0:
            if self._reloader.wait(min(left, _LOOK)):
                return error
            error = self._reloader.check(force=True).error
        if waits and self._settings.watched:
            self._watch.arm()  # there was nothing to arm before
            error = self._reloader.check(force=True).error
        return error

    def _refuse_closed(self) -> None:
        if self.board.closed:
            raise ClosedError("the registry was closed while it started")

    def reload(self) -> Outcome:
        """Check now, whatever the token says.

        Raises:
            ClosedError: If it was closed.
        """
        self._refuse_ended()
        return self._reloader.check(force=True)

    def rollback(self, to: Generation[Any] | int | str) -> Generation[S]:
        """Go back to an earlier generation's content and hold it.

        Raises:
            UnknownGenerationError: If it is not in the history.
            ClosedError: If it was closed.
        """
        self._refuse_ended()
        return self._reloader.rollback(to)

    def resume(self) -> Outcome:
        """End a hold, and publish what it held back.

        Raises:
            ClosedError: If it was closed.
        """
        self._refuse_ended()
        return self._reloader.resume()

    def confirm(self, generation: Generation[Any]) -> None:
        """Keep a generation that proved itself.

        Raises:
            UnknownGenerationError: If it is not in the history.
        """
        self._keeper.confirm(generation)

    def _refuse_ended(self) -> None:
        if self.board.closed:
            raise ClosedError("this registry was closed; make a new one")

    def subscribe(self, callback: Callable[[Change[S]], object]) -> Subscription[S]:
        """Call back with each change from now on."""
        subscription = Subscription(self.board, callback)
        self._subscriptions.add(subscription)
        return subscription

    def status(self, *, starting: bool = False) -> RegistryStatus:
        """Return the status of this moment; ``starting`` where nothing is served yet, whatever was published."""
        beat = self._watch.beat
        generation, record = self.board.look(lambda: self._health.record)
        return self._health.status(
            Facts(
                generation=None if starting else generation,
                record=record,
                closed=self.board.closed and not starting,
                watch=self._watch.state,
                last_check=beat[1] if beat is not None else None,
                missed=self._watch.missed,
                pins=self.board.pins,
                subscriber_errors=self.board.subscriber_errors,
                watch_errors=self._watch.errors,
            )
        )

    def healthy(self, max_age: float | None) -> bool:
        """Say whether the watch finished a check within ``max_age`` seconds."""
        if not self._started or self.board.closed:
            return False
        if not self._settings.watched:
            return True
        limit = 3 * self._settings.resync_interval if max_age is None else max_age
        beat, begun, now = self._watch.beat, self._watch.checking_since, self._settings.clock.monotonic()
        if not self._watch.alive or beat is None:
            return False
        if max_age is not None or begun is None:
            return now - beat[0] <= limit
        # A check that is under way may take its time: an edit that is slow to judge is no reason for a restart.
        return now - beat[0] <= limit or (begun - beat[0] <= limit and now - begun <= self._longest_check)

    @property
    def _longest_check(self) -> float:
        """Seconds that a check may rightly take: waiting for quiet, and for every validator."""
        plugins = self._settings.plugins
        validators = len(plugins.validators()) if plugins is not None else 0
        return 2 * _QUIET + validators * self._settings.validate_timeout

    def close(self) -> None:
        """Stop checking, end all waits and threads; from any thread, any number of times.

        A signal's handler that interrupts this very call leaves the rest to it: what it would need is in use.
        """
        me = threading.get_ident()
        if me in self._closing:
            return
        self._closing.add(me)
        try:
            self._close()
        finally:
            self._closing.discard(me)

    def _close(self) -> None:
        deadline = time.monotonic() + _CLOSE_TIMEOUT
        self._reloader.stop()
        self.board.close()
        self._watch.close(_CLOSE_TIMEOUT)
        subscriptions = members(self._subscriptions)
        # Subscribers that close the registry side by side must not wait for each other.
        waits = not any(subscription.is_running_here for subscription in subscriptions)
        for subscription in subscriptions:
            subscription.close(max(0.0, deadline - time.monotonic()) if waits else 0.0)
        rejections = self._rejections
        if rejections is not None and rejections.is_alive() and threading.current_thread() is not rejections:
            rejections.join(max(0.0, deadline - time.monotonic()))
        if self._atexit is not None:
            atexit.unregister(self._atexit)
            self._atexit = None

    def _check(self, cause: Cause) -> Checked:
        logger.debug("looking: %s", cause)
        return self._reloader.check().checked

    def _tell_plugins(self) -> None:
        plugins = self._settings.plugins
        if plugins is not None and plugins.implement("hotagents_generation_published"):
            self.subscribe(plugins.generation_published)
        if plugins is not None and plugins.implement("hotagents_generation_rejected"):
            # What went wrong on the way to a good start is over; what keeps the source from being served is not.
            told = self.board.rejections - (not self._health.record.conditions["Current"].status)
            name = "hotagents-rejections"
            self._rejections = threading.Thread(target=self._tell_rejections, args=(told,), name=name, daemon=True)
            self._rejections.start()

    def _tell_rejections(self, told: int) -> None:
        plugins = self._settings.plugins
        while plugins is not None and self.board.wait(lambda: self.board.rejections > told):  # noqa: B023 - called before the next turn
            told = self.board.rejections
            plugins.generation_rejected(self.status())

    def _close_at_exit(self) -> None:
        own = weakref.ref(self)

        def close() -> None:
            core: Core[Any] | None = own()
            if core is not None:
                core.close()

        self._atexit = close
        atexit.register(close)


def _is_absent(error: SourceError | InvalidConfigError | None) -> bool:
    """Say whether a source is not there yet: no directory, or nothing in it."""
    if isinstance(error, InvalidConfigError):
        return all(diagnostic.code in _ABSENT for diagnostic in errors_in(error.diagnostics))
    return error is not None and error.reason in {"Missing", "Detached", "Unstable"}
