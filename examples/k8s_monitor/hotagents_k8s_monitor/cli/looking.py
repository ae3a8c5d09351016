"""What ``once`` and ``run`` do: a registry on the configuration, a host with the monitor, and a reader's lines."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hotagents import ConfigRegistry, Host, escape, load_plugins
from hotagents_k8s_monitor import plugin
from hotagents_k8s_monitor.assembly import collector, monitor, recorder
from hotagents_k8s_monitor.cli.quiet import silent
from hotagents_k8s_monitor.deadman import DeadMan, post
from hotagents_k8s_monitor.heartbeat import Heartbeat, refuse_foreign
from hotagents_k8s_monitor.metrics import MonitorCollector, Tally
from hotagents_k8s_monitor.monitor import Monitor
from hotagents_k8s_monitor.notifiers import configured
from hotagents_k8s_monitor.notify import NoNotifier
from hotagents_k8s_monitor.policy import shown
from hotagents_k8s_monitor.settings import PREFIX, SettingsError
from hotagents_k8s_monitor.shipped import config_dir as shipped_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from hotagents import CycleResult, Plugins, Runner, RunnerContext
    from hotagents.cli.output import Output
    from hotagents_k8s_monitor.cli.asking import AskedModel
    from hotagents_k8s_monitor.settings import Settings

__all__ = ["config_dir", "look_once", "watch"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
_NEVER: Final = 1e6
_MARGIN: Final = 30.0  # seconds that a cycle may take beside its look at the cluster


def config_dir(settings: Settings, given: str | None) -> Path:
    """Return the configuration to use: what was asked for; else what is mounted at the usual place; else the shipped
    example, which never stands in for a directory that somebody named.
    """
    if given is not None:
        return Path(given)
    is_named = "config_dir" in settings.model_fields_set
    return settings.config_dir if is_named or settings.config_dir.exists() else shipped_config()


def look_once(settings: Settings, given: str | None, output: Output, model: AskedModel | None) -> int:
    """Do one cycle that leaves nothing behind, and print it; return the exit code.

    That is 0 for a healthy cluster, 2 where nothing of it could be seen, else 1.

    Raises:
        InvalidConfigError, SourceError: If the configuration is refused or cannot be read.
    """
    results: list[CycleResult] = []
    analyst = model.analyst(settings) if model is not None else None
    runner = Monitor(collector(settings), NoNotifier(), analyst=analyst)
    path = config_dir(settings, given)
    plugins = load_plugins(from_entry_points=False, plugins={plugin.NAME: plugin}).hosting([plugin.NAME])
    with silent(), _registry(path, plugins) as registry:

        def finished(result: CycleResult) -> None:
            results.append(result)
            host.stop()

        timeout = settings.look_timeout + _MARGIN + (settings.analysis_seconds if model is not None else 0.0)
        host = Host(registry, [runner], interval=_NEVER, timeout=timeout, grace=1.0, on_result=finished)
        host.run()
    if not results:  # a signal came first
        return 1
    result = results[0]
    which = " (the shipped example)" if path == shipped_config() else ""
    output.event(f"configuration {escape(str(path))}{which}, generation {result.digest[:19]}", _facts(result))
    if not output.as_json:
        for line, style in _lines(result):
            output.line(line, style=style)
    if model is not None and result.data:
        model.tell(result.data, output)
    return _exit_code(result)


def _facts(result: CycleResult) -> dict[str, Any]:
    """Return a result in which nobody was told of anything, as nobody was."""
    facts = result.to_dict()
    return facts | {"data": facts["data"] | ({"told": []} if facts["data"] else {})}


def _exit_code(result: CycleResult) -> int:
    if result.status != "ok":
        return 1
    if result.data["gaps"] and not any(result.data["seen"].values()):
        return 2
    return 0 if result.data["verdict"] == "healthy" else 1


def watch(settings: Settings) -> None:
    """Run until a signal says to end.

    Raises:
        InvalidConfigError, SourceError: If the first configuration is refused or cannot be read.
        RecordsError: If a newer version wrote the state, or another monitor has it: said by an end, not by a monitor
            that looks at nothing.
        SettingsError: If the heartbeat's file is somebody else's, what is to be listened on cannot be had, or what
            messages need is not installed.
    """
    refuse_foreign(settings.heartbeat_file)
    configured(settings, logger)  # what is not installed is said by an end
    kept, tally = recorder(settings), Tally()
    kept.refuse_newer()

    def create(context: RunnerContext) -> Runner:
        return monitor(settings, logger=context.logger, kept=kept)

    plugins = load_plugins(wanted=[plugin.NAME]).hosting([plugin.NAME])
    with _registry(settings.config_dir, plugins) as registry:
        kept.claim()  # released by the monitor's own end
        host = Host(
            registry,
            [replace(plugin.INFO, create=create)],
            interval=settings.detection_interval,
            run_on_change=True,
            timeout=settings.look_timeout + _MARGIN,
            on_result=tally.add,
            plugins=plugins,
        )

        def healthy() -> bool:
            return host.status.healthy

        with ExitStack() as beside:
            beside.enter_context(Heartbeat(settings.heartbeat_file, healthy))
            beside.enter_context(DeadMan(settings.dead_man_interval, tally, healthy, _alive(settings.dead_man_url)))
            if settings.listen:
                beside.enter_context(_listener(settings.listen, registry, host, tally))
            host.run()


def _alive(url: str) -> Callable[[str, Mapping[str, Any]], None]:
    def say(text: str, facts: Mapping[str, Any]) -> None:
        logger.info("%s", text)
        if url:
            post(url, facts)

    return say


def _listener(place: str, registry: ConfigRegistry[Any], host: Host, tally: Tally) -> AbstractContextManager[object]:
    try:
        from hotagents.ops.listening import Listener  # noqa: PLC0415 - heavy, and an extra
    except ModuleNotFoundError as error:
        raise SettingsError(f"{PREFIX}LISTEN: needs {error.name}; install hotagents[web], or unset it") from error
    try:
        return Listener(place, registry, host, collectors=[MonitorCollector(tally)])
    except (OSError, ValueError) as error:
        raise SettingsError(f"{PREFIX}LISTEN: {escape(str(error), limit=300)}") from error


def _registry(path: Path, plugins: Plugins) -> ConfigRegistry[Any]:
    return ConfigRegistry(path, spec=plugin.SPECS, documents=plugin.DOCUMENTS, plugins=plugins)


def _lines(result: CycleResult) -> Iterator[tuple[str, str]]:
    """Yield lines and their colours; all text of the cluster's was escaped when it was judged."""
    if result.status != "ok":
        yield result.error or result.status, "red"
    if not result.data:
        return
    at = datetime.fromisoformat(result.data["at"])
    yield from (_finding_line(finding, at) for finding in result.data["findings"])
    yield result.summary, "green" if result.data["verdict"] == "healthy" else "red"


def _finding_line(finding: Mapping[str, Any], at: datetime) -> tuple[str, str]:
    state = finding["state"] if finding["muted"] is None else finding["muted"]["kind"]
    owner = finding["owner"]
    name = "/".join(part for part in (owner["namespace"], owner["name"]) if part)
    lasts = shown(at - datetime.fromisoformat(finding["since"]))
    line = f"{finding['severity']}  {state:<8}  {escape(owner['kind'])} {escape(name)} ({finding['tier']},"
    line += f" {finding['impact']}, for {lasts})  {finding['rule']}: {finding['message']}"
    return line, "red" if state == "open" else ""
