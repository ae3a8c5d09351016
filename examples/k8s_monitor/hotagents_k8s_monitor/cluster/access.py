"""What the monitor's account may do, for a preflight that says what a missing right costs."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.cluster.answers import Call
from hotagents_k8s_monitor.cluster.failures import Failure, failure_of
from hotagents_k8s_monitor.cluster.kinds import KINDS
from hotagents_k8s_monitor.cluster.objects import at
from hotagents_k8s_monitor.cluster.retrying import ask_again

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.deadline import Deadline
    from hotagents_k8s_monitor.cluster.snapshot import Gap, Resource

__all__ = ["COSTS", "allowed_by", "may"]

COSTS: Final[Mapping[Resource, str]] = MappingProxyType(
    {
        "nodes": "a node that is down is not seen; only its pods are, one by one",
        "pods": "no container, image or scheduling problem is seen at all",
        "deployments.apps": "a Deployment short of pods is not seen, nor how much of a service a bad pod takes down",
        "replicasets.apps": "Deployments are guessed by their pods' hash; where pods have none, findings may stay open",
        "jobs.batch": "no failed or endless Job is seen; CronJobs are guessed from their Jobs' times",
        "statefulsets.apps": "a StatefulSet short of pods is not seen, nor one whose roll-out does not end",
        "daemonsets.apps": "a DaemonSet that lacks pods on some nodes is not seen",
        "cronjobs.batch": "a CronJob that no longer runs, or never succeeds, is not seen",
        "persistentvolumeclaims": "a claim that gets no volume, or lost it, is not seen; only its pods are",
        "storageclasses.storage.k8s.io": "a claim that no pod uses is taken for one that waits for its first pod",
        "services": "a Service without endpoints and an Ingress that leads nowhere are not seen",
        "endpointslices.discovery.k8s.io": "a Service without a ready endpoint is not seen",
        "ingresses.networking.k8s.io": "an Ingress that leads nowhere is not seen",
        "ingressclasses.networking.k8s.io": "an Ingress of a class that nobody serves is not seen",
        "horizontalpodautoscalers.autoscaling": "an autoscaler without metrics, or at its limit, is not seen",
        "poddisruptionbudgets.policy": "a disruption budget that is not kept is not seen",
        "resourcequotas": "a quota that is nearly used up is not seen; only what it then refuses is",
        "namespaces": "a namespace that cannot be deleted is not seen",
        "apiservices.apiregistration.k8s.io": "an extension of the API that is down is not seen",
        "certificates.cert-manager.io": "a certificate that ends soon, or is not renewed, is not seen",
        "pods.metrics.k8s.io": "a container close to its memory limit is not seen; only that it was killed is",
        "applications.argoproj.io": "an Argo CD Application that is degraded or out of sync is not seen",
        "kustomizations.kustomize.toolkit.fluxcd.io": "a Flux Kustomization that fails is not seen",
        "helmreleases.helm.toolkit.fluxcd.io": "a Flux HelmRelease that fails is not seen",
    }
)
"""What it costs, in one line each, when a resource may not be listed."""

_CALL: Final = Call("AuthorizationV1Api", "create_self_subject_access_review")


def may(api_client: ApiClient, resource: Resource, verb: str, *, deadline: Deadline, namespace: str = "") -> bool | Gap:
    """Say whether the account may do something with a resource, in all namespaces or in one; raises nothing.

    Args:
        api_client: Made by `hotagents_k8s_monitor.cluster.connection.connect`.
        resource: With what.
        verb: Such as ``list``.
        deadline: Longest wait.
        namespace: Where; empty for all. What belongs to none is asked for either way.

    Returns:
        A Gap where the API server does not say.
    """
    try:
        answer = ask_again(api_client, _CALL, deadline=deadline, body=_review(resource, verb, namespace))
        return allowed_by(answer.body)
    except Exception as error:  # noqa: BLE001 - not to know is an answer too
        return failure_of(error).gap(resource)


def allowed_by(body: Any) -> bool:
    """Return what the answer to a review says.

    Raises:
        Failure: If it says nothing.
    """
    allowed = at(body, "status", "allowed")
    if not isinstance(allowed, bool):
        raise Failure("malformed", f"status.allowed: expected true or false, found {type(allowed).__name__}")
    return allowed


def _review(resource: Resource, verb: str, namespace: str) -> dict[str, Any]:
    name, _, group = resource.partition(".")
    where = {"namespace": namespace} if namespace and KINDS[resource].is_namespaced else {}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"group": group, "resource": name, "verb": verb, **where}},
    }
