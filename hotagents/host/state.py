"""What a host and its runners show of themselves, and the times that they go by. All of it is immutable."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, final, get_args

from hotagents.runner import CycleStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.runner import CycleResult

__all__ = ["HostStatus", "RunnerState", "RunnerStatus", "Timing"]

RunnerState = Literal["starting", "waiting", "running", "stuck", "stopped"]
_LONGEST_BACKOFF: Final = 300.0
_NO_RESULTS: Final[Mapping[CycleStatus, int]] = MappingProxyType(dict.fromkeys(get_args(CycleStatus), 0))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When cycles run; seconds.

    Attributes:
        interval: From the end of one cycle to the begin of the next.
        jitter: Longest random delay before a cycle that is not the first nor asked for by hand.
        timeout: Longest cycle, None for no limit.
        grace: How long a cycle may go on after it was asked to end.

    Raises:
        ValueError: If one of them makes no sense.
    """

    interval: float
    jitter: float = 0.0
    timeout: float | None = None
    grace: float = 30.0

    def __post_init__(self) -> None:
        # "not more than", so that NaN fails too.
        if not self.interval > 0:
            raise ValueError(f"interval: expected more than 0 seconds, got {self.interval!r}")
        if self.timeout is not None and not self.timeout > 0:
            raise ValueError(f"timeout: expected more than 0 seconds or None, got {self.timeout!r}")
        for name, value in (("jitter", self.jitter), ("grace", self.grace)):
            if not value >= 0:
                raise ValueError(f"{name}: expected 0 seconds or more, got {value!r}")

    def pause(self, failures: int) -> float:
        """Return the seconds to wait after so many failures in a row.

        Each one after the first doubles the interval, up to five minutes or the interval itself.
        """
        doubled = self.interval * 2.0 ** min(max(0, failures - 1), 30)
        return min(doubled, max(self.interval, _LONGEST_BACKOFF))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerStatus:
    """One runner at one moment.

    Attributes:
        name: The runner's name.
        state: ``stuck`` means: past its deadline, asked to end, and still running after the grace.
        cycles: Cycles that have a result.
        results: The same by status; all four are always there.
        failures: Failed cycles in a row, up to now.
        last: Result of the last cycle, or None.
        due: On the host's monotonic clock: when the next attempt must have begun at the latest; None while one runs
            without a time limit or none will.
    """

    name: str
    state: RunnerState = "starting"
    cycles: int = 0
    results: Mapping[CycleStatus, int] = field(default_factory=lambda: _NO_RESULTS, hash=False)
    failures: int = 0
    last: CycleResult | None = None
    due: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        last = self.last.to_dict() if self.last is not None else None
        return {
            "name": self.name,
            "state": self.state,
            "cycles": self.cycles,
            "results": dict(self.results),
            "failures": self.failures,
            "last": last,
        }

    def counting(self, result: CycleResult) -> RunnerStatus:
        """Return this with one more cycle."""
        # A runner may call its result anything: what is not known is no success.
        status: CycleStatus = next((known for known in self.results if known == result.status), "failed")
        results = MappingProxyType({**self.results, status: self.results[status] + 1})
        failures = 0 if result.status == "ok" else self.failures + 1
        return replace(self, cycles=self.cycles + 1, results=results, failures=failures, last=result)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatus:
    """A host at one moment.

    Attributes:
        runners: One for each runner.
        healthy: For a liveness probe: every runner's last attempt ended, or began, in time, whatever its result.
        ready: For a readiness probe: the registry has a generation and the host runs.
    """

    runners: tuple[RunnerStatus, ...]
    healthy: bool
    ready: bool

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"runners": [r.to_dict() for r in self.runners], "healthy": self.healthy, "ready": self.ready}
