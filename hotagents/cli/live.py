"""``watch`` and ``run``: a registry, and a host on one, until they are told to stop."""

from __future__ import annotations

import errno
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hotagents.cli.options import (
    AllowEmpty,
    AsJson,
    Documents,
    ForSeconds,
    NoRecover,
    OnInvalid,
    OnStartInvalid,
    Root,
    RunnerName,
    SpecName,
    StateDir,
    Strict,
    WaitForSource,
    seconds,
)
from hotagents.cli.output import Output, UsageError, short_errors
from hotagents.cli.outside import (
    Ctl,
    Listen,
    StatusPath,
    TerminationLog,
    open_to_outside,
    status_kept,
    termination_told,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.host import Host

__all__ = ["run", "watch"]

_NEVER: Final = 1e6


@short_errors()
def watch(  # noqa: PLR0913 - one parameter for each option
    root: Root,
    *,
    runner: RunnerName = None,
    spec: SpecName = None,
    document: Documents = None,
    no_recover: NoRecover = False,
    strict: Strict = None,
    allow_empty: AllowEmpty = False,
    duration: ForSeconds = None,
    count: Annotated[int | None, typer.Option("--count", min=1, help="End after so many lines.")] = None,
    status_file: StatusPath = None,
    as_json: AsJson = False,
) -> None:
    """Print the first generation, each change, each refusal with file, line and column, and when it is healthy again.

    Ends with 0 at SIGINT or SIGTERM; with 1 at once where the first set is refused.
    """
    from hotagents.cli.chosen import choose  # noqa: PLC0415
    from hotagents.cli.events import events  # noqa: PLC0415 - heavy
    from hotagents.cli.inbox import Inbox  # noqa: PLC0415
    from hotagents.cli.logs import unlogged  # noqa: PLC0415
    from hotagents.cli.refusal import refusal  # noqa: PLC0415
    from hotagents.generation import Change  # noqa: PLC0415
    from hotagents.registry import ConfigRegistry  # noqa: PLC0415

    chosen = choose(runner=runner, spec=spec, documents=document, no_recover=no_recover, strict=strict)
    output = Output(as_json=as_json)
    registry: ConfigRegistry[Any] = ConfigRegistry(
        root,
        spec=chosen.spec,
        documents=chosen.documents,
        plugins=chosen.plugins,
        recover=chosen.recover,
        strict=chosen.strict,
        allow_empty=allow_empty,
    )
    with (
        refusal(root, output),
        unlogged(),
        status_kept(status_file, registry),
        Inbox[Change[Any]](seconds=duration) as inbox,
    ):
        try:
            for event in islice(events(registry, inbox), count):
                output.event(event.text, event.facts, style=event.style)
                for line in () if as_json else event.more:
                    output.line(line, style="yellow")
        finally:
            registry.close()


@short_errors()
def run(  # noqa: PLR0913 - one parameter for each option
    root: Root,
    *,
    runner: Annotated[list[str], typer.Option("--runner", metavar="NAME", help="A runner; may be repeated.")],
    interval: Annotated[float, typer.Option(help="Seconds between two cycles.", callback=seconds)] = 60.0,
    jitter: Annotated[float, typer.Option(help="Longest random delay, seconds.", callback=seconds)] = 0.0,
    timeout: Annotated[float | None, typer.Option(help="Longest cycle, seconds.", callback=seconds)] = None,
    grace: Annotated[float, typer.Option(help="Seconds to end a cycle in.", callback=seconds)] = 30.0,
    run_on_change: Annotated[bool, typer.Option(help="Run a cycle after each change.")] = True,
    once: Annotated[
        bool, typer.Option("--once", help="Run one cycle of each runner; exit with 1 if one fails.")
    ] = False,
    allow_empty: AllowEmpty = False,
    no_recover: NoRecover = False,
    strict: Strict = None,
    on_invalid: OnInvalid = "hold-set",
    state_dir: StateDir = None,
    on_start_invalid: OnStartInvalid = "fail",
    wait_for_source: WaitForSource = 0.0,
    status_file: StatusPath = None,
    listen: Listen = None,
    ctl: Ctl = None,
    termination_log: TerminationLog = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
    as_json: AsJson = False,
) -> None:
    """Run installed runners on a directory; what happens is logged on standard error.

    With --json each cycle's result is one line on standard output, and what runners print goes to standard error.
    """
    from hotagents.cli.chosen import codes_of  # noqa: PLC0415
    from hotagents.cli.logs import logging_to_stderr  # noqa: PLC0415 - heavy
    from hotagents.cli.refusal import refusal  # noqa: PLC0415
    from hotagents.cli.results import Results, own_stdout  # noqa: PLC0415

    names = list(dict.fromkeys(runner))
    interval, run_on_change = (_NEVER, False) if once else (interval, run_on_change)
    options = {
        "interval": interval,
        "jitter": jitter,
        "timeout": timeout,
        "grace": grace,
        "run_on_change": run_on_change,
    }
    with ExitStack() as stack:
        stack.enter_context(logging_to_stderr(log_level))
        output = Output(as_json=as_json, stream=stack.enter_context(own_stdout()) if as_json else None)
        stack.enter_context(refusal(root, output))
        stack.enter_context(termination_told(termination_log))
        results = Results(output, names if once else ())
        registry_options = {
            "allow_empty": allow_empty,
            "recover": not no_recover,
            "strict": codes_of(strict),
            "on_invalid": on_invalid,
            "state_dir": state_dir,
            "on_start_invalid": on_start_invalid,
            "wait_for_source": wait_for_source,
        }
        results.host = _host(root, names, registry_options=registry_options, on_result=results.add, **options)
        open_to_outside(stack, results.host, status_file=status_file, ctl=ctl, listen=listen)
        results.host.run()
    if results.unread:
        raise BrokenPipeError(errno.EPIPE, "standard output is closed")
    if once and not results.ok:
        raise typer.Exit(1)


def _host(root: str, names: Sequence[str], **options: Any) -> Host:
    from hotagents.host import Host  # noqa: PLC0415 - heavy

    try:
        return Host.from_entry_points(root, names, **options)
    except ValueError as error:
        raise UsageError(str(error)) from error
