"""``demo``: the library's own story, told on a temporary volume."""

from __future__ import annotations

import typer

from hotagents.cli.options import AsJson  # noqa: TC001 - typer evaluates it
from hotagents.cli.output import Output, short_errors

__all__ = ["demo"]


@short_errors()
def demo(*, as_json: AsJson = False) -> None:
    """Show what happens to a running program when its agents change: a good edit, a bad one, a way back."""
    from hotagents.demo import run  # noqa: PLC0415 - heavy

    raise typer.Exit(run(as_json=as_json, write=Output(as_json=as_json).raw))
