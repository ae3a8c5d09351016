"""Seeing a cluster: what its API server says, as plain JSON, and what could not be seen, as gaps."""

from __future__ import annotations

from hotagents_k8s_monitor.cluster.objects import at, items_at, text_at
from hotagents_k8s_monitor.cluster.snapshot import Gap, GapReason, Object, Resource, Snapshot

__all__ = ["Gap", "GapReason", "Object", "Resource", "Snapshot", "at", "items_at", "text_at"]
