"""Twelve incidents and four ordinary days, made up from the builders, as recordings to rehearse on.

Each is a function of the minute that returns what was in the cluster, so another is one function more, in the list
below. ``python -m hotagents_k8s_monitor.testing.incidents [directory]`` writes them anew; what they must come to is
accepted by ``k8s-monitor eval DIRECTORY --write-expected``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotagents_k8s_monitor.testing.incidents import nodes, ordinary, own, pods, workloads

if TYPE_CHECKING:
    from hotagents_k8s_monitor.testing.incidents.scene import Scene

__all__ = ["scenes"]


def scenes() -> tuple[Scene, ...]:
    """Return all of them; the same each time."""
    return (*pods.SCENES, *workloads.SCENES, *nodes.SCENES, *own.SCENES, *ordinary.SCENES)
