"""`end`: how the process ends once a command has, also while a thread that was left behind still works.

A runner's call that does not end when it is asked to is left behind on a daemon thread. Where that is inside an
extension or holds a stream's lock, the interpreter's own end may abort the process in place of the exit code. So it is
not let come that far: what is registered for the exit is done, what was printed is flushed, and the process is over.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["end"]


def end(ending: SystemExit) -> None:
    """End the process at once if a daemon thread still works; else return, for the interpreter to do it its own way."""
    code = ending.code
    left_behind = any(thread.daemon for thread in threading.enumerate() if thread is not threading.current_thread())
    if not left_behind or not (code is None or isinstance(code, int)):  # a text is for the interpreter to print
        return
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no public way to it but the interpreter's end
    streams: tuple[TextIO | None, ...] = (sys.stdout, sys.stderr)
    for stream in streams:
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.flush()
    os._exit(code or 0)
