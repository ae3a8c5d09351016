"""The typer application: commands, options, and how they end.

Exit codes: 0 all is well, 1 there is something to look at, 2 wrong usage or nothing that could be used.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from hotagents.cli.output import Output
from hotagents_k8s_monitor.cli import read_back, rehearse
from hotagents_k8s_monitor.cli.ack import ack
from hotagents_k8s_monitor.cli.errors import short_errors, told
from hotagents_k8s_monitor.cli.options import (  # noqa: TC001 - typer evaluates annotations
    AsJson,
    Config,
    Context,
    Kubeconfig,
)

__all__ = ["alive", "app", "once", "preflight", "run"]

_EPILOG: Final = (
    "Settings come from the environment, K8S_MONITOR_ and the name: CONFIG_DIR, DATA_DIR, DETECTION_INTERVAL, "
    "LOOK_TIMEOUT, KUBECONFIG, CONTEXT, NAMESPACES, HEARTBEAT_FILE, LISTEN, DEAD_MAN_INTERVAL, DEAD_MAN_URL, "
    "SLACK_TOKEN, SLACK_WEBHOOK_URL, SLACK_BASE_URL, ALERTMANAGER_URL, ALERTMANAGER_TOKEN, WEBHOOK_URL, WEBHOOK_TOKEN, "
    "MODEL, MODEL_HAIKU, MODEL_SONNET, MODEL_OPUS, MODEL_PRICES, ANALYSIS_INTERVAL, ANALYSIS_SECONDS, ANALYSIS_TURNS, "
    "ANALYSIS_TOKENS, ANALYSIS_DOLLARS, LOG_NAMESPACES, REDACT_EMAILS, GITHUB_TOKEN, GITHUB_BASE_URL, "
    "RETENTION_DAYS, RETENTION_MIB, LOG_LEVEL. "
    "Exit codes: 0 all is well, 1 there is something to look at, 2 wrong usage or nothing that could be used."
)
app: Final = typer.Typer(
    name="k8s-monitor",
    help="Watches a Kubernetes cluster by rules that live in two ConfigMaps. It only ever reads.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
@short_errors()
def once(
    *,
    config: Config = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    analyze: Annotated[bool, typer.Option("--analyze", help="Ask a model about what is open.")] = False,
    print_request: Annotated[
        bool,
        typer.Option(
            "--print-request",
            help="Print what a model would be asked first, as it would be sent; nothing is without --analyze.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a cluster once and print what is wrong. Reads only; sends, records and remembers nothing. Asks a model
    with --analyze alone.

    What has no time of its own can only be counted from this first look, and shows as within its hold time. Ends with 0
    where all is well, 1 where something is wrong or could not be seen, 2 where nothing could be seen.
    """
    from hotagents_k8s_monitor.cli.asking import asked_model  # noqa: PLC0415 - heavy
    from hotagents_k8s_monitor.cli.looking import look_once  # noqa: PLC0415
    from hotagents_k8s_monitor.settings import load_settings  # noqa: PLC0415

    output = Output(as_json=as_json)
    with told(output):
        settings = load_settings(kubeconfig=kubeconfig, context=context)
        model = asked_model(analyze=analyze, shows=print_request)
        code = look_once(settings, config, output, model)
    raise typer.Exit(code)


@app.command()
@short_errors()
def run(*, config: Config = None, kubeconfig: Kubeconfig = None, context: Context = None) -> None:
    """Watch until SIGTERM or SIGINT: a look each K8S_MONITOR_DETECTION_INTERVAL seconds and after each change of the
    configuration; SIGHUP looks now. Everything is logged on standard error.
    """
    from hotagents.cli.logs import logging_to_stderr  # noqa: PLC0415 - heavy
    from hotagents_k8s_monitor.cli.looking import watch  # noqa: PLC0415
    from hotagents_k8s_monitor.settings import load_settings  # noqa: PLC0415

    settings = load_settings(config_dir=config, kubeconfig=kubeconfig, context=context)
    with logging_to_stderr(settings.log_level):
        watch(settings)


@app.command()
@short_errors()
def preflight(
    *, config: Config = None, kubeconfig: Kubeconfig = None, context: Context = None, as_json: AsJson = False
) -> None:
    """Say what will not work and what that costs: configuration, records, model, connection, each right. Changes
    nothing, and asks no model.
    """
    from hotagents_k8s_monitor.cli.looking import config_dir  # noqa: PLC0415 - heavy
    from hotagents_k8s_monitor.cli.quiet import silent  # noqa: PLC0415
    from hotagents_k8s_monitor.preflight import checks  # noqa: PLC0415
    from hotagents_k8s_monitor.settings import load_settings  # noqa: PLC0415

    settings = load_settings(kubeconfig=kubeconfig, context=context)
    output, failed = Output(as_json=as_json), 0
    with silent():
        for check in checks(settings, config_dir(settings, config)):
            failed += not check.ok
            mark, style = ("ok", "green") if check.ok else ("NOT OK", "red")
            output.event(f"{mark:<7} {check.what}: {check.text}", check.to_dict(), style=style)
    raise typer.Exit(1 if failed else 0)


@app.command()
@short_errors()
def alive(
    *, max_age: Annotated[float, typer.Option("--max-age", min=1, help="Seconds; older is not alive.")] = 60.0
) -> None:
    """Answer a liveness probe: 0 where `run` renewed K8S_MONITOR_HEARTBEAT_FILE lately, 1 where it did not."""
    from hotagents_k8s_monitor.heartbeat import age_of  # noqa: PLC0415 - only this command needs it
    from hotagents_k8s_monitor.settings import SettingsError, load_settings  # noqa: PLC0415

    path = load_settings().heartbeat_file
    if path is None:
        raise SettingsError("K8S_MONITOR_HEARTBEAT_FILE: not set, so nobody can say; set it for `run` and `alive`")
    age = age_of(path)
    if age is None:
        said = "never renewed"
    else:
        said = f"renewed {age:.0f} s ago" if age >= 0 else f"renewed {-age:.0f} s in the future: the clock was set back"
    Output().line(f"{path}: {said}")
    raise typer.Exit(0 if age is not None and abs(age) <= max_age else 1)


app.command("ack")(ack)
app.command("record")(rehearse.record)
app.command("eval")(rehearse.evaluate)
app.command("incidents")(read_back.incidents)
app.command("cycles")(read_back.cycles)
app.command("explain")(read_back.explain)
