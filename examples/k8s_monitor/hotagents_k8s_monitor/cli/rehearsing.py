"""What ``record`` does: looks at a cluster, redacts what they saw, and a file that never outgrows its bound."""

from __future__ import annotations

import os
import secrets
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from hotagents import SystemClock, escape
from hotagents_k8s_monitor.assembly import collector
from hotagents_k8s_monitor.cli.quiet import silent
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.redaction import Redactor
from hotagents_k8s_monitor.rehearsal.recording import FILE, Header, RecordedLook, RecordingError
from hotagents_k8s_monitor.rehearsal.writing import Writer

if TYPE_CHECKING:
    from pathlib import Path

    from hotagents import Clock
    from hotagents.cli.output import Output
    from hotagents_k8s_monitor.monitor import Collects
    from hotagents_k8s_monitor.redaction import Names
    from hotagents_k8s_monitor.settings import Settings

__all__ = ["Task", "record_looks"]

_KEY_BYTES: Final = 32


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to record.

    Attributes:
        out: Into which directory.
        looks: How many.
        every: Seconds from the beginning of one to the next.
        names: Whether names are kept.
        title: What happens, for people.
        most_bytes: Size that the file never exceeds.
    """

    out: Path
    looks: int
    every: float
    names: Names
    title: str
    most_bytes: int


def record_looks(settings: Settings, task: Task, output: Output) -> int:
    """Record, print one line a look, and return the exit code. A signal that ends the process leaves what is there.

    Raises:
        RecordingError: If there is a recording already, or nothing could be seen.
        OSError: If it cannot be written.
    """
    looking = collector(settings)
    try:
        with silent():
            return _Recording(task, output).run(looking, SystemClock())
    finally:
        looking.close()


@final
class _Recording:
    def __init__(self, task: Task, output: Output) -> None:
        self._task = task
        self._output = output
        self._redactor = Redactor(names=task.names, key=secrets.token_bytes(_KEY_BYTES))
        self._pause = threading.Event()  # nobody sets it

    def run(self, looking: Collects, clock: Clock) -> int:
        task, worst = self._task, 0
        if (task.out / FILE).exists():  # said before the first look, which may take a minute
            raise RecordingError(f"{task.out / FILE}: there is a recording already; name another directory")
        header = Header(name=task.out.resolve().name, summary=task.title, resources=tuple(RESOURCES), names=task.names)
        with Writer(task.out, header, most_bytes=task.most_bytes) as writer:
            for number in range(1, task.looks + 1):
                began = clock.monotonic()
                code = self._one(number, looking, clock, writer)
                if code is None:
                    return 1
                worst = max(worst, code)
                if number < task.looks:
                    self._pause.wait(max(0.0, task.every - (clock.monotonic() - began)))
        return worst

    def _one(self, number: int, looking: Collects, clock: Clock, writer: Writer) -> int | None:
        """Do one look; return its exit code, None where the bound is reached."""
        snapshot = looking.collect()
        look = RecordedLook(self._redactor.look(snapshot), clock.now() - snapshot.taken_at)
        if not writer.add(look):
            said = f"look {number} would exceed {self._task.most_bytes >> 20} MiB and is left out; see --most-mib"
            self._output.event(said, {"status": "full", "look": number, "bytes": writer.size}, style="red")
            return None
        counts = {resource: len(items) for resource, items in snapshot.objects.items()}
        gaps = [str(gap) for gap in snapshot.gaps.values()]
        seen = ", ".join(f"{count} {resource}" for resource, count in counts.items())
        unseen = "".join(f"; cannot see {escape(gap, limit=300)}" for gap in gaps)
        facts = {"status": "ok", "look": number, "seen": counts, "gaps": gaps, "bytes": writer.size}
        path = escape(os.fspath(writer.path))
        self._output.event(f"look {number}: {seen or 'nothing'}{unseen}; {writer.size} bytes in {path}", facts)
        if not any(counts.values()):
            return 2
        return 1 if gaps else 0
