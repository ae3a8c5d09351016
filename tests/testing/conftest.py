"""The fixtures of the kit, also where the package is not installed and pytest cannot find its plugin."""

from __future__ import annotations

from hotagents.testing.pytest_plugin import configmap_volume, fake_clock, registry

__all__ = ["configmap_volume", "fake_clock", "registry"]
