"""`RunnerLoop`: one runner's thread, which decides when a cycle begins and when it has lasted too long.

All that can happen to it arrives in one inbox, in order: a trigger, the end of the running call, the stop. So there is
one place that waits, one thread that decides, and nothing shared but frozen status values. The inbox is a
`queue.SimpleQueue`, whose ``put`` a signal handler may call. Nothing of the runner's runs on this thread: each call has
its own (`hotagents.host.execution`), so none can keep the loop from hearing a stop.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import uuid
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, final

from hotagents.diagnostics import escape
from hotagents.host.execution import Done, Execution
from hotagents.host.outcome import LATE, End, cycle_logger, log_error, log_late_end, log_result, log_stuck, outcome
from hotagents.host.state import RunnerState, RunnerStatus, Timing
from hotagents.runner import Cycle, CycleResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents.clock import Clock
    from hotagents.host.execution import AsyncLoop
    from hotagents.registry import ConfigRegistry
    from hotagents.runner import CycleStatus, Runner, Trigger

__all__ = ["RunnerLoop", "RunnerState", "RunnerStatus", "Timing"]

logger: Final = logging.getLogger("hotagents")
_LAST: Final = 1.0  # seconds: to end once cancelled at a stop; and for a teardown where the cycle took all of the grace
_MOMENT: Final = 0.1  # seconds: the same where the stop is in a hurry
_LONGEST_SETUP: Final = 30.0  # seconds, or the grace where that is longer; for making a runner too
_LONGEST_WAIT: Final = 86_400.0  # seconds: a longer one is begun again; queues refuse those of centuries


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
        self._inbox: queue.SimpleQueue[Trigger | Literal["stop", "hurry"] | Done] = queue.SimpleQueue()
        self._pending: Trigger | None = None
        self._ran = 0  # number of the generation that the last cycle had
        self._stop_at: float | None = None
        self._last = _LAST
        self._runner: Runner | None = None
        self._given_up: Execution | None = None  # still runs, so nothing else of the runner's may
        self._given_up_at = 0.0
        self._held = ExitStack()  # the cycle's pin, for as long as the cycle really runs
        self.status = RunnerStatus(name=name)
        self._thread = threading.Thread(target=self._run, name=f"hotagents-runner-{name}", daemon=True)

    def start(self) -> None:
        """Start the thread; once."""
        self._thread.start()

    def trigger(self, trigger: Trigger) -> None:
        """Ask for a cycle; asked several times before it begins, it runs once. Safe in a signal handler."""
        self._inbox.put(trigger)

    def stop(self) -> None:
        """Let the running cycle end within the grace and begin no other. Safe in a signal handler."""
        self._inbox.put("stop")

    def hurry(self) -> None:
        """Stop without the grace: cancel what runs, and leave behind what does not end at that."""
        self._inbox.put("hurry")

    def join(self, timeout: float) -> bool:
        """Wait for the end of a started loop; say whether it came within ``timeout`` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- the loop's own thread --------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._look()
            trigger: Trigger | None = None if self._stop_at is not None else "start"
            while trigger is not None:
                self._attempt(trigger)
                trigger = self._next()
            self._tear_down()
        finally:
            self._held.close()
            self._set(state="stopped" if self.status.state != "stuck" else "stuck", due=None)
            self._ended(self)

    def _attempt(self, trigger: Trigger) -> None:
        """Run one cycle; whatever happens is its result."""
        result = self._set_up(trigger)
        if result is None:
            if self._runner is None or self._stop_at is not None:
                return  # asked to stop before the cycle began
            result = self._cycle(self._runner, trigger)
        self.status = self.status.counting(result)
        self._set_waiting(self._timing.pause(self.status.failures))
        try:
            self._log(result)
            self._finished(result)
        except (Exception, SystemExit):
            logger.exception("runner %s: a listener failed", escape(self.status.name))

    def _log(self, result: CycleResult) -> None:
        if self._given_up is not None and self._stop_at is None:
            log_stuck(result, self._longest_setup if not result.cycle_id else self._timing.timeout or 0.0)
        else:
            log_result(result)

    def _set_up(self, trigger: Trigger) -> CycleResult | None:
        """Make the runner where there is none yet; return the failed cycle where that fails, to be tried again."""
        if self._runner is not None:
            return None
        self._set(state="starting")
        started_at, begun = self._clock.now(), self._clock.monotonic()
        runner, error = self._call(self._create, "create")
        if not error:
            _, error = self._call(partial(_optional, runner, "setup"), "setup")
        if not error:
            self._runner = runner
            return None
        return CycleResult(
            status="failed",
            summary="the runner could not be set up",
            error=error,
            runner=self.status.name,
            trigger=trigger,
            started_at=started_at,
            duration=self._clock.monotonic() - begun,
        )

    def _cycle(self, runner: Runner, trigger: Trigger) -> CycleResult:
        begun, started_at, timeout = self._clock.monotonic(), self._clock.now(), self._timing.timeout
        pin = self._held.enter_context(self._registry.pin())
        self._ran = pin.generation.number
        cycle_id = f"{started_at:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:12]}"
        cycle = Cycle(
            id=cycle_id,
            pin=pin,
            trigger=trigger,
            deadline=None if timeout is None else begun + timeout,
            cancelled=threading.Event(),
            logger=cycle_logger(self.status.name, cycle_id, pin.generation.number, pin.generation.digest),
        )
        self._set(state="running", due=None if timeout is None else begun + timeout + self._timing.grace)
        end = self._wait(self._execute(lambda: runner.run(cycle)), cycle.deadline, cycle.cancelled)
        if end.done is not None:
            self._held.close()
        log_error(self.status.name, f"cycle {cycle_id}", end.done)
        return replace(
            outcome(end),
            runner=self.status.name,
            cycle_id=cycle.id,
            trigger=trigger,
            generation=pin.generation.number,
            digest=pin.generation.digest,
            started_at=started_at,
            duration=self._clock.monotonic() - begun,
        )

    def _tear_down(self) -> None:
        if self._runner is None or self.status.state == "stuck":
            return
        self._stop_at = max(self._stop_at or 0.0, self._clock.monotonic() + self._last)
        _, error = self._call(partial(_optional, self._runner, "teardown"), "teardown")
        if error:
            logger.error("runner %s: %s", escape(self.status.name), error)

    def _call(self, method: Callable[[], Any], name: str) -> tuple[Any, str]:
        """Call what surrounds the cycles; return its value and what went wrong."""
        deadline = self._clock.monotonic() + self._longest_setup
        self._set(due=deadline + self._timing.grace)
        end = self._wait(self._execute(method), deadline, threading.Event())
        if end.done is not None and end.done.error is None and end.why is None:
            return end.done.value, ""
        log_error(self.status.name, name, end.done)
        return None, f"{name}: {LATE if end.done is not None and end.done.error is None else outcome(end).error}"

    @property
    def _longest_setup(self) -> float:
        return max(_LONGEST_SETUP, self._timing.grace)

    def _execute(self, call: Callable[[], Any]) -> Execution:
        name = f"hotagents-cycle-{self.status.name}"
        return Execution(call, self._async_loop, self._inbox.put, name=name)

    def _wait(self, execution: Execution, deadline: float | None, cancelled: threading.Event) -> End:
        """Wait for the call's end, its deadline or the stop; ask it to end where it must, and give it up after that."""
        why: CycleStatus | None = None
        while True:
            done = self._receive(execution, self._next_look(deadline, why))
            if done is not None:
                execution.join()
                return End(done, why)
            now = self._clock.monotonic()
            stopping = self._stop_at is not None and now >= self._stop_at + (self._last if why else 0.0)
            late = deadline is not None and now >= deadline
            if why is not None and (stopping or late):
                self._given_up, self._given_up_at = execution, now
                self._set(state="stuck")
                return End(None, why)
            if stopping:
                why = "cancelled"
            elif late:
                why, deadline = "timeout", now + self._timing.grace
            if why is not None:
                cancelled.set()
                execution.cancel()

    def _outlast(self, execution: Execution) -> None:
        """Wait until a call that was given up ends after all, or for the stop: no cycle may overlap it."""
        done = None
        while done is None and self._stop_at is None:
            execution.cancel()  # an async one may heed what it ignored before
            done = self._receive(execution, None)
        if done is None:
            return
        execution.join()
        self._given_up = None
        self._held.close()
        self._set(state="waiting", due=None)
        if self.status.last is not None:
            log_late_end(self.status.last, done, self._clock.monotonic() - self._given_up_at)

    def _next_look(self, deadline: float | None, why: CycleStatus | None) -> float | None:
        """Return the seconds until the next decision is due, None where only the inbox can bring one."""
        stop_at = None if self._stop_at is None else self._stop_at + (self._last if why else 0.0)
        moments = [moment for moment in (deadline, stop_at) if moment is not None]
        return max(0.0, min(moments) - self._clock.monotonic()) if moments else None

    def _receive(self, execution: Execution | None, timeout: float | None) -> Done | None:
        """Take one item: remember a trigger or the stop, return the end of the call that is waited for."""
        item = self._clock.get(self._inbox, None if timeout is None else min(timeout, _LONGEST_WAIT))
        if isinstance(item, Done):
            return item if item.execution is execution else None
        if item == "stop":
            self._stop_at = self._stop_at or self._clock.monotonic() + self._timing.grace
        elif item == "hurry":
            self._stop_at, self._last = self._clock.monotonic(), _MOMENT
        elif item is not None and self._pending != "manual":
            self._pending = item
        return None

    def _look(self) -> None:
        """Take what the inbox holds, so that a stop counts before the next cycle begins."""
        while not self._inbox.empty():
            self._receive(None, 0.0)

    def _next(self) -> Trigger | None:
        """Wait for the next reason to run; None at the stop."""
        if self._given_up is not None:
            self._outlast(self._given_up)
        pause = self._timing.pause(self.status.failures) + self._jitter()
        at = self._clock.monotonic() + pause
        self._set_waiting(pause)
        self._look()
        while self._stop_at is None and not self._has_reason():
            left = at - self._clock.monotonic()
            if left <= 0:
                return "interval"
            self._receive(None, left)
        if self._pending == "change":
            self._spread()
        trigger, self._pending = self._pending, None
        return trigger if self._stop_at is None else None

    def _has_reason(self) -> bool:
        """Say whether a cycle was asked for; a change that the last cycle began with already asks for none."""
        if self._pending == "change" and self._registry.current.number == self._ran:
            self._pending = None
        return self._pending is not None

    def _spread(self) -> None:
        """Wait out the jitter before a cycle that a change asks for: all pods hear of it at once."""
        at = self._clock.monotonic() + self._jitter()
        while self._stop_at is None and self._pending == "change" and (left := at - self._clock.monotonic()) > 0:
            self._receive(None, left)

    def _jitter(self) -> float:
        return random.uniform(0.0, self._timing.jitter)  # noqa: S311 - spreads load, guards nothing

    def _set_waiting(self, pause: float) -> None:
        if self.status.state != "stuck":  # left behind at the stop: that stays
            latest = self._clock.monotonic() + pause + self._timing.jitter + self._timing.grace
            self._set(state="waiting", due=latest)

    def _set(self, **values: Any) -> None:
        self.status = replace(self.status, **values)


def _optional(runner: Any, method: str) -> Any:
    call = getattr(runner, method, None)
    return None if call is None else call()
