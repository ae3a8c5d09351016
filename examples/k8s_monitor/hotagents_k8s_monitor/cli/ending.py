"""`end`: how the process ends once a command has, also while a look that was left behind still reads.

Such a look's thread holds the lock of the buffer that it reads into. The interpreter's last act is to close what is
open; where it cannot have that lock, it aborts the process (SIGABRT) in place of the exit code. So it is not let come
that far: what is registered for the exit is done, what was printed is flushed, and the process is over.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["end"]

_LOOK: Final = "k8s-monitor-cluster"  # as `Bounded` calls its threads; to import that takes longer than most commands


def end(ending: SystemExit) -> None:
    """End the process at once if a look still goes on; else return, for the interpreter to do it in its own way."""
    if not any(thread.name == _LOOK for thread in threading.enumerate()):
        return
    code = ending.code
    if not (code is None or isinstance(code, int)):
        return  # a text, which the interpreter prints
    # Flushes the log, and removes the client's temporary files, which hold private keys.
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no public way to it but the interpreter's end
    streams: tuple[TextIO | None, ...] = (sys.stdout, sys.stderr)
    for stream in streams:
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.flush()
    os._exit(code or 0)
