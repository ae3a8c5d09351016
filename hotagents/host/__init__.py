"""`Host`: runs runners on a registry, from the first cycle to a clean end.

Each runner has a loop (`hotagents.host.loop`) on a thread of its own, so that one that fails, hangs or is slow stops
nobody else. The host itself only starts them, passes signals on, and waits.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, final

from anyio import CancelScope, CapacityLimiter, get_cancelled_exc_class, to_thread

from hotagents.clock import Clock, SystemClock
from hotagents.errors import ClosedError, UnknownGenerationError
from hotagents.host.ending import Ending
from hotagents.host.execution import AsyncLoop
from hotagents.host.loop import RunnerLoop
from hotagents.host.schema import common_schema
from hotagents.host.signals import Signals
from hotagents.host.state import HostStatus, RunnerState, RunnerStatus, Timing
from hotagents.plugins import Plugins, load_plugins
from hotagents.registry import ConfigRegistry
from hotagents.runner import CycleResult, Runner, RunnerContext, RunnerInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotagents.generation import Change
    from hotagents.sources import SourceLike

__all__ = ["Host", "HostStatus", "RunnerState", "RunnerStatus"]

_MARGIN: Final = 2.0  # seconds that scheduling may take before anybody is called late


@final
class Host:
    """Runners on one registry.

    The first cycle of each runs at once; two of one runner never overlap; one that fails backs off (its interval
    doubles up to five minutes) and disturbs no other. All methods may be called from any thread, `stop` and `trigger`
    from a signal handler too.

    Args:
        registry: Started by the host if it is not yet; closed by its owner.
        runners: Runners, or infos of runners to create.
        interval: Seconds from the end of a cycle to the begin of the next.
        jitter: Longest random delay, in seconds, before a cycle on interval or change.
        run_on_change: Whether a publication triggers a cycle; several while one runs trigger one more.
        timeout: Longest cycle in seconds; then ``cycle.cancelled`` is set, and an async runner cancelled.
        grace: Seconds that a cycle may go on after it was asked to end. Then its result is a time-out and the runner is
            ``stuck``, which fails `status`: it gets no further cycle until that one ends after all.
        plugins: Told of each finished cycle.
        on_result: Called with each result, after the plugins, on the runner's own thread; what it raises is logged.
        clock: Where time comes from.
    """

    def __init__(  # noqa: PLR0913 - keyword-only settings, each with a default
        self,
        registry: ConfigRegistry[Any],
        runners: Iterable[Runner | RunnerInfo],
        *,
        interval: float,
        jitter: float = 0.0,
        run_on_change: bool = False,
        timeout: float | None = None,
        grace: float = 30.0,
        plugins: Plugins | None = None,
        on_result: Callable[[CycleResult], None] | None = None,
        clock: Clock = SystemClock(),  # noqa: B008 - without state
    ) -> None:
        timing = Timing(interval=interval, jitter=jitter, timeout=timeout, grace=grace)
        self._registry = registry
        self._run_on_change = run_on_change
        self._plugins = plugins
        self._on_result = on_result
        self._clock = clock
        self._grace = grace
        self._owned: ConfigRegistry[Any] | None = None
        self._begun = self._starting = self._running = self._stopped = False
        self._over = threading.Event()
        self._async_loop = AsyncLoop()
        self._ending = Ending(clock, grace)
        self._loops = tuple(self._loop(name, create, timing) for name, create in _creators(runners))
        if not self._loops:
            raise ValueError("runners: expected at least one")

    @classmethod
    def from_entry_points(
        cls,
        source: SourceLike,
        names: Iterable[str],
        *,
        registry_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Host:
        """Return a host of installed runners on a registry of its own, which it starts and closes.

        Args:
            source: As for `ConfigRegistry`.
            names: Names of the runners.
            registry_options: Further keyword arguments of `ConfigRegistry`.
            options: Keyword arguments of `Host`.

        Raises:
            PluginError: If a runner is not installed, or two of them want different classes for one agent or document;
                `AgentSpec` itself yields to any.
        """
        plugins = load_plugins()
        infos = [plugins.runner(name) for name in names]
        hosted = plugins.hosting(info.name for info in infos)
        spec, documents = common_schema(infos)
        registry = ConfigRegistry(
            source, **{"spec": spec, "documents": documents, "plugins": hosted, **(registry_options or {})}
        )
        host = cls(registry, infos, plugins=hosted, **options)
        host._owned = registry
        return host

    @property
    def registry(self) -> ConfigRegistry[Any]:
        """The registry that the runners work on."""
        return self._registry

    def run(self) -> None:
        """Run until `stop`; in the main thread SIGTERM and SIGINT stop, SIGHUP triggers a cycle of every runner.

        The first of SIGTERM and SIGINT logs who is waited for; a second cancels what runs and waits no longer.
        Returns once every cycle has ended or, after its grace, been left behind; at once if `stop` came first. A host
        runs once.

        Raises:
            RuntimeError: If it ran before.
            SourceError: If the registry has to be started and cannot read its source.
            InvalidConfigError: If the registry has to be started and refuses it.
        """
        if self._begun:
            raise RuntimeError("a host runs once; make a new one")
        self._begun = True
        try:
            # Before the start, which may wait for a mount: the first process of a container ignores what it has no
            # handler for.
            with Signals(self._signalled, self.trigger):
                if not self._stopped and self._start():
                    self._run()
        finally:
            self._over.set()

    async def arun(self) -> None:
        """`run` in a worker thread; a cancelled caller stops the host and waits. Signals are the caller's."""
        try:
            await to_thread.run_sync(self.run, limiter=CapacityLimiter(1), abandon_on_cancel=True)
        except get_cancelled_exc_class():
            self.stop()
            with CancelScope(shield=True):
                await to_thread.run_sync(self._wait_for_end, limiter=CapacityLimiter(1))
            raise

    def stop(self) -> None:
        """Let running cycles end within the grace, begin no others, and let `run` return.

        A registry that the host is starting is closed: that ends the start.
        """
        self._stopped = True
        if self._starting:
            self._registry.close()
        for loop in self._loops:
            loop.stop()

    def trigger(self) -> None:
        """Run one cycle of every runner as soon as it can."""
        for loop in self._loops:
            loop.trigger("manual")

    @property
    def status(self) -> HostStatus:
        """Every runner's state, and what a probe should answer."""
        runners = tuple(loop.status for loop in self._loops)
        now = self._clock.monotonic()
        late = any(r.state == "stuck" or (r.due is not None and now > r.due + _MARGIN) for r in runners)
        ready = self._running and self._registry.status.generation > 0
        return HostStatus(runners=runners, healthy=not late and self._registry.healthy(), ready=ready)

    def _signalled(self) -> None:
        self.stop()
        self._ending.signalled()

    def _start(self) -> bool:
        """Start the registry; False where a stop ended that."""
        self._starting = True
        try:
            self._registry.start()
        except ClosedError:
            if not self._stopped:
                raise
            return False
        finally:
            self._starting = False
        return True

    def _run(self) -> None:
        subscription = self._registry.subscribe(self._changed) if self._run_on_change else None
        started: list[RunnerLoop] = []
        self._running = True
        try:
            for loop in self._loops:
                loop.start()
                started.append(loop)
            self._ending.wait(started)
        finally:
            self.stop()  # for those that still run because a handler or a start raised
            self._running = False
            if subscription is not None:
                subscription.close()
            for loop in started:
                loop.join(0.0 if self._ending.hurried else _MARGIN)
            self._async_loop.close(0.0 if self._ending.hurried else 1.0)
            if self._owned is not None:
                self._owned.close()

    def _wait_for_end(self) -> None:
        if self._begun:
            self._over.wait(self._grace + 3 * _MARGIN)  # what ends a run after the grace: a second here and there

    def _loop(self, name: str, create: Callable[[], Runner], timing: Timing) -> RunnerLoop:
        return RunnerLoop(
            name,
            create,
            self._registry,
            timing,
            clock=self._clock,
            async_loop=self._async_loop,
            finished=self._finished,
            ended=self._ending.ended,
        )

    def _changed(self, _change: Change[Any]) -> None:
        for loop in self._loops:
            loop.trigger("change")

    def _finished(self, result: CycleResult) -> None:
        self._prove(result)
        if self._plugins is not None:
            self._plugins.cycle_finished(result)
        if self._on_result is not None:
            self._on_result(result)

    def _prove(self, result: CycleResult) -> None:
        """Confirm a generation once every runner's last cycle worked on its content and was ok.

        Each loop sets its status before it comes here, so the last of them finds all.
        """
        last = [loop.status.last for loop in self._loops]
        if not all(other is not None and other.status == "ok" and other.digest == result.digest for other in last):
            return
        for generation in self._registry.history:
            if generation.number == result.generation:
                with suppress(UnknownGenerationError):  # it has just left the history
                    self._registry.confirm(generation)


def _creators(runners: Iterable[Runner | RunnerInfo]) -> list[tuple[str, Callable[[], Runner]]]:
    creators: list[tuple[str, Callable[[], Runner]]] = []
    for runner in runners:
        if isinstance(runner, RunnerInfo):
            creators.append((runner.name, partial(_create, runner)))
        elif not isinstance(runner, type) and callable(getattr(runner, "run", None)):
            name = getattr(runner, "name", None)
            creators.append((name if isinstance(name, str) else type(runner).__name__, partial(_same, runner)))
        else:
            raise TypeError(f"runners: expected objects with a run(cycle) method, or RunnerInfos, got {runner!r}")
    return creators


def _create(info: RunnerInfo) -> Runner:
    return info.create(RunnerContext(info.name, logging.getLogger(f"hotagents.runner.{info.name}")))


def _same(runner: Runner) -> Runner:
    return runner
