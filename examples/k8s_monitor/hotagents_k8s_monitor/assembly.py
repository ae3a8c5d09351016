"""How a `Monitor` is put together from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotagents import SystemClock
from hotagents_k8s_monitor.analysis import Analyst, Kept, Sources, Terms, access
from hotagents_k8s_monitor.changes import GitHub
from hotagents_k8s_monitor.cluster.collector import Collector
from hotagents_k8s_monitor.cluster.connection import connect
from hotagents_k8s_monitor.cluster.reading import Reading
from hotagents_k8s_monitor.monitor import Monitor
from hotagents_k8s_monitor.notifiers import configured
from hotagents_k8s_monitor.post import Post
from hotagents_k8s_monitor.records import Acks, Recorder

if TYPE_CHECKING:
    import logging
    from pathlib import Path
    from typing import Any

    from hotagents_k8s_monitor.analysis import Access
    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.settings import Settings

__all__ = ["analyst", "client", "collector", "github", "monitor", "post", "recorder"]

_MIB: Final = 1024 * 1024
_GITHUB_SECONDS: Final = 10.0  # that one question may take


def client(settings: Settings) -> ApiClient:
    """Return a client of the cluster of the settings; the caller ends it.

    Raises:
        ClusterError: If nothing says which cluster, or what does cannot be used.
    """
    return connect(kubeconfig=settings.kubeconfig or None, context=settings.context or None)


def collector(settings: Settings) -> Collector:
    """Return what looks at the cluster of the settings; it connects at its first look."""
    return Collector(
        lambda: client(settings),
        clock=SystemClock(),
        total=settings.look_timeout,
        namespaces=settings.looked_into,
    )


def analyst(settings: Settings, where: Access, *, directory: Path | None, **options: Any) -> Analyst:
    """Return what asks a model.

    Args:
        settings: Say on which terms.
        where: The model.
        directory: Where analyses are kept; None for nowhere.
        options: Of `hotagents_k8s_monitor.analysis.analyst.Analyst`.
    """
    sources = Sources(reads=lambda: Reading(lambda: client(settings)), github=github(settings))
    return Analyst(where, Terms.of(settings), Kept(directory), sources, clock=SystemClock(), **options)


def github(settings: Settings) -> GitHub | None:
    """Return what is asked about changes of code; None where neither a token nor an address is set."""
    token, url = settings.github_token, settings.github_base_url
    if token is None and url is None:
        return None
    return GitHub(token.get_secret_value() if token is not None else "", base_url=url or "", seconds=_GITHUB_SECONDS)


def recorder(settings: Settings) -> Recorder:
    """Return what keeps the records of the settings; it writes with the first of them."""
    return Recorder(settings.data_dir, keep=settings.retention, most_bytes=settings.retention_mib * _MIB)


def post(settings: Settings, *, logger: logging.Logger) -> Post:
    """Return what sends messages: to the log, and to all else that the settings name.

    Raises:
        SettingsError: If something that it needs is not installed.
    """
    return Post(configured(settings, logger), settings.data_dir / "outbox")


def monitor(settings: Settings, *, logger: logging.Logger, kept: Recorder | None = None) -> Monitor:
    """Return the monitor that is deployed: it tells people, and keeps records, in ``kept`` if that is given."""
    where = access()
    return Monitor(
        collector(settings),
        post(settings, logger=logger),
        recorder=kept or recorder(settings),
        acks=Acks(settings.data_dir),
        analyst=analyst(settings, where, directory=settings.data_dir) if where is not None else None,
    )
