"""Builders of single objects, healthy unless told otherwise, complete as the API server would send them.

Every time is an aware datetime; the defaults make sense at `NOW`. What is returned is yours: change what the arguments
do not reach.
"""

from __future__ import annotations

from hotagents_k8s_monitor.testing.addons import application, certificate, helm_release, kustomization, pod_metrics
from hotagents_k8s_monitor.testing.building import NOW, bare
from hotagents_k8s_monitor.testing.controllers import cron_job, daemon_set, stateful_set
from hotagents_k8s_monitor.testing.nodes import node
from hotagents_k8s_monitor.testing.pods import pod
from hotagents_k8s_monitor.testing.surroundings import (
    api_service,
    autoscaler,
    budget,
    claim,
    endpoint_slice,
    ingress,
    ingress_class,
    namespace,
    quota,
    service,
    storage_class,
)
from hotagents_k8s_monitor.testing.workloads import deployment, job, replica_set

__all__ = [
    "NOW",
    "api_service",
    "application",
    "autoscaler",
    "bare",
    "budget",
    "certificate",
    "claim",
    "cron_job",
    "daemon_set",
    "deployment",
    "endpoint_slice",
    "helm_release",
    "ingress",
    "ingress_class",
    "job",
    "kustomization",
    "namespace",
    "node",
    "pod",
    "pod_metrics",
    "quota",
    "replica_set",
    "service",
    "stateful_set",
    "storage_class",
]
