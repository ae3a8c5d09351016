"""What `run` and `watch` show of themselves to the outside: options, and what they open, for as long as they run."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from hotagents.cli.output import UsageError, complain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager, ExitStack

    from hotagents.host import Host
    from hotagents.registry import ConfigRegistry

__all__ = ["Ctl", "Listen", "StatusPath", "TerminationLog", "open_to_outside", "status_kept", "termination_told"]

_WEB: Final = frozenset({"prometheus_client", "starlette", "uvicorn"})

StatusPath: TypeAlias = Annotated[
    str | None, typer.Option("--status-file", metavar="PATH", help="Keep the status there, as JSON.")
]
TerminationLog: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="Where to write why it ended early; in a pod /dev/termination-log unless set, none if empty.",
    ),
]
Ctl: TypeAlias = Annotated[
    str | None, typer.Option("--ctl", metavar="SOCKET", help="Take orders of `hotagents ctl` at this Unix socket.")
]
Listen: TypeAlias = Annotated[
    str | None,
    typer.Option("--listen", metavar="HOST:PORT", help="Serve /metrics /healthz /readyz /status; :PORT is everywhere."),
]


@contextmanager
def termination_told(path: str | None) -> Iterator[None]:
    """Write why the command ends where the kubelet looks for it, should it end by an error; that goes on."""
    from hotagents.ops.termination import default_path, terminated  # noqa: PLC0415 - only once a command runs

    try:
        yield
    except (typer.Exit, BrokenPipeError):
        raise  # it ended as it should, or because nobody listened
    except Exception as error:
        place = default_path(os.environ) if path is None else path
        try:
            if place:
                terminated(place, error, expected=(UsageError,))
        except OSError as refused:
            complain(f"--termination-log: {refused}")
        raise


def status_kept(
    path: str | None, registry: ConfigRegistry[Any], host: Host | None = None
) -> AbstractContextManager[object]:
    """Return what keeps the status file; nothing where none is wanted."""
    from contextlib import nullcontext  # noqa: PLC0415

    from hotagents.ops.status_file import StatusFile  # noqa: PLC0415 - heavy

    return nullcontext() if path is None else StatusFile(path, registry, host)


def open_to_outside(
    stack: ExitStack, host: Host, *, status_file: str | None, ctl: str | None, listen: str | None
) -> None:
    """Open what was asked for; ``stack`` closes it again.

    Raises:
        UsageError: If something cannot be had: an extra, a port, a socket.
    """
    stack.enter_context(status_kept(status_file, host.registry, host))
    if ctl is not None:
        stack.enter_context(_control(ctl, host))
    if listen is not None:
        stack.enter_context(_listener(listen, host))


def _control(path: str, host: Host) -> AbstractContextManager[object]:
    from hotagents.ops.control import Control  # noqa: PLC0415 - heavy

    try:
        return Control(path, host.registry, host)
    except OSError as error:
        raise UsageError(f"--ctl: {error}") from error


def _listener(place: str, host: Host) -> AbstractContextManager[object]:
    try:
        from hotagents.ops.listening import Listener  # noqa: PLC0415 - the extra may not be there
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _WEB:
            raise
        hint = 'python -m pip install "hotagents[web]"'
        raise UsageError(f"--listen needs {missing}; install it with: {hint}") from error
    try:
        return Listener(place, host.registry, host)
    except (OSError, ValueError) as error:
        raise UsageError(f"--listen: {error}") from error
