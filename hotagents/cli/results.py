"""`Results`: each cycle's result, and whether anybody still reads them."""

from __future__ import annotations

import io
import os
import select
import sys
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING, TextIO, final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hotagents.cli.output import Output
    from hotagents.host import Host
    from hotagents.runner import CycleResult

__all__ = ["Results", "own_stdout"]


@final
class Results:
    """Takes each cycle's result, from the runners' threads; stops the host once each of ``awaited`` had its cycle.

    Attributes:
        host: Set before the first result can come.
        ok: Whether all awaited cycles ended well; each is entered by its own runner's thread.
        unread: Whether the reader of standard output went away, for which the host was stopped too.
    """

    host: Host

    def __init__(self, output: Output, awaited: Sequence[str]) -> None:
        self._output = output
        self._ended: dict[str, bool] = dict.fromkeys(awaited, False)
        self._waiting = set(awaited)
        self.unread = False

    @property
    def ok(self) -> bool:
        """Whether all awaited cycles ended well."""
        return all(self._ended.values())

    def add(self, result: CycleResult) -> None:
        """Take one result; a reader that went away stops the host and raises nothing in the runner's thread."""
        try:
            if self._output.as_json:
                self._output.json(result.to_dict())
            self.unread = self.unread or _is_unread(self._output.stream)
        except BrokenPipeError:
            self.unread = True
        if result.runner in self._waiting:
            self._ended[result.runner] = result.status == "ok"
            self._waiting.discard(result.runner)
            if not self._waiting:
                self.host.stop()
        if self.unread:
            self.host.stop()


def _is_unread(stream: TextIO) -> bool:
    """Say whether the other end of a pipe is closed; a runner that prints there only fails, which ends nothing."""
    if sys.platform == "win32":
        return False
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
    except (OSError, ValueError):  # no descriptor: nothing that could be closed
        return False
    return any(event & select.POLLERR for _, event in poll.poll(0))


@contextmanager
def own_stdout() -> Iterator[TextIO]:
    """Keep standard output for the results: what runners and their child processes print goes to standard error."""
    try:
        real = sys.stdout.fileno() == 1 and sys.stderr.fileno() == 2  # noqa: PLR2004 - the descriptors' numbers
    except (AttributeError, io.UnsupportedOperation, ValueError):
        real = False
    if not real:
        kept = sys.stdout
        with redirect_stdout(sys.stderr):
            yield kept
        return
    sys.stdout.flush()
    copy = os.dup(1)
    os.dup2(2, 1)
    stream = os.fdopen(os.dup(copy), "w", encoding="utf-8")
    try:
        with redirect_stdout(sys.stderr):
            yield stream
    finally:
        os.dup2(copy, 1)
        os.close(copy)
        with suppress(BrokenPipeError):  # said already by whoever wrote it
            stream.close()
