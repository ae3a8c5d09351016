"""What a process that died did not write of its incidents, found by the next one from the state, which comes first.

The state is written before people are told, an incident's file after it. So a file may lack that the incident began,
that people were told, or that it is over; without these it would be said to go on for as long as it is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from hotagents_k8s_monitor.incidents import Incident
    from hotagents_k8s_monitor.messages import Message

__all__ = ["ended_unwritten", "unwritten"]

_REMARK = "noted after a restart"


def unwritten(incident: Incident, record: Mapping[str, Any] | None, look: datetime) -> Iterator[dict[str, Any]]:
    """Yield what an incident's file lacks of what was before a look, each with its time.

    Args:
        incident: As the state has it.
        record: The file's object; None where there is no file.
        look: The time of the first look of this process.
    """
    events = record.get("events") if record is not None else None
    known = [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    if record is None and incident.opened_at < look:
        rules = ", ".join(finding.rule for finding in incident.findings)
        yield {"at": incident.opened_at.isoformat(), "what": f"opened: {rules}; {_REMARK}"}
    told = incident.told
    if told is not None and told.at < look and not _was_told(known, told.at.isoformat()):
        yield {"at": told.at.isoformat(), "what": f"told: as {told.severity}; {_REMARK}"}


def ended_unwritten(message: Message, record: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the facts and the event of an end that people are told of and that the incident's file lacks, if so."""
    if record is None or record.get("end") or message.owner is None or not message.is_end:
        return None
    ended_at = (message.ended_at or message.at).isoformat()
    facts = {name: value for name, value in record.items() if name not in {"schema", "events"}}
    what = f"told: {message.kind} as {message.severity}; {_REMARK}"
    place = {name: value for name in ("channel", "contact") if (value := getattr(message, name))}
    return facts | {"end": message.kind, "ended_at": ended_at}, {"at": message.at.isoformat(), "what": what, **place}


def _was_told(events: list[dict[str, Any]], at: str) -> bool:
    return any(event.get("at") == at and str(event.get("what", "")).startswith("told") for event in events)
