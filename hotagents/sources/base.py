"""`Source`: where bytes live.

A source belongs to one reader at a time: its methods are never called by two threads at once (a registry calls them
under its check lock), so sources may keep what they read last without locks. Read `hotagents.sources.mounted` next.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from hotagents.errors import SourceError, UnsettledError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from hotagents.snapshot import Snapshot
    from hotagents.watchers import Watcher

__all__ = ["Source", "patterns_of", "read_settled"]


@runtime_checkable
class Source(Protocol):
    """What a registry needs: bytes, a cheap way to tell that they may have changed, and hints when to look."""

    def read(self) -> Snapshot:
        """Return the bytes of one instant; never waits.

        Raises:
            UnsettledError: If the bytes are moving right now; asking again after its ``retry_after`` may succeed.
            SourceError: If they cannot be read.
        """
        ...

    def token(self) -> Hashable:
        """Return a value that changes when the source may have changed; opens no file, no network, never raises."""
        ...

    def watcher(self) -> Watcher:
        """Return an armed watcher of what the source consists of now; the caller closes it.

        Raises:
            OSError: If it cannot be armed.
        """
        ...


def patterns_of(source: Source) -> str:
    """Return by what patterns a source chooses what it reads, as a text to compare; empty where it tells of none."""
    found = getattr(source, "patterns", "")
    return found if isinstance(found, str) else ""


def read_settled(source: Source, *, timeout: float = 5.0, wait: Callable[[float], object] = time.sleep) -> Snapshot:
    """Return the source's bytes once they are quiet.

    Args:
        source: What to read.
        timeout: Longest wait in seconds, beyond what the source asks for at first.
        wait: Waits that many seconds; a true result (as `threading.Event.wait` gives) means stop waiting at once.

    Raises:
        SourceError: If the bytes cannot be read, or never were quiet; then with the `reason` of what moved,
            ``Unstable`` where nothing else is wrong.
    """
    deadline: float | None = None
    while True:
        try:
            return source.read()
        except UnsettledError as error:
            if deadline is None:
                deadline = time.monotonic() + timeout + error.retry_after
            left = deadline - time.monotonic()
            if left <= 0 or wait(min(max(error.retry_after, 0.001), left)):
                message = f"{error}; not quiet within {timeout:g} s" if error.reason == "Unstable" else str(error)
                raise SourceError(message, path=error.path, reason=error.reason) from error
