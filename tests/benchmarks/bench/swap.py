"""`Swaps`: from the rename to the moment in which a waiting thread has the new content, for one reader."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, final

from bench.payloads import Payloads
from bench.reader import PATIENCE
from bench.texts import BODY, agent, agents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.reader import Reader
    from bench.texts import Shape

__all__ = ["Swaps", "swapping"]

_ASLEEP: Final = 0.005  # seconds in which a thread that has begun to wait is asleep for certain
_DONE: Final = 0.003  # seconds in which a reader has looked at what `clean` did


@final
class Swaps:
    """A volume, or several of which the first one changes, and the reader that follows them.

    Args:
        place: An empty directory of its own.
        make: Makes the reader of the volumes' roots.
        files: Files of each volume.
        volumes: How many there are.
        changed: How many files of the first one change with a swap; all of them if there are fewer.
        shape: Of the files.
        body: Bytes of each file's body.
    """

    def __init__(
        self,
        place: Path,
        make: Callable[..., Reader],
        *,
        files: int,
        volumes: int = 1,
        changed: int = 1,
        shape: Shape = "plain",
        body: int = BODY,
    ) -> None:
        prefixes = [f"v{number}-" if number else "" for number in range(volumes)]
        sets = [agents(files, 0, prefix=prefix, shape=shape, body=body) for prefix in prefixes]
        self._volumes = [Payloads(place / str(number), files) for number, files in enumerate(sets)]
        self._files = sets[0]
        self._changing = list(self._files)[:changed]
        self._shape: Shape = shape
        self._body = body
        self._version = 0
        self.reader = make(*(volume.root for volume in self._volumes))

    def sample(self) -> float:
        """Return the seconds of one swap."""
        self._version += 1
        volume = self._volumes[0]
        for name in self._changing:
            self._files[name] = agent(name.removesuffix(".md"), self._version, shape=self._shape, body=self._body)
        volume.prepare(self._files)
        seen: list[float] = []
        begun = threading.Event()

        def wait() -> None:
            begun.set()
            # The last that changes: a reader of several files shows none of them before it has all.
            self.reader.wait(self._changing[-1].removesuffix(".md"), f"version {self._version}")
            seen.append(time.perf_counter())

        thread = threading.Thread(target=wait, name="bench-waiting", daemon=True)
        thread.start()
        begun.wait()
        time.sleep(_ASLEEP)
        swapped = time.perf_counter()
        volume.swap()
        thread.join(PATIENCE)
        volume.clean()
        time.sleep(_DONE)
        if not seen:
            raise TimeoutError(f"{type(self.reader).__name__} never showed version {self._version}")
        return seen[0] - swapped

    def close(self) -> None:
        """End the reader."""
        self.reader.close()


@contextmanager
def swapping(swaps: Swaps) -> Iterator[Swaps]:
    """Close at the end."""
    try:
        yield swaps
    finally:
        swaps.close()
