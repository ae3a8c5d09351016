"""``status``: what a process said of itself, for people: what is served, what is wrong, and since when."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hotagents.cli.options import AsJson  # noqa: TC001 - typer evaluates it
from hotagents.cli.output import Output, UsageError, counted, for_shell, short_errors

if TYPE_CHECKING:
    from hotagents.ops.seen import Seen, SeenAgent, SeenCondition, SeenRunner

__all__ = ["show_report", "status"]

_MOST_AGENTS: Final = 50
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_SKEW: Final = 5.0


@short_errors()
def status(
    place: Annotated[
        str,
        typer.Argument(metavar="FILE|URL|-", help="A status file, http://HOST:PORT, a control socket, or - for stdin."),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Say what a running process serves, whether it is well, and since when it is not; 0 where it is, else 1."""
    from hotagents.ops.asking import RefusedError, fetch  # noqa: PLC0415 - heavy
    from hotagents.ops.seen import ReportError, Seen  # noqa: PLC0415

    output = Output(as_json=as_json)
    try:
        seen, value = Seen.read(fetch(place))
    except (ReportError, RefusedError, OSError) as error:
        text = str(error) if place in str(error) else f"{place}: {error}"
        if as_json:
            output.json({"error": text})
        raise UsageError(text) from error
    now = datetime.now(timezone.utc)
    if as_json:
        output.json(value)
    else:
        show_report(output, seen, now)
    raise typer.Exit(1 if any(seen.faults(now)) else 0)


def show_report(output: Output, seen: Seen, now: datetime) -> None:
    """Print a report: what is served first, then what is wrong, then how old all this is."""
    output.line(_served(seen, now), style="green" if seen.registry.state == "current" else "red")
    _show_agents(output, seen)
    for condition in seen.registry.conditions:
        if not condition.status:
            output.line(_condition(condition, now), style="red")
    if seen.registry.observed_digest not in {"", seen.registry.digest}:
        output.line(f"last read: {seen.registry.observed_digest}, which is not what is served")
    for runner in seen.host.runners if seen.host is not None else ():
        output.line(_runner(runner, now), style="red" if runner.last and runner.last.status != "ok" else "")
    for word, text in (("unhealthy", seen.unhealthy), ("not ready", seen.unready), ("ended", seen.error)):
        if text not in {"", "closed"}:  # the first line says that it is closed
            output.line(f"{word}: {text}", style="red")
    output.line(_age(seen, now), style="red" if seen.is_stale(now) or seen.is_ahead(now) else "")


def _served(seen: Seen, now: datetime) -> str:
    generation, state = seen.generation, seen.registry.state
    if generation is None:
        return f"{state}: nothing is served"
    lock = generation.lock
    named = (
        ""
        if lock is None
        else "".join(f", {k} {v}" for k, v in (("release", lock.release), ("commit", lock.commit)) if v)
    )
    restored = f", restores {generation.restores}" if generation.restores else ""
    since = _since(generation.created_at, now)
    return f"{state}: generation {generation.number} {generation.digest}{named}{restored}, since {since}"


def _show_agents(output: Output, seen: Seen) -> None:
    if seen.generation is None:
        return
    agents = list(seen.generation.agents.items())
    rows = [[name, agent.model, _tools(agent)] for name, agent in agents[:_MOST_AGENTS]]
    output.table("Agents", ["agent", "model", "tools"], rows)
    more = len(agents) - len(rows) + seen.generation.agents_left_out
    if more:
        output.line(f"and {counted(more, 'agent')} more")


def _tools(agent: SeenAgent) -> str:
    if agent.tools is None:
        return "all"
    return ", ".join(agent.tools) or "none"


def _condition(condition: SeenCondition, now: datetime) -> str:
    what = f"{condition.type}: {condition.reason or 'not well'} since {_since(condition.since, now)}"
    message = for_shell(condition.message).replace("resume()", "`hotagents ctl SOCKET resume`")
    return f"{what}: {message}" if message else what


def _runner(runner: SeenRunner, now: datetime) -> str:
    if runner.last is None:
        return f"runner {runner.name}: {runner.state}, no cycle yet"
    last = runner.last
    again = f", {runner.failures} times in a row" if runner.failures > 1 else ""
    said = last.error or last.summary
    what = f"runner {runner.name}: {runner.state}, last {last.status}{again}, begun {_since(last.started_at, now)}"
    return f"{what}: {said}" if said else what


def _age(seen: Seen, now: datetime) -> str:
    age = seen.age(now)
    made = f"hotagents {seen.hotagents}, reported {seen.at.isoformat(timespec='seconds')} ({_ago(age)})"
    if seen.is_ahead(now):
        return f"{made}: the clock of the process or of this machine is wrong, so nobody knows how old this is"
    if not seen.is_stale(now):
        return made
    return f"{made}: stale, one is due every {seen.interval:g} s: the process hangs, is gone, or cannot write"


def _since(moment: datetime, now: datetime) -> str:
    return f"{moment.isoformat(timespec='seconds')} ({_ago((now - moment).total_seconds())})"


def _ago(seconds: float) -> str:
    """Return how long ago that was; clocks of two machines never agree to the second."""
    if seconds < -_SKEW:
        return f"{_long(int(-seconds))} in the future"
    return f"{_long(int(max(0.0, seconds)))} ago"


def _long(seconds: int) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds} s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE} min"
    return f"{seconds // _HOUR} h" if seconds < 2 * _DAY else f"{seconds // _DAY} days"
