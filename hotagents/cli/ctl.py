"""``ctl``: orders to a running process through its control socket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from hotagents.cli.options import AsJson, seconds
from hotagents.cli.output import Output, UsageError, complain, short_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents.ops.seen import Seen

__all__ = ["ctl"]

_READ: Final = frozenset({"reload", "resume"})  # to go back reads nothing
_BAD: Final = frozenset({"rejected", "failed"})
_REFUSED: Final = frozenset({"Rejected", "Failed", "Unstable"})
_HEX: Final = re.compile("[0-9a-f]{6,64}")


@short_errors()
def ctl(
    socket: Annotated[str, typer.Argument(metavar="SOCKET", help="What the process was given as --ctl.")],
    command: Annotated[
        Literal["status", "rollback", "resume", "run-now", "reload"], typer.Argument(help="What it is to do.")
    ],
    to: Annotated[
        str | None,
        typer.Argument(metavar="[TO]", help="For rollback: a generation's number, or how its digest begins."),
    ] = None,
    *,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the answer.", callback=seconds)] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Ask a running process for its status, to go back, to let go on, to run a cycle, or to read its source now.

    0 where it was done, 1 where the process refused it, where what reload or resume read is refused, or where the
    status that was asked for is not good; 2 where nobody answers.
    """
    from datetime import datetime, timezone  # noqa: PLC0415 - only once a command runs

    from hotagents.cli.status import show_report  # noqa: PLC0415
    from hotagents.ops.asking import RefusedError, ask  # noqa: PLC0415
    from hotagents.ops.seen import ReportError, Seen  # noqa: PLC0415

    if (command == "rollback") == (to is None):
        raise UsageError("rollback takes a generation's number or how its digest begins; no other command takes any")
    output = Output(as_json=as_json)
    try:
        answer = ask(socket, command, to=None if to is None else _target(to), timeout=timeout)
        seen, report = Seen.read(answer.get("report") or {})
    except RefusedError as error:
        if as_json:
            output.json({"ok": False, "error": str(error)})
        complain(str(error))
        raise typer.Exit(1) from None
    except ReportError as error:
        raise UsageError(f"{socket}: {error}") from error
    now = datetime.now(timezone.utc)
    if command == "status":
        if as_json:
            output.json(report)
        else:
            show_report(output, seen, now)
        raise typer.Exit(1 if any(seen.faults(now)) else 0)
    result = str(answer.get("result", ""))
    output.event(_told(command, result, seen), _facts(result, report))
    raise typer.Exit(1 if command in _READ and (result in _BAD or _is_refused(seen)) else 0)


def _is_refused(seen: Seen) -> bool:
    """Say whether what was read is not served, for another reason than a hold or a wait for its lock.

    The result alone does not tell: what was held back, or what of the set is well, may have been published.
    """
    return any(c.type == "Current" and not c.status and c.reason in _REFUSED for c in seen.registry.conditions)


def _target(to: str) -> int | str:
    """Return a number, or a digest with its prefix."""
    if to.isascii() and to.isdigit() and len(to) < 10:  # noqa: PLR2004 - no process publishes so often
        return int(to)
    return f"sha256:{to}" if _HEX.fullmatch(to) else to


def _told(command: str, result: str, seen: Seen) -> str:
    if command == "run-now":
        return result
    served = f"generation {seen.registry.generation} {seen.registry.digest[:19]} is served"
    faults = [f"{c.reason}: {c.message}" for c in seen.registry.conditions if not c.status and c.type == "Current"]
    return "; ".join([f"{result}: {served}", *faults])


def _facts(result: str, report: Mapping[str, Any]) -> dict[str, Any]:
    return {"ok": True, "result": result, "report": report}
