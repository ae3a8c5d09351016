"""`Notifier`: a way by which messages leave the monitor. The ones that are there are in
`hotagents_k8s_monitor.notifiers`; others come by a hook, `hotagents_k8s_monitor.hooks`.

A notifier sends, and nothing else: what waits, in which order and until when is `hotagents_k8s_monitor.post`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, final, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from hotagents_k8s_monitor.messages import Message
    from hotagents_k8s_monitor.policy import Policy

__all__ = ["Card", "KeepsUpToDate", "NoNotifier", "NotSentError", "Notifier", "Sending", "Slip"]

Slip: TypeAlias = Mapping[str, str]
"""What a notifier wants to be told of a thread the next time, such as where its first message stands."""


@final
class NotSentError(Exception):
    """A message was not sent; the text says why, on one line, without a secret.

    Args:
        why: For people.
        retry_after: How long to wait before the next attempt; None where that is not known.
        alone: Whether only this message fails, such as for its channel, and others may well go.
        perhaps: Whether it may have arrived all the same, so that the next attempt must look first.
    """

    def __init__(
        self, why: str, *, retry_after: timedelta | None = None, alone: bool = False, perhaps: bool = False
    ) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        self.alone = alone
        self.perhaps = perhaps


class Sending(NamedTuple):
    """One attempt.

    Attributes:
        message: What to send.
        slip: What the notifier said of its thread the last time; empty at first.
        policy: What the current generation says, which may be a later one than decided the message.
        now: The time.
        tried_at: When an earlier attempt was made of which nobody knows whether it arrived; None for none.
    """

    message: Message
    slip: Slip
    policy: Policy
    now: datetime
    tried_at: datetime | None = None


class Card(NamedTuple):
    """An incident as it is now, of which people were told; the slip is empty where that was in a digest."""

    message: Message
    slip: Slip


class Notifier(Protocol):
    """Where messages go."""

    @property
    def name(self) -> str:
        """What it is called by in log lines and on disk: lower-case letters, digits and hyphens."""
        ...

    def send(self, sending: Sending) -> Slip:
        """Send a message, or find that it is there; return the thread's new slip.

        Called on a thread of this notifier's own, one message at a time, in the order of each thread. It must return
        within about half a minute.

        Raises:
            NotSentError: If it was not sent; it is tried again. So it is for any other exception, as one that may have
                arrived.
        """
        ...


@runtime_checkable
class KeepsUpToDate(Protocol):
    """What a `Notifier` has too, where it shows incidents as they are now."""

    def refresh(self, cards: Sequence[Card], policy: Policy, now: datetime) -> None:
        """Show them, as far as they differ from what is shown; once each cycle, after all messages were sent.

        Raises:
            NotSentError: If some could not be shown; the next cycle shows them.
        """
        ...


@final
class NoNotifier:
    """Tells nobody: for a look that a person takes at once."""

    name = "nobody"

    def send(self, sending: Sending) -> Slip:
        """Do nothing."""
        return sending.slip
