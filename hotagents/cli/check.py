"""``validate`` and ``digest``: will it be accepted, and what is it called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hotagents.cli.options import AllowEmpty, AsJson, Documents, Root, RunnerName, SpecName  # noqa: TC001 - typer evaluates them
from hotagents.cli.output import Output, complain, counted, for_shell, short_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.cli.reading import Reading
    from hotagents.cli.schema import Chosen
    from hotagents.diagnostics import Diagnostic

__all__ = ["STYLES", "digest", "validate"]

STYLES: Final = {"error": "red", "warning": "yellow", "info": "bright_black"}


@short_errors()
def validate(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Directories, volumes or files.")],
    *,
    runner: RunnerName = None,
    spec: SpecName = None,
    document: Documents = None,
    allow_empty: AllowEmpty = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print notes too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong, with file, line and column; exit with 1 if a registry would refuse any of it.

    Each path is a set of its own, read as a registry would read it.
    """
    from hotagents.cli.schema import choose  # noqa: PLC0415 - heavy

    chosen = choose(runner=runner, spec=spec, documents=document)
    readings, unreadable = _read_all(paths, chosen, allow_empty=allow_empty)
    diagnostics = _all_placed(readings)
    output = Output(as_json=as_json)
    if as_json:
        output.json(_facts(readings, diagnostics, unreadable))
    elif readings:
        _print(output, readings, diagnostics, verbose=verbose)
    if unreadable:
        raise typer.Exit(2)
    raise typer.Exit(1 if any(d.severity == "error" for d in diagnostics) else 0)


@short_errors()
def digest(
    root: Root,
    *,
    volumes: Annotated[bool, typer.Option("--volumes", help="Print each volume's digest too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the digest, the name of the content: what a registry that reads the same bytes gives.

    Where a file cannot be part of a set (too large, say) there is no digest: the exit code is 1.
    """
    from hotagents.cli.reading import read  # noqa: PLC0415 - heavy
    from hotagents.cli.refusal import told  # noqa: PLC0415
    from hotagents.cli.schema import Chosen  # noqa: PLC0415
    from hotagents.diagnostics import errors_in  # noqa: PLC0415

    output = Output(as_json=as_json)
    with told(root, output):
        reading = read(root, Chosen(), allow_empty=True)
    if unusable := errors_in(reading.snapshot.diagnostics):
        for diagnostic in unusable:
            complain(str(diagnostic))
        raise typer.Exit(1)
    parts = reading.generation.volumes
    if as_json:
        named = {name: volume.digest for name, volume in parts.items()} if volumes else None
        output.json({"digest": reading.candidate.digest} | ({} if named is None else {"volumes": named}))
        return
    output.line(reading.candidate.digest)
    for name, volume in parts.items() if volumes else ():
        output.line(f"{volume.digest}  {name}")


def _read_all(paths: Sequence[str], chosen: Chosen, *, allow_empty: bool) -> tuple[list[Reading], dict[str, str]]:
    """Return what could be read, and the errors of paths that could not: a missing one hides no others."""
    from hotagents.cli.reading import read  # noqa: PLC0415 - heavy
    from hotagents.cli.refusal import located  # noqa: PLC0415
    from hotagents.errors import SourceError  # noqa: PLC0415

    readings: list[Reading] = []
    unreadable: dict[str, str] = {}
    for path in paths:
        try:
            readings.append(read(path, chosen, allow_empty=allow_empty))
        except SourceError as error:
            unreadable[path] = located(path, error)
            complain(unreadable[path])
    return readings, unreadable


def _all_placed(readings: Sequence[Reading]) -> tuple[Diagnostic, ...]:
    from hotagents.diagnostics import order  # noqa: PLC0415 - heavy

    return order(diagnostic for reading in readings for diagnostic in reading.placed)


def _print(output: Output, readings: Sequence[Reading], diagnostics: Sequence[Diagnostic], *, verbose: bool) -> None:
    for diagnostic in diagnostics:
        if verbose or diagnostic.severity != "info":
            output.line(for_shell(str(diagnostic)), style=STYLES[diagnostic.severity])
    counts = _counts(readings, diagnostics)
    what = f"{counted(counts['agents'], 'agent')}, {counted(counts['documents'], 'document')}"
    output.line(f"{what}; {counted(counts['errors'], 'error')}, {counted(counts['warnings'], 'warning')}")


def _counts(readings: Sequence[Reading], diagnostics: Sequence[Diagnostic]) -> dict[str, int]:
    severities = [diagnostic.severity for diagnostic in diagnostics]
    return {
        "agents": sum(len(reading.candidate.agents) for reading in readings),
        "documents": sum(len(reading.candidate.documents) for reading in readings),
        "files": sum(len(reading.candidate.files) for reading in readings),
        "errors": severities.count("error"),
        "warnings": severities.count("warning"),
        "infos": severities.count("info"),
    }


def _facts(
    readings: Sequence[Reading], diagnostics: Sequence[Diagnostic], unreadable: dict[str, str]
) -> dict[str, Any]:
    digests = [reading.candidate.digest for reading in readings]
    return {
        "paths": [
            {
                "path": reading.path,
                "digest": reading.candidate.digest,
                "lock": reading.candidate.lock.to_dict() if reading.candidate.lock is not None else None,
                "counts": _counts([reading], reading.diagnostics),
            }
            for reading in readings
        ]
        + [{"path": path, "error": text} for path, text in unreadable.items()],
        "diagnostics": [diagnostic.to_dict() for diagnostic in diagnostics],
        "counts": _counts(readings, diagnostics),
        "digest": digests[0] if len(digests) == 1 and not unreadable else None,
    }
