"""The notifiers: log, Slack, Alertmanager, webhook; which of them are used is a matter of the settings."""

from __future__ import annotations

import importlib.util
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.hooks import notifiers_of_plugins
from hotagents_k8s_monitor.notifiers.alertmanager import AlertmanagerNotifier
from hotagents_k8s_monitor.notifiers.http import Endpoint
from hotagents_k8s_monitor.notifiers.log import LogNotifier, sentence
from hotagents_k8s_monitor.notifiers.slack import SlackNotifier
from hotagents_k8s_monitor.notifiers.slack_client import SlackClient
from hotagents_k8s_monitor.notifiers.slack_hook import SlackHookNotifier
from hotagents_k8s_monitor.notifiers.webhook import WebhookNotifier
from hotagents_k8s_monitor.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from hotagents_k8s_monitor.notify import Notifier
    from hotagents_k8s_monitor.settings import Settings

__all__ = [
    "AlertmanagerNotifier",
    "LogNotifier",
    "SlackHookNotifier",
    "SlackNotifier",
    "WebhookNotifier",
    "configured",
    "sentence",
]

_SLACK: Final = "https://slack.com/api/"


def configured(settings: Settings, logger: logging.Logger) -> tuple[Notifier, ...]:
    """Return the notifiers that the settings name, those of plugins, and the log's, which is always there.

    Raises:
        SettingsError: If something is to be told by Slack and its client is not installed.
    """
    return (LogNotifier(logger), *_named(settings), *notifiers_of_plugins())


def _named(settings: Settings) -> Iterator[Notifier]:
    if settings.slack_token is not None:
        _need_slack("SLACK_TOKEN")
        yield SlackNotifier(
            SlackClient(settings.slack_token.get_secret_value(), base_url=settings.slack_base_url or _SLACK)
        )
    elif settings.slack_webhook_url is not None:
        _need_slack("SLACK_WEBHOOK_URL")
        yield SlackHookNotifier(settings.slack_webhook_url.get_secret_value())
    if settings.alertmanager_url:
        url = AlertmanagerNotifier.url(settings.alertmanager_url)
        endpoint = Endpoint(url, token=_secret(settings, "alertmanager_token"))
        yield AlertmanagerNotifier(endpoint, interval=timedelta(seconds=settings.detection_interval))
    if settings.webhook_url is not None:
        url = settings.webhook_url.get_secret_value()
        yield WebhookNotifier(Endpoint(url, token=_secret(settings, "webhook_token")))


def _secret(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    return value.get_secret_value() if value is not None else ""


def _need_slack(name: str) -> None:
    if importlib.util.find_spec("slack_sdk") is None:
        raise SettingsError(
            f"{PREFIX}{name}: expected slack-sdk to be installed, got none; install hotagents-k8s-monitor[slack]"
        )
