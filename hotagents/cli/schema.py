"""``schema``: what an editor needs to complete and check frontmatter."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hotagents.cli.options import AsJson, RunnerName, SpecName  # noqa: TC001 - typer evaluates them
from hotagents.cli.output import Output, UsageError, short_errors

if TYPE_CHECKING:
    from pydantic import BaseModel

    from hotagents.cli.chosen import Chosen

__all__ = ["schema"]

_READABLE: Final = 0o644


@short_errors()
def schema(
    *,
    runner: RunnerName = None,
    spec: SpecName = None,
    document: Annotated[
        str | None,
        typer.Option(
            metavar="PATH[=MODULE:CLASS]", help="The schema of this document, of the runner or of the class, instead."
        ),
    ] = None,
    closed: Annotated[bool, typer.Option("--closed", help="Refuse agents' keys that nobody knows.")] = False,
    output: Annotated[str | None, typer.Option(metavar="FILE", help="Write it there instead of printing.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the JSON Schema (2020-12) of an agent's frontmatter, or of a document's, for editors.

    The same classes give the same bytes. It sees one file's frontmatter and no more: validate has the last word.
    """
    found = _schema(runner, spec, document, closed=closed)
    if output is not None:
        _write(Path(output), json.dumps(found, indent=2) + "\n")
    elif as_json:
        Output().json(found)
    else:
        Output().raw(json.dumps(found, indent=2))


def _schema(runner: str | None, spec: str | None, document: str | None, *, closed: bool) -> dict[str, Any]:
    from hotagents.cli.chosen import choose  # noqa: PLC0415 - heavy
    from hotagents.schema import agent_schema, document_schema  # noqa: PLC0415

    if document is None:
        return agent_schema(choose(runner=runner, spec=spec, documents=None).spec, closed=closed)
    if spec is not None:
        raise UsageError("--spec is about agents and --document about a document; ask for one schema at a time")
    if closed:
        raise UsageError("--closed is about agents; a document's class says itself whether it takes unknown keys")
    of_runner = runner is not None and "=" not in document
    chosen = choose(runner=runner, spec=None, documents=None if of_runner else [document])
    return document_schema(_model(chosen, document if of_runner else document.rpartition("=")[0], runner))


def _model(chosen: Chosen, path: str, runner: str | None) -> type[BaseModel] | None:
    from hotagents.diagnostics import did_you_mean  # noqa: PLC0415 - heavy

    documents = chosen.documents or {}
    if path in documents:
        return documents[path]
    there = f"it has {', '.join(sorted(documents))}" if documents else "it has none"
    raise UsageError(f'--document: runner {runner} has no "{path}"; {did_you_mean(path, documents) or there}')


def _write(path: Path, text: str) -> None:
    """Replace the file as a whole, so that no editor reads half of it."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:  # noqa: PTH123 - it is open already
            file.write(text.encode())
        Path(beside).chmod(_READABLE)
        Path(beside).replace(path)
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise
