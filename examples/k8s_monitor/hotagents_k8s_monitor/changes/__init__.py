"""What was changed before a fault began: roll-outs that the cluster shows, then commits that GitHub has.

`Changes` is what others use; begin with `hotagents_k8s_monitor.changes.rollouts`, which needs no network.
"""

from __future__ import annotations

from hotagents_k8s_monitor.changes.candidate import Candidate, Candidates
from hotagents_k8s_monitor.changes.changes import Changes
from hotagents_k8s_monitor.changes.errors import ChangesError
from hotagents_k8s_monitor.changes.github import GitHub
from hotagents_k8s_monitor.changes.rollout import Rollout
from hotagents_k8s_monitor.changes.rollouts import rollouts_of
from hotagents_k8s_monitor.changes.source import ChangeSource, Page

__all__ = [
    "Candidate",
    "Candidates",
    "ChangeSource",
    "Changes",
    "ChangesError",
    "GitHub",
    "Page",
    "Rollout",
    "rollouts_of",
]
