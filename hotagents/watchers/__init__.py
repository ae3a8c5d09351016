"""Watchers wait for hints that something below some directories may have changed.

They know paths only: no source, no registry. A hint is never trusted, it may be late, doubled or missing; the caller
compares tokens after each one, and now and then without one. So a watcher may wake too often, but it says ``lost``
whenever it knows that it may have slept through something.

`InotifyWatcher` blocks on the kernel and sees the swap of a volume within milliseconds, `TreeWatcher` follows plain
trees, `PollingWatcher` works everywhere, `SignalWatcher` is for sources in memory, and `CombinedWatcher` makes one of
several. `watcher_for` chooses. Read `hotagents.watchers.base` next.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from hotagents.watchers.base import Wakeup, Watcher
from hotagents.watchers.combined import CombinedWatcher
from hotagents.watchers.inotify import InotifyWatcher, supported
from hotagents.watchers.polling import PollingWatcher
from hotagents.watchers.signal import SignalWatcher
from hotagents.watchers.tree import TreeWatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = [
    "CombinedWatcher",
    "InotifyWatcher",
    "PollingWatcher",
    "SignalWatcher",
    "TreeWatcher",
    "Wakeup",
    "Watcher",
    "supported",
    "watcher_for",
]


def watcher_for(volumes: Mapping[str, str], directories: Sequence[str]) -> Watcher:
    """Return one armed watcher for all of these; the caller closes it.

    Changes made after the return are hinted at; what was built before a failure is closed again.

    Args:
        volumes: From a volume's directory to the name of its link, such as ``..data``.
        directories: Plain directories, watched with everything below them.

    Raises:
        OSError: If a directory is missing or a limit of the system is reached.
    """
    with ExitStack() as on_failure:
        watchers: list[Watcher] = []
        for build in _builders(volumes, directories):
            watchers.append(build())
            on_failure.callback(watchers[-1].close)
        watcher = watchers[0] if len(watchers) == 1 else CombinedWatcher(watchers)
        on_failure.pop_all()
    return watcher


def _builders(volumes: Mapping[str, str], directories: Sequence[str]) -> Iterator[Callable[[], Watcher]]:
    if volumes and supported():
        yield lambda: InotifyWatcher(volumes)
    elif volumes:
        yield lambda: TreeWatcher(tuple(volumes), recursive=False)
    if directories:
        yield lambda: TreeWatcher(directories)
    if not volumes and not directories:
        yield PollingWatcher
