"""`LogNotifier`: the one that is always there, which writes each message as a line to the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from hotagents import escape
from hotagents_k8s_monitor.composing import lasts
from hotagents_k8s_monitor.messages import ENDS

if TYPE_CHECKING:
    import logging
    from datetime import datetime

    from hotagents_k8s_monitor.findings import Severity
    from hotagents_k8s_monitor.messages import Line, Message
    from hotagents_k8s_monitor.notify import Sending, Slip

__all__ = ["LogNotifier", "sentence"]

_LEVELS: Final[dict[Severity, int]] = {"SEV-1": 40, "SEV-2": 40, "SEV-3": 30, "SEV-4": 20}  # ERROR, WARNING, INFO
_LATE: Final = 300.0  # seconds
_LONGEST: Final = 4000  # more than the parts, which are bounded one by one, can be
_SHOWN: Final = 10


@final
class LogNotifier:
    """Writes each message as one line: ERROR for SEV-1 and SEV-2, WARNING for SEV-3, INFO when it is over."""

    name = "log"

    def __init__(self, logger: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        self._logger = logger

    def send(self, sending: Sending) -> Slip:
        """Log it."""
        message = sending.message
        level = 20 if message.kind in ENDS or message.kind == "acknowledged" else _LEVELS[message.severity]
        level = 30 if message.kind == "expiring" else level
        self._logger.log(level, "%s", sentence(message, now=sending.now), extra={"incident": message.thread})
        return sending.slip


def sentence(message: Message, *, now: datetime) -> str:
    """Return a message as one line for people, escaped: who, how bad, what, since when, and by which generation."""
    shown, late = _lines(message), (now - message.at).total_seconds() > _LATE
    what = "; ".join(f"{line.rule}: {line.text}" for line in shown)
    more = len(message.lines) - len(shown) + message.more
    time = lasts(message, message.at)
    parts = [
        f"{message.kind.upper()} {message.severity} {message.title}{': ' if what else ''}{what}",
        f"and {more} more" if more else "",
        f"for {time}" if time else "",
        message.note,
        f"channel {escape(message.channel, limit=100)}" if message.channel else "",
        f"contact {escape(message.contact, limit=100)}" if message.contact else "",
        f"incident {message.thread}" if message.owner is not None else "",
        f"another incident of it goes on: {message.other}" if message.other else "",
        f"decided at {message.at:%Y-%m-%d %H:%M:%S} UTC" if late else "",
        f"generation {message.generation} {message.digest[:19]}",
    ]
    return escape("; ".join(part for part in parts if part), limit=_LONGEST)


def _lines(message: Message) -> tuple[Line, ...]:
    return message.lines[:1] if message.form == "brief" else message.lines[:_SHOWN]
