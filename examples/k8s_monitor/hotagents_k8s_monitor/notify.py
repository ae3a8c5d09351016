"""`Notifier`: how a delivery leaves the monitor; and the one that is always there, which writes it to the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, final

from hotagents import escape
from hotagents_k8s_monitor.policy import shown

if TYPE_CHECKING:
    import logging
    from datetime import datetime

    from hotagents import Generation
    from hotagents_k8s_monitor.delivery import Delivery
    from hotagents_k8s_monitor.findings import Severity

__all__ = ["LogNotifier", "NoNotifier", "Notifier", "sentence"]

_LEVELS: Final[dict[Severity, int]] = {"SEV-1": 40, "SEV-2": 40, "SEV-3": 30, "SEV-4": 20}  # ERROR, WARNING, INFO
_GOOD: Final = frozenset({"resolved", "gone", "withdrawn", "muted"})
_LONGEST: Final = 4000  # more than the parts, which are bounded one by one, can be


class Notifier(Protocol):
    """Where deliveries go."""

    def tell(self, delivery: Delivery, generation: Generation[Any], *, now: datetime) -> None:
        """Deliver; what raises was not delivered, and is tried again at the next look.

        Called on the cycle's thread, one delivery at a time. ``generation`` decided it, and is named in the message.
        """
        ...


@final
class LogNotifier:
    """Writes each delivery as one line to a log: ERROR for SEV-1 and SEV-2, WARNING for SEV-3, INFO when it is over."""

    def __init__(self, logger: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        self._logger = logger

    def tell(self, delivery: Delivery, generation: Generation[Any], *, now: datetime) -> None:
        """Log it."""
        level = 20 if delivery.kind in _GOOD else _LEVELS[delivery.incident.severity]
        self._logger.log(level, "%s", sentence(delivery, generation, now=now), extra={"incident": delivery.incident.id})


@final
class NoNotifier:
    """Tells nobody: for a look that a person takes at once."""

    def tell(self, delivery: Delivery, generation: Generation[Any], *, now: datetime) -> None:
        """Do nothing."""


def sentence(delivery: Delivery, generation: Generation[Any], *, now: datetime) -> str:
    """Return a delivery as one line for people, escaped: who, how bad, what, since when, and by which generation."""
    incident = delivery.incident
    first = incident.findings[0]
    until = incident.ended_at or now  # what is over may wait for the morning to be told
    what = "; ".join(f"{finding.rule}: {finding.message}" for finding in incident.findings)
    parts = [
        f"{delivery.kind.upper()} {incident.severity} {incident.owner} ({first.tier}, {first.impact}): {what}",
        f"for {shown(until - min(finding.since for finding in incident.findings))}",
        f"channel {escape(delivery.channel, limit=100)}" if delivery.channel else "",
        f"contact {escape(delivery.contact, limit=100)}" if delivery.contact else "",
        f"incident {incident.id}",
        f"another incident of it goes on: {delivery.other}" if delivery.other else "",
        f"generation {generation.number} {generation.digest[:19]}",
    ]
    return escape("; ".join(part for part in parts if part), limit=_LONGEST)
