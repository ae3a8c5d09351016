"""Builders of single objects, healthy unless told otherwise, complete as the API server would send them.

Every time is an aware datetime; the defaults make sense at `NOW`. What is returned is yours: change what the arguments
do not reach.
"""

from __future__ import annotations

from hotagents_k8s_monitor.testing.building import NOW, bare
from hotagents_k8s_monitor.testing.nodes import node
from hotagents_k8s_monitor.testing.pods import pod
from hotagents_k8s_monitor.testing.workloads import deployment, job, replica_set

__all__ = ["NOW", "bare", "deployment", "job", "node", "pod", "replica_set"]
