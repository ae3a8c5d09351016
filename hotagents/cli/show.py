"""``show``: what a directory holds, what of it would be served and what not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer

from hotagents.cli.given import Mounting, the_one
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
from hotagents.cli.output import Output, complain, counted, for_shell, short_errors

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from hotagents.cli.reading import Reading
    from hotagents.diagnostics import Diagnostic
    from hotagents.generation import Generation
    from hotagents.spec import AgentSpec

__all__ = ["show"]

_CELL: Final = 40
_DESCRIPTION: Final = 60


@short_errors()
def show(  # noqa: PLR0913 - one parameter for each option
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
    as_json: AsJson = False,
) -> None:
    """List agents, documents, volumes and the digest, and what would not be served; exit with 1 if there is any.

    A set with an error is not served at all, but listed all the same. Several manifests are one set.
    """
    from hotagents.cli.chosen import choose  # noqa: PLC0415
    from hotagents.cli.reading import read  # noqa: PLC0415 - heavy
    from hotagents.cli.refusal import told  # noqa: PLC0415

    mounting = Mounting(
        workload=workload, root=root, container=container, namespace=namespace, workload_name=workload_name
    )
    output, chosen = (
        Output(as_json=as_json),
        choose(runner=runner, spec=spec, documents=document, no_recover=no_recover, strict=strict),
    )
    what = the_one(paths, mounting)
    with told(what, output):
        reading = read(what, chosen, allow_empty=allow_empty)
    refused = _first_errors(reading.diagnostics)
    if reading.remark:
        complain(f"note: {reading.remark}")
    if as_json:
        output.json(_facts(reading, refused))
    else:
        _print(output, reading, refused)
    raise typer.Exit(1 if refused else 0)


def _first_errors(diagnostics: Sequence[Diagnostic]) -> dict[str, Diagnostic]:
    """Return each path's first error; the path is empty for the set."""
    first: dict[str, Diagnostic] = {}
    for diagnostic in diagnostics:
        if diagnostic.severity == "error":
            first.setdefault(diagnostic.path, diagnostic)
    return first


def _facts(reading: Reading, refused: dict[str, Diagnostic]) -> dict[str, Any]:
    facts = reading.generation.to_dict()
    for name in ("number", "restores", "created_at"):  # of publications, and this is none
        del facts[name]
    facts["agents"] = {name: _described(agent, reading) for name, agent in reading.generation.agents.items()}
    facts["diagnostics"] = [reading.shown(d).to_dict() | reading.beside(d) for d in reading.diagnostics]
    errors = [reading.shown(d).to_dict() | reading.beside(d) for d in refused.values()]
    return {"path": reading.path, "served": not refused, "not_served": errors, **facts}


def _print(output: Output, reading: Reading, refused: dict[str, Diagnostic]) -> None:
    generation = reading.generation
    _tables(output, generation, refused, reading.secrets.paths)
    output.line(f"digest {generation.digest}")
    if generation.lock is not None:
        output.line(f"lock {generation.lock.path} {generation.lock.digest}{generation.lock.named}")
    for diagnostic in refused.values():
        output.line(for_shell(f"not served: {reading.shown(diagnostic)}"), style="red")
    warnings = [diagnostic for diagnostic in reading.diagnostics if diagnostic.severity == "warning"]
    for diagnostic in warnings:
        output.line(f"warning: {reading.shown(diagnostic)}", style="yellow")
    if warnings:
        output.line(f"{counted(len(generation.agents), 'agent')}, {counted(len(warnings), 'warning')}")
    if refused:
        output.line(f"a registry refuses this set: {counted(len(refused), 'path')} with errors", style="red")


def _tables(output: Output, generation: Generation[Any], refused: Container[str], secret: Container[str]) -> None:
    cells = {True: _hidden, False: _agent}
    agents = [cells[agent.path in secret](agent, refused) for agent in generation.agents.values()]
    output.table("agents", ("agent", "model", "tools", "path", "description"), agents)
    documents = [(path, document.digest[:19]) for path, document in generation.documents.items()]
    output.table("documents", ("document", "digest"), documents)
    files = [(path, f"{len(content)} bytes") for path, content in generation.files.items()]
    output.table("files", ("file", "size"), files)
    volumes = [
        (v.name, v.kind, v.digest[:19], v.payload or "-", counted(len(set(v.agents)), "agent"))
        for v in generation.volumes.values()
    ]
    output.table("volumes", ("volume", "kind", "digest", "payload", "holds"), volumes)


def _described(agent: AgentSpec, reading: Reading) -> dict[str, Any]:
    from hotagents.manifests import NOT_SHOWN  # noqa: PLC0415 - heavy

    described: dict[str, Any] = {"path": agent.path, "digest": agent.digest}
    if agent.path in reading.secrets.paths:
        return described | {"withheld": NOT_SHOWN}
    tools = None if agent.tools is None else list(agent.tools)
    described |= {"model": agent.model, "description": agent.description}
    return described | {"tools": tools, "disallowedTools": list(agent.disallowed_tools)}


def _hidden(agent: AgentSpec, refused: Container[str]) -> tuple[str, str, str, str, str]:
    from hotagents.diagnostics import escape  # noqa: PLC0415 - heavy
    from hotagents.manifests import NOT_SHOWN  # noqa: PLC0415

    return escape(agent.name, limit=_CELL), "(Secret)", "(Secret)", _path(agent, refused), NOT_SHOWN


def _path(agent: AgentSpec, refused: Container[str]) -> str:
    return f"{agent.path} (refused)" if agent.path in refused else agent.path


def _agent(agent: AgentSpec, refused: Container[str]) -> tuple[str, str, str, str, str]:
    from hotagents.diagnostics import escape  # noqa: PLC0415 - heavy

    tools = "all" if agent.tools is None else ", ".join(agent.tools) or "none"
    if agent.disallowed_tools:
        tools += f" except {', '.join(agent.disallowed_tools)}"
    name, model, tools = (escape(text, limit=_CELL) for text in (agent.name, agent.model, tools))
    return name, model, tools, _path(agent, refused), escape(agent.description, limit=_DESCRIPTION)
