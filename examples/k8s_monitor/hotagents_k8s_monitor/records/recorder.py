"""`Recorder`: keeps what a cycle came to, and what is remembered for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.look import provenance
from hotagents_k8s_monitor.records.journal import MOST_EVENTS, Journal
from hotagents_k8s_monitor.records.state import StateFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime, timedelta
    from pathlib import Path

    from hotagents_k8s_monitor.look import Look
    from hotagents_k8s_monitor.tracking import Book, Event, Incident

__all__ = ["Recorder"]

_MOST_UNWRITTEN: Final = 1000
_MOST_FAILURES: Final = 5  # a cycle


@final
class Recorder:
    """State and records below one directory; used by one thread at a time.

    What cannot be written is said, never raised, and detection goes on; state and incidents are tried again at the next
    cycle, a cycle's own line is not.

    Args:
        directory: Where; made at the first record, with its parents.
        keep: Age at which records are deleted.
        most_bytes: Size of all records beyond which the oldest are deleted.
    """

    def __init__(self, directory: Path, *, keep: timedelta, most_bytes: int) -> None:
        self._state = StateFile(directory)
        self._journal = Journal(directory, keep=keep, most_bytes=most_bytes)
        self._unwritten: dict[str, tuple[Incident, list[dict[str, Any]]]] = {}

    def refuse_newer(self) -> None:
        """Do nothing, unless a newer version wrote the state.

        Raises:
            RecordsError: If it did; the message says what to do.
        """
        self._state.refuse_newer()

    def load(self, now: datetime) -> Book:
        """Return what was remembered.

        Raises:
            RecordsError: If a newer version wrote it.
        """
        return self._state.load(now)

    def keep(self, look: Look, incidents: Mapping[str, Incident], events: Iterable[Event]) -> tuple[str, ...]:
        """Write a cycle's line, the incidents to which something happened, and the book; return what failed, in words.

        Args:
            look: The cycle's outcome, with the book to remember.
            incidents: All that there were in this cycle, those that ended with it included.
            events: What happened to them.
        """
        self._note(look, incidents, events)
        steps: list[tuple[str, Callable[[], object]]] = [
            ("an incident", self._write_incidents),
            ("the cycle", lambda: self._journal.add_cycle(look.to_dict(), at=look.at)),
            ("the state", lambda: self._state.save(look.book)),
            ("old records", lambda: self._journal.prune(look.at, going_on=frozenset(look.book.incidents))),
        ]
        return tuple(trouble for what, step in steps if (trouble := _tried(what, step)))

    def _note(self, look: Look, incidents: Mapping[str, Incident], events: Iterable[Event]) -> None:
        said = {"at": look.at.isoformat(), "cycle": look.cycle.id, "generation": provenance(look.cycle.generation)}
        for event in events:
            _, noted = self._unwritten.get(event.incident, (None, []))
            noted = [*noted, said | {"what": event.what}][-MOST_EVENTS:]
            self._unwritten[event.incident] = (incidents[event.incident], noted)
        for name in list(self._unwritten)[:-_MOST_UNWRITTEN]:  # a disk that is full for days
            del self._unwritten[name]

    def _write_incidents(self) -> None:
        """Write each; a file that cannot be written keeps no other from it, a disk that is full soon does.

        Raises:
            OSError: The last failure.
        """
        failures: list[OSError] = []
        for name in list(self._unwritten):
            incident, events = self._unwritten[name]
            try:
                self._journal.add_to_incident(name, _facts(incident, events[-1]), events)
            except OSError as error:
                failures.append(error)
                if len(failures) == _MOST_FAILURES:
                    break
            else:
                del self._unwritten[name]
        if failures:
            raise failures[-1]


def _facts(incident: Incident, last: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": incident.id,
        "owner": incident.owner.to_dict(),
        "severity": incident.severity,
        "opened_at": incident.opened_at.isoformat(),
        "ended_at": last["at"] if incident.end is not None else None,
        "end": incident.end,
        "findings": [finding.to_dict() for finding in incident.findings],
        "generation": last["generation"],
    }


def _tried(what: str, step: Callable[[], object]) -> str:
    try:
        step()
    except OSError as error:
        return f"NOT WRITTEN {what}: {escape(str(error), limit=200)}"
    return ""
