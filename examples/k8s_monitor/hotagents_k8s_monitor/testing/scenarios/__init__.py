"""What happens in the recordings that are shipped: made up here, so that all in them can be traced and changed.

``python -m hotagents_k8s_monitor.testing.scenarios`` writes them anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotagents_k8s_monitor.testing.scenarios.healthy import healthy
from hotagents_k8s_monitor.testing.scenarios.node_drain import node_drain
from hotagents_k8s_monitor.testing.scenarios.rollout import rollout
from hotagents_k8s_monitor.testing.scenarios.trouble import trouble

if TYPE_CHECKING:
    from hotagents_k8s_monitor.testing.recording import Recording

__all__ = ["scenarios"]


def scenarios() -> tuple[Recording, ...]:
    """Return all of them; the same each time."""
    return (healthy(), node_drain(), rollout(), trouble())
