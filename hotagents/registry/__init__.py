"""`ConfigRegistry`: the current generation, and everything that keeps it current.

``registry.current`` is an attribute: publishers assign it under a lock that readers never take, so reading it is one
reference read that never blocks. That is why a registry that cannot answer is another class: before `start` it is a
private subclass whose ``current`` raises, and in a forked child it becomes one, by assigning ``__class__``. (A property
on the class itself would cost nine times as much at each read.)

`hotagents.registry.core` holds the parts; `board` the mutable cell; `reloader` one check; `changes` the waiting.
"""

from __future__ import annotations

import inspect
import threading
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Self, TypeVar, Unpack, final, overload

from hotagents.clock import Clock, SystemClock
from hotagents.errors import ClosedError, ForkedError, NotStartedError
from hotagents.limits import Limits
from hotagents.loading import Schema
from hotagents.registry.changes import Changes, Subscription, Waiter
from hotagents.registry.core import Core
from hotagents.registry.forks import Forks
from hotagents.registry.health import Facts, Health
from hotagents.registry.settings import Documents, OnInvalid, OnStartInvalid, Options, Settings
from hotagents.registry.twins import Twins
from hotagents.sources import Memory, source_from
from hotagents.spec import AgentSpec
from hotagents.watching import NO_ERRORS, WatchState

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Mapping
    from types import TracebackType

    from hotagents.ceiling import Ceiling
    from hotagents.generation import Change, Generation
    from hotagents.pin import Pin
    from hotagents.plugins import Plugins
    from hotagents.sources import SourceLike
    from hotagents.status import RegistryStatus, ReloadResult

__all__ = ["ConfigRegistry", "Subscription"]

S = TypeVar("S", bound=AgentSpec)


class ConfigRegistry(Twins[S], Generic[S]):
    """A mounted directory of agent definitions as numbered, immutable generations.

    Use it as a context manager, sync or async. All methods may be called from any thread. Not for subclassing.

    Args:
        source: A path, several paths (a mapping prefixes their files with its keys, a list lays them over each other),
            or a `hotagents.sources.Source`, which then belongs to this registry.
        spec: The class of every agent, or one by agent's name with ``"*"`` for the rest.
        documents: Frontmatter models of documents by exact relative path, None for any; each is required to be there.
        ceiling: The most that any mounted agent may have; None for no limit.
        on_invalid: What an error holds at its last good bytes: ``hold-set`` everything, ``hold-volume`` the volume that
            it is in, ``hold-file`` the file. What is new and bad is left out then, and the rest is published. An error
            of the set as a whole, a lock's, and the first load always hold everything.
        on_start_invalid: What a start on a source that cannot be served does: ``fail``, or serve the ``last-good`` set
            of ``state_dir`` until the source can be.
        allow_empty: Whether a set without agents, or a volume that lost all of its agents, may be published.
        recover: Whether a text on one line that YAML refuses is taken as it stands, with the warning ``recovered``.
            Never what limits an agent, a field that a class of the program's adds, or a document with a model.
        strict: Codes of warnings that are errors, such as ``limit-misspelt``; ``"all"`` is every one.
        limits: Bounds of what is read and parsed.
        state_dir: Where the last set that `confirm` was called for is kept; a directory that outlives the process.
        history: How many generations are kept, for `rollback` and for whoever compares.
        resync_interval: Seconds between looks that do not wait for an event.
        wait_for_source: Seconds that `start` waits for a source that is not there yet, or is still empty.
        validate_timeout: Seconds that each plugin's validator may take.
        plugins: Plugins whose hooks are called; None is none. Nothing is ever loaded by the registry.
        clock: Where time comes from.

    Attributes:
        current: The newest generation; one reference read. Holding it in a variable is a pin.
            Before `start` reading it raises `NotStartedError`, in a forked child `ForkedError`.
    """

    __slots__ = ("__weakref__", "_core", "_health", "_lifecycle", "_settings", "current")

    current: Generation[S]
    _core: Core[S]
    _health: Health
    _settings: Settings[S]

    @overload
    def __init__(self: ConfigRegistry[AgentSpec], source: SourceLike, **options: Unpack[Options]) -> None: ...

    @overload
    def __init__(
        self, source: SourceLike, *, spec: type[S] | Mapping[str, type[S]], **options: Unpack[Options]
    ) -> None: ...

    def __init__(  # noqa: PLR0913 - keyword-only settings, each with a default
        self,
        source: SourceLike,
        *,
        spec: Any = AgentSpec,
        documents: Documents | None = None,
        ceiling: Ceiling | None = None,
        on_invalid: OnInvalid = "hold-set",
        on_start_invalid: OnStartInvalid = "fail",
        allow_empty: bool = False,
        recover: bool = True,
        strict: Collection[str] = (),
        limits: Limits = Limits(),
        state_dir: str | os.PathLike[str] | None = None,
        history: int = 10,
        resync_interval: float = 5.0,
        wait_for_source: float = 0.0,
        validate_timeout: float = 5.0,
        plugins: Plugins | None = None,
        clock: Clock = SystemClock(),  # noqa: B008 - without state
    ) -> None:
        # For start and close, never held while another lock of ours is wanted by a reader.
        self._lifecycle = threading.Lock()
        self._settings = Settings(
            source=source_from(source, limits=limits),
            schema=Schema(spec, dict(documents or {}), limits, ceiling, recover, strict),
            on_invalid=on_invalid,
            on_start_invalid=on_start_invalid,
            allow_empty=allow_empty,
            state_dir=state_dir,
            history=history,
            resync_interval=resync_interval,
            wait_for_source=wait_for_source,
            validate_timeout=validate_timeout,
            plugins=plugins,
            clock=clock,
            watched=True,
        )
        # One for the registry's life: what keeps it from starting is told with the moment from which it has been so.
        self._health = Health(clock)
        object.__setattr__(self, "__class__", _NotStarted)

    @classmethod
    def fixed(
        cls,
        files: Mapping[str, str | bytes],
        *,
        spec: type[S] | Mapping[str, type[S]] | None = None,
        documents: Documents | None = None,
        recover: bool = True,
        strict: Collection[str] = (),
    ) -> ConfigRegistry[Any]:
        """Return a started registry over files in memory that never change: for tests of applications.

        Args:
            files: Text or bytes by relative path.
            spec: As for the registry.
            documents: As for the registry.
            recover: As for the registry.
            strict: As for the registry.

        Raises:
            InvalidConfigError: If the files are refused.
        """
        registry: ConfigRegistry[Any] = ConfigRegistry(
            Memory(files), spec=spec or AgentSpec, documents=documents, recover=recover, strict=strict
        )
        registry._settings = replace(registry._settings, watched=False)
        registry.start()
        return registry

    def start(self) -> Generation[S]:
        """Arm the watch, load generation 1, and let the watch run; on a registry that runs, return what is current.

        Raises:
            SourceError: If the source cannot be read and no last good set is served; nothing is left running.
            InvalidConfigError: If it is refused, with every diagnostic; likewise.
            ClosedError: If the registry was closed.
        """
        with self._lifecycle:
            if type(self) is _NotStarted:
                self._start()
        if self._core.board.closed:
            raise ClosedError("this registry was closed; make a new one")
        return self.current

    def close(self) -> None:
        """End threads and release descriptors within a second; ``current`` stays readable.

        From any thread, a callback too; any number of times.
        """
        self._core.close()
        _forks.forget(self)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self) -> None:
        core = Core(self._settings, self._health, partial(_assign, self))
        _CORE.__set__(self, core)  # from here on close() ends the start
        _forks.tell(self)
        core.start()
        # From here on `current` is the plain attribute; it was assigned before, so no reader finds it missing.
        object.__setattr__(self, "__class__", ConfigRegistry)

    def reload(self) -> ReloadResult:
        """Read and compare now, in this thread; a check that is running is waited for and followed by another.

        Raises:
            ClosedError: If the registry was closed.
        """
        return self._core.reload().result

    def rollback(self, to: Generation[Any] | int | str) -> Generation[S]:
        """Publish what an earlier generation holds under the next number, and hold it; return what is current then.

        From here on newer content is read, judged and shown in ``status``, and not published before `resume`. Pins get
        nothing back. Content that is current already is not published again, but held. The hold is of this process: a
        restart serves what the source has.

        Args:
            to: A generation of the ``history``, its number, or its digest, of which the beginning will do.

        Raises:
            UnknownGenerationError: If the history has no such generation; nothing changes.
            ClosedError: If the registry was closed.
        """
        return self._core.rollback(to)

    def resume(self) -> ReloadResult:
        """End the hold of a `rollback`: publish the newest good content that there has been; without a hold, `reload`.

        Raises:
            ClosedError: If the registry was closed.
        """
        return self._core.resume().result

    def confirm(self, generation: Generation[Any]) -> None:
        """Note that a generation proved itself; its bytes are then the last good set of ``state_dir``.

        A host calls it after a finished cycle. Writes and syncs files in this thread where there is a ``state_dir``; a
        disk that refuses is logged, never raised. A generation older than the last one confirmed changes nothing.

        Raises:
            UnknownGenerationError: If it is not of this registry's history.
        """
        self._core.confirm(generation)

    def changes(self, *, after: Generation[S] | None = None) -> Changes[S]:
        """Return an iterator over changes from this call on; it waits for each, and ends when the registry closes.

        A loop over it in a thread that is no daemon keeps the process alive until then.

        Args:
            after: Begin with what came after this generation, not with what comes after the current one.
        """
        return Changes(self._core.board, after)

    def wait_for(self, predicate: Callable[[Generation[S]], object], *, timeout: float) -> Generation[S]:
        """Return the current generation as soon as it fits the predicate; at once if it does already.

        Args:
            predicate: Called in this thread without any lock.
            timeout: Seconds.

        Raises:
            TimeoutError: If none fitted in time.
            ClosedError: If the registry was closed meanwhile.
        """
        return Waiter(self._core.board).wait_for(predicate, timeout)

    def subscribe(self, callback: Callable[[Change[S]], object]) -> Subscription[S]:
        """Call back with each change, in a daemon thread of its own, latest wins; the caller closes the subscription.

        What the callback raises is logged and counted, and disturbs nobody else. It may use the registry in any way.

        Raises:
            TypeError: If the callback is a coroutine function; iterate over `achanges` instead.
        """
        if inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(type(callback).__call__):
            raise TypeError("subscribe: expected a plain function, got a coroutine function; use achanges() in a task")
        return self._core.subscribe(callback)

    def pin(self) -> Pin[S]:
        """Return the current generation pinned, with rights that can only shrink; the caller closes the pin."""
        return self._core.board.pin()

    @property
    def history(self) -> tuple[Generation[S], ...]:
        """The generations kept, newest first."""
        return self._core.board.history()

    @property
    def status(self) -> RegistryStatus:
        """What is served at this moment, and what is wrong."""
        return self._core.status()

    def healthy(self, *, max_age: float | None = None) -> bool:
        """Say whether the watch is alive: it finished a check within ``max_age`` seconds.

        By default that is 3 resyncs, and a check that is under way is given the time that it may rightly take: for
        quiet, and for every plugin's validator. A rejected edit does not make it False: a restart would not cure it.
        """
        return self._core.healthy(max_age)


_CORE: Final = ConfigRegistry.__dict__["_core"]
_CURRENT: Final = ConfigRegistry.__dict__["current"]


def _assign(registry: ConfigRegistry[Any], generation: Generation[Any]) -> None:
    # By the slot itself: while the class is still _NotStarted, its property stands before the attribute.
    _CURRENT.__set__(registry, generation)


# --- a registry that cannot answer ----------------------------------------------------------------------------------


def _refusing(error: type[Exception], message: str) -> Any:
    def refuse(_self: object) -> NoReturn:
        raise error(message)

    return property(refuse)


def _core_of(registry: ConfigRegistry[S]) -> Core[S] | None:
    """Return the parts of the newest `start`, which may have failed; None where there was none.

    Not a method: the class may be another one by the time that it would be looked up.
    """
    try:
        core: Core[S] = _CORE.__get__(registry, type(registry))
    except AttributeError:
        return None
    return core


@final
class _NotStarted(ConfigRegistry[S]):
    """A registry before `start`."""

    __slots__ = ()

    current = _core = _refusing(
        NotStartedError, "the registry is not started: call start(), or use it in a with statement"
    )

    @property
    def history(self) -> tuple[Generation[S], ...]:
        return ()

    @property
    def status(self) -> RegistryStatus:
        core = _core_of(self)
        if core is not None and not core.board.closed:
            return core.status(starting=True)
        health = self._health
        return health.status(Facts(None, health.record, False, WatchState("none"), None, 0, 0, 0, NO_ERRORS))  # noqa: FBT003

    def healthy(self, **_: object) -> bool:
        return False

    def close(self) -> None:
        """End a `start` that is under way in another thread; where none is, nothing runs."""
        core = _core_of(self)
        if core is not None:
            core.close()


@final
class _Forked(ConfigRegistry[S]):
    """A registry of the parent process, in its child."""

    __slots__ = ()

    current = _core = _refusing(
        ForkedError, "this registry was started before the fork; make and start one in this process"
    )

    def healthy(self, **_: object) -> bool:
        return False

    def close(self) -> None:
        """Nothing runs in this process; the parent's registry goes on."""


def _after_fork(registry: ConfigRegistry[Any]) -> None:
    # No lock is taken: any of them may be held by a thread that does not exist in this process.
    registry._lifecycle = threading.Lock()  # noqa: SLF001 - of this very module's class
    _CORE.__get__(registry, type(registry)).board.forked = True
    object.__setattr__(registry, "__class__", _Forked)


_forks: Final = Forks(_after_fork)
