"""`Validation`: plugins look at a candidate, and none of them can hold up the watch.

Each call runs on a daemon thread of its own, because there is no way to end one that hangs. The registry waits for it
no longer than the time limit; a plugin whose call hangs is not called again before that call has returned, and
meanwhile every candidate is refused in its name.
"""

from __future__ import annotations

import queue
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, final

from hotagents.diagnostics import Diagnostic
from hotagents.hookspecs import Report
from hotagents.plugins import text_of

if TYPE_CHECKING:
    from hotagents.loading import Candidate
    from hotagents.plugins import Plugins, Validator

__all__ = ["Validation"]

_CODE: Final = "rejected-by-plugin"
_CLOSING: Final = "the registry is closing"


@final
class Validation:
    """The validators of a set of plugins.

    `run` is called by one thread at a time (under the registry's check lock); `close` by any.
    """

    def __init__(self, plugins: Plugins | None, *, timeout: float) -> None:
        """``timeout``: seconds that each validator may take."""
        self._plugins = plugins
        self._timeout = timeout
        self._hung: dict[str, threading.Thread] = {}
        self._closed = False
        # Orders a close and a call that begins, without relying on the interpreter's own lock; reentrant, since a
        # signal's handler may close while the main thread begins a call.
        self._lock = threading.RLock()
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()

    def run(self, candidate: Candidate[Any]) -> tuple[Diagnostic, ...]:
        """Return what the plugins have to say, errors included."""
        validators = self._plugins.validators() if self._plugins is not None else []
        return tuple(diagnostic for validator in validators for diagnostic in self._ask(validator, candidate))

    def close(self) -> None:
        """End a wait at once; the candidate that it was for is refused."""
        with self._lock:
            self._closed = True
            self._done.put(_CLOSING)

    def _ask(self, validator: Validator, candidate: Candidate[Any]) -> list[Diagnostic]:
        name, call = validator
        hung = self._hung.get(name)
        if hung is not None and hung.is_alive():
            return [_refusal(name, "an earlier call has not returned yet")]
        # Each call has a queue of its own, so that the late answer of a hung call is nobody's.
        report, done = Report(), queue.SimpleQueue[str]()
        with self._lock:  # a close that comes after the look finds this queue
            self._done, closed = done, self._closed
        thread = threading.Thread(target=_call, args=(call, candidate, report, done), daemon=True)
        thread.name = f"hotagents-validate-{name}"
        if closed:
            return [_refusal(name, _CLOSING)]
        try:
            thread.start()
            failure = done.get(timeout=self._timeout)
        except queue.Empty:
            self._hung[name] = thread
            return [_refusal(name, f"did not return within {self._timeout:g} s")]
        except RuntimeError as error:  # no thread to be had
            failure = str(error)
        return [_refusal(name, failure)] if failure else _diagnostics(name, report)


def _call(call: Any, candidate: Candidate[Any], report: Report, done: queue.SimpleQueue[str]) -> None:
    """Call, and say what went wrong; an empty text is the answer of a call that returned."""
    try:
        call(candidate=candidate, report=report)
    except BaseException as error:  # noqa: BLE001 - whatever ends the call, the waiting thread must hear of it
        done.put(text_of(error))
    else:
        done.put("")


def _refusal(plugin: str, why: str) -> Diagnostic:
    return Diagnostic(_CODE, "error", "", 0, 0, "", f"plugin {plugin}: {why}", "see the plugin's own documentation")


def _diagnostics(plugin: str, report: Report) -> list[Diagnostic]:
    named = [replace(said, message=f"plugin {plugin}: {said.message}") for said in report.diagnostics]
    return sorted(named, key=lambda said: said.severity != "error")
