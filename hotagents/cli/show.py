"""``show``: what a directory holds, what of it would be served and what not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer

from hotagents.cli.options import AsJson, Documents, Root, RunnerName, SpecName  # noqa: TC001 - typer evaluates them
from hotagents.cli.output import Output, counted, short_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.cli.reading import Reading
    from hotagents.diagnostics import Diagnostic
    from hotagents.generation import Generation
    from hotagents.spec import AgentSpec

__all__ = ["show"]

_CELL: Final = 40
_DESCRIPTION: Final = 60


@short_errors()
def show(
    root: Root,
    *,
    runner: RunnerName = None,
    spec: SpecName = None,
    document: Documents = None,
    as_json: AsJson = False,
) -> None:
    """List agents, documents, volumes and the digest, and what would not be served; exit with 1 if there is any.

    A set with an error is not served at all, but listed all the same.
    """
    from hotagents.cli.reading import read  # noqa: PLC0415 - heavy
    from hotagents.cli.schema import choose  # noqa: PLC0415

    reading = read(root, choose(runner=runner, spec=spec, documents=document))
    refused = _first_errors(reading.diagnostics)
    output = Output(as_json=as_json)
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
    errors = [diagnostic.to_dict() for diagnostic in refused.values()]
    return {"path": reading.path, "served": not refused, "not_served": errors, **facts}


def _print(output: Output, reading: Reading, refused: dict[str, Diagnostic]) -> None:
    generation = reading.generation
    _tables(output, generation)
    output.line(f"digest {generation.digest}")
    for diagnostic in refused.values():
        output.line(f"not served: {diagnostic}", style="red")
    if refused:
        output.line(f"a registry refuses this set: {counted(len(refused), 'path')} with errors", style="red")


def _tables(output: Output, generation: Generation[Any]) -> None:
    agents = [_agent(agent) for agent in generation.agents.values()]
    output.table("agents", ("agent", "model", "tools", "path", "description"), agents)
    documents = [(path, document.digest[:19]) for path, document in generation.documents.items()]
    output.table("documents", ("document", "digest"), documents)
    files = [(path, f"{len(content)} bytes") for path, content in generation.files.items()]
    output.table("files", ("file", "size"), files)
    volumes = [
        (v.name, v.kind, v.digest[:19], v.payload or "-", counted(len(v.agents), "agent"))
        for v in generation.volumes.values()
    ]
    output.table("volumes", ("volume", "kind", "digest", "payload", "holds"), volumes)


def _agent(agent: AgentSpec) -> tuple[str, str, str, str, str]:
    from hotagents.diagnostics import escape  # noqa: PLC0415 - heavy

    tools = "all" if agent.tools is None else ", ".join(agent.tools) or "none"
    if agent.disallowed_tools:
        tools += f" except {', '.join(agent.disallowed_tools)}"
    name, model, tools = (escape(text, limit=_CELL) for text in (agent.name, agent.model, tools))
    return name, model, tools, agent.path, escape(agent.description, limit=_DESCRIPTION)
