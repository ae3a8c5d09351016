"""`Deadline`: the moment after which an answer is no longer waited for, by a clock that nobody can set back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from hotagents.clock import SystemClock

if TYPE_CHECKING:
    from hotagents.clock import Clock

__all__ = ["Deadline"]

_SYSTEM: Final = SystemClock()


@final
@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment; make it with `after`.

    Attributes:
        moment: In seconds of the clock's monotonic time.
        clock: Whose time it is.
    """

    moment: float
    clock: Clock

    @classmethod
    def after(cls, seconds: float, *, clock: Clock = _SYSTEM) -> Deadline:
        """Return the moment that is so many seconds away."""
        return cls(clock.monotonic() + seconds, clock)

    def left(self) -> float:
        """Return the seconds until then, 0 once it has passed."""
        return max(0.0, self.moment - self.clock.monotonic())

    def within(self, seconds: float) -> Deadline:
        """Return the earlier of this moment and the one that is so many seconds away."""
        return Deadline(min(self.moment, self.clock.monotonic() + seconds), self.clock)
