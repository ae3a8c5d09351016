"""`Signals`: a process's signals as a host's calls, for the time of a run."""

from __future__ import annotations

import signal
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["Signals"]


@final
class Signals:
    """A context manager: SIGTERM and SIGINT stop, SIGHUP triggers; afterwards the earlier handlers stand again.

    Only the main thread can have handlers; in any other this does nothing. Handlers run between any two instructions
    of the main thread, so ``stop`` and ``trigger`` may take no lock.
    """

    def __init__(self, stop: Callable[[], None], trigger: Callable[[], None]) -> None:
        self._actions = {"SIGTERM": stop, "SIGINT": stop, "SIGHUP": trigger}
        self._before: list[tuple[int, Any]] = []

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for name, action in self._actions.items():
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None:
                self._before.append((number, signal.signal(number, partial(_on_signal, action))))

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before:
            # None: a handler that was not installed from Python, which cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _on_signal(action: Callable[[], None], _number: int, _frame: FrameType | None) -> None:
    action()
