"""`FakeAlertmanager`: takes alerts as Alertmanager's API, version 2, does, and says which are active at a time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.testing.receiving import Receiver

if TYPE_CHECKING:
    from hotagents_k8s_monitor.testing.receiving import Received

__all__ = ["FakeAlertmanager"]

_PATH: Final = "/api/v2/alerts"


@final
class FakeAlertmanager(Receiver):
    """A server; alerts are known by their labels, and the last word on each counts."""

    def __init__(self) -> None:
        super().__init__()
        self._alerts: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}

    def active(self, at: datetime) -> list[dict[str, str]]:
        """Return the labels of what is active then."""
        with self._lock:
            return [dict(labels) for labels, alert in self._alerts.items() if at < alert["endsAt"]]

    def answer(self, request: Received) -> tuple[int, Any]:
        """Take alerts, or refuse all of them where one is wrong."""
        if not request.path.endswith(_PATH):
            return 404, "not found"
        try:
            alerts = {tuple(sorted(_labels(alert).items())): _times(alert) for alert in request.body}
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            return 400, f"bad alert: {error}"
        self._alerts |= alerts
        return 200, ""


def _labels(alert: Any) -> dict[str, str]:
    labels = alert["labels"]
    if not labels.get("alertname") or not all(isinstance(value, str) and value for value in labels.values()):
        raise ValueError("expected labels that are texts and not empty, with an alertname")
    return dict(labels)


def _times(alert: Any) -> dict[str, Any]:
    ends = datetime.fromisoformat(alert["endsAt"])
    starts = datetime.fromisoformat(alert["startsAt"]) if "startsAt" in alert else ends
    if starts.tzinfo is None or ends < starts:
        raise ValueError("expected times with an offset, the end not before the start")
    return {"startsAt": starts, "endsAt": ends, "annotations": alert.get("annotations", {})}
