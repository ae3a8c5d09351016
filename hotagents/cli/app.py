"""The typer application: which commands there are."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from hotagents.cli import check, ctl, demo, diff, doctor, live, render, schema, show, sim, status
from hotagents.version import __version__

__all__ = ["app"]

app: Final = typer.Typer(
    name="hotagents",
    help="Mounted agent definitions: will they be accepted, what is served, what has changed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help needs no rich
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"hotagents {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before a command."""
    del version  # its callback has answered


app.command("validate", short_help="Say what is wrong, with file, line and column.")(check.validate)
app.command("show", short_help="List what would be served and what not.")(show.show)
app.command("digest", short_help="Print the name of the content.")(check.digest)
app.command("doctor", short_help="Say why a mount is not what it should be.")(doctor.doctor)
app.command("diff", short_help="Say what an edit would change.")(diff.diff)
app.command("render", short_help="Write ConfigMaps, their mount and the lock.")(render.render)
app.command("schema", short_help="Print what an editor needs to complete and check files.")(schema.schema)
app.command("watch", short_help="Print each change and each refusal.")(live.watch)
app.command("run", short_help="Run installed runners.")(live.run)
app.command("status", short_help="Say what a running process serves, and what is wrong.")(status.status)
app.command("ctl", short_help="Make a running process go back, let go on, or run now.")(ctl.ctl)
app.command("kubelet-sim", short_help="Write a volume as the kubelet does.")(sim.kubelet_sim)
app.command("demo", short_help="Show it all on a temporary volume.")(demo.demo)
