"""`Said`: each line that tells of trouble is logged at once, and then again only after growing pauses.

A fault that lasts for days is looked at every few seconds. Logged each time it fills the disk; logged once it has
scrolled away by the time that somebody looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from hotagents.clock import Clock

__all__ = ["Said"]

_FIRST_PAUSE: Final = 60.0
_LONGEST_PAUSE: Final = 3600.0
_MOST: Final = 50  # lines remembered; faults that alternate are not new each time


@final
class Said:
    """The lines that were logged since all was last well; used by one thread at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[str, tuple[float, float]] = {}  # the next moment, and the pause after it

    def again(self, line: str) -> str | None:
        """Return the line as it is to be logged now, None where that would be too soon."""
        now = self._clock.monotonic()
        known = self._lines.pop(line, None)
        if known is not None and now < known[0]:
            self._lines[line] = known
            return None
        pause = _FIRST_PAUSE if known is None else min(2 * known[1], _LONGEST_PAUSE)
        self._lines[line] = (now + pause, pause)
        while len(self._lines) > _MOST:
            del self._lines[next(iter(self._lines))]
        return line if known is None else f"still: {line}"

    def clear(self) -> None:
        """Forget all: what goes wrong from here on is new."""
        self._lines.clear()
