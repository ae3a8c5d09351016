"""`Seen`: a report as somebody else reads it, checked, and what in it is not as it should be.

A report may come from another version, a damaged file or a stranger's server, so it is validated before anything of it
is shown. Fields that are not known are ignored, since a later version may add some.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hotagents.diagnostics import escape
from hotagents.ops.report import SCHEMA

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "ReportError",
    "Seen",
    "SeenAgent",
    "SeenCondition",
    "SeenDiagnostic",
    "SeenGeneration",
    "SeenHost",
    "SeenLock",
    "SeenRegistry",
    "SeenResult",
    "SeenRunner",
    "SeenVolume",
]

Count = Annotated[int, Field(ge=0)]
_INTERVALS: Final = 3
_SKEW: Final = 60.0  # seconds by which clocks may differ before that is worth a word


class ReportError(ValueError):
    """What was read is no report; the message says why."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


@final
class SeenCondition(_Part):
    """One condition of the registry."""

    type: str
    status: bool
    reason: str
    message: str
    since: AwareDatetime


@final
class SeenDiagnostic(_Part):
    """One diagnostic of what was last read."""

    code: str
    severity: str
    path: str
    line: Count
    column: Count
    message: str


@final
class SeenRegistry(_Part):
    """The registry's status."""

    state: str
    conditions: tuple[SeenCondition, ...]
    generation: Count
    digest: str
    observed_digest: str
    last_check: AwareDatetime | None
    watch_mode: str
    diagnostics: tuple[SeenDiagnostic, ...] = ()


@final
class SeenLock(_Part):
    """What the generation was published under."""

    release: str = ""
    commit: str = ""


@final
class SeenVolume(_Part):
    """Where a part of the generation comes from."""

    kind: str
    digest: str


@final
class SeenAgent(_Part):
    """An agent's name card."""

    model: str
    tools: tuple[str, ...] | None


@final
class SeenGeneration(_Part):
    """What is served."""

    number: Count
    digest: str
    restores: int | None
    created_at: AwareDatetime
    lock: SeenLock | None
    volumes: Mapping[str, SeenVolume]
    agents: Mapping[str, SeenAgent]
    agents_left_out: Count = 0


@final
class SeenResult(_Part):
    """The last result of a runner."""

    status: str
    summary: str
    error: str
    started_at: AwareDatetime
    duration: float


@final
class SeenRunner(_Part):
    """A runner."""

    name: str
    state: str
    failures: Count
    last: SeenResult | None


@final
class SeenHost(_Part):
    """The host."""

    runners: tuple[SeenRunner, ...]


@final
class Seen(_Part):
    """A whole report.

    Attributes:
        at: When it was made.
        interval: Seconds within which the next was due, None where it was made on demand.
        error: Why the process ended, where it did.
        unhealthy: Why it should be restarted.
        unready: Why nothing should be sent to it.
    """

    hotagents: str
    at: AwareDatetime
    interval: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None
    error: str
    unhealthy: str
    unready: str
    registry: SeenRegistry
    generation: SeenGeneration | None
    host: SeenHost | None

    @classmethod
    def read(cls, content: bytes | Mapping[str, Any]) -> tuple[Seen, Mapping[str, Any]]:
        """Return a report, and the object that it was read from.

        Raises:
            ReportError: If it is none, or one that this version cannot read.
        """
        value = _object(content) if isinstance(content, bytes) else content
        if value.get("schema") != SCHEMA:
            raise ReportError(
                f"expected a report of schema {SCHEMA}, got {escape(repr(value.get('schema')), limit=40)}"
            )
        try:
            return cls.model_validate(value), value
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(step) for step in first["loc"])
            raise ReportError(f"expected a report, got one in which {escape(place)} is wrong: {first['msg']}") from None

    def age(self, now: datetime) -> float:
        """Return how many seconds ago it was made; negative where it is dated in the future."""
        return (now - self.at).total_seconds()

    def is_stale(self, now: datetime) -> bool:
        """Say whether the next report is overdue, from a process that did not say that it ended."""
        return self._due is not None and self.age(now) > self._due

    def is_ahead(self, now: datetime) -> bool:
        """Say whether it is dated so far in the future that one of two clocks is wrong: then nobody knows its age."""
        return -self.age(now) > (self._due or _SKEW)

    @property
    def _due(self) -> float | None:
        """Seconds after which it is stale; None where no other report is to come."""
        ended = self.registry.state == "closed" or self.error
        return None if self.interval is None or ended else _INTERVALS * self.interval

    def faults(self, now: datetime) -> Iterator[str]:
        """Yield a word for each thing that is not as it should be."""
        if self.error or self.registry.state == "closed":
            yield "ended"
        if self.is_stale(now):
            yield "stale"
        if self._due is not None and self.is_ahead(now):
            yield "clock"
        yield from (c.reason or c.type for c in self.registry.conditions if not c.status)
        yield from (word for word in ("unhealthy", "unready") if getattr(self, word))
        for runner in self.host.runners if self.host is not None else ():
            if runner.state == "stuck" or (runner.last is not None and runner.last.status != "ok"):
                yield f"runner {runner.name}"


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise ReportError("expected a report as JSON, got something else") from None
    if not isinstance(value, dict):
        raise ReportError(f"expected a JSON object, got {type(value).__name__}")
    return value
