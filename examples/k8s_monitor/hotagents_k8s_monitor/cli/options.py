"""Options that several commands take."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

__all__ = ["AsJson", "Config", "Context", "Kubeconfig", "something"]


def something(value: str | None) -> str | None:
    """Refuse an empty value, such as of a shell's variable that is not set: it would mean another than was meant."""
    if value == "":
        raise typer.BadParameter("expected a value, got an empty one; leave the option out for the default")
    return value


Config: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="DIR",
        help="Configuration; K8S_MONITOR_CONFIG_DIR, else the shipped example.",
        callback=something,
    ),
]
Kubeconfig: TypeAlias = Annotated[
    str | None, typer.Option("--kubeconfig", metavar="FILE", help="A kubeconfig.", callback=something)
]
Context: TypeAlias = Annotated[
    str | None, typer.Option("--context", metavar="NAME", help="A context of it.", callback=something)
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
