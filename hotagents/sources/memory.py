"""`Memory`: files that live in the process, for tests and for programs that bring their own bytes."""

from __future__ import annotations

import threading
import weakref
from types import MappingProxyType
from typing import TYPE_CHECKING, final

from hotagents.snapshot import Part, Snapshot
from hotagents.watchers import SignalWatcher
from hotagents.weak import members

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from hotagents.watchers import Watcher

__all__ = ["Memory"]


@final
class Memory:
    """A source over a mapping, replaced as a whole.

    `write` and `update` may be called from any thread; a reader sees the files of one call.
    """

    def __init__(self, files: Mapping[str, str | bytes] | None = None) -> None:
        self._lock = threading.Lock()  # writers and the list of watchers; readers take one reference
        self._state: tuple[int, Mapping[str, bytes]] = (0, _encoded(files or {}))
        self._watchers: weakref.WeakSet[SignalWatcher] = weakref.WeakSet()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Replace all files."""
        with self._lock:
            self._state = (self._state[0] + 1, _encoded(files))
            watchers = members(self._watchers)
        for watcher in watchers:
            watcher.notify()

    def update(self, changes: Mapping[str, str | bytes | None]) -> None:
        """Replace some files, remove those given as None, keep the others."""
        with self._lock:
            merged: dict[str, str | bytes | None] = {**self._state[1], **changes}
            self._state = (self._state[0] + 1, _encoded({p: c for p, c in merged.items() if c is not None}))
            watchers = members(self._watchers)
        for watcher in watchers:
            watcher.notify()

    def read(self) -> Snapshot:
        """Return the files of the last write."""
        revision, files = self._state
        part = Part(name=".", prefix="", kind="memory", location="", payload="", files=files)
        return Snapshot.of([part], token=revision)

    def token(self) -> Hashable:
        """Return the number of writes so far."""
        return self._state[0]

    def watcher(self) -> Watcher:
        """Return a watcher that hears of each write."""
        watcher = SignalWatcher()
        with self._lock:
            self._watchers.add(watcher)
        return watcher


def _encoded(files: Mapping[str, str | bytes]) -> Mapping[str, bytes]:
    return MappingProxyType(
        {
            path: content.encode() if isinstance(content, str) else bytes(content)
            for path, content in sorted(files.items())
        }
    )
