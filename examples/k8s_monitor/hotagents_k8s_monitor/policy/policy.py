"""`Policy`: all that one generation says about how findings are judged and told; never a constant in the code.

Made once for each generation, from validated parts, so nothing in it can fail later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, final

from hotagents_k8s_monitor.policy.analyzer import ANALYZER, Analyzer
from hotagents_k8s_monitor.policy.context import ClusterContext, Service
from hotagents_k8s_monitor.policy.escalation import ESCALATION_MANAGER, EscalationManager
from hotagents_k8s_monitor.policy.match import fits_any
from hotagents_k8s_monitor.policy.messengers import SLACK_NOTIFIER, SlackNotifier
from hotagents_k8s_monitor.policy.outline import sections
from hotagents_k8s_monitor.policy.prose import prose_services

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from hotagents import Generation
    from hotagents_k8s_monitor.findings import Owner, Severity, Tier
    from hotagents_k8s_monitor.policy.context import ServiceTier
    from hotagents_k8s_monitor.rules import Rule

__all__ = ["CONTEXT", "Expiring", "Muted", "Policy"]

CONTEXT = "CLAUDE.md"
_SOON = timedelta(days=1)
_STEP = timedelta(minutes=15)


class Expiring(NamedTuple):
    """A known issue that soon mutes nothing any more.

    Attributes:
        key: Names it for as long as neither its reason, nor its end, nor what it matches changes.
        about: What it matches, in words.
        reason: As the configuration says.
        until: Its last second, in local time.
    """

    key: str
    about: str
    reason: str
    until: datetime


class Muted(NamedTuple):
    """Why a finding is not told: a known issue or a maintenance window, until when."""

    kind: str
    reason: str
    until: datetime | None


def _built_in() -> SlackNotifier:
    return SlackNotifier(name=SLACK_NOTIFIER, description="as it is built in")


@final
@dataclass(frozen=True, slots=True)
class Policy:
    """How to judge.

    Attributes:
        context: The frontmatter of CLAUDE.md.
        analyzer: The frontmatter of k8s-analyzer.md.
        escalation: The frontmatter of escalation-manager.md.
        services: Services by tier, P0 first; those of the frontmatter before those that only the prose names.
        slack: The frontmatter of slack-notifier.md.
    """

    context: ClusterContext
    analyzer: Analyzer
    escalation: EscalationManager
    services: tuple[tuple[ServiceTier, Service], ...]
    slack: SlackNotifier = field(default_factory=_built_in)

    @classmethod
    def of(cls, generation: Generation[Any]) -> Policy:
        """Return what a generation says.

        Raises:
            LookupError, TypeError: If it was not validated as this runner's; a host that runs it does that.
        """
        context = generation.document(CONTEXT, ClusterContext)
        return cls(
            context=context,
            analyzer=generation.agent(ANALYZER, Analyzer),
            escalation=generation.agent(ESCALATION_MANAGER, EscalationManager),
            slack=generation.agent(SLACK_NOTIFIER, SlackNotifier),
            services=tuple(_services(context, generation.documents[CONTEXT].body)),
        )

    def looks_at(self, rule: Rule, owner: Owner) -> bool:
        """Say whether a rule is on and the owner's namespace is looked at."""
        return self.is_on(rule) and (not owner.namespace or self.looks_into(owner.namespace))

    def is_on(self, rule: Rule) -> bool:
        """Say whether a rule is on."""
        own = self.analyzer.rules.get(rule.id)
        return own is None or own.enabled

    def looks_into(self, namespace: str) -> bool:
        """Say whether a namespace is looked at."""
        spaces = self.analyzer.namespaces
        return fits_any(spaces.include, namespace) and not fits_any(spaces.exclude, namespace)

    def tier_of(self, owner: Owner) -> tuple[Tier, Service | None]:
        """Return an owner's tier, and the service that it runs if one is listed; the first that fits counts."""
        for tier, service in self.services:
            if service.runs_as(owner):
                return tier, service
        return ("unlisted" if owner.namespace else "platform"), None

    def hold_of(self, rule: Rule, service: Service | None) -> timedelta:
        """Return how long a fault must last: as the service says, else as the analyzer does, else as the rule does."""
        if not rule.switchable:
            return rule.hold
        own = self.analyzer.rules.get(rule.id)
        said = (service.hold if service is not None else None, own.hold if own is not None else None)
        return next((hold for hold in said if hold is not None), rule.hold)

    def muted(self, rule: str, owner: Owner, now: datetime) -> Muted | None:
        """Return why a finding is not told at this moment, or None."""
        now = now.replace(microsecond=0)  # ends are included, to the second
        return self._known(rule, owner, now) or self._maintained(rule, owner, now)

    def _known(self, rule: str, owner: Owner, now: datetime) -> Muted | None:
        for issue in self.context.known_issues:
            until = self.context.instant(issue.until)
            if now <= until and issue.match.fits(rule, owner):
                return Muted("known issue", issue.reason, self.context.local(until))
        return None

    def _maintained(self, rule: str, owner: Owner, now: datetime) -> Muted | None:
        for window in self.context.maintenance_windows:
            if not window.match.fits(rule, owner):
                continue
            if window.weekly is not None and window.weekly.covers(self.context.local(now)):
                return Muted("maintenance", window.reason, None)
            if window.start is not None and window.end is not None:
                start, end = self.context.instant(window.start), self.context.instant(window.end)
                if start <= now <= end:
                    return Muted("maintenance", window.reason, self.context.local(end))
        return None

    def expiring(self, now: datetime) -> tuple[Expiring, ...]:
        """Return the known issues that end within a day."""
        found = []
        for issue in self.context.known_issues:
            until = self.context.instant(issue.until)
            if timedelta(0) <= until - now < _SOON:
                match = ", ".join(f"{key} {value}" for key, value in issue.match.model_dump(exclude_none=True).items())
                key = sha256(ascii((match, issue.reason, until.isoformat())).encode()).hexdigest()[:16]
                found.append(Expiring(key, match, issue.reason, self.context.local(until)))
        return tuple(found)

    def may_wait(self, now: datetime, until: datetime) -> bool:
        """Say whether what ends then can be told in business hours that have yet to begin."""
        if self.in_business_hours(now):
            return False
        steps = int((until - now) / _STEP)
        return any(self.in_business_hours(now + n * _STEP) for n in range(1, steps))

    def in_business_hours(self, now: datetime) -> bool:
        """Say whether people are at work; always, where no hours are given."""
        hours = self.context.business_hours
        return hours is None or hours.covers(self.context.local(now))

    def channel(self, severity: Severity) -> str:
        """Return where a severity is told; empty where nothing is said."""
        return self.context.channels.get(severity, "")

    def contact(self, tier: Tier) -> str:
        """Return whom to ask about a tier; empty where nothing is said."""
        return self.context.contacts.get(tier, "")


def _services(context: ClusterContext, body: str) -> Iterator[tuple[ServiceTier, Service]]:
    listed = tuple(context.tiers())
    yield from listed
    for service in prose_services(sections(body)):
        if not any(other.is_called(service.namespace, service.name) for _, other in listed):
            yield service.tier, Service(name=service.name, namespace=service.namespace)
