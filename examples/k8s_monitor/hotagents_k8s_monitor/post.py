"""`Post`: sends what was decided, by all notifiers at once; a cycle waits for them for so long and not longer.

Each notifier has an outbox and a thread of its own, so one that hangs, is rate limited or is gone holds up no other.
What was not sent waits, is said in the cycle's line, and goes with a later cycle.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple, final

from hotagents import escape
from hotagents_k8s_monitor.notify import Card, KeepsUpToDate, NoNotifier, NotSentError, Sending
from hotagents_k8s_monitor.records.outbox import Outbox, left_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from hotagents_k8s_monitor.messages import Message
    from hotagents_k8s_monitor.notify import Notifier
    from hotagents_k8s_monitor.policy import Policy
    from hotagents_k8s_monitor.records.outbox import Entry

__all__ = ["Post", "Round"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_PATIENCE: Final = 10.0
_CLOSING: Final = 2.0
_LONGEST: Final = 200


class Round(NamedTuple):
    """What one cycle has to say.

    Attributes:
        cards: Incidents as they are now, for those who keep a text of them up to date.
        policy: What the generation says.
        now: When.
    """

    cards: tuple[Message, ...]
    policy: Policy
    now: datetime


@final
class Post:
    """Used by one thread at a time; `close` ends it.

    Args:
        notifiers: By which messages leave.
        directory: Where outboxes are kept; None keeps them in memory.
        patience: Seconds that `deliver` waits for all of them together.

    Raises:
        ValueError: If two notifiers have one name, or one has a name that no file may have.
    """

    def __init__(
        self, notifiers: Iterable[Notifier], directory: Path | None = None, *, patience: float = _PATIENCE
    ) -> None:
        self._branches = [_Branch(n, Outbox(n.name, directory)) for n in notifiers if not isinstance(n, NoNotifier)]
        self._directory = directory
        self._patience = patience
        names = [branch.name for branch in self._branches]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"expected notifiers of different names, got {', '.join(sorted(twice))} twice")

    def open(self) -> None:
        """Take over what an earlier process left unsent; log what waits for a notifier that is not set up any more.

        Raises:
            RecordsError: If a newer version wrote it.
        """
        for branch in self._branches:
            branch.outbox.load()
        if self._directory is not None:
            names = {branch.name for branch in self._branches}
            for outbox in left_in(self._directory, without=names):
                logger.warning(
                    "NOT TOLD %s: %d messages wait in %s, and nothing is set up that sends them; they go when it is "
                    "set up again, or remove the file",
                    outbox.name,
                    len(outbox.waiting()),
                    escape(str(self._directory / f"{outbox.name}.jsonl")),
                )

    def close(self) -> None:
        """Wait a moment for what is being sent. What is not over by then is written by nobody any more."""
        deadline = time.monotonic() + _CLOSING
        for branch in self._branches:
            branch.wait(deadline)
            branch.outbox.close()

    def accept(self, messages: Sequence[Message], now: datetime, *, perhaps: bool = False) -> tuple[str, ...]:
        """Take messages for every notifier; those that were taken before are not taken again.

        Args:
            messages: In the order of each thread.
            now: The time.
            perhaps: Whether an earlier process may have sent them and could write nothing of it.

        Returns:
            What is to be said of it, in words: what could not be written, and what was given up.
        """
        said: list[str] = []
        for branch in self._branches:
            try:
                said += branch.outbox.accept(messages, now, perhaps=perhaps)
            except OSError as error:
                said.append(f"NOT WRITTEN the outbox of {branch.name}: {escape(str(error), limit=_LONGEST)}")
        return tuple(said)

    def deliver(self, round_: Round) -> tuple[str, ...]:
        """Send what waits, and say what still waits after it, in words, one for each notifier."""
        deadline = time.monotonic() + self._patience
        for branch in self._branches:
            branch.begin(round_, deadline)
        for branch in self._branches:
            branch.wait(deadline)
        return tuple(said for branch in self._branches if (said := branch.said()))


class _Branch:
    """One notifier with its outbox and, while something is sent, its thread."""

    def __init__(self, notifier: Notifier, outbox: Outbox) -> None:
        self.name = notifier.name
        self.outbox = outbox
        self._notifier = notifier
        self._thread: threading.Thread | None = None
        self._trouble = ""

    def begin(self, round_: Round, deadline: float) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        self._trouble = ""
        work = threading.Thread(target=self._run, args=(round_, deadline), name=f"k8s-monitor-{self.name}", daemon=True)
        try:
            work.start()
        except RuntimeError as error:
            self._trouble = _said(error)
        else:
            self._thread = work

    def wait(self, deadline: float) -> None:
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
            if not self._thread.is_alive():
                self._thread = None

    def said(self) -> str:
        """Return what is to be said of this notifier, or nothing."""
        waiting = self.outbox.waiting()
        if self._thread is not None:
            return f"NOT TOLD {self.name}: has not answered yet; {len(waiting)} wait"
        failed = next((entry for entry in waiting if entry.error), None)
        if failed is not None:
            return f"NOT TOLD {self.name} {failed.message.thread}: {failed.error}; {len(waiting)} wait"
        if waiting:
            return f"NOT TOLD {self.name}: {len(waiting)} wait for the next look"
        return f"NOT UP TO DATE {self.name}: {self._trouble}" if self._trouble else ""

    def _run(self, round_: Round, deadline: float) -> None:
        try:
            self._drain(round_, deadline)
            if isinstance(self._notifier, KeepsUpToDate) and not self.outbox.is_held(round_.now):
                self._notifier.refresh(self._cards(round_), round_.policy, round_.now)
        except NotSentError as error:
            self._trouble = _said(error)
        except Exception as error:
            self._trouble = f"{type(error).__name__}: {_said(error)}"
            logger.exception("notifier %s failed", self.name)

    def _cards(self, round_: Round) -> list[Card]:
        """Return what goes on, without that of which news could not be told yet, which would be shown before it."""
        waiting = {entry.message.thread for entry in self.outbox.waiting()}
        cards = (card for card in round_.cards if card.thread not in waiting)
        return [Card(card, self.outbox.slip(card.thread) or {}) for card in cards]

    def _drain(self, round_: Round, deadline: float) -> None:
        while time.monotonic() < deadline and (entry := self.outbox.next(round_.now)) is not None:
            if not self._sent(entry, round_):
                return

    def _sent(self, entry: Entry, round_: Round) -> bool:
        """Send one message; say whether others may go."""
        slip, now = self.outbox.slip(entry.message.thread) or {}, round_.now
        sending = Sending(entry.message, slip, round_.policy, now, entry.tried_at)
        _written(self.outbox.trying, entry, now)
        try:
            slip = self._notifier.send(sending)
        except NotSentError as error:
            _written(
                self.outbox.failed,
                entry,
                _said(error),
                now,
                retry_after=error.retry_after,
                perhaps=error.perhaps,
                alone=error.alone,
            )
            return error.alone
        except Exception as error:  # noqa: BLE001 - a notifier's own fault; said in the cycle's line and tried again
            _written(self.outbox.failed, entry, f"{type(error).__name__}: {_said(error)}", now, perhaps=True)
            return False
        _written(self.outbox.sent, entry, slip, now)
        return True


def _written(write: Callable[..., None], *arguments: object, **options: object) -> None:
    """Write to the outbox; a disk that is full keeps nobody from being told."""
    try:
        write(*arguments, **options)
    except OSError as error:
        logger.error("an outbox cannot be written (%s); after a crash now a message may be sent twice", _said(error))  # noqa: TRY400


def _said(error: BaseException) -> str:
    return escape(str(error), limit=_LONGEST)
