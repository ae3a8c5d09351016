"""Options that several commands share, each defined once."""

from __future__ import annotations

import threading
from typing import Annotated, Literal, TypeAlias

import typer

__all__ = [
    "AllowEmpty",
    "AsJson",
    "ContainerName",
    "Documents",
    "ForSeconds",
    "MountRoot",
    "Namespace",
    "NoRecover",
    "OnInvalid",
    "OnStartInvalid",
    "Paths",
    "Root",
    "RunnerName",
    "SpecName",
    "StateDir",
    "Strict",
    "WaitForSource",
    "Workload",
    "WorkloadName",
    "seconds",
]


def seconds(value: float | None) -> float | None:
    """Return the seconds if a wait can last that long.

    Raises:
        typer.BadParameter: If it is negative, no number, or longer than a lock can wait.
    """
    if value is None or 0 <= value < threading.TIMEOUT_MAX:
        return value
    raise typer.BadParameter(f"expected 0 or more seconds, got {value}")


Root: TypeAlias = Annotated[
    str, typer.Argument(metavar="DIR", help="A directory or volume of agent definitions, or one file.")
]
Paths: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH...",
        help="Directories, volumes or files; or manifests (.yaml, .yml, .json, - for standard input).",
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
AllowEmpty: TypeAlias = Annotated[bool, typer.Option("--allow-empty", help="Accept a path without agents.")]
OnInvalid: TypeAlias = Annotated[
    Literal["hold-set", "hold-volume", "hold-file"],
    typer.Option(help="What a broken edit holds at its last good content."),
]
OnStartInvalid: TypeAlias = Annotated[
    Literal["fail", "last-good"], typer.Option(help="What a start on a broken path does; last-good needs --state-dir.")
]
StateDir: TypeAlias = Annotated[
    str | None, typer.Option("--state-dir", metavar="DIR", help="Where the last good set is kept across restarts.")
]
WaitForSource: TypeAlias = Annotated[
    float, typer.Option(metavar="SECONDS", help="Wait that long for a path that is not there yet.", callback=seconds)
]
ForSeconds: TypeAlias = Annotated[
    float | None, typer.Option("--for", metavar="SECONDS", help="End after that long.", callback=seconds)
]
RunnerName: TypeAlias = Annotated[
    str | None, typer.Option("--runner", metavar="NAME", help="Take the classes of this installed runner.")
]
SpecName: TypeAlias = Annotated[
    str | None, typer.Option("--spec", metavar="MODULE:CLASS", help="Class of every agent.")
]
Documents: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--document", metavar="PATH=MODULE:CLASS", help="A required document and its class; may be repeated."),
]
NoRecover: TypeAlias = Annotated[
    bool,
    typer.Option("--no-recover", help="Refuse a text without the quotes that YAML wants; do not take it literally."),
]
Strict: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--strict", metavar="CODE", help="A warning that is an error; may be repeated, all is every one."),
]
Workload: TypeAlias = Annotated[
    str | None,
    typer.Option("--workload", metavar="FILE", help="Manifest of the Deployment, Pod, ... that mounts them."),
]
MountRoot: TypeAlias = Annotated[
    str | None, typer.Option("--root", metavar="PATH", help="Lay manifests out as the pod sees them at this path.")
]
ContainerName: TypeAlias = Annotated[
    str | None, typer.Option("--container", metavar="NAME", help="The container, where several mount something there.")
]
Namespace: TypeAlias = Annotated[
    str | None, typer.Option("--namespace", metavar="NAME", help="Take objects of this namespace, and of none.")
]
WorkloadName: TypeAlias = Annotated[
    str | None,
    typer.Option("--workload-name", metavar="KIND/NAME", help="The workload, where several mount something there."),
]
