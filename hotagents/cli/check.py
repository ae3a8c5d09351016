"""``validate`` and ``digest``: will it be accepted, and what is it called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hotagents.cli.given import Given, Mounting, given, the_one
from hotagents.cli.options import (  # noqa: TC001 - typer evaluates them
    AllowEmpty,
    AsJson,
    ContainerName,
    Documents,
    MountRoot,
    Namespace,
    NoRecover,
    Paths,
    RunnerName,
    SpecName,
    Strict,
    Workload,
    WorkloadName,
)
from hotagents.cli.output import Output, complain, counted, short_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.cli.chosen import Chosen
    from hotagents.cli.reading import Reading
    from hotagents.diagnostics import Diagnostic

__all__ = ["digest", "validate"]


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
    no_recover: NoRecover = False,
    strict: Strict = None,
    allow_empty: AllowEmpty = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print notes too.")] = False,
    as_format: Annotated[
        Literal["text", "full", "json", "github", "sarif", "diff"] | None,
        typer.Option(
            "--format",
            help="text: a line each; full: with the lines of the file, as on a terminal; github: workflow commands; "
            "sarif: for code scanning; diff: what a program can mend, for patch -p0.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong, with file, line and column; exit with 1 if a registry would refuse any of it.

    Each path is a set of its own, read as a registry would read it. All manifests together are one set: their
    ConfigMaps laid over each other, or, with --root, what the pod sees there.
    """
    from hotagents.cli.chosen import choose  # noqa: PLC0415 - heavy

    chosen = choose(runner=runner, spec=spec, documents=document, no_recover=no_recover, strict=strict)
    mounting = Mounting(
        workload=workload, root=root, container=container, namespace=namespace, workload_name=workload_name
    )
    readings, unreadable = _read_all(given(paths, mounting), chosen, allow_empty=allow_empty)
    diagnostics = _all_placed(readings)
    output = Output(as_json=as_json or as_format == "json")
    if output.as_json:
        output.json(_facts(readings, diagnostics, unreadable))
    elif as_format == "diff":
        _print_diff(output, readings)
    elif as_format in {"github", "sarif"}:
        _print_for_a_service(output, readings, unreadable, as_format)
    elif readings:
        full = as_format == "full" or (as_format is None and output.is_terminal)
        _print(output, readings, verbose=verbose, full=full)
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
    if reading.remark:
        complain(f"note: {reading.remark}")
    if not reading.candidate.entries:
        complain("note: no file is read there; this is the digest of nothing")
    parts = reading.generation.volumes
    if as_json:
        named = {name: volume.digest for name, volume in parts.items()} if volumes else None
        output.json({"digest": reading.candidate.digest} | ({} if named is None else {"volumes": named}))
        return
    output.line(reading.candidate.digest)
    for name, volume in parts.items() if volumes else ():
        output.line(f"{volume.digest}  {name}")
    if root is not None and not reading.candidate.entries:
        raise typer.Exit(1)  # a pod that serves nothing is no answer to pin


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


def _each_once(readings: Sequence[Reading]) -> tuple[Diagnostic, ...]:
    """Return all findings; a ConfigMap that is mounted twice is wrong twice, at one place."""
    return tuple(dict.fromkeys(_all_placed(readings)))


def _print(output: Output, readings: Sequence[Reading], *, verbose: bool, full: bool) -> None:
    from hotagents.cli.findings import print_findings  # noqa: PLC0415 - heavy

    diagnostics = _each_once(readings)
    print_findings(output, readings, [d for d in diagnostics if verbose or d.severity != "info"], full=full)
    counts = _counts(readings, diagnostics)
    what = f"{counted(counts['agents'], 'agent')}, {counted(counts['documents'], 'document')}"
    output.line(f"{what}; {counted(counts['errors'], 'error')}, {counted(counts['warnings'], 'warning')}")


def _print_diff(output: Output, readings: Sequence[Reading]) -> None:
    from hotagents.cli.findings import print_diff  # noqa: PLC0415

    print_diff(output, readings)


def _print_for_a_service(output: Output, readings: Sequence[Reading], unreadable: dict[str, str], service: str) -> None:
    from hotagents.cli.findings import fixes  # noqa: PLC0415
    from hotagents.ops.sarif import sarif, workflow_commands  # noqa: PLC0415 - seldom asked for

    if service == "sarif":
        output.json(sarif(_each_once(readings), fixes(readings), unread=unreadable.values()))
        return
    for command in workflow_commands(_each_once(readings)):
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
                "lock": reading.lock.to_dict() if reading.lock is not None else None,
                "counts": _counts([reading], reading.diagnostics),
            }
            for reading in readings
        ]
        + [{"path": path, "error": text} for path, text in unreadable.items()],
        "diagnostics": [diagnostic.to_dict() | beside[diagnostic].pop(0) for diagnostic in diagnostics],
        "counts": _counts(readings, diagnostics),
        "digest": digests[0] if len(digests) == 1 and not unreadable else None,
    }
