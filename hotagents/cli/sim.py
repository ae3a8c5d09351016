"""``kubelet-sim``: a ConfigMap's volume from the shell, written as the kubelet writes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hotagents.cli.options import AsJson, ForSeconds  # noqa: TC001 - typer evaluates them
from hotagents.cli.output import Output, UsageError, complain, short_errors

if TYPE_CHECKING:
    from hotagents.sources import Directory
    from hotagents.testing import ConfigMapVolume

__all__ = ["kubelet_sim"]

_LINK: Final = "..data"


@short_errors()
def kubelet_sim(
    target: Annotated[str, typer.Argument(metavar="DIR", help="The volume; made where it is not there.")],
    *,
    source: Annotated[str, typer.Option("--from", metavar="SRC", help="The plain directory with its content.")],
    follow: Annotated[bool, typer.Option("--watch", help="Go on, and swap at each change of SRC.")] = False,
    duration: ForSeconds = None,
    as_json: AsJson = False,
) -> None:
    """Give DIR the content of SRC in one swap, and print the new payload's name, or "unchanged".

    Dot files and editors' temporary files are left out. With --watch it ends at SIGINT or SIGTERM.
    """
    from hotagents.cli.inbox import Inbox  # noqa: PLC0415 - heavy
    from hotagents.sources import Directory  # noqa: PLC0415
    from hotagents.testing import ConfigMapVolume  # noqa: PLC0415

    if Path(source).is_file():
        raise UsageError(f"{source}: is a file; --from takes a directory")
    _refuse_misuse(Path(target), Path(source))
    origin, volume, output = Directory(source), ConfigMapVolume(target), Output(as_json=as_json)
    token = origin.token()
    _copy(origin, volume, output)
    if not follow:
        return
    with Inbox[None](seconds=duration) as inbox:
        for _ in inbox:
            if (now := origin.token()) != token:
                token = now
                _try_copy(origin, volume, output)


def _refuse_misuse(target: Path, source: Path) -> None:
    """Keep a slip from filling somebody's directory with links, or from copying a volume into itself."""
    here, there = target.resolve(), source.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise UsageError(f"{target}: expected a directory beside {source}, not in, around or equal to it")
    if not target.exists() or (target / _LINK).is_symlink():
        return
    if not target.is_dir() or any(not entry.is_dir() or entry.is_symlink() for entry in target.iterdir()):
        raise UsageError(f"{target}: is there and is no volume; name a new or empty directory")


def _try_copy(origin: Directory, volume: ConfigMapVolume, output: Output) -> None:
    """Copy; what fails is said and left for the next change, as the kubelet does."""
    from hotagents.errors import SourceError  # noqa: PLC0415 - heavy

    try:
        _copy(origin, volume, output)
    except (SourceError, UsageError) as error:
        complain(str(error))


def _copy(origin: Directory, volume: ConfigMapVolume, output: Output) -> None:
    from hotagents.diagnostics import errors_in  # noqa: PLC0415 - heavy
    from hotagents.sources import read_settled  # noqa: PLC0415

    snapshot = read_settled(origin)
    for error in errors_in(snapshot.diagnostics):
        raise UsageError(str(error))  # one bad file fails the whole write
    swapped = volume.write(snapshot.files)
    facts = {"payload": volume.payload, "swapped": swapped, "files": len(snapshot.files), "digest": snapshot.digest}
    output.event(volume.payload if swapped else "unchanged", facts)
