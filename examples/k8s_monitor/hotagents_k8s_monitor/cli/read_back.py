"""``incidents``, ``cycles`` and ``explain``: what was recorded, from the disk alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from hotagents.cli.output import Output
from hotagents_k8s_monitor.cli.errors import short_errors, told
from hotagents_k8s_monitor.cli.options import AsJson  # noqa: TC001 - typer evaluates annotations

__all__ = ["cycles", "explain", "incidents"]

Data: TypeAlias = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Records; else K8S_MONITOR_DATA_DIR.")
]
Last: TypeAlias = Annotated[int, typer.Option("--last", min=1, max=10_000, help="How many at most, the latest first.")]


@short_errors()
def incidents(
    name: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One of them, or how its id begins or ends.")
    ] = None,
    *,
    is_open: Annotated[bool, typer.Option("--open", help="Only those that go on.")] = False,
    last: Last = 20,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List recorded incidents, the latest first, or show one with all that happened to it.

    Ends with 0, with 1 where there is no such incident, with 2 where the records cannot be read.
    """
    from hotagents_k8s_monitor.cli.reading_back import show_incident, show_incidents  # noqa: PLC0415 - heavy

    output = Output(as_json=as_json)
    with told(output):
        if name is None:
            show_incidents(data, output, last=last, is_open=is_open)
            return
        code = show_incident(data, name, output)
    raise typer.Exit(code)


@short_errors()
def cycles(
    name: Annotated[str | None, typer.Argument(metavar="[ID]", help="One of them, or how its id begins.")] = None,
    *,
    last: Last = 20,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """List recorded cycles, the latest first, or show one with its findings and what was told.

    Ends with 0, with 1 where there is no such cycle, with 2 where the records cannot be read.
    """
    from hotagents_k8s_monitor.cli.reading_back import show_cycle, show_cycles  # noqa: PLC0415 - heavy

    output = Output(as_json=as_json)
    with told(output):
        if name is None:
            show_cycles(data, output, last=last)
            return
        code = show_cycle(data, name, output)
    raise typer.Exit(code)


@short_errors()
def explain(
    name: Annotated[str, typer.Argument(metavar="ID", help="Of an incident, or a finding's fingerprint.")],
    *,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Say why an incident or a finding is what it is: the rule, the fields and their values, since when, which
    generation, which line of which file decided, and why somebody was told or nobody.

    Ends with 0, with 1 where nothing of that name is recorded, with 2 where the records cannot be read.
    """
    from hotagents_k8s_monitor.cli.reading_back import show_reasons  # noqa: PLC0415 - heavy

    output = Output(as_json=as_json)
    with told(output):
        code = show_reasons(data, name, output)
    raise typer.Exit(code)
