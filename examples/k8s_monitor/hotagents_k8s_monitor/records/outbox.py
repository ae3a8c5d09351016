"""`Outbox`: what waits to be sent by one notifier, on disk: no crash and no outage loses any of it, or sends it twice.

It is a journal: a line for each message that came, for each attempt before it is made, and for what came of it. A
message of a thread waits for the earlier ones of that thread, and for no other. A thread's messages have numbers; one
that has come already is not taken again, so whoever does not know whether it was taken gives it once more.

A line that cannot be written makes the file fall behind: from then on all of it is written anew as soon as that can be
done, and until then it is said that it cannot.
"""

from __future__ import annotations

import logging
import re
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.judging import moment
from hotagents_k8s_monitor.messages import Message
from hotagents_k8s_monitor.records.files import SCHEMA, RecordsError, append_line, read_lines, write_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

__all__ = ["Entry", "Outbox", "left_in"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,40}", re.ASCII)
_MOST: Final = 1000
_SLACK: Final = 1000  # lines that are over before the file is written anew
_KEPT: Final = timedelta(days=2)  # a thread that has ended: longer than any repetition may come
_PAUSES: Final = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 900))
_LONGEST_PAUSE: Final = timedelta(hours=2)  # a clock that was ahead must not hold anything back for longer
_BRIEF: Final = frozenset({"acknowledged", "flapping", "reminder", "update"})
_TIMES: Final = ("tried_at", "not_before")
_DAMAGE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A message that waits.

    Attributes:
        message: Itself.
        attempts: How often it was tried.
        tried_at: When it was tried first, where it may have arrived; None where it has certainly not.
        not_before: When it is tried again; None for at once.
        error: Why the last attempt failed; empty where there was none.
    """

    message: Message
    attempts: int = 0
    tried_at: datetime | None = None
    not_before: datetime | None = None
    error: str = ""


@final
@dataclass(slots=True)
class _Thread:
    """What is kept of a thread: the last number taken, the notifier's slip, and when its end was sent."""

    number: int = 0
    slip: Mapping[str, str] | None = None
    ended_at: datetime | None = None


@final
class Outbox:
    """One notifier's; any method may be called from any thread.

    Args:
        name: The notifier's.
        directory: Where its file is; made at the first message. None keeps it in memory.
        most: How many messages may wait.
    """

    def __init__(self, name: str, directory: Path | None, *, most: int = _MOST) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"expected a notifier's name of letters, digits and hyphens, got {name!r}")
        self.name = name
        self._path = directory / f"{name}.jsonl" if directory is not None else None
        self._most = most
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._threads: dict[str, _Thread] = {}
        self._paused_until: datetime | None = None
        self._held_until: datetime | None = None
        self._is_behind = False
        self._lines = 0
        self._closed = False

    def load(self) -> None:
        """Take over what an earlier process left; what of it cannot be read is left out, which is logged.

        Raises:
            RecordsError: If a newer version wrote it.
        """
        if self._path is None:
            return
        with self._lock:
            try:
                found = read_lines(self._path)
            except (OSError, ValueError) as error:
                logger.error("outbox %s cannot be read (%s); what waited in it is not sent", self.name, _why(error))  # noqa: TRY400
                return
            bad = found.damaged + sum(not self._replay(value) for value in found.values)
            self._lines = len(found.values)
            self._is_behind = found.is_cut and not bad  # written anew without it; damage is left for who looks at it
            if bad:
                where = escape(str(self._path))
                logger.error("outbox %s: %d damaged lines are left out, maybe messages: %s", self.name, bad, where)

    def close(self) -> None:
        """Let nothing be written any more: what is being sent was perhaps sent, and the next process looks."""
        with self._lock:
            self._closed = True

    def accept(self, messages: Iterable[Message], now: datetime, *, perhaps: bool = False) -> tuple[str, ...]:
        """Take messages that have not been taken yet; return what is to be said of the ones given up for them.

        Args:
            messages: In the order of each thread.
            now: The time.
            perhaps: Whether an earlier process may have sent them without a word of it on disk.

        Raises:
            OSError: If they cannot be written; they are taken all the same, for as long as this process lives.
        """
        with self._lock:
            new = [m for m in messages if m.number > self._threads.get(m.thread, _Thread()).number]
            for message in new:
                self._take(message, tried_at=message.at if perhaps else None)
                with suppress(OSError):  # said below
                    self._write({"put": message.to_dict()})
                    if perhaps:
                        self._write({"try": message.id, "at": message.at.isoformat()})
            dropped = self._drop()
            self._forget(now)
            if self._is_behind:
                self._write_anew()
            return dropped

    def next(self, now: datetime) -> Entry | None:
        """Return the first message that may be sent now; None where there is none."""
        with self._lock:
            if _is_ahead(self._paused_until, now):
                return None
            blocked: set[str] = set()
            for entry in self._entries.values():
                thread = entry.message.thread
                if thread not in blocked and not _is_ahead(entry.not_before, now):
                    return entry
                blocked.add(thread)
            return None

    def is_held(self, now: datetime) -> bool:
        """Say whether whoever takes messages asked for more time than has passed."""
        with self._lock:
            return _is_ahead(self._held_until, now)

    def trying(self, entry: Entry, now: datetime) -> None:
        """Write that a message is about to be sent.

        Raises:
            OSError: If that cannot be written.
        """
        with self._lock:
            self._entries[entry.message.id] = replace(entry, tried_at=entry.tried_at or now)
            self._write({"try": entry.message.id, "at": now.isoformat()})

    def sent(self, entry: Entry, slip: Mapping[str, str], now: datetime) -> None:
        """Write that a message was sent.

        Raises:
            OSError: If that cannot be written; it is not sent again by this process.
        """
        with self._lock:
            self._paused_until = self._held_until = None
            self._end(entry.message.id, slip, now if entry.message.is_end else None)
            ended = now.isoformat() if entry.message.is_end else None
            self._write({"sent": entry.message.id, "slip": dict(slip), "ended": ended})

    def failed(
        self,
        entry: Entry,
        error: str,
        now: datetime,
        *,
        retry_after: timedelta | None = None,
        perhaps: bool = False,
        alone: bool = False,
    ) -> None:
        """Write that a message was not sent, as `hotagents_k8s_monitor.notify.NotSentError` says it.

        Raises:
            OSError: If that cannot be written.
        """
        with self._lock:
            attempts = entry.attempts + 1
            pause = _PAUSES[min(attempts, len(_PAUSES)) - 1] if retry_after is None else retry_after
            not_before = now + min(pause, _LONGEST_PAUSE)
            tried_at = entry.tried_at or (now if perhaps else None)  # an earlier attempt may still have arrived
            self._entries[entry.message.id] = replace(
                entry, attempts=attempts, tried_at=tried_at, not_before=not_before, error=error
            )
            if not alone:
                self._paused_until = not_before
                self._held_until = not_before if retry_after is not None else None
            facts = {"failed": entry.message.id, "attempts": attempts, "not_before": not_before.isoformat()}
            self._write(facts | {"tried_at": tried_at.isoformat() if tried_at is not None else None, "error": error})

    def waiting(self) -> tuple[Entry, ...]:
        """Return what waits, in its order."""
        with self._lock:
            return tuple(self._entries.values())

    def slip(self, thread: str) -> Mapping[str, str] | None:
        """Return a thread's slip; None where nothing of it was sent."""
        with self._lock:
            known = self._threads.get(thread)
            return known.slip if known is not None else None

    def _take(self, message: Message, *, tried_at: datetime | None = None) -> None:
        self._entries[message.id] = Entry(message=message, tried_at=tried_at)
        known = self._threads.setdefault(message.thread, _Thread())
        known.number, known.ended_at = max(known.number, message.number), None

    def _end(self, name: str, slip: Mapping[str, str], ended_at: datetime | None) -> None:
        entry = self._entries.pop(name, None)
        if entry is not None:
            known = self._threads.setdefault(entry.message.thread, _Thread(number=entry.message.number))
            known.slip, known.ended_at = dict(slip), ended_at

    def _drop(self) -> tuple[str, ...]:
        """Give up what is too much: the oldest one-line updates first, then what is oldest."""
        over = len(self._entries) - self._most
        if over <= 0:
            return ()
        entries = list(self._entries.items())
        brief = [name for name, entry in entries if entry.message.form == "brief" and entry.message.kind in _BRIEF]
        rest = [name for name, _ in entries if name not in set(brief)]
        given_up = [*brief, *rest][:over]
        for name in given_up:
            del self._entries[name]
            with suppress(OSError):
                self._write({"drop": name})
        updates = min(over, len(brief))
        what = f"{updates} one-line updates" + (f" and {over - updates} other messages" if over > updates else "")
        said = f"NOT TOLD {self.name}: {what} given up, since more than {self._most} wait"
        logger.error("%s", said)
        return (said,)

    def _forget(self, now: datetime) -> None:
        """Forget threads that ended long ago, and write the file anew where most of it is over."""
        over = [t for t, known in self._threads.items() if known.ended_at is not None and now - known.ended_at > _KEPT]
        for thread in over:
            del self._threads[thread]
        if self._path is not None and self._lines > _SLACK + 4 * (len(self._entries) + len(self._threads)):
            with suppress(OSError):  # the journal goes on
                self._write_anew()

    def _write_anew(self) -> None:
        """Write all that is known in place of the journal.

        Raises:
            OSError: If it cannot be written.
        """
        if self._path is None or self._closed:
            return
        lines = list(self._state())
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_lines(self._path, lines)
        self._lines, self._is_behind = len(lines), False

    def _state(self) -> Iterator[dict[str, Any]]:
        yield {"schema": SCHEMA, "notifier": self.name}
        for thread, known in self._threads.items():
            ended = known.ended_at.isoformat() if known.ended_at is not None else None
            slip = dict(known.slip) if known.slip is not None else None
            yield {"thread": thread, "number": known.number, "slip": slip, "ended": ended}
        for name, entry in self._entries.items():
            yield {"put": entry.message.to_dict()}
            times = {key: t.isoformat() if (t := getattr(entry, key)) is not None else None for key in _TIMES}
            yield {"failed": name, "attempts": entry.attempts, "error": entry.error, **times}

    def _write(self, value: dict[str, Any]) -> None:
        if self._path is None or self._closed:
            return
        try:
            if not self._lines:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                append_line(self._path, {"schema": SCHEMA, "notifier": self.name})
            append_line(self._path, value)
        except OSError:
            self._is_behind = True
            raise
        self._lines += 1

    def _replay(self, value: Any) -> bool:
        """Do again what a line says; say whether it could be done.

        Raises:
            RecordsError: If a newer version wrote it.
        """
        try:
            self._do(value)
        except RecordsError:
            raise
        except _DAMAGE:
            return False
        return True

    def _do(self, value: Any) -> None:
        if "schema" in value:
            if value["schema"] > SCHEMA:
                raise RecordsError(
                    f"{self._path} was written by a newer version (schema {value['schema']}, this one knows {SCHEMA}); "
                    "run that version again, or move the file away: what waits in it is not sent then"
                )
        elif "put" in value:
            self._take(Message.from_dict(value["put"]))
        elif "try" in value:
            entry = self._entries[value["try"]]
            self._entries[value["try"]] = replace(entry, tried_at=entry.tried_at or moment(value["at"]))
        elif "sent" in value:
            self._end(value["sent"], _slip(value["slip"]), _time(value["ended"]))
        elif "failed" in value:
            times: dict[str, Any] = {key: _time(value[key]) for key in _TIMES}
            error, attempts = str(value["error"]), int(value["attempts"])
            entry = self._entries[value["failed"]]
            self._entries[value["failed"]] = replace(entry, attempts=attempts, error=error, **times)
        elif "drop" in value:
            self._entries.pop(value["drop"], None)
        else:
            slip = _slip(value["slip"]) if value["slip"] is not None else None
            self._threads[value["thread"]] = _Thread(int(value["number"]), slip, _time(value["ended"]))


def left_in(directory: Path, *, without: Collection[str]) -> list[Outbox]:
    """Return the outboxes below a directory in which something waits, but those of some notifiers."""
    found: list[Outbox] = []
    for path in sorted(directory.glob("*.jsonl")):
        if path.stem not in without and _NAME.fullmatch(path.stem):
            outbox = Outbox(path.stem, directory)
            with suppress(RecordsError):  # a newer version's, which may well know what to do with it
                outbox.load()
            found += [outbox] if outbox.waiting() else []
    return found


def _slip(value: Any) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items()}


def _time(text: Any) -> datetime | None:
    return moment(text) if text is not None else None


def _is_ahead(until: datetime | None, now: datetime) -> bool:
    return until is not None and timedelta(0) < until - now <= _LONGEST_PAUSE


def _why(error: Exception) -> str:
    return escape(f"{type(error).__name__}: {error}", limit=200)
