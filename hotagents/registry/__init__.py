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
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NoReturn, Self, TypeVar, final, overload

from anyio import CancelScope, get_cancelled_exc_class

from hotagents.clock import Clock, SystemClock
from hotagents.errors import ClosedError, ForkedError, NotStartedError
from hotagents.limits import Limits
from hotagents.loading import Schema
from hotagents.registry.changes import Changes, Subscription, Waiter
from hotagents.registry.core import Core, Settings
from hotagents.registry.forks import Forks
from hotagents.registry.health import Facts, Health
from hotagents.registry.twins import AsyncChanges, in_thread, waiting
from hotagents.sources import Memory, source_from
from hotagents.spec import AgentSpec
from hotagents.watching import WatchState

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from pydantic import BaseModel

    from hotagents.generation import Change, Generation
    from hotagents.pin import Pin
    from hotagents.plugins import Plugins
    from hotagents.sources import SourceLike
    from hotagents.status import RegistryStatus, ReloadResult

__all__ = ["ConfigRegistry", "Subscription"]

S = TypeVar("S", bound=AgentSpec)
_LONGEST_RESYNC: Final = 86_400.0
Documents = Mapping[str, "type[BaseModel] | None"]


class ConfigRegistry(Generic[S]):
    """A mounted directory of agent definitions as numbered, immutable generations.

    Use it as a context manager, sync or async. All methods may be called from any thread. Not for subclassing.

    Args:
        source: A path, several paths (a mapping prefixes their files with its keys, a list lays them over each other),
            or a `hotagents.sources.Source`, which then belongs to this registry.
        spec: The class of every agent, or one by agent's name with ``"*"`` for the rest.
        documents: Frontmatter models of documents by exact relative path, None for any; each is required to be there.
        on_invalid: What an error holds back: ``hold-set``, everything.
        allow_empty: Whether a set without agents, or a volume that lost all of its agents, may be published.
        limits: Bounds of what is read and parsed.
        history: How many generations are kept.
        resync_interval: Seconds between looks that do not wait for an event.
        validate_timeout: Seconds that each plugin's validator may take.
        plugins: Plugins whose hooks are called; None is none. Nothing is ever loaded by the registry.
        clock: Where time comes from.

    Attributes:
        current: The newest generation; one reference read. Holding it in a variable is a pin.
            Before `start` reading it raises `NotStartedError`, in a forked child `ForkedError`.
    """

    __slots__ = ("__weakref__", "_core", "_lifecycle", "_settings", "current")

    current: Generation[S]
    _core: Core[S]
    _settings: Settings[S]

    @overload
    def __init__(
        self: ConfigRegistry[AgentSpec],
        source: SourceLike,
        *,
        documents: Documents | None = ...,
        on_invalid: Literal["hold-set"] = ...,
        allow_empty: bool = ...,
        limits: Limits = ...,
        history: int = ...,
        resync_interval: float = ...,
        validate_timeout: float = ...,
        plugins: Plugins | None = ...,
        clock: Clock = ...,
    ) -> None: ...

    @overload
    def __init__(
        self,
        source: SourceLike,
        *,
        spec: type[S] | Mapping[str, type[S]],
        documents: Documents | None = ...,
        on_invalid: Literal["hold-set"] = ...,
        allow_empty: bool = ...,
        limits: Limits = ...,
        history: int = ...,
        resync_interval: float = ...,
        validate_timeout: float = ...,
        plugins: Plugins | None = ...,
        clock: Clock = ...,
    ) -> None: ...

    def __init__(  # noqa: PLR0913 - keyword-only settings, each with a default
        self,
        source: SourceLike,
        *,
        spec: Any = AgentSpec,
        documents: Documents | None = None,
        on_invalid: Literal["hold-set"] = "hold-set",
        allow_empty: bool = False,
        limits: Limits = Limits(),
        history: int = 10,
        resync_interval: float = 5.0,
        validate_timeout: float = 5.0,
        plugins: Plugins | None = None,
        clock: Clock = SystemClock(),  # noqa: B008 - without state
    ) -> None:
        if on_invalid != "hold-set":
            raise ValueError(f'on_invalid: expected "hold-set", got {on_invalid!r}')
        if not 0 < resync_interval <= _LONGEST_RESYNC:
            raise ValueError(f"resync_interval: expected 0 to {_LONGEST_RESYNC:g} seconds, got {resync_interval!r}")
        if history < 1:
            raise ValueError(f"history: expected at least 1, got {history!r}")
        self._lifecycle = (
            threading.Lock()
        )  # start and close, never held while another lock of ours is wanted by a reader
        self._settings = Settings(
            source=source_from(source, limits=limits),
            schema=Schema(spec, dict(documents or {}), limits),
            allow_empty=allow_empty,
            history=history,
            resync_interval=resync_interval,
            validate_timeout=validate_timeout,
            plugins=plugins,
            clock=clock,
            watched=True,
        )
        object.__setattr__(self, "__class__", _NotStarted)

    @classmethod
    def fixed(
        cls,
        files: Mapping[str, str | bytes],
        *,
        spec: type[S] | Mapping[str, type[S]] | None = None,
        documents: Documents | None = None,
    ) -> ConfigRegistry[Any]:
        """Return a started registry over files in memory that never change: for tests of applications.

        Args:
            files: Text or bytes by relative path.
            spec: As for the registry.
            documents: As for the registry.

        Raises:
            InvalidConfigError: If the files are refused.
        """
        registry: ConfigRegistry[Any] = ConfigRegistry(Memory(files), spec=spec or AgentSpec, documents=documents)
        registry._settings = _unwatched(registry._settings)
        registry.start()
        return registry

    def start(self) -> Generation[S]:
        """Arm the watch, load generation 1, and let the watch run; on a registry that runs, return what is current.

        Raises:
            SourceError: If the source cannot be read; nothing is left running.
            InvalidConfigError: If it is refused, with every diagnostic; nothing is left running.
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
        core = Core(self._settings, partial(_assign, self))
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
        core = self._core
        if core.board.closed:
            raise ClosedError("this registry was closed; make a new one")
        return core.reload().result

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
        """Say whether the watch is alive: it finished a check within ``max_age`` seconds (3 resyncs by default).

        A rejected edit does not make it False: a restart would not cure it.
        """
        return self._core.healthy(max_age)

    async def astart(self) -> Generation[S]:
        """`start`, without blocking the event loop; if cancelled, the registry is closed."""
        try:
            return await in_thread(self.start)
        except get_cancelled_exc_class():
            await self.aclose()  # nobody knows of what was started, so nobody else will
            raise

    async def aclose(self) -> None:
        """`close`, without blocking the event loop; done to its end, also in a task that is cancelled."""
        with CancelScope(shield=True):
            await in_thread(self.close)

    async def areload(self) -> ReloadResult:
        """`reload`, without blocking the event loop."""
        return await in_thread(self.reload)

    def achanges(self, *, after: Generation[S] | None = None) -> AsyncChanges[S]:
        """`changes`, without blocking the event loop; latest wins, nothing is queued. Subscribes at this call."""
        return AsyncChanges(self._core.board, self.changes(after=after))

    async def await_for(self, predicate: Callable[[Generation[S]], object], *, timeout: float) -> Generation[S]:  # noqa: ASYNC109 - the twin of wait_for
        """`wait_for`, without blocking the event loop; ``predicate`` runs in a worker thread."""
        waiter = Waiter(self._core.board)
        return await waiting(waiter, partial(waiter.wait_for, predicate, timeout))

    async def __aenter__(self) -> Self:
        await self.astart()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


_CORE: Final = ConfigRegistry.__dict__["_core"]
_CURRENT: Final = ConfigRegistry.__dict__["current"]


def _assign(registry: ConfigRegistry[Any], generation: Generation[Any]) -> None:
    # By the slot itself: while the class is still _NotStarted, its property stands before the attribute.
    _CURRENT.__set__(registry, generation)


def _unwatched(settings: Settings[S]) -> Settings[S]:
    return replace(settings, watched=False)


# --- a registry that cannot answer ----------------------------------------------------------------------------------


def _refusing(error: type[Exception], message: str) -> Any:
    def refuse(_self: object) -> NoReturn:
        raise error(message)

    return property(refuse)


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
        health = Health(self._settings.clock)
        return health.status(Facts(None, health.record, False, WatchState("none"), None, 0, 0, 0))  # noqa: FBT003

    def healthy(self, **_: object) -> bool:
        return False

    def close(self) -> None:
        """End a `start` that is under way in another thread; where none is, nothing runs."""
        try:
            core: Core[S] = _CORE.__get__(self, type(self))
        except AttributeError:
            return
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
