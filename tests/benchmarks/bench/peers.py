"""What else one could use: the naive reader, watchdog, watchfiles at several settings, and polling.

All but the naive reader read, compare and parse as the floor does (`bench.reader`); they differ in how they hear.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from bench.floor import Inotify
from bench.reader import PATIENCE, Parsed, page_of

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent

__all__ = ["Naive", "Polling", "Watchdog", "Watchfiles", "read_by_file"]

_PROBE: Final = 0.2  # seconds; `watchfiles.watch` arms in its own thread and tells nobody when
_INTERVAL: Final = 1.0


def read_by_file(file: int) -> bytes:
    """Return the bytes of an open file by one of Python's file objects, as most programs do."""
    with os.fdopen(file, "rb", closefd=False) as opened:
        return opened.read()


@final
class Naive(Parsed):
    """Blocks in the kernel too, then opens every visible file by its path and parses it: what is written first.

    It mixes versions: see `bench.check`.
    """

    def __init__(self, *roots: str) -> None:
        super().__init__(roots)
        self._inotify = Inotify(roots, self.load)

    def load(self) -> None:
        """Read all files of all volumes through the visible links."""
        paths = [Path(root, name) for root in self.roots for name in os.listdir(root) if not name.startswith("..")]
        self.pages = {path.name: page_of(path.read_bytes()) for path in paths}
        with self.changed:
            self.changed.notify_all()

    def close(self) -> None:
        """End it."""
        self._inotify.close()


@final
class Watchdog(Parsed):
    """An observer of each volume's own directory, not recursive."""

    def __init__(self, *roots: str) -> None:
        from watchdog.events import FileMovedEvent  # noqa: PLC0415 - a peer may be missing
        from watchdog.observers import Observer  # noqa: PLC0415 - likewise

        super().__init__(roots)
        self._observer = Observer()
        for root in roots:
            self._observer.schedule(self, root, event_filter=[FileMovedEvent])  # type: ignore[arg-type]  # duck-typed
        self._observer.start()

    def dispatch(self, event: FileSystemEvent) -> None:
        """Read after the rename of the link."""
        if os.fsdecode(event.dest_path).endswith("/..data"):
            self.load()

    def close(self) -> None:
        """End it."""
        self._observer.stop()
        self._observer.join()


@final
class Watchfiles(Parsed):
    """`watchfiles.watch` of each volume's own directory, not recursive; steps and debounce in milliseconds."""

    def __init__(self, *roots: str, step: int = 50, debounce: int = 1600) -> None:
        super().__init__(roots)
        self._step = step
        self._debounce = debounce
        self._stop = threading.Event()
        self._heard = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bench-watchfiles", daemon=True)
        self._thread.start()
        self._probe()

    def close(self) -> None:
        """End it."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        from watchfiles import watch  # noqa: PLC0415 - with asyncio, which the floor does not need

        for _ in watch(
            *self.roots,
            watch_filter=None,
            step=self._step,
            debounce=self._debounce,
            recursive=False,
            stop_event=self._stop,
        ):
            self._heard.set()
            self.load()

    def _probe(self) -> None:
        """Return once the watch has heard of something."""
        probe, end = f"{self.roots[0]}/..probe", time.monotonic() + PATIENCE
        while not self._heard.wait(_PROBE):
            if time.monotonic() > end:
                raise TimeoutError("watchfiles never heard of anything")
            os.symlink("nowhere", probe)
            os.unlink(probe)


@final
class Polling(Parsed):
    """Looks at the link once a second."""

    def __init__(self, *roots: str) -> None:
        super().__init__(roots)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bench-polling", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        seen = self._links()
        while not self._stop.wait(_INTERVAL):
            if (found := self._links()) != seen:
                seen = found
                self.load()

    def _links(self) -> list[str]:
        return [os.readlink(f"{root}/..data") for root in self.roots]
