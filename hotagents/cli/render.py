"""``render``: a directory of agent definitions as manifests, with the lock of the whole set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotagents.cli.options import (  # noqa: TC001 - typer evaluates them
    AsJson,
    Documents,
    NoRecover,
    RunnerName,
    SpecName,
    Strict,
)
from hotagents.cli.output import Output, UsageError, complain, counted, short_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hotagents.cli.chosen import Chosen

__all__ = ["render"]


@short_errors()
def render(  # noqa: PLR0913 - one parameter for each option
    root: Annotated[str, typer.Argument(metavar="DIR", help="A directory of agent definitions.")],
    *,
    name: Annotated[str, typer.Option(help="Of the ConfigMap and the volume; else the directory's.")] = "",
    namespace: Annotated[str, typer.Option(help="Of all objects.")] = "",
    label: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label; may be repeated.")] = None,
    mount: Annotated[str, typer.Option(metavar="PATH", help="Where the container mounts it.")] = "/app/.claude",
    workload: Annotated[str, typer.Option(metavar="KIND/NAME", help="What mounts it; else a Deployment.")] = "",
    container: Annotated[str, typer.Option(help="The container; else called like the workload.")] = "",
    release: Annotated[str, typer.Option(help="What the lock calls this set.")] = "",
    commit: Annotated[str, typer.Option(help="Where the lock says that it comes from.")] = "",
    lock: Annotated[bool, typer.Option(help="Lay a lock beside the files.")] = True,
    projected: Annotated[bool, typer.Option("--projected", help="A projected volume, even of one ConfigMap.")] = False,
    output: Annotated[str | None, typer.Option(metavar="DIR", help="Write files there instead of printing.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit with 1 if --output is not so.")] = False,
    runner: RunnerName = None,
    spec: SpecName = None,
    document: Documents = None,
    no_recover: NoRecover = False,
    strict: Strict = None,
    as_json: AsJson = False,
) -> None:
    """Print or write ConfigMaps, a patch that mounts them as one volume, and a kustomize component of both.

    The same files give the same bytes. A set that a registry would refuse is refused here too.
    """
    from hotagents.cli.chosen import choose  # noqa: PLC0415 - heavy
    from hotagents.lock import Lock  # noqa: PLC0415
    from hotagents.ops.mounting import Target  # noqa: PLC0415
    from hotagents.ops.render import rendered  # noqa: PLC0415

    if check and output is None:
        raise UsageError("--check: expected --output too, the directory to compare with")
    if output is not None and Path(output).resolve().is_relative_to(Path(root).resolve()):
        raise UsageError("--output: expected a directory outside of DIR, or what is rendered would be rendered again")
    files = _good_files(
        root, choose(runner=runner, spec=spec, documents=document, no_recover=no_recover, strict=strict)
    )
    kind, _, owner = workload.rpartition("/")
    try:
        target = Target(
            name=name or os.path.basename(os.path.abspath(root)).lstrip("."),  # noqa: PTH100, PTH119 - a link stays a link
            namespace=namespace,
            labels=dict(_pair(text) for text in label or ()),
            root=mount,
            kind=kind or "Deployment",
            workload=owner,
            container=container,
            projected=projected,
        )
        manifests = rendered(files, target, lock=Lock.of(files, release=release, commit=commit) if lock else None)
    except ValueError as error:
        raise UsageError(str(error)) from error
    out = Output(as_json=as_json)
    if output is None:
        _print(out, manifests)
    else:
        _keep(out, Path(output), manifests, writes=not check)


def _good_files(root: str, chosen: Chosen) -> Mapping[str, bytes]:
    """Return the files, if the set is good; what an earlier lock says of it does not count."""
    from hotagents.cli.reading import read  # noqa: PLC0415 - heavy

    reading = read(root, chosen)
    errors = [d for d in reading.placed if d.severity == "error" and not d.code.startswith("lock-")]
    for diagnostic in errors:
        complain(str(diagnostic))
    if errors:
        raise typer.Exit(1)
    return reading.snapshot.files


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError(f"--label: expected KEY=VALUE, got {text}")
    return key, value


def _print(out: Output, manifests: Mapping[str, str]) -> None:
    from hotagents.ops.render import CONFIGMAPS, WORKLOAD  # noqa: PLC0415 - heavy

    if out.as_json:
        out.json({"files": dict(manifests)})
    else:
        out.raw("---\n".join(manifests[name] for name in (CONFIGMAPS, WORKLOAD)).removesuffix("\n"))


def _keep(out: Output, directory: Path, manifests: Mapping[str, str], *, writes: bool) -> None:
    """Write what differs, or only say what does; never over a file that was not rendered."""
    if writes:
        _refuse_foreign(directory / name for name in manifests)
    differing = [name for name, text in manifests.items() if _content(directory / name) != text.encode()]
    stale = sorted({path.name for path in _ours(directory)} - manifests.keys())
    if writes:
        directory.mkdir(parents=True, exist_ok=True)
        for name in differing:
            (directory / name).write_bytes(manifests[name].encode())
        for name in stale:
            (directory / name).unlink()
    if out.as_json:
        out.json({"directory": str(directory), "differing": differing, "stale": stale, "written": writes})
    else:
        _say(out, directory, differing, stale, writes=writes)
    if (differing or stale) and not writes:
        complain(f"{counted(len(differing) + len(stale), 'file')} not as rendered; run it again without --check")
        raise typer.Exit(1)


def _say(out: Output, directory: Path, differing: Sequence[str], stale: Sequence[str], *, writes: bool) -> None:
    for name in differing:
        out.line(f"{'wrote' if writes else 'differs'}: {directory / name}")
    for name in stale:
        out.line(f"{'deleted' if writes else 'is rendered no more'}: {directory / name}")
    if not differing and not stale:
        out.line(f"{directory}: nothing to do")


def _ours(directory: Path) -> Iterable[Path]:
    from hotagents.snapshot import LOCK_NAME  # noqa: PLC0415 - heavy

    return [path for path in (directory / LOCK_NAME,) if path.is_file()]


def _refuse_foreign(paths: Iterable[Path]) -> None:
    from hotagents.ops.render import HEADS  # noqa: PLC0415 - heavy

    for path in paths:
        content = _content(path)
        # A checkout may have given it other ends of lines.
        if content is not None and not content.replace(b"\r\n", b"\n").startswith(HEADS):
            raise UsageError(f"{path}: was not written by hotagents render; give another --output")


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
