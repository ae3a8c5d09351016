"""The test kit of the monitor: a cluster that does not exist, and clusters as they were.

`FakeCluster` is an API server on the loopback, `Fault` a way in which it fails, `Recording` a cluster in files.
`FakeSlack`, `FakeAlertmanager` and `FakeWebhook` take what the monitor tells, `FakeGitHub` knows what was changed, and
`Failure` is a way in which they fail. `hotagents_k8s_monitor.testing.objects` builds objects one by one, and
`hotagents_k8s_monitor.testing.model` has a server of models.
"""

from __future__ import annotations

from hotagents_k8s_monitor.testing.alertmanager import FakeAlertmanager
from hotagents_k8s_monitor.testing.faults import Fault
from hotagents_k8s_monitor.testing.github import FakeGitHub
from hotagents_k8s_monitor.testing.receiving import Failure, FakeWebhook
from hotagents_k8s_monitor.testing.recording import Frame, Recording
from hotagents_k8s_monitor.testing.server import FakeCluster
from hotagents_k8s_monitor.testing.slack import FakeSlack

__all__ = [
    "Failure",
    "FakeAlertmanager",
    "FakeCluster",
    "FakeGitHub",
    "FakeSlack",
    "FakeWebhook",
    "Fault",
    "Frame",
    "Recording",
]
