"""`Stage`: one runner, hosted for real on volumes that are swapped as a kubelet swaps them, and measured.

A stage does something to a volume and waits for what must follow, on events and never on a guess: the witness below is
a plugin, which is told of publications, refusals and cycles as any plugin is.
"""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from hotagents.hookspecs import hookimpl
from hotagents.host import Host
from hotagents.plugins import load_plugins
from hotagents.registry import ConfigRegistry
from hotagents.testing import ConfigMapVolume

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType
    from typing import Self

    from hotagents.generation import Change, Diff, Generation
    from hotagents.plugins import Plugins
    from hotagents.runner import Cycle, CycleResult, Runner, RunnerContext, RunnerInfo
    from hotagents.status import RegistryStatus, ReloadResult

__all__ = ["Served", "Stage"]

T = TypeVar("T")
_NEVER_BY_ITSELF: Final = 3600.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A publication and the cycle that served it.

    Attributes:
        generation: What was published.
        diff: The way from the generation before.
        result: Of the first cycle that ran on it.
        current_ms: Milliseconds from the volume's rename to whoever saw it first as ``registry.current``.
        cycle_ms: Milliseconds from the rename to the begin of that cycle.
    """

    generation: Generation[Any]
    diff: Diff
    result: CycleResult
    current_ms: float
    cycle_ms: float


@final
class Stage:
    """Volumes below a temporary directory, a registry on them and a host with one runner; a context manager.

    Entered, the first cycle has ended. Left, everything that it started or made is gone. Used by one thread. Whatever
    does not follow within ``timeout`` seconds raises TimeoutError, which says what the registry says.

    Args:
        info: The runner; its cycles are run at the start and on each change.
        volumes: First content of each volume, by mount path below the root; ``.`` is the root itself and comes first.
        plugins: Further plugins by name, such as the runner's own with its validator.
        timeout: Longest wait in seconds.

    Attributes:
        root: Where the volumes are mounted.
        registry: On the root.
        host: Runs the runner, in a thread of its own.
        opening: Result of the first cycle.
    """

    root: Path
    registry: ConfigRegistry[Any]
    host: Host
    opening: CycleResult

    def __init__(
        self,
        info: RunnerInfo,
        volumes: Mapping[str, Mapping[str, str]],
        *,
        plugins: Mapping[str, object] = MappingProxyType({}),
        timeout: float = 10.0,
    ) -> None:
        self._info = info
        self._first = volumes
        self._plugins = plugins
        self._timeout = timeout
        self._volumes: dict[str, ConfigMapVolume] = {}
        self._witness = _Witness()
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._mount(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotagents-demo-"))))
            plugins = load_plugins(from_entry_points=False, plugins={"stage": self._witness, **self._plugins})
            self.registry = stack.enter_context(self._registry(plugins))
            self.host = self._host(plugins)
            thread = threading.Thread(target=self.host.run, name="hotagents-stage", daemon=True)
            thread.start()
            stack.callback(self._stop, thread)
            self.opening = self._cycle(self.registry.current.number)
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def publish(self, mount: str, files: Mapping[str, str]) -> Served:
        """Swap a volume's whole content and wait until a cycle has ended that ran on it."""
        number = self.registry.current.number + 1
        swapped_at = self._swap(mount, files)
        told_at, change = self._await(lambda: self._witness.published.get(number), f"generation {number}")
        result = self._cycle(number)
        begun_at = self._witness.begun[number]
        return Served(
            generation=change.generation,
            diff=change.diff,
            result=result,
            current_ms=(min(told_at, begun_at) - swapped_at) * 1000,  # a subscriber or the cycle, either may be first
            cycle_ms=(begun_at - swapped_at) * 1000,
        )

    def reject(self, mount: str, files: Mapping[str, str]) -> RegistryStatus:
        """Swap a volume's whole content and wait until it was refused; return the status with the reasons."""
        self._witness.forget()
        self._swap(mount, files)
        return self._await(lambda: self._witness.rejection, "a refusal")

    def settle(self, mount: str, files: Mapping[str, str]) -> ReloadResult:
        """Swap a volume's whole content, of which no publication is expected, and return what a check says of it."""
        self._swap(mount, files)
        return self.registry.reload()

    def again(self) -> CycleResult:
        """Run one more cycle on what is served, wait for its end and return its result."""
        self._witness.forget()
        self.host.trigger()
        return self._await(lambda: self._witness.by_hand, "a cycle by hand")

    # --- the parts --------------------------------------------------------------------------------------------------

    def _mount(self, place: Path) -> None:
        self.root = place / ".claude"
        for mount, files in self._first.items():
            self._volumes[mount] = ConfigMapVolume(self.root / mount)
            self._volumes[mount].write(files)

    def _registry(self, plugins: Plugins) -> ConfigRegistry[Any]:
        return ConfigRegistry(self.root, spec=self._info.spec, documents=self._info.documents, plugins=plugins)

    def _host(self, plugins: Plugins) -> Host:
        def create(context: RunnerContext) -> Runner:
            return _Observed(self._info.create(context), self._witness)

        info = replace(self._info, create=create)
        return Host(self.registry, [info], interval=_NEVER_BY_ITSELF, run_on_change=True, plugins=plugins)

    def _swap(self, mount: str, files: Mapping[str, str]) -> float:
        volume = self._volumes[mount]
        if not volume.write(files) or volume.swapped_at is None:
            raise ValueError(f"{mount}: the volume held the same content already, so nothing was swapped")
        return volume.swapped_at

    def _cycle(self, number: int) -> CycleResult:
        return self._await(lambda: self._witness.finished.get(number), f"a cycle on generation {number}")

    def _await(self, found: Callable[[], T | None], what: str) -> T:
        value = self._witness.wait(found, self._timeout)
        if value is None:
            status = self.registry.status
            raise TimeoutError(
                f"{what} did not come within {self._timeout:g} s; the registry is {status.state}, "
                f"generation {status.generation}; {status.last_error or 'no error'}"
            )
        return value

    def _stop(self, thread: threading.Thread) -> None:
        self.host.stop()
        thread.join(self._timeout)
        if thread.is_alive():
            raise TimeoutError(f"the host did not stop within {self._timeout:g} s")


@final
class _Witness:
    """A plugin that remembers what happened and when, in `time.perf_counter` seconds, the clock of the volumes.

    Told by several threads, asked by the stage's; everything is written and read under the one condition, except
    `begun`, which is complete once the cycle's result was told.
    """

    def __init__(self) -> None:
        self._heard = threading.Condition()
        self.published: dict[int, tuple[float, Change[Any]]] = {}
        self.begun: dict[int, float] = {}
        self.finished: dict[int, CycleResult] = {}
        self.by_hand: CycleResult | None = None
        self.rejection: RegistryStatus | None = None

    @hookimpl
    def hotagents_generation_published(self, change: Change[Any]) -> None:
        now = time.perf_counter()
        with self._heard:
            self.published[change.generation.number] = (now, change)
            self._heard.notify_all()

    @hookimpl
    def hotagents_generation_rejected(self, status: RegistryStatus) -> None:
        with self._heard:
            self.rejection = status
            self._heard.notify_all()

    @hookimpl
    def hotagents_cycle_finished(self, result: CycleResult) -> None:
        with self._heard:
            self.finished.setdefault(result.generation, result)
            if result.trigger == "manual":
                self.by_hand = result
            self._heard.notify_all()

    def forget(self) -> None:
        """Forget the last refusal and the last cycle by hand, so that the next ones are waited for."""
        with self._heard:
            self.rejection = self.by_hand = None

    def wait(self, found: Callable[[], T | None], timeout: float) -> T | None:
        """Return the first value that is not None, or None after ``timeout`` seconds."""
        with self._heard:
            self._heard.wait_for(lambda: found() is not None, timeout)
            return found()


@final
class _Observed:
    """A runner whose cycles' begins are noted; all else is the runner's own."""

    def __init__(self, runner: Runner, witness: _Witness) -> None:
        self._runner = runner
        self._witness = witness

    def run(self, cycle: Cycle) -> CycleResult | Awaitable[CycleResult]:
        self._witness.begun.setdefault(cycle.generation.number, time.perf_counter())
        return self._runner.run(cycle)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)  # the optional setup and teardown
