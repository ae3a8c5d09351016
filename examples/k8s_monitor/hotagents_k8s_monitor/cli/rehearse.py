"""``record`` and ``eval``: what looks at a cluster saw, kept; and what an edit would have come to on it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer evaluates annotations
from typing import Annotated, Literal

import typer

from hotagents.cli.output import Output
from hotagents_k8s_monitor.cli.errors import short_errors, told
from hotagents_k8s_monitor.cli.options import AsJson, Context, Kubeconfig, something

__all__ = ["evaluate", "record"]


@short_errors()
def record(  # noqa: PLR0913 - each is an option of the command line
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to; there must be no recording yet.")],
    looks: Annotated[int, typer.Option("--looks", min=1, max=100_000, help="How many looks.")] = 1,
    every: Annotated[float, typer.Option("--every", min=1, max=86_400, help="Seconds between two looks.")] = 60.0,
    names: Annotated[
        Literal["kept", "pseudonyms"],
        typer.Option("--names", help="Names as they are, or made up, for whoever shall not know them."),
    ] = "kept",
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="What happens in it, for people.")] = "",
    most_mib: Annotated[int, typer.Option("--most-mib", min=1, max=10_000, help="MiB that it never exceeds.")] = 50,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    as_json: AsJson = False,
) -> None:
    """Record what looks at a cluster see, for `eval`: redacted, read-only, nothing but one file in a directory.

    Values of environment variables, commands, arguments and annotations are left out, and what looks like a secret in
    any text. Ends with 0, with 1 where something could not be seen or the bound was reached, with 2 where nothing was
    seen.
    """
    from hotagents_k8s_monitor.cli.rehearsing import Task, record_looks  # noqa: PLC0415 - heavy
    from hotagents_k8s_monitor.settings import load_settings  # noqa: PLC0415

    output = Output(as_json=as_json)
    with told(output):
        settings = load_settings(kubeconfig=kubeconfig, context=context)
        task = Task(out=out, looks=looks, every=every, names=names, title=title, most_bytes=most_mib << 20)
        code = record_looks(settings, task, output)
    raise typer.Exit(code)


@short_errors()
def evaluate(
    recordings: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Recordings, or directories of them.")],
    *,
    config: Annotated[
        str | None,
        typer.Option(
            "--config",
            metavar="PATH",
            help="The candidate: a directory, or manifests of ConfigMaps.",
            callback=something,
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="PATH", help="Compare with this configuration, not with expected.yaml."),
    ] = None,
    records: Annotated[
        Path | None,
        typer.Option("--records", metavar="DIR", help="Keep records of it, a directory each, for `explain --data`."),
    ] = None,
    write_expected: Annotated[
        bool, typer.Option("--write-expected", help="Keep what it comes to as what is expected.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Replay recorded clusters under a configuration, and say what is found and told otherwise than expected.

    Ends with 0 where all is as expected, 1 where it is not or the configuration is refused, 2 where a recording cannot
    be used or nothing says what is expected of it.
    """
    from hotagents_k8s_monitor.cli.evaluating import Wanted, evaluate_all  # noqa: PLC0415 - heavy
    from hotagents_k8s_monitor.settings import load_settings  # noqa: PLC0415

    output = Output(as_json=as_json)
    with told(output):
        what = Wanted(config, against, write=write_expected, records=records)
        code = evaluate_all(load_settings(), recordings, what, output)
    raise typer.Exit(code)
