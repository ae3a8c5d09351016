"""``validate`` and ``digest``: will it be accepted, and what is it called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from hotagents.cli.given import Given, Mounting, given, the_one
from hotagents.cli.options import (  # noqa: TC001 - typer evaluates them
    AllowEmpty,
    AsJson,
    ContainerName,
    Documents,
    MountRoot,
    Namespace,
    Paths,
    RunnerName,
    SpecName,
    Workload,
    WorkloadName,
)
from hotagents.cli.output import Output, complain, counted, for_shell, short_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.cli.chosen import Chosen
    from hotagents.cli.reading import Reading
    from hotagents.diagnostics import Diagnostic

__all__ = ["STYLES", "digest", "validate"]

STYLES: Final = {"error": "red", "warning": "yellow", "info": "bright_black"}


@short_errors()
def validate(  # noqa: PLR0913 - one parameter for each option
    paths: Paths,
    *,
    workload: Workload = None,
    root: MountRoot = None,
    container: ContainerName = None,
    namespace: Namespace = None,
    workload_name: WorkloadName = None,
    runner: RunnerName = None,
    spec: SpecName = None,
    document: Documents = None,
    allow_empty: AllowEmpty = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print notes too.")] = False,
    as_format: Annotated[
        Literal["text", "json", "github", "sarif"],
        typer.Option("--format", help="github: workflow commands; sarif: for code scanning."),
    ] = "text",
    as_json: AsJson = False,
) -> None:
    """Say what is wrong, with file, line and column; exit with 1 if a registry would refuse any of it.

    Each path is a set of its own, read as a registry would read it. All manifests together are one set: their
    ConfigMaps laid over each other, or, with --root, what the pod sees there.
    """
    from hotagents.cli.chosen import choose  # noqa: PLC0415 - heavy

    chosen = choose(runner=runner, spec=spec, documents=document)
    mounting = Mounting(
        workload=workload, root=root, container=container, namespace=namespace, workload_name=workload_name
    )
    readings, unreadable = _read_all(given(paths, mounting), chosen, allow_empty=allow_empty)
    diagnostics = _all_placed(readings)
    output = Output(as_json=as_json or as_format == "json")
    if output.as_json:
        output.json(_facts(readings, diagnostics, unreadable))
    elif as_format in {"github", "sarif"}:
        _print_for_a_service(output, tuple(dict.fromkeys(diagnostics)), as_format)
    elif readings:
        # A ConfigMap that is mounted twice is wrong twice, at one place.
        _print(output, readings, tuple(dict.fromkeys(diagnostics)), verbose=verbose)
    if unreadable:
        raise typer.Exit(2)
    raise typer.Exit(1 if any(d.severity == "error" for d in diagnostics) else 0)


@short_errors()
def digest(
    paths: Paths,
    *,
    workload: Workload = None,
    root: MountRoot = None,
    container: ContainerName = None,
    namespace: Namespace = None,
    workload_name: WorkloadName = None,
    volumes: Annotated[bool, typer.Option("--volumes", help="Print each volume's digest too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the digest, the name of the content: what a registry that reads the same bytes gives.

    Of manifests, which are one set, it is what the pod's registry gives; what manifests cannot know is warned of.
    Where a file cannot be part of a set (too large, say) there is no digest: the exit code is 1.
    """
    from hotagents.cli.chosen import Chosen  # noqa: PLC0415
    from hotagents.cli.reading import read  # noqa: PLC0415 - heavy
    from hotagents.cli.refusal import told  # noqa: PLC0415
    from hotagents.diagnostics import errors_in  # noqa: PLC0415

    mounting = Mounting(
        workload=workload, root=root, container=container, namespace=namespace, workload_name=workload_name
    )
    output, what = Output(as_json=as_json), the_one(paths, mounting)
    with told(what, output):
        reading = read(what, Chosen(), allow_empty=True)
    unusable = errors_in(reading.snapshot.diagnostics)
    unsure = [d for d in reading.snapshot.diagnostics if d.code == "unknown-content" and d.severity == "warning"]
    for diagnostic in unusable or unsure:
        complain(str(reading.shown(diagnostic)))
    if unusable:
        raise typer.Exit(1)
    parts = reading.generation.volumes
    if as_json:
        named = {name: volume.digest for name, volume in parts.items()} if volumes else None
        output.json({"digest": reading.candidate.digest} | ({} if named is None else {"volumes": named}))
        return
    output.line(reading.candidate.digest)
    for name, volume in parts.items() if volumes else ():
        output.line(f"{volume.digest}  {name}")


def _read_all(sets: Sequence[Given], chosen: Chosen, *, allow_empty: bool) -> tuple[list[Reading], dict[str, str]]:
    """Return what could be read, and the errors of paths that could not: a missing one hides no others."""
    from hotagents.cli.reading import read  # noqa: PLC0415 - heavy
    from hotagents.errors import SourceError  # noqa: PLC0415

    readings: list[Reading] = []
    unreadable: dict[str, str] = {}
    for what in sets:
        try:
            readings.append(read(what, chosen, allow_empty=allow_empty))
        except SourceError as error:
            unreadable[what.name] = what.said(error)
            complain(unreadable[what.name])
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


def _print_for_a_service(output: Output, diagnostics: Sequence[Diagnostic], service: str) -> None:
    from hotagents.ops.sarif import sarif, workflow_commands  # noqa: PLC0415 - seldom asked for

    if service == "sarif":
        output.json(sarif(diagnostics))
        return
    for command in workflow_commands(diagnostics):
        output.line(command)


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
    beside: dict[Diagnostic, list[dict[str, Any]]] = {}
    for reading in readings:
        for diagnostic in reading.diagnostics:
            beside.setdefault(reading.place(diagnostic), []).append(reading.beside(diagnostic))
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
        "diagnostics": [diagnostic.to_dict() | beside[diagnostic].pop(0) for diagnostic in diagnostics],
        "counts": _counts(readings, diagnostics),
        "digest": digests[0] if len(digests) == 1 and not unreadable else None,
    }
