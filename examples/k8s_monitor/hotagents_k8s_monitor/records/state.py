"""`StateFile`: the book on disk, so that a restart neither forgets a fault nor tells it twice."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final, get_args

from hotagents import escape
from hotagents_k8s_monitor.cluster.restarts import Restarts
from hotagents_k8s_monitor.findings import IMPACTS, SEVERITIES, Owner, Tier
from hotagents_k8s_monitor.judging import Finding, moment
from hotagents_k8s_monitor.messages import Message
from hotagents_k8s_monitor.records.files import SCHEMA, RecordsError, read_object, write_object
from hotagents_k8s_monitor.records.journal import is_incident_id
from hotagents_k8s_monitor.tracking import Book, End, Incident, Told, Tracked

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

__all__ = ["StateFile"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")


@final
class StateFile:
    """``state.json`` below a directory; used by one thread of one process at a time, which `Recorder.claim` sees to.

    Attributes:
        outgoing: Messages that the book takes for told and that no outbox may have taken yet; written with it.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "state.json"
        self._written: dict[str, Any] | None = None
        self.outgoing: tuple[Message, ...] = ()

    def refuse_newer(self) -> None:
        """Do nothing, unless a newer version wrote the file.

        Raises:
            RecordsError: If it did; the message says what to do.
        """
        with suppress(OSError, ValueError):  # what is not there, or damaged, is `load`'s
            read_object(self._path)

    def peek(self) -> Book:
        """Return what is remembered as it is on disk, and touch nothing; an empty book where there is nothing.

        Raises:
            RecordsError: If a newer version wrote it, or it cannot be used.
        """
        try:
            values = read_object(self._path)
            return Book() if values is None else _book(values)
        except RecordsError:
            raise
        except Exception as error:  # noqa: BLE001 - as `load` says
            said = f"{escape(str(self._path))} cannot be used ({type(error).__name__})"
            raise RecordsError(f"{said}; a running monitor writes it anew") from None

    def load(self, now: datetime) -> Book:
        """Return what was remembered; an empty book where there is nothing.

        A file that is damaged or cannot be read is moved aside, which is logged, since a monitor without a memory is
        better than none.

        Raises:
            RecordsError: If a newer version wrote it; it is left as it is.
        """
        try:
            values = read_object(self._path)
            if values is None:
                return Book()
            book = _book(values)
            self.outgoing = tuple(Message.from_dict(message) for message in values.get("outgoing", ()))
            return book  # noqa: TRY300 - all of it is tried
        except RecordsError:
            raise
        except OSError as error:
            self._begin_without(f"cannot be read ({error.strerror or type(error).__name__})", now)
        except Exception as error:  # noqa: BLE001 - whatever half a file, or a wrong one, makes its reader stumble over
            self._begin_without(f"is damaged ({type(error).__name__})", now)
        return Book()

    def _begin_without(self, what: str, now: datetime) -> None:
        aside = self._path.with_name(f"state.json.damaged-{now:%Y%m%dT%H%M%SZ}")
        try:
            self._path.replace(aside)
            moved = f"was moved to {aside.name}"
        except OSError as error:
            moved = f"could not be moved aside ({error.strerror or type(error).__name__})"
        logger.error(
            "%s %s and %s; beginning without memory: open findings are told again",
            escape(str(self._path)),
            what,
            moved,
        )

    def save(self, book: Book) -> None:
        """Write the book where it differs from what was written last; the directory is made when it is not there.

        Raises:
            OSError: If it cannot be written; what was there before is still there, and the next call tries again.
        """
        values = _values(book) | {"outgoing": [message.to_dict() for message in self.outgoing]}
        if values != self._written:
            self._written = None
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_object(self._path, values)
            self._written = values


def _values(book: Book) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "cluster": book.cluster,
        "warned": sorted(book.warned),
        "changes": {name: [at.isoformat() for at in times] for name, times in book.changes.items()},
        "restarts": book.restarts.to_dict(),
        "tracked": [_tracked_values(tracked) for tracked in book.tracked.values()],
        "incidents": [_incident_values(incident) for incident in book.incidents.values()],
    }


def _tracked_values(tracked: Tracked) -> dict[str, Any]:
    return {
        "finding": tracked.finding.to_dict(),
        "first_seen": tracked.first_seen.isoformat(),
        "opened_at": _text(tracked.opened_at),
        "absent_since": _text(tracked.absent_since),
        "unsure_since": _text(tracked.unsure_since),
        "last_seen": _text(tracked.last_seen),
        "worse_at": _text(tracked.worse_at),
        "flapping": tracked.flapping,
        "away": tracked.away,
        "cause": tracked.cause.to_dict() if tracked.cause is not None else None,
        "cause_over": _text(tracked.cause_over),
    }


def _incident_values(incident: Incident) -> dict[str, Any]:
    told = incident.told
    return {
        "id": incident.id,
        "owner": incident.owner.to_dict(),
        "opened_at": incident.opened_at.isoformat(),
        "findings": [finding.to_dict() for finding in incident.findings],
        "milder_since": _text(incident.milder_since),
        "worse_since": _text(incident.worse_since),
        "end": incident.end,
        "ended_at": _text(incident.ended_at),
        "flapping": incident.flapping,
        "told": None
        if told is None
        else {
            "at": told.at.isoformat(),
            "severity": told.severity,
            "fingerprints": sorted(told.fingerprints),
            "heard": {severity: at.isoformat() for severity, at in told.heard.items()},
            "full_at": _text(told.full_at),
            "number": told.number,
            "flapping": told.flapping,
            "acked": _text(told.acked),
        },
    }


def _book(values: dict[str, Any]) -> Book:
    tracked = [_tracked(item) for item in values["tracked"]]
    incidents = [_incident(item) for item in values["incidents"]]
    return Book(
        cluster=str(values["cluster"]),
        tracked=MappingProxyType({item.finding.fingerprint: item for item in tracked}),
        incidents=MappingProxyType({item.id: item for item in incidents}),
        # From here on and below, `get`: the first version did not keep these.
        changes=MappingProxyType({str(name): tuple(map(moment, t)) for name, t in values.get("changes", {}).items()}),
        warned=frozenset(map(str, values.get("warned", ()))),
        restarts=Restarts.from_dict(values.get("restarts", {})),
    )


def _tracked(values: Any) -> Tracked:
    return Tracked(
        finding=_finding(values["finding"]),
        first_seen=moment(values["first_seen"]),
        opened_at=_time(values["opened_at"]),
        absent_since=_time(values["absent_since"]),
        unsure_since=_time(values["unsure_since"]),
        last_seen=_time(values.get("last_seen")),
        worse_at=_time(values.get("worse_at")),
        flapping=bool(values.get("flapping")),
        away=bool(values.get("away")),
        cause=Owner.from_dict(values["cause"]) if values.get("cause") is not None else None,
        cause_over=_time(values.get("cause_over")),
    )


def _finding(values: Any) -> Finding:
    finding = Finding.from_dict(values)
    _one_of(finding.severity, SEVERITIES)
    _one_of(finding.impact, IMPACTS)
    _one_of(finding.tier, get_args(Tier))
    return finding


def _incident(values: Any) -> Incident:
    if not is_incident_id(values["id"]):  # it names a file
        raise ValueError("not an incident's id")
    incident = Incident(
        id=values["id"],
        owner=Owner.from_dict(values["owner"]),
        opened_at=moment(values["opened_at"]),
        findings=tuple(_finding(finding) for finding in values["findings"]),
        milder_since=_time(values["milder_since"]),
        worse_since=_time(values["worse_since"]),
        end=_one_of(values["end"], (None, *get_args(End))),
        ended_at=_time(values["ended_at"]),
        flapping=bool(values.get("flapping")),
    )
    if not incident.findings:
        raise ValueError(f"incident {incident.id} has no finding")
    told = values["told"]
    return incident if told is None else replace(incident, told=_told(told))


def _told(values: Any) -> Told:
    told = Told(
        at=moment(values["at"]),
        severity=_one_of(values["severity"], SEVERITIES),
        fingerprints=frozenset(map(str, values["fingerprints"])),
        heard=MappingProxyType({_one_of(name, SEVERITIES): moment(at) for name, at in values["heard"].items()}),
        full_at=_time(values.get("full_at")),
        number=int(values.get("number", 1)),
        flapping=bool(values.get("flapping")),
        acked=_time(values.get("acked")),
    )
    if told.severity not in told.heard:
        raise ValueError(f"told as {told.severity}, which nobody heard")
    return told


def _time(text: Any) -> datetime | None:
    return moment(text) if text is not None else None


def _text(time: datetime | None) -> str | None:
    return time.isoformat() if time is not None else None


def _one_of(value: Any, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise ValueError(f"expected one of {allowed}, got {value!r}")
    return value
