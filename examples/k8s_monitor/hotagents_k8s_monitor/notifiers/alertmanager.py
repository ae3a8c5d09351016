"""`AlertmanagerNotifier`: findings as alerts of Alertmanager's API, version 2, for its routing, grouping and silences.

An alert is there for as long as it is said to be: each cycle says so again, and it ends by itself some minutes after
the last time, as if Prometheus had said it. Its labels are what names it, so when one of them changes, such as the
severity, the alert under the old labels is ended and one under the new begins.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

from hotagents_k8s_monitor.messages import ENDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from hotagents_k8s_monitor.messages import Line, Message
    from hotagents_k8s_monitor.notifiers.http import Endpoint
    from hotagents_k8s_monitor.notify import Card, Sending, Slip
    from hotagents_k8s_monitor.policy import Policy

__all__ = ["AlertmanagerNotifier"]

_Labels: TypeAlias = "dict[str, str]"
_SHORTEST: Final = timedelta(minutes=5)
_TIMES: Final = 4
_MOST: Final = 200  # in one request
_PATH: Final = "/api/v2/alerts"


@final
class AlertmanagerNotifier:
    """Posts alerts, one a finding.

    Args:
        endpoint: Of ``/api/v2/alerts``.
        interval: Between two cycles; an alert lasts four times as long after it was posted, and at least five minutes.
    """

    name = "alertmanager"

    def __init__(self, endpoint: Endpoint, *, interval: timedelta) -> None:
        self._endpoint = endpoint
        self._lasts = max(_SHORTEST, _TIMES * interval)

    @staticmethod
    def url(base: str) -> str:
        """Return the endpoint of an Alertmanager, which may have a path before it."""
        return base if base.rstrip("/").endswith(_PATH) else base.rstrip("/") + _PATH

    def send(self, sending: Sending) -> Slip:
        """Post an incident's alerts, and end those that it has no more.

        Raises:
            NotSentError: If that is not answered with success.
        """
        message, now = sending.message, sending.now
        if message.owner is None:
            return sending.slip  # a digest's incidents are posted by `refresh`; a notice is no alert
        known = {name: _labels_of(text) for name, text in sending.slip.items()}
        if message.kind in ENDS:
            over = [*known.values(), *(_labels(message, line) for line in message.lines)]
            self._post([_ended(labels, now) for labels in over])
            return {}
        alerts, labels = self._of(message, now)
        left = [_ended(old, now) for name, old in known.items() if labels.get(name) != old]
        self._post([*left, *alerts])
        return {name: json.dumps(each, sort_keys=True) for name, each in labels.items()}

    def refresh(self, cards: Sequence[Card], policy: Policy, now: datetime) -> None:  # noqa: ARG002 - as all have it
        """Say again what goes on.

        Raises:
            NotSentError: If that is not answered with success.
        """
        alerts: list[dict[str, Any]] = []
        for card in cards:
            current, labels = self._of(card.message, now)
            known = {name: _labels_of(text) for name, text in card.slip.items()}
            alerts += [_ended(old, now) for name, old in known.items() if labels.get(name) != old]
            alerts += current
        self._post(alerts)

    def _of(self, message: Message, now: datetime) -> tuple[list[dict[str, Any]], dict[str, _Labels]]:
        labels = {line.fingerprint: _labels(message, line) for line in message.lines}
        until = (now + self._lasts).isoformat()
        alerts = [
            {
                "labels": labels[line.fingerprint],
                "annotations": _annotations(message, line),
                "startsAt": line.since.isoformat(),
                "endsAt": until,
            }
            for line in message.lines
        ]
        return alerts, labels

    def _post(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(alerts), _MOST):
            self._endpoint.post(alerts[start : start + _MOST])


def _labels(message: Message, line: Line) -> _Labels:
    found = {
        "alertname": line.rule,
        "cluster": message.cluster,
        "fingerprint": line.fingerprint,
        "kind": line.owner.kind,
        "name": line.owner.name,
        "namespace": line.owner.namespace,
        "severity": line.severity,
        "tier": line.tier,
    }
    return {name: value for name, value in found.items() if value}  # an empty label is none to Alertmanager


def _annotations(message: Message, line: Line) -> _Labels:
    found = {
        "summary": f"{line.owner}: {line.rule}",
        "description": line.text,
        "impact": line.impact,
        "contact": message.contact,
        "note": message.note,
        "remark": message.annotation,
        "incident": message.thread,
        "generation": f"{message.generation} {message.digest[:19]}",
    }
    return {name: value for name, value in found.items() if value}


def _ended(labels: _Labels, now: datetime) -> dict[str, Any]:
    return {"labels": labels, "endsAt": now.isoformat()}


def _labels_of(text: str) -> _Labels:
    found = json.loads(text)
    return {str(name): str(value) for name, value in found.items()}
