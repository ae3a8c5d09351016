"""`replay`: a recording, shown to the real monitor under one generation, with a clock that stands where it stood then.

Nothing is written, nobody is told, no network is used, and no time passes.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import Cycle, Pin
from hotagents_k8s_monitor.deciding import places_of
from hotagents_k8s_monitor.monitor import Monitor
from hotagents_k8s_monitor.notify import NoNotifier
from hotagents_k8s_monitor.policy import Policy
from hotagents_k8s_monitor.rehearsal.outcome import Outcome, OutcomeBuilder
from hotagents_k8s_monitor.rehearsal.recording import RecordingError

if TYPE_CHECKING:
    import queue
    from collections.abc import Iterable
    from datetime import datetime

    from hotagents import Generation
    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.records import Recorder
    from hotagents_k8s_monitor.rehearsal.recording import RecordedLook

__all__ = ["replay"]

_LOGGER: Final = logging.getLogger("hotagents.runner.k8s-monitor.rehearsal")


@final
class _Then:
    """The collector, and the clock, of a look that was."""

    def __init__(self) -> None:
        self.look: RecordedLook | None = None
        self._first: datetime | None = None

    def collect(self) -> Snapshot:
        assert self.look is not None  # noqa: S101 - no cycle is run before
        return self.look.snapshot

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def now(self) -> datetime:
        assert self.look is not None  # noqa: S101 - no cycle is run before
        return self.look.judged_at

    def monotonic(self) -> float:
        self._first = self._first or self.now()
        return (self.now() - self._first).total_seconds()

    def get(self, inbox: queue.SimpleQueue[Any], timeout: float | None) -> Any:  # noqa: ARG002 - no time passes here
        return None if inbox.empty() else inbox.get()


def replay(looks: Iterable[RecordedLook], generation: Generation[Any], *, recorder: Recorder | None = None) -> Outcome:
    """Return what the looks come to under a generation.

    Args:
        looks: In the order of their times.
        generation: Decides.
        recorder: Keeps records as if it had been so, for whoever wants to read them; None keeps nothing.

    Raises:
        RecordingError: If there is no look, or a cycle failed on one.
        LookupError, TypeError: If the generation was not validated as this runner's.
        RecordsError: If the recorder's directory is somebody else's.
    """
    then, builder = _Then(), OutcomeBuilder()
    monitor = Monitor(then, NoNotifier(), recorder=recorder, clock=then)
    policy = Policy.of(generation)
    first: datetime | None = None
    with Pin(generation, lambda: generation) as pin:
        for number, look in enumerate(looks, start=1):
            then.look = look
            if first is None:
                first = look.judged_at
                monitor.setup()
            result = monitor.run(_cycle(pin, number))
            if result.status != "ok":
                raise RecordingError(f"look {number} could not be judged: {result.error}")
            data = result.data
            places = [places_of(finding, generation, policy) for finding in data["findings"]]
            builder.add(data, look.judged_at - first, places)
    monitor.teardown()
    if first is None:
        raise RecordingError("there is no look in the recording; record at least one")
    return builder.outcome()


def _cycle(pin: Pin[Any], number: int) -> Cycle:
    silent = logging.LoggerAdapter(_LOGGER, {})
    return Cycle(
        id=f"look-{number}", pin=pin, trigger="interval", deadline=None, cancelled=threading.Event(), logger=silent
    )
