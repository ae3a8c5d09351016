"""``k8s-monitor ack``: somebody has taken an incident over, so it is not told again and again for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hotagents.cli.output import Output, UsageError
from hotagents_k8s_monitor.cli.errors import short_errors, told
from hotagents_k8s_monitor.cli.options import AsJson  # noqa: TC001 - typer evaluates annotations

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from hotagents_k8s_monitor.incidents import Ack, Incident

__all__ = ["ack"]

_LONGEST = timedelta(days=30)


@short_errors()
def ack(
    incident: Annotated[str, typer.Argument(metavar="ID", help="The incident, or how its id begins or ends.")],
    *,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who takes it over.")] = "",
    how_long: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="For how long, such as 4h or 30m; at most 30d.")
    ] = "4h",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for those who read it.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Take the acknowledgement back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Acknowledge an incident: until then it is told only where it gets worse, and when it is over.

    The running monitor reads it at its next look, and says in the channel who has it. Ends with 2 where no such
    incident goes on.
    """
    from hotagents import SystemClock  # noqa: PLC0415 - heavy
    from hotagents_k8s_monitor.records import Acks  # noqa: PLC0415
    from hotagents_k8s_monitor.settings import load_settings  # noqa: PLC0415

    output = Output(as_json=as_json)
    with told(output):
        directory, now = load_settings().data_dir, SystemClock().now()
        acks, found = Acks(directory), _incident(incident, directory)
        if undo:
            _undone(acks.remove(found.id, now), found, output)
            return
        given = _given(found, by=by, reason=reason, how_long=how_long, now=now)
        acks.add(given)
    said = f"acknowledged {found.id} ({found.severity} {found.owner}) until {given.until:%Y-%m-%d %H:%M} UTC"
    output.event(said, _facts(given))


def _given(incident: Incident, *, by: str, reason: str, how_long: str, now: datetime) -> Ack:
    """Return the acknowledgement.

    Raises:
        UsageError: If it is nobody's, or for no time that may be.
    """
    from hotagents_k8s_monitor.incidents import Ack  # noqa: PLC0415 - heavy

    if not by.strip():
        raise UsageError("--by: expected who takes it over, got nothing; such as --by ana")
    until = now + _duration(how_long)
    return Ack(incident=incident.id, by=by.strip(), reason=reason, at=now, until=until, severity=incident.severity)


def _duration(text: str) -> timedelta:
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - heavy

    from hotagents_k8s_monitor.policy.values import Duration  # noqa: PLC0415

    try:
        found: timedelta = TypeAdapter[Any](Duration).validate_python(text)
    except ValidationError:
        found = timedelta(0)
    if not timedelta(0) < found <= _LONGEST:
        raise UsageError(f'--for: expected a duration up to 30d, such as "30m" or "4h", got "{text}"')
    return found


def _incident(name: str, directory: Path) -> Incident:
    """Return the incident that goes on and whose id begins or ends so.

    Raises:
        UsageError: If there is none, or more than one.
        RecordsError: If a newer version wrote the state.
    """
    from hotagents_k8s_monitor.records import StateFile  # noqa: PLC0415 - heavy

    going_on = [i for i in StateFile(directory).peek().incidents.values() if i.end is None]
    exact = [i for i in going_on if i.id == name]
    found = exact or [i for i in going_on if name and (i.id.startswith(name) or i.id.endswith(name))]
    if len(found) == 1:
        return found[0]
    which = ", ".join(f"{i.id} ({i.owner})" for i in (found or going_on)[:10]) or "none"
    what = "several begin or end so" if found else "no such incident goes on"
    raise UsageError(f'"{name}": {what}; there are: {which}')


def _undone(was_there: bool, incident: Incident, output: Output) -> None:  # noqa: FBT001 - what `remove` says
    said = "no longer acknowledged" if was_there else "was not acknowledged"
    output.event(f"{incident.id}: {said}", {"incident": incident.id, "acknowledged": False})


def _facts(ack: Ack) -> Mapping[str, Any]:
    return {
        "incident": ack.incident,
        "acknowledged": True,
        "by": ack.by,
        "reason": ack.reason,
        "until": ack.until.isoformat(),
    }
