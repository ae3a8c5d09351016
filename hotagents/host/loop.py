"""`RunnerLoop`: one runner's thread, which decides when a cycle begins and when it has lasted too long.

All that can happen to it arrives in one inbox, in order: a trigger, the end of the running call, the stop. So there is
one place that waits, one thread that decides, and nothing shared but frozen status values. The inbox is a
`queue.SimpleQueue`, whose ``put`` a signal handler may call.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, final

from hotagents.diagnostics import escape
from hotagents.host.execution import Done, Execution
from hotagents.runner import Cycle, CycleResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents.clock import Clock
    from hotagents.host.execution import AsyncLoop
    from hotagents.registry import ConfigRegistry
    from hotagents.runner import CycleStatus, Runner, Trigger

__all__ = ["RunnerLoop", "RunnerState", "RunnerStatus", "Timing"]

RunnerState = Literal["starting", "waiting", "running", "stuck", "stopped"]
_STOP: Final = "stop"
_LONGEST_BACKOFF: Final = 300.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When cycles run; seconds.

    Attributes:
        interval: From the end of one cycle to the begin of the next.
        jitter: Longest random delay before a cycle that is not the first nor asked for by hand.
        timeout: Longest cycle, None for no limit.
        grace: How long a cycle may go on after it was asked to end.
    """

    interval: float
    jitter: float = 0.0
    timeout: float | None = None
    grace: float = 30.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerStatus:
    """One runner at one moment.

    Attributes:
        name: The runner's name.
        state: ``stuck`` means: past its deadline, asked to end, and still running after the grace.
        cycles: Cycles that ended.
        failures: Failed cycles in a row, up to now.
        last: Result of the last cycle, or None.
        due: On the host's monotonic clock: when the next attempt must have begun at the latest; None while one runs
            without a time limit or none will.
    """

    name: str
    state: RunnerState = "starting"
    cycles: int = 0
    failures: int = 0
    last: CycleResult | None = None
    due: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        last = self.last.to_dict() if self.last is not None else None
        return {"name": self.name, "state": self.state, "cycles": self.cycles, "failures": self.failures, "last": last}


@final
class RunnerLoop:
    """The thread of one runner.

    Attributes:
        status: Replaced by this loop's thread alone, read by any.
    """

    def __init__(
        self,
        name: str,
        create: Callable[[], Runner],
        registry: ConfigRegistry[Any],
        timing: Timing,
        *,
        clock: Clock,
        async_loop: AsyncLoop,
        finished: Callable[[CycleResult], None],
        ended: Callable[[RunnerLoop], None],
    ) -> None:
        """``finished`` hears of each cycle, ``ended`` of the loop's own end; both on the loop's thread."""
        self._create = create
        self._registry = registry
        self._timing = timing
        self._clock = clock
        self._async_loop = async_loop
        self._finished = finished
        self._ended = ended
        self._inbox: queue.SimpleQueue[Trigger | Literal["stop"] | Done] = queue.SimpleQueue()
        self._pending: Trigger | None = None
        self._stop_at: float | None = None
        self._runner: Runner | None = None
        self.status = RunnerStatus(name=name)
        self._thread = threading.Thread(target=self._run, name=f"hotagents-runner-{name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def trigger(self, trigger: Trigger) -> None:
        """Ask for a cycle; asked several times before it begins, it runs once. Safe in a signal handler."""
        self._inbox.put(trigger)

    def stop(self) -> None:
        """Let the running cycle end within the grace and begin no other. Safe in a signal handler."""
        self._inbox.put(_STOP)

    def join(self, timeout: float) -> bool:
        """Wait for the end; say whether it came within ``timeout`` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- the loop's own thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            trigger: Trigger | None = "start"
            while trigger is not None and self._stop_at is None:
                self._attempt(trigger)
                trigger = self._next()
            if self._runner is not None and self.status.state != "stuck":
                self._optional("teardown")
        finally:
            self._set(state="stopped" if self.status.state != "stuck" else "stuck", due=None)
            self._ended(self)

    def _attempt(self, trigger: Trigger) -> None:
        """Run one cycle; whatever happens is its result."""
        result = self._set_up() or self._cycle(trigger)
        failures = 0 if result.status == "ok" else self.status.failures + 1
        state: RunnerState = "stuck" if self.status.state == "stuck" else "waiting"
        self._set(state=state, cycles=self.status.cycles + 1, failures=failures, last=result)
        _log(result)
        self._finished(result)

    def _set_up(self) -> CycleResult | None:
        """Make the runner where there is none yet; return the failed cycle where that fails, to be tried again."""
        if self._runner is not None:
            return None
        started_at, begun = self._clock.now(), self._clock.monotonic()
        try:
            self._runner = self._create()
            failure = self._optional("setup")
        except Exception as error:  # noqa: BLE001 - a runner's failure is a result
            failure = error
        if failure is None:
            return None
        self._runner = None
        return CycleResult(
            status="failed",
            summary="the runner could not be set up",
            error=_text(failure),
            runner=self.status.name,
            trigger="start",
            started_at=started_at,
            duration=self._clock.monotonic() - begun,
        )

    def _cycle(self, trigger: Trigger) -> CycleResult:
        runner = self._runner
        assert runner is not None  # noqa: S101 - set up just before
        begun, started_at = self._clock.monotonic(), self._clock.now()
        with self._registry.pin() as pin:
            timeout = self._timing.timeout
            cycle = Cycle(
                id=f"{started_at:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:12]}",
                pin=pin,
                trigger=trigger,
                deadline=None if timeout is None else begun + timeout,
                cancelled=threading.Event(),
                logger=_logger(self.status.name, pin.generation.number, pin.generation.digest),
            )
            due = None if timeout is None else begun + timeout + self._timing.grace
            self._set(state="running", due=due)
            returned, status, error = self._wait(self._execute(lambda: runner.run(cycle)), cycle)
        return replace(
            returned,
            status=status if status != "ok" else returned.status,
            error=error,
            runner=self.status.name,
            cycle_id=cycle.id,
            trigger=trigger,
            generation=pin.generation.number,
            digest=pin.generation.digest,
            started_at=started_at,
            duration=self._clock.monotonic() - begun,
        )

    def _execute(self, call: Callable[[], Any]) -> Execution:
        name = f"hotagents-cycle-{self.status.name}"
        return Execution(call, self._async_loop, self._inbox.put, name=name)

    def _wait(self, execution: Execution, cycle: Cycle | None) -> tuple[CycleResult, CycleStatus, str]:
        """Wait for the call's end, its deadline or the stop; ask it to end where it must; never leave before it ends.

        Only at a stop, after the grace, is a call that goes on left behind.
        """
        deadline = cycle.deadline if cycle is not None else self._clock.monotonic() + self._timing.grace
        why: CycleStatus | None = None
        while True:
            done = self._receive(execution, self._next_look(deadline, why))
            if done is not None:
                return _outcome(done, why)
            now = self._clock.monotonic()
            if self._stop_at is not None and now >= self._stop_at + (1.0 if why else 0.0):
                if why is not None:
                    self._set(state="stuck")
                    return CycleResult(), why, "left behind at the stop: it did not end when it was asked to"
                why = "cancelled"
            elif deadline is not None and now >= deadline and why is None:
                why = "timeout"
                deadline = now + self._timing.grace
            elif why is not None and deadline is not None and now >= deadline:
                self._set(state="stuck")
                deadline = None
            if why is not None:
                if cycle is not None:
                    cycle.cancelled.set()
                execution.cancel()

    def _next_look(self, deadline: float | None, why: CycleStatus | None) -> float | None:
        """Return the seconds until the next decision is due, None where only the inbox can bring one."""
        stop_at = None if self._stop_at is None else self._stop_at + (1.0 if why else 0.0)
        moments = [moment for moment in (deadline, stop_at) if moment is not None]
        return max(0.0, min(moments) - self._clock.monotonic()) if moments else None

    def _receive(self, execution: Execution | None, timeout: float | None) -> Done | None:
        """Take one item: remember a trigger or the stop, return the end of the call that is waited for."""
        item = self._clock.get(self._inbox, timeout)
        if isinstance(item, Done):
            return item if item.execution is execution else None
        if item == "stop":
            self._stop_at = self._stop_at or self._clock.monotonic() + self._timing.grace
        elif item is not None and self._pending != "manual":
            self._pending = item
        return None

    def _next(self) -> Trigger | None:
        """Wait for the next reason to run; None at the stop."""
        delay = self._delay() + random.uniform(0.0, self._timing.jitter)  # noqa: S311 - spreads load, guards nothing
        at = self._clock.monotonic() + delay
        if self.status.state != "stuck":
            self._set(state="waiting", due=at + self._timing.grace)
        while self._stop_at is None and self._pending is None:
            left = at - self._clock.monotonic()
            if left <= 0:
                return "interval"
            self._receive(None, left)
        if self._stop_at is not None:
            return None
        if self._pending == "change":
            self._spread()
        trigger, self._pending = self._pending, None
        return trigger

    def _spread(self) -> None:
        """Wait out the jitter before a cycle that a change asks for: all pods hear of it at once."""
        at = self._clock.monotonic() + random.uniform(0.0, self._timing.jitter)  # noqa: S311 - as above
        while self._stop_at is None and self._pending == "change" and (left := at - self._clock.monotonic()) > 0:
            self._receive(None, left)

    def _delay(self) -> float:
        """Double the interval with each further failure, up to five minutes or the interval itself."""
        more = max(0, self.status.failures - 1)
        longest = max(self._timing.interval, _LONGEST_BACKOFF)
        return min(self._timing.interval * 2.0 ** min(more, 30), longest)

    def _optional(self, method: str) -> BaseException | None:
        """Call ``setup`` or ``teardown`` where the runner has it; return what went wrong."""
        call = getattr(self._runner, method, None)
        if call is None:
            return None
        _, status, error = self._wait(self._execute(call), None)
        if status == "ok":
            return None
        failure = RuntimeError(f"{method}: {error or status}")
        if method == "teardown":
            logging.getLogger("hotagents").error("runner %s: %s", escape(self.status.name), escape(str(failure)))
        return failure

    def _set(self, **values: Any) -> None:
        self.status = replace(self.status, **values)


def _outcome(done: Done, why: CycleStatus | None) -> tuple[CycleResult, CycleStatus, str]:
    if done.error is not None:
        return CycleResult(), why or "failed", _text(done.error)
    if why is not None:
        returned = done.value if isinstance(done.value, CycleResult) else CycleResult()
        return returned, why, returned.error or "it ended only after it was asked to"
    if isinstance(done.value, CycleResult):
        return done.value, "ok", done.value.error
    if done.value is None:
        return CycleResult(), "ok", ""
    return CycleResult(), "failed", f"run() returned {type(done.value).__name__}, expected CycleResult"


def _text(error: BaseException) -> str:
    return escape(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _logger(name: str, generation: int, digest: str) -> logging.LoggerAdapter[logging.Logger]:
    extra = {"runner": name, "generation": generation, "digest": digest}
    return logging.LoggerAdapter(logging.getLogger(f"hotagents.runner.{name}"), extra)


def _log(result: CycleResult) -> None:
    logging.getLogger("hotagents").log(
        logging.INFO if result.status == "ok" else logging.ERROR,
        "runner %s: cycle %s on generation %d %s in %.3f s: %s",
        escape(result.runner),
        result.cycle_id or "(setup)",
        result.generation,
        result.status,
        result.duration,
        escape(result.error or result.summary),
        extra={"runner": result.runner, "generation": result.generation, "digest": result.digest},
    )
