"""`Bounded`: work that is given up on when it takes too long.

A deadline between two pieces of an answer does not help against all: a name server that does not answer, a credential
plugin that waits for a browser, or headers that come in crumbs hold a thread inside one call. Python cannot end a
thread, so such work has one of its own, a daemon, and is left behind; `hotagents_k8s_monitor.cli.ending`
ends a process around it.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Final, final

from hotagents_k8s_monitor.cluster.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.cluster.deadline import Deadline

__all__ = ["Bounded"]

_MOST: Final = 3  # left behind at a time: what hangs once is likely to hang again


@final
class Bounded:
    """Runs one piece of work after the other, each in a thread; `run` is called by one thread at a time."""

    def __init__(self) -> None:
        self._left_behind: list[threading.Thread] = []

    def run(self, work: Callable[[], None], deadline: Deadline) -> bool:
        """Say whether the work has ended; where it has not, it may still go on.

        Args:
            work: What to do; it hands over its results by itself.
            deadline: Longest wait.

        Raises:
            Failure: If too many of those that were left behind still hang.
            RuntimeError: If no thread can be had.
            BaseException: What the work raised.
        """
        ends: queue.SimpleQueue[_End] = queue.SimpleQueue()
        thread = threading.Thread(target=_run, args=(work, ends), name="k8s-monitor-cluster", daemon=True)
        self._left_behind = [t for t in self._left_behind if t.is_alive()]
        if len(self._left_behind) >= _MOST:
            raise Failure("slow", f"{_MOST} earlier attempts still hang")
        thread.start()
        self._left_behind.append(thread)  # until it has ended, which it also may after an interrupt of this one
        end = deadline.clock.get(ends, deadline.left())
        if end is None:
            return False
        thread.join()
        if end.error is not None:
            raise end.error
        return True


@final
class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def _run(work: Callable[[], None], ends: queue.SimpleQueue[_End]) -> None:
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - it is raised where the work is waited for
        ends.put(_End(error))
    else:
        ends.put(_End(None))
