"""The test kit: everything that a test of an agent application needs instead of a cluster.

`ConfigMapVolume` changes a directory as the kubelet does, `FakeClock` holds time still, `Memory` is a source without a
disk, `run_once` runs one cycle of a runner. `hotagents.testing.pytest_plugin` has fixtures for them.
"""

from __future__ import annotations

from hotagents.sources import Memory
from hotagents.testing.clock import FakeClock
from hotagents.testing.cycle import run_once
from hotagents.testing.volume import ConfigMapVolume

__all__ = ["ConfigMapVolume", "FakeClock", "Memory", "run_once"]
