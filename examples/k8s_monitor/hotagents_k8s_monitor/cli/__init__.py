"""``k8s-monitor``: look once, run in a pod, or say beforehand what will not work."""

from __future__ import annotations

from hotagents_k8s_monitor.cli.app import app, main

__all__ = ["app", "main"]
