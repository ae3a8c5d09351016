"""``diff``: what lies between two directories, or what an edit would change."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hotagents.cli.given import STDIN, Mounting, is_manifest, the_one
from hotagents.cli.options import (  # noqa: TC001 - typer evaluates them
    AsJson,
    ContainerName,
    Documents,
    MountRoot,
    Namespace,
    NoRecover,
    RunnerName,
    SpecName,
    Strict,
    Workload,
    WorkloadName,
)
from hotagents.cli.output import Output, UsageError, complain, counted, for_shell, short_errors

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from hotagents.generation import Delta, Generation, RightsDelta
    from hotagents.ops.difference import Difference, Rewritten
    from hotagents.ops.gains import Gain

__all__ = ["diff"]

_LONGEST: Final = 200
_WIDEST: Final = 2000
_MOST_DENIED: Final = 10
_WAYS: Final[Mapping[Rewritten, str]] = {
    "line-ends": "line ends",
    "writing": "how it is written: comments, spacing, order or the like",
}
_GUARDS: Final = frozenset({"permissionMode", "hooks", "mcpServers", "isolation", "maxTurns"})
"""Keys that decide what an agent may do beside its tools; whether an edit of one widens that, only people can tell."""
_IDLE: Final = ", which changes nothing: it is what holds without the key"
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
    no_recover: NoRecover = False,
    strict: Strict = None,
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

    output, chosen = (
        Output(as_json=as_json),
        choose(runner=runner, spec=spec, documents=document, no_recover=no_recover, strict=strict),
    )
    mounting = Mounting(
        workload=workload, root=root, container=container, namespace=namespace, workload_name=workload_name
    )
    if not is_manifest(before) and not is_manifest(after):
        mounting.refuse()
    if sum(path == STDIN or (is_manifest(path) and workload == STDIN) for path in (before, after)) > 1:
        raise UsageError("-: standard input is read once, and here for both sides: write one of them to a file first")
    readings = []
    for path in (before, after):
        what = the_one([path], mounting if is_manifest(path) else Mounting())
        with told(what, output):
            readings.append(read(what, chosen))
    old, new = readings
    written, withheld = (old.snapshot.files, new.snapshot.files), old.secrets.paths | new.secrets.paths
    found = Difference.between(old.generation, new.generation, written=written, withheld=withheld)
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
    yield from _agents(found, most)
    for name, (old, new) in found.moved.items():
        yield f"agent moved: {name}: {old} -> {new}", ""
    yield from _come_and_gone("document", found.diff.documents)
    for path in found.diff.documents.changed:
        yield f"document changed: {path}", ""
        yield from _not_shown(hidden=path in found.withheld)
        yield from _rewritten(found.document_rewritten(path), "is read")
        yield from _text(found.document_text(path), most)
    yield from _come_and_gone("file", found.diff.files)
    for path in found.diff.files.changed:
        yield f"file changed: {path}", ""
        yield from _file(found, path, most)
    yield f"{found.before.digest} -> {found.after.digest}", ""
    if found.widens:
        yield "this WIDENS what agents may do: see above", "red"
    there_now = (*found.diff.agents.added, *found.diff.agents.changed)
    if any(not _GUARDS.isdisjoint(found.fields(name).keys() - found.idle(name)) for name in there_now):
        yield "this changes what guards agents: see REVIEW above", "red"


def _agents(found: Difference, most: int) -> Iterator[_Line]:
    rights, gains, agents = found.rights, found.gains, found.diff.agents
    for name in agents.added:
        yield f"agent added: {_agent(found.after, name)}", "green"
        yield from _gained(gains.get(name, ()), "may use")
        guards = _GUARDS - found.idle(name)
        yield from _fields({key: pair for key, pair in found.fields(name).items() if key in guards})
    for name in agents.removed:
        yield f"agent removed: {_agent(found.before, name)}", "red"
        yield from _lost(rights.get(name))
    for name in agents.changed:
        yield f"agent changed: {_agent(found.after, name)}", "yellow"
        yield from _gained(gains.get(name, ()), "may now use")
        yield from _lost(rights.get(name))
        yield from _fields(found.fields(name), found.idle(name))
        yield from _not_shown(hidden=found.hides(name))
        yield from _rewritten(found.agent_rewritten(name), "the agent is given")
        yield from _text(found.agent_text(name), most)


def _come_and_gone(kind: str, delta: Delta) -> Iterator[_Line]:
    for word, names in (("added", delta.added), ("removed", delta.removed)):
        for name in names:
            yield f"{kind} {word}: {name}", ""


def _agent(generation: Generation[Any], name: str) -> str:
    path = generation.agents[name].path
    return f"{name} ({path})" if path else name


# --- of an agent ----------------------------------------------------------------------------------------------------


def _gained(gains: Sequence[Gain], words: str) -> Iterator[_Line]:
    if gains:
        everything = [gain for gain in gains if gain.entry == "*"]
        yield f"  WIDENS: {words} {', '.join(_gain(gain) for gain in everything or gains)}", "red"


def _gain(gain: Gain) -> str:
    """Return what was gained; of an entry that is not granted or is denied in part, no more than that."""
    limits = ["as far as it is granted"] if not gain.granted else []
    if gain.denied:
        more = f" and {len(gain.denied) - _MOST_DENIED} more" if len(gain.denied) > _MOST_DENIED else ""
        limits.append(f"except what is denied: {', '.join(gain.denied[:_MOST_DENIED])}{more}")
    entry = "every tool" if gain.entry == "*" else gain.entry
    return f"{entry} ({', '.join(limits)})" if limits else entry


def _lost(delta: RightsDelta | None) -> Iterator[_Line]:
    if delta is not None and delta.lost:
        lost = "tools that it does not name" if delta.lost == ("*",) else ", ".join(delta.lost)
        yield f"  narrows: may no longer use all of {lost}", "green"


def _fields(fields: Mapping[str, tuple[Any, Any]], idle: Container[str] = ()) -> Iterator[_Line]:
    for key in sorted(fields, key=lambda key: key not in _GUARDS):
        mark = "REVIEW: " if key in _GUARDS and key not in idle else ""
        changes = f"{_value(fields[key][0])} -> {_value(fields[key][1])}"
        yield f"  {mark}{key}: {changes}{_IDLE if key in idle else ''}", "red" if mark else ""


def _value(value: Any) -> str:
    from hotagents.manifests import NOT_SHOWN  # noqa: PLC0415 - heavy

    if value is None:
        return "(absent)"
    if value == NOT_SHOWN:
        return f"({value})"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


# --- text -----------------------------------------------------------------------------------------------------------


def _rewritten(how: Rewritten | None, what: str) -> Iterator[_Line]:
    if how is not None:
        yield f"  nothing that {what} differs, only {_WAYS[how]}", ""


def _not_shown(*, hidden: bool) -> Iterator[_Line]:
    from hotagents.manifests import NOT_SHOWN  # noqa: PLC0415 - heavy

    if hidden:
        yield f"  {NOT_SHOWN}", ""


def _file(found: Difference, path: str, most: int) -> Iterator[_Line]:
    from hotagents.ops.texts import text_of  # noqa: PLC0415 - heavy

    old, new = found.before.files[path], found.after.files[path]
    if path in found.withheld:
        yield from _not_shown(hidden=True)
    elif text_of(old) is None or text_of(new) is None:
        yield f"  no text: {counted(len(old), 'byte')} -> {counted(len(new), 'byte')}", ""
    else:
        yield from _text(found.file_text(path), most)


def _text(texts: Iterator[str], most: int) -> Iterator[_Line]:
    if not most:
        return
    lines = list(islice(texts, 2, None))  # without the two that name the sides
    for line in lines[:most]:
        cut = line if len(line) <= _WIDEST else line[:_WIDEST] + "…"
        yield f"    {cut}", {"+": "green", "-": "red"}.get(line[:1], "")
    if len(lines) > most:
        yield f"    … and {len(lines) - most} more lines", ""
