"""`RegistryCollector`: a registry, and a host on it, as Prometheus metrics; the extra ``[metrics]`` brings the client.

Nothing is counted here: each scrape reads ``registry.status`` and ``host.status``, so no number can disagree with what
they say. Every label has few values: digests come one at a time, and runners are those that the program hosts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final, get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from hotagents.clock import Clock, SystemClock
from hotagents.diagnostics import escape
from hotagents.errors import ForkedError
from hotagents.holding import HELD
from hotagents.status import RegistryStatus, ReloadResult
from hotagents.watching import NO_ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from prometheus_client.core import Metric

    from hotagents.diagnostics import Diagnostic
    from hotagents.generation import Generation
    from hotagents.host import Host, HostStatus
    from hotagents.registry import ConfigRegistry

__all__ = ["RegistryCollector"]

_HELD_BY: Final = ("Rejected", "Held", "WaitingForLock", "Unstable", "Failed")
_MODES: Final = ("inotify", "watchfiles", "polling", "memory", "none", "other")


@final
class RegistryCollector(Collector):
    """To be registered: ``prometheus_client.REGISTRY.register(RegistryCollector(registry, host))``.

    In a forked child, where the registry is of no use, it has no metrics. Any thread may scrape.

    Args:
        registry: Started or not.
        host: What runs on it; without one there is no ``hotagents_cycles_total``.
        clock: What ``held`` seconds are measured by.
    """

    def __init__(
        self,
        registry: ConfigRegistry[Any],
        host: Host | None = None,
        *,
        clock: Clock = SystemClock(),  # noqa: B008 - without state
    ) -> None:
        self._registry = registry
        self._host = host
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """Return every metric of this moment."""
        try:
            status = self._registry.status
            generation = next((g for g in self._registry.history if g.number == status.generation), None)
        except ForkedError:
            return []
        metrics = [*_config(status, self._clock.now()), *_watch(status), _agents(status, generation)]
        return metrics if self._host is None else [*metrics, _cycles(self._host.status)]


def _config(status: RegistryStatus, now: datetime) -> Iterator[Metric]:
    successful = status.generation > 0 and not status.last_error
    yield _gauge(
        "config_last_reload_successful", "1 where nothing is wrong with what was last read, else 0.", successful
    )
    yield _gauge(
        "config_last_reload_success_timestamp_seconds",
        "When a reading last found served content equal to the source's; 0 before the first.",
        status.last_success.timestamp() if status.last_success is not None else 0,
    )
    if status.last_check is not None:
        help_ = "When the watch last finished a check."
        yield _gauge("config_last_check_timestamp_seconds", help_, status.last_check.timestamp())
    help_ = "How often the source was read, by what that came to."
    yield _counter(
        "config_reloads", help_, "result", {result: status.reloads.get(result, 0) for result in get_args(ReloadResult)}
    )
    yield _gauge(
        "config_generation", "Number of the generation served, of this process; 0 before the first.", status.generation
    )
    info = InfoMetricFamily("hotagents_config", "The digest of the content served; empty before the first.")
    info.add_metric([], {"digest": status.digest})
    yield info
    yield _gauge("config_reload_duration_seconds", "How long the last reading took.", status.last_reload_seconds)
    yield _labelled(
        "config_held_seconds",
        "For how long what was last read has not been served, by reason.",
        "reason",
        _held(status, now),
    )


def _watch(status: RegistryStatus) -> Iterator[Metric]:
    yield _counter("watch_missed_changes", "Changes that no event announced.", "", {"": status.missed_changes})
    help_ = "What went wrong with the watch itself, by kind."
    yield _counter("watch_errors", help_, "reason", {**NO_ERRORS, **status.watch_errors})
    modes = set(status.watch_mode.split("+"))
    known = {mode: float(mode in modes) for mode in _MODES}
    known["other"] = float(not modes <= set(_MODES))
    yield _labelled("watch_mode", "1 for each way in which events arrive.", "mode", known)
    yield _counter("subscriber_errors", "Calls of subscribers that raised.", "", {"": status.subscriber_errors})
    yield _gauge("pinned_generations", "Pins held, each on one generation.", status.pins)


def _agents(status: RegistryStatus, generation: Generation[Any] | None) -> Metric:
    """Count agents: what is served is the sum of the first two."""
    counts = {"served": 0, "held": 0, "left_out": 0}
    if generation is not None:
        said = _said_of_held(status, generation)
        paths = {diagnostic.path for diagnostic in said if diagnostic.path}
        of_volumes = _in_held_volumes(said, generation)
        for agent in generation.agents.values():
            counts["held" if agent.path in paths or agent.name in of_volumes else "served"] += 1
        there = {agent.path for agent in generation.agents.values()} | generation.documents.keys()
        counts["left_out"] = len(paths - there)
    help_ = "Agents, as published (served), kept at earlier content (held), or new, bad and not served (left_out)."
    return _labelled("agents", help_, "state", counts)


def _said_of_held(status: RegistryStatus, generation: Generation[Any]) -> list[Diagnostic]:
    """Return what says that a part is held: of the generation, and of a reading that it stood up to as it was."""
    of_reading = status.diagnostics if status.condition("Current").reason != "Held" else ()
    if status.condition("Complete").reason != "FilesHeld":
        return []
    return [d for d in (*generation.diagnostics, *of_reading) if d.code in HELD]


def _in_held_volumes(said: Iterable[Diagnostic], generation: Generation[Any]) -> set[str]:
    """Return the names of the agents in volumes that are held; which these are, only the messages tell."""
    messages = [diagnostic.message for diagnostic in said if not diagnostic.path]
    held = (v for v in generation.volumes.values() if any(m.startswith(f"the volume {v.name} is") for m in messages))
    return {name for volume in held for name in volume.agents}


def _held(status: RegistryStatus, now: datetime) -> dict[str, float]:
    current = status.condition("Current")
    held = dict.fromkeys(_HELD_BY, 0.0)
    if current.reason in held:
        held[current.reason] = max(0.0, (now - current.since).total_seconds())
    return held


def _cycles(status: HostStatus) -> Metric:
    family = CounterMetricFamily(
        "hotagents_cycles", "Cycles that ended, by runner and result.", labels=["runner", "result"]
    )
    for runner in status.runners:
        for result, count in runner.results.items():
            family.add_metric([escape(runner.name, limit=100), result], count)
    return family


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(f"hotagents_{name}", help_, value=value)


def _labelled(name: str, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"hotagents_{name}", help_, labels=[label])
    for found, value in values.items():
        family.add_metric([found], value)
    return family


def _counter(name: str, help_: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(f"hotagents_{name}", help_, labels=[label] if label else [])
    for found, value in values.items():
        family.add_metric([found] if label else [], value)
    return family
