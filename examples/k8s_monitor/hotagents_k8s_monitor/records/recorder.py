"""`Recorder`: keeps what a cycle came to, and what is remembered for the next one."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.deciding import decisions_on
from hotagents_k8s_monitor.evidence import fields_of
from hotagents_k8s_monitor.look import provenance
from hotagents_k8s_monitor.records.catching_up import ended_unwritten, unwritten
from hotagents_k8s_monitor.records.journal import MOST_EVENTS, Journal
from hotagents_k8s_monitor.records.lock import DirectoryLock
from hotagents_k8s_monitor.records.state import StateFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime, timedelta
    from pathlib import Path

    from hotagents_k8s_monitor.look import Look
    from hotagents_k8s_monitor.messages import Message
    from hotagents_k8s_monitor.tracking import Book, Event, Incident

__all__ = ["Recorder"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_MOST_UNWRITTEN: Final = 1000
_MOST_FAILURES: Final = 5  # a cycle
_MOST_OUTGOING: Final = 1000
_MOST_EXPLAINED: Final = 50  # findings of a cycle, the worst first


@final
class Recorder:
    """State and records below one directory, of one monitor at a time; used by one thread at a time.

    What cannot be written is said, never raised, and detection goes on; state and incidents are tried again at the next
    cycle, a cycle's own line is not.

    Args:
        directory: Where; made at the first record, with its parents.
        keep: Age at which records are deleted.
        most_bytes: Size of all records beyond which the oldest are deleted.
    """

    def __init__(self, directory: Path, *, keep: timedelta, most_bytes: int) -> None:
        self._lock = DirectoryLock(directory)
        self._state = StateFile(directory)
        self._journal = Journal(directory, keep=keep, most_bytes=most_bytes)
        self._unwritten: dict[str, tuple[Incident, list[dict[str, Any]], list[dict[str, Any]]]] = {}
        self._early: tuple[Message, ...] | None = None

    def refuse_newer(self) -> None:
        """Do nothing, unless a newer version wrote the state.

        Raises:
            RecordsError: If it did; the message says what to do.
        """
        self._state.refuse_newer()

    def claim(self) -> None:
        """Keep other monitors from the directory until `release`; to claim it twice is to claim it once.

        Raises:
            RecordsError: If another monitor has it; the message says what to do.
        """
        self._lock.take()

    def release(self) -> None:
        """Let others have the directory."""
        self._lock.release()

    def load(self, now: datetime) -> Book:
        """Return what was remembered.

        Raises:
            RecordsError: If a newer version wrote it.
        """
        book = self._state.load(now)
        self._early = self._state.outgoing
        return book

    @property
    def outgoing(self) -> tuple[Message, ...]:
        """Messages that the book takes for told and that no outbox may have taken yet."""
        return self._state.outgoing

    def commit(self, book: Book, outgoing: tuple[Message, ...]) -> tuple[str, ...]:
        """Write the book that takes messages for told, with them, before any is sent; return what failed, in words."""
        # What the outboxes could not write yet is still here, and is lost with this process otherwise.
        self._state.outgoing = (*self._state.outgoing, *outgoing)[-_MOST_OUTGOING:]
        trouble = _tried("the state", lambda: self._state.save(book))
        return (trouble,) if trouble else ()

    def taken(self) -> None:
        """Forget the messages, which the outboxes have taken; that is written with the next book."""
        self._state.outgoing = ()

    def keep(self, look: Look, incidents: Mapping[str, Incident], events: Iterable[Event]) -> tuple[str, ...]:
        """Write what happened to incidents, the book, and the cycle's line; return what failed, in words.

        The line comes last, so that it has all that failed but its own failure, and the verdict that goes with it.

        Args:
            look: The cycle's outcome, with the book to remember.
            incidents: All that there were in this cycle, those that ended with it included.
            events: What happened to them.
        """
        self._note(look, incidents, events)
        early, self._early = self._early, None
        steps: list[tuple[str, Callable[[], object]]] = [
            ("an incident", lambda: self._catch_up(early, look, incidents)),
            ("an incident", self._write_incidents),
            ("the state", lambda: self._state.save(look.book)),
            ("old records", lambda: self._journal.prune(look.at, going_on=frozenset(look.book.incidents))),
        ]
        failed: dict[str, str] = {}  # one disk that cannot be written fails many steps; each thing is said once
        for what, step in steps:
            if trouble := _tried(what, step):
                failed.setdefault(what, trouble)
        troubles = [*failed.values(), *self._given_up()]
        line = _explained(replace(look, troubles=(*look.troubles, *troubles)).to_dict(), look)
        unsaid = _tried("the cycle", lambda: self._journal.add_cycle(line, at=look.at))
        return (*troubles, unsaid) if unsaid else tuple(troubles)

    def _note(self, look: Look, incidents: Mapping[str, Incident], events: Iterable[Event]) -> None:
        said = {"at": look.at.isoformat(), "cycle": look.cycle.id, "generation": provenance(look.cycle.generation)}
        told = {d["incident"]: d for d in (delivery.to_dict() for delivery in look.told)}
        for event in events:
            if event.remark and event.remark == self._last_remark(event.incident):
                continue
            *_, noted = self._unwritten.get(event.incident, ([],))
            place = told.get(event.incident) if event.what.startswith("told") else None
            where = {name: place[name] for name in ("channel", "contact", "ack") if place[name]} if place else {}
            remark = {"remark": dict(event.remark)} if event.remark else {}
            noted = [*noted, said | {"what": event.what} | where | remark][-MOST_EVENTS:]
            incident = incidents[event.incident]
            self._unwritten[event.incident] = (incident, _incident_findings(incident, look), noted)

    def _last_remark(self, name: str) -> Any:
        """Return the last remark that an incident's file has, or None."""
        try:
            record = self._journal.incident(name) or {}
        except OSError:  # it is said where the file is written
            return None
        events = record.get("events")
        remarks = (
            [e["remark"] for e in events if isinstance(e, dict) and "remark" in e] if isinstance(events, list) else []
        )
        return remarks[-1] if remarks else None

    def _catch_up(self, early: Iterable[Message] | None, look: Look, incidents: Mapping[str, Incident]) -> None:
        """Note, with the first look of a process, what the one before it died over.

        Raises:
            OSError: If an incident's file cannot be read or written; the others are left as they are.
        """
        if early is None:
            return
        said = {"cycle": look.cycle.id, "generation": provenance(look.cycle.generation)}
        for incident in incidents.values():
            lacks = [said | event for event in unwritten(incident, self._journal.incident(incident.id), look.at)]
            if lacks:
                *_, noted = self._unwritten.get(incident.id, ([],))
                self._unwritten[incident.id] = (incident, _incident_findings(incident, look), [*lacks, *noted])
        for message in early:
            found = ended_unwritten(message, self._journal.incident(message.thread))
            if message.thread not in incidents and found is not None:
                facts, event = found
                self._journal.add_to_incident(message.thread, facts, [said | event])

    def _write_incidents(self) -> None:
        """Write each; a file that cannot be written keeps no other from it, a disk that is full soon does.

        Raises:
            OSError: The last failure.
        """
        failures: list[OSError] = []
        for name in list(self._unwritten):
            incident, findings, events = self._unwritten[name]
            try:
                self._journal.add_to_incident(name, _facts(incident, findings, events[-1]), events)
            except OSError as error:
                failures.append(error)
                if len(failures) == _MOST_FAILURES:
                    break
            else:
                del self._unwritten[name]
        if failures:
            raise failures[-1]

    def _given_up(self) -> list[str]:
        """Forget the oldest of what waits for a disk that is full for days; return what is to be said of that."""
        names = list(self._unwritten)[:-_MOST_UNWRITTEN]
        for name in names:
            del self._unwritten[name]
        waiting = f"given up, since {_MOST_UNWRITTEN} others wait to be written"
        return [f"NOT WRITTEN {len(names)} incidents: {waiting}"] if names else []


def _explained(record: dict[str, Any], look: Look) -> dict[str, Any]:
    """Return a cycle's record in which the worst findings say which fields they stand on, and what decided on them."""
    findings = record["findings"]
    return record | {"findings": [*_with_reasons(findings[:_MOST_EXPLAINED], look), *findings[_MOST_EXPLAINED:]]}


def _incident_findings(incident: Incident, look: Look) -> list[dict[str, Any]]:
    found = _with_reasons([finding.to_dict() for finding in incident.findings], look)
    if incident.end is None:
        return found
    # What ended is well at this look; the fields that say why it was not are those of the file.
    return [{name: value for name, value in finding.items() if name != "fields"} for finding in found]


def _with_reasons(findings: Iterable[dict[str, Any]], look: Look) -> list[dict[str, Any]]:
    return [finding | _reasons(finding, look) for finding in findings]


def _reasons(finding: Mapping[str, Any], look: Look) -> dict[str, Any]:
    try:
        decided = decisions_on(finding, look.cycle.generation, look.policy)
        return {
            "fields": fields_of(finding, look.snapshot),
            "decided": [decision.to_dict() for decision in decided],
        }
    except Exception:  # an explanation that fails must cost neither the record nor the cycle
        logger.exception("finding %s of %s is recorded without its reasons", finding["fingerprint"], finding["rule"])
        return {}


def _facts(incident: Incident, findings: list[dict[str, Any]], last: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": incident.id,
        "owner": incident.owner.to_dict(),
        "severity": incident.severity,
        "opened_at": incident.opened_at.isoformat(),
        "ended_at": last["at"] if incident.end is not None else None,
        "end": incident.end,
        "findings": findings,
        "generation": last["generation"],
    }


def _tried(what: str, step: Callable[[], object]) -> str:
    try:
        step()
    except OSError as error:
        return f"NOT WRITTEN {what}: {escape(str(error), limit=200)}"
    return ""
