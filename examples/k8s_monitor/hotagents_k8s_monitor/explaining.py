"""Why a finding is what it is, and why somebody was told of it or not: from the records alone, in lines for people."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from hotagents import escape
from hotagents_k8s_monitor.policy import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents_k8s_monitor.incidents import Ack

__all__ = ["explained_finding", "explained_incident", "owner_text", "span", "why_silent"]

_LONGEST: Final = 400
_MOST_EVENTS: Final = 40
_MOST_LINES: Final = 12
_SILENT: Final = {
    "pending": "silent: it has not lasted for its hold time",
    "muted": "silent: muted",
}
_OVER: Final = frozenset({"resolved", "gone", "withdrawn", "muted"})


def explained_incident(record: Mapping[str, Any], ack: Ack | None = None) -> Iterator[str]:
    """Yield the lines of an incident's file; whatever it lacks is left out.

    Args:
        record: The file's object.
        ack: The acknowledgement that is in force now.
    """
    end = record.get("end")
    state = f"{end} at {_text(record.get('ended_at'))}" if end else "goes on"
    yield f"incident {_text(record.get('id'))}: {owner_text(record)}, {_text(record.get('severity'))}, {state}"
    yield f"  opened   {_text(record.get('opened_at'))}"
    yield f"  by       {_generation(record)}"
    for finding in _mappings(record.get("findings")):
        yield from (f"  {line}" for line in _finding_lines(finding, to=_time(record.get("ended_at"))))
    events = _mappings(record.get("events"))
    yield f"  why      {_told_or_silent(record, events)}"
    yield from _ack_lines(ack if not end else None)
    if len(events) > _MOST_EVENTS:
        yield f"  {len(events) - _MOST_EVENTS} earlier events are left out; --json has them"
    yield from _remark_lines(events)
    for event in events[-_MOST_EVENTS:]:
        where = f" to {event['channel']}" if event.get("channel") else ""
        acked = f"; acknowledged {_acked(event['ack'])}" if isinstance(event.get("ack"), dict) else ""
        yield _line(f"  {event.get('at')}  {event.get('what')}{where}{acked}  (generation {_number(event)})")


def explained_finding(finding: Mapping[str, Any], cycle: Mapping[str, Any], ack: Ack | None = None) -> Iterator[str]:
    """Yield the lines of a finding as a cycle recorded it; ``ack`` is in force now, of its owner's incident."""
    yield _line(f"finding {finding.get('fingerprint')}: {owner_text(finding)}, {finding.get('state')}")
    yield _line(f"  as of    cycle {cycle.get('cycle')} at {cycle.get('at')}")
    yield f"  by       {_generation(cycle)}"
    yield from (f"  {line}" for line in _finding_lines(finding, to=_time(cycle.get("at"))))
    yield f"  why      {why_silent(finding, cycle)}"
    yield from _ack_lines(ack)


def why_silent(finding: Mapping[str, Any], cycle: Mapping[str, Any]) -> str:
    """Return why a finding was told at a cycle, or was not."""
    told = [t for t in _mappings(cycle.get("told")) if _owner(t) == _owner(finding)]
    if told:
        return _line(", ".join(f"told: {t.get('kind')} as {t.get('severity')}{_where(t)}" for t in told))
    return _silent(finding) or _told_before(finding)


def _silent(finding: Mapping[str, Any]) -> str:
    """Return why a finding is never told by itself as it is; nothing where it may have been told before."""
    state = finding.get("state")
    if state == "pending":
        return _line(f"{_SILENT['pending']}, which ends at {finding.get('due')}{_by(finding, 'hold')}")
    if state == "muted":
        muted = finding.get("muted") or {}
        until = f" until {muted['until']}" if muted.get("until") else ""
        return _line(f"{_SILENT['muted']}: {muted.get('kind')}: {muted.get('reason')}{until}{_by(finding, 'muted')}")
    if isinstance(finding.get("follows"), dict):
        return f"told with {owner_text({'owner': finding['follows']})}, from whose fault it follows"
    if finding.get("severity") == "SEV-4":
        return f"silent: SEV-4 is only recorded{_by(finding, 'severity')}"
    return ""


def _told_before(finding: Mapping[str, Any]) -> str:
    hours = f", or waits for business hours{_by(finding, 'hours')}" if _decided(finding, "hours") else ""
    return f"silent at this cycle: told before, and its repeat time has not passed{_by(finding, 'repeat')}{hours}"


def owner_text(record: Mapping[str, Any]) -> str:
    """Return ``Deployment shop/cart``, escaped."""
    kind, namespace, name = _owner(record)
    return _line(f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}")


def span(record: Mapping[str, Any], begin: str, end: datetime | None) -> str:
    """Return how long it is from a time of a record on to another, ``?`` where that is not known."""
    since = _time(record.get(begin))
    return "?" if since is None or end is None else shown(max(end - since, timedelta(0)))


def _finding_lines(finding: Mapping[str, Any], *, to: datetime | None) -> Iterator[str]:
    lasts = f", for {span(finding, 'since', to)}" if to is not None else ""
    yield _line(f"{finding.get('rule')}: {finding.get('severity')} since {finding.get('since')}{lasts}")
    yield _line(f"  saw      {finding.get('message')}")
    for field in _mappings(finding.get("fields")):
        yield _line(f"  field    {field.get('object')} {field.get('field')} = {field.get('value')}")
    for decision in _mappings(finding.get("decided")):
        key = f"  ({decision['key']})" if decision.get("key") else ""
        yield _line(f"  {decision.get('what')!s:<9}{decision.get('value')}  by {_place(decision)}{key}")


def _told_or_silent(record: Mapping[str, Any], events: list[Mapping[str, Any]]) -> str:
    told = [event for event in events if str(event.get("what", "")).startswith("told")]
    findings = _mappings(record.get("findings"))
    first = findings[0] if findings else {}
    if told:
        last = told[-1]
        said = f"{str(last.get('what')).partition(': ')[2]} at {last.get('at')}{_where(last)}"
        again = "" if record.get("end") else f"; again once its repeat time has passed{_by(first, 'repeat')}"
        times = "once" if len(told) == 1 else f"{len(told)} times, the last"
        return _line(f"told {times}: {said}{again}")
    if record.get("end") in _OVER:
        return "silent: nobody had heard that it began, so nobody hears that it is over"
    if record.get("severity") == "SEV-4":
        return f"silent: SEV-4 is only recorded{_by(first, 'severity')}"
    if record.get("severity") == "SEV-3" and _decided(first, "hours"):
        return f"silent: SEV-3 waits for business hours{_by(first, 'hours')}"
    return "silent: no message of it is recorded; the cycle's troubles say whether one failed"


def _ack_lines(ack: Ack | None) -> Iterator[str]:
    if ack is not None:
        yield f"  acked    {_acked(ack.to_dict())}"
        yield "           until then it is told only where it gets worse, and when it is over"


def _remark_lines(events: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the last remark of a model, as what it is."""
    remarks = [(event, event["remark"]) for event in events if isinstance(event.get("remark"), dict)]
    if not remarks:
        return
    event, remark = remarks[-1]
    yield _line(f"  remark   of a model, not a finding, at {event.get('at')}: {remark.get('summary')}")
    evidence = remark.get("evidence")
    named = ", ".join(map(str, evidence)) if isinstance(evidence, list) else ""
    for what, text in (("probably", remark.get("cause")), ("evidence", named), ("next", remark.get("command"))):
        if text:
            yield _line(f"           {what}: {text}")
    if remark.get("known_issue"):
        yield "           proposed for known_issues of CLAUDE.md, if you know better than to be told:"
        yield from (_line(f"             {line}") for line in str(remark["known_issue"]).splitlines()[:_MOST_LINES])


def _acked(ack: Mapping[str, Any]) -> str:
    reason = f": {ack['reason']}" if ack.get("reason") else ""
    return _line(f"by {ack.get('by')} at {ack.get('at')} until {ack.get('until')}{reason}")


def _generation(record: Mapping[str, Any]) -> str:
    found = record.get("generation")
    values = found if isinstance(found, dict) else {}
    commit = f", commit {values['commit']}" if values.get("commit") else ""
    return _line(f"generation {values.get('number')} {str(values.get('digest'))[:19]}{commit}")


def _number(record: Mapping[str, Any]) -> object:
    found = record.get("generation")
    return found.get("number") if isinstance(found, dict) else "?"


def _by(finding: Mapping[str, Any], what: str) -> str:
    decision = _decided(finding, what)
    return _line(f" ({_place(decision)})") if decision else ""


def _decided(finding: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    return next((d for d in _mappings(finding.get("decided")) if d.get("what") == what), {})


def _place(decision: Mapping[str, Any]) -> str:
    path, line = decision.get("path"), decision.get("line")
    return (f"{path}:{line}" if line else str(path)) if path else "what is built in"


def _where(told: Mapping[str, Any]) -> str:
    return f" to {told['channel']}" if told.get("channel") else ""


def _owner(record: Mapping[str, Any]) -> tuple[str, str, str]:
    owner = record.get("owner")
    values = owner if isinstance(owner, dict) else {}
    return str(values.get("kind", "?")), str(values.get("namespace", "")), str(values.get("name", "?"))


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _time(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None


def _text(value: Any) -> str:
    return _line(str(value)) if value is not None else "?"


def _line(text: str) -> str:
    return escape(text, limit=_LONGEST)
