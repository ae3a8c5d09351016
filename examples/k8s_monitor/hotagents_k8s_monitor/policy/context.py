"""`ClusterContext`: the frontmatter of CLAUDE.md. What it says always acts; the prose below it needs a model."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias, final, get_args

from pydantic import BeforeValidator, Field, field_validator, model_validator

from hotagents_k8s_monitor.findings import Impact, Severity, Tier
from hotagents_k8s_monitor.policy.match import Kind, Match, Pattern, fits, says_which
from hotagents_k8s_monitor.policy.values import Beginning, Duration, Moment, Strict, TimeZone, Weekly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from hotagents_k8s_monitor.findings import Owner

__all__ = ["ClusterContext", "KnownIssue", "Maintenance", "Service", "ServiceTier"]

ServiceTier: TypeAlias = Literal["P0", "P1", "P2", "P3"]
Line = Annotated[str, Field(min_length=1, max_length=300)]


def _no_comment(value: object) -> object:
    if value is None:
        raise ValueError('expected a channel; what begins with # is a comment, so write it in quotes: "#incidents"')
    return value


Channel: TypeAlias = Annotated[Line, BeforeValidator(_no_comment)]


@final
class Service(Strict):
    """A service: the workload that runs it, and what may be missing of it.

    A text alone is its name, ``checkout-api``, or namespace and name, ``payments/checkout-api``.
    """

    name: Pattern
    namespace: Pattern | None = None
    kind: Kind | None = None
    hold: Duration | None = None
    """How long a fault of it must last before anybody hears of it, in place of the rule's own time."""
    missing_replicas: Annotated[int, Field(strict=True, ge=0, le=1000)] = 0
    """How many replicas may be missing before it counts as short; none at all always does."""

    @model_validator(mode="before")
    @classmethod
    def _of_a_name(cls, value: object) -> object:
        if isinstance(value, (dict, Service)):
            return value
        if not isinstance(value, str):
            raise ValueError("expected a service; such as cart, shop/cart, or {name: cart, namespace: shop}")  # noqa: TRY004  pydantic takes only this
        before, slash, after = value.partition("/")
        return {"namespace": before, "name": after} if slash else {"name": before}

    def is_called(self, namespace: str | None, name: str) -> bool:
        """Say whether a name means this service, as far as it can: one without a namespace may mean any."""
        if not fits(self.name, name):
            return False
        return self.namespace is None or namespace is None or fits(self.namespace, namespace)

    def runs_as(self, owner: Owner) -> bool:
        """Say whether an owner runs this service: what has no namespace, a node or the monitor, only by its kind.

        A kind of wildcards alone names none: a list of all the rest must not make a blind monitor matter less.
        """
        if not owner.namespace and not says_which(self.kind):
            return False
        asked = ((self.kind, owner.kind), (self.namespace, owner.namespace), (self.name, owner.name))
        return all(pattern is None or fits(pattern, value) for pattern, value in asked)

    def tolerates(self, impact: Impact, missing: int) -> bool:
        """Say whether so many replicas may be missing; never all of them."""
        return impact != "down" and 0 < missing <= self.missing_replicas


@final
class KnownIssue(Strict):
    """Something that is wrong, known, and not to be told until a day on which somebody must look again."""

    match: Match
    until: Moment
    reason: Line


@final
class Maintenance(Strict):
    """A time in which nothing is told: once, from ``start`` to ``end``, both included, or ``weekly``."""

    reason: Line
    match: Match = Match(name="*")
    start: Beginning | None = None
    end: Moment | None = None
    weekly: Weekly | None = None

    @model_validator(mode="after")
    def _once_or_weekly(self) -> Self:
        if (self.start is None) is not (self.end is None) or (self.start is None) is (self.weekly is None):
            got = ", ".join(key for key in ("start", "end", "weekly") if getattr(self, key) is not None) or "neither"
            example = 'weekly: {from: "02:00", to: "04:00"}'
            raise ValueError(f"expected either start and end, or weekly, got {got}; such as {example}")
        if self.start is None or self.end is None:
            return self
        if (self.start.tzinfo is None) is not (self.end.tzinfo is None):
            raise ValueError("expected start and end both with an offset from UTC, or both without, got one of each")
        if self.end <= self.start:
            raise ValueError(f"expected an end after {self.start.isoformat()}, got {self.end.isoformat()}")
        return self


@final
class ClusterContext(Strict):
    """The cluster and what matters in it."""

    cluster: Annotated[str, Field(min_length=1, max_length=100)]
    time_zone: TimeZone = Field(default="UTC", validate_default=True)
    services: dict[ServiceTier, tuple[Service, ...]] = Field(default_factory=dict)
    known_issues: tuple[KnownIssue, ...] = ()
    maintenance_windows: tuple[Maintenance, ...] = ()
    business_hours: Weekly | None = None
    channels: dict[Severity, Channel] = Field(default_factory=dict)
    contacts: dict[Tier, Line] = Field(default_factory=dict)

    @field_validator("services")
    @classmethod
    def _one_tier_each(cls, value: dict[ServiceTier, tuple[Service, ...]]) -> dict[ServiceTier, tuple[Service, ...]]:
        seen: dict[tuple[str | None, ...], str] = {}
        for tier, services in value.items():
            for service in services:
                key = (service.kind, service.namespace, service.name)
                if (other := seen.setdefault(key, tier)) != tier:
                    got = f'got "{service.name}" below {other} and {tier}'
                    raise ValueError(f"expected each service below one tier, {got}; keep one")
        return value

    def tiers(self) -> Iterator[tuple[ServiceTier, Service]]:
        """Yield the services with their tiers, P0 first."""
        yield from ((tier, service) for tier in get_args(ServiceTier) for service in self.services.get(tier, ()))

    def local(self, moment: datetime) -> datetime:
        """Return an aware moment in the cluster's time zone."""
        return moment.astimezone(self.time_zone)

    def instant(self, moment: datetime) -> datetime:
        """Return a moment in UTC; one without an offset is meant in the cluster's time zone."""
        aware = moment.replace(tzinfo=self.time_zone) if moment.tzinfo is None else moment
        return aware.astimezone(timezone.utc)
