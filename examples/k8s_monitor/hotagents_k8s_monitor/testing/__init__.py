"""The test kit of the monitor: a cluster that does not exist, and clusters as they were.

`FakeCluster` is an API server on the loopback, `Fault` a way in which it fails, `Recording` a cluster in files.
`hotagents_k8s_monitor.testing.objects` builds objects one by one.
"""

from __future__ import annotations

from hotagents_k8s_monitor.testing.faults import Fault
from hotagents_k8s_monitor.testing.recording import Frame, Recording
from hotagents_k8s_monitor.testing.server import FakeCluster

__all__ = ["FakeCluster", "Fault", "Frame", "Recording"]
