"""``diff``: what lies between two directories, or what an edit would change."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hotagents.cli.given import Mounting, is_manifest, the_one
from hotagents.cli.options import (  # noqa: TC001 - typer evaluates them
    AsJson,
    ContainerName,
    Documents,
    MountRoot,
    Namespace,
    RunnerName,
    SpecName,
    Workload,
    WorkloadName,
)
from hotagents.cli.output import Output, complain, for_shell, short_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents.generation import Generation, RightsDelta
    from hotagents.ops.difference import Difference

__all__ = ["diff"]

_LONGEST: Final = 200
_GUARDS: Final = frozenset({"permissionMode", "hooks", "mcpServers", "isolation", "maxTurns"})
"""Keys that decide what an agent may do beside its tools; whether an edit of one widens that, only people can tell."""
_Line = tuple[str, str]  # a text and its colour


@short_errors()
def diff(  # noqa: PLR0913 - one parameter for each option
    before: Annotated[str, typer.Argument(metavar="A", help="A directory, volume, file or manifest.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
    *,
    workload: Workload = None,
    root: MountRoot = None,
    container: ContainerName = None,
    namespace: Namespace = None,
    workload_name: WorkloadName = None,
    lines: Annotated[int, typer.Option(min=0, help="Most lines of text for each file; 0 shows none.")] = 40,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where there is any difference.")] = False,
    runner: RunnerName = None,
    spec: SpecName = None,
    document: Documents = None,
    as_json: AsJson = False,
) -> None:
    """Say what B has that A has not: rights first, then fields, then text.

    A tool that an agent gains is marked WIDENS, a change of what else guards it REVIEW. Exits with 1 where a registry
    would refuse B.
    """
    from hotagents.cli.chosen import choose  # noqa: PLC0415
    from hotagents.cli.reading import read  # noqa: PLC0415 - heavy
    from hotagents.cli.refusal import told  # noqa: PLC0415
    from hotagents.ops.difference import Difference  # noqa: PLC0415

    output, chosen = Output(as_json=as_json), choose(runner=runner, spec=spec, documents=document)
    mounting = Mounting(
        workload=workload, root=root, container=container, namespace=namespace, workload_name=workload_name
    )
    if not is_manifest(before) and not is_manifest(after):
        mounting.refuse()
    readings = []
    for path in (before, after):
        what = the_one([path], mounting if is_manifest(path) else Mounting())
        with told(what, output):
            readings.append(read(what, chosen))
    old, new = readings
    found = Difference.between(old.generation, new.generation)
    before_refused, refused = ([d for d in side.placed if d.severity == "error"] for side in readings)
    if as_json:
        sides = {"refused_before": old.diagnostics, "refused": new.diagnostics}
        errors = {name: [d.to_dict() for d in said if d.severity == "error"] for name, said in sides.items()}
        output.json(found.to_dict() | errors)
    else:
        for path, faults in ((before, before_refused), (after, refused)):
            for diagnostic in faults:
                complain(for_shell(f"{path} would be refused: {diagnostic}"))
        for text, style in _told(found, lines):
            output.line(text, style=style)
    raise typer.Exit(1 if refused or (exit_code and found) else 0)


def _told(found: Difference, most: int) -> Iterator[_Line]:
    if not found:
        yield f"the same content: {found.after.digest}", ""
        return
    rights, agents = found.rights, found.diff.agents
    for name in agents.added:
        yield f"agent added: {_agent(found.after, name)}", "green"
        yield from _rights(rights.get(name), new=True)
    for name in agents.removed:
        yield f"agent removed: {_agent(found.before, name)}", "red"
    for name in agents.changed:
        yield f"agent changed: {_agent(found.after, name)}", "yellow"
        yield from _rights(rights.get(name))
        yield from _fields(found.fields(name))
        yield from _text(found, name, most)
    for name, (old, new) in found.moved.items():
        yield f"agent moved: {name}: {old} -> {new}", ""
    for word, names in _others(found):
        yield f"{word}: {names}", ""
        if word == "document changed":
            yield from _text(found, names, most)
    yield f"{found.before.digest} -> {found.after.digest}", ""
    if found.widens:
        yield "this WIDENS what agents may do: see above", "red"
    if any(not _GUARDS.isdisjoint(found.fields(name)) for name in agents.changed):
        yield "this changes what guards agents: see REVIEW above", "red"


def _fields(fields: Mapping[str, tuple[Any, Any]]) -> Iterator[_Line]:
    for key in sorted(fields, key=lambda key: key not in _GUARDS):
        mark = "REVIEW: " if key in _GUARDS else ""
        yield f"  {mark}{key}: {_value(fields[key][0])} -> {_value(fields[key][1])}", "red" if mark else ""


def _others(found: Difference) -> Iterator[_Line]:
    for kind, delta in (("document", found.diff.documents), ("file", found.diff.files)):
        for word, names in (("added", delta.added), ("removed", delta.removed), ("changed", delta.changed)):
            for name in names:
                yield f"{kind} {word}", name


def _agent(generation: Generation[Any], name: str) -> str:
    path = generation.agents[name].path
    return f"{name} ({path})" if path else name


def _rights(delta: RightsDelta | None, *, new: bool = False) -> Iterator[_Line]:
    if delta is None:
        return
    if delta.gained:
        gained = "every tool" if "*" in delta.gained else ", ".join(delta.gained)
        yield f"  WIDENS: {'may use' if new else 'may now use'} {gained}", "red"
    if delta.lost:
        lost = "tools that it does not name" if delta.lost == ("*",) else ", ".join(delta.lost)
        yield f"  narrows: may no longer use all of {lost}", "green"


def _value(value: Any) -> str:
    if value is None:
        return "(absent)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _text(found: Difference, name: str, most: int) -> Iterator[_Line]:
    if not most:
        return
    texts = list(islice(found.text(name), 2, None))  # without the two that name the sides
    for text in texts[:most]:
        yield f"    {text}", {"+": "green", "-": "red"}.get(text[:1], "")
    if len(texts) > most:
        yield f"    … and {len(texts) - most} more lines", ""
