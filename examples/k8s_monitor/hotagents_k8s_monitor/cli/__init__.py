"""``k8s-monitor``: look once, run in a pod, or say beforehand what will not work.

`main` is the way in. It imports the rest, which takes a while, only once a signal can end it quietly.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["main"]


def main() -> None:
    """Run the command line. A signal that no command takes over ends it quietly, with 130 or 143.

    Only SIGHUP does nothing until `run` takes it: it asks for a look, and the first one is about to come anyway.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _ignore)
    from hotagents_k8s_monitor.cli.app import app  # noqa: PLC0415 - heavy
    from hotagents_k8s_monitor.cli.ending import end  # noqa: PLC0415

    try:
        app(prog_name="k8s-monitor")
    except SystemExit as ending:
        end(ending)
        raise


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing; unlike SIG_IGN, credential plugins do not inherit it."""


def _end(number: int, _frame: FrameType | None) -> None:
    # Not by an exception, which would be printed or lost in the middle of an import or of a finalizer. And not by the
    # default action, which does not end a container's first process.
    os._exit(128 + number)
