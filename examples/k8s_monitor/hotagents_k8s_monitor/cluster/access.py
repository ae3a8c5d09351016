"""What the monitor's account may do, for a preflight that says what a missing right costs."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.cluster.answers import Call
from hotagents_k8s_monitor.cluster.failures import Failure, failure_of
from hotagents_k8s_monitor.cluster.objects import at
from hotagents_k8s_monitor.cluster.retrying import ask_again

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.deadline import Deadline
    from hotagents_k8s_monitor.cluster.snapshot import Gap, Resource

__all__ = ["COSTS", "may"]

COSTS: Final[Mapping[Resource, str]] = MappingProxyType(
    {
        "nodes": "a node that is down is not seen; only its pods are, one by one",
        "pods": "no container, image or scheduling problem is seen at all",
        "deployments.apps": "a Deployment short of pods is not seen, nor how much of a service a bad pod takes down",
        "replicasets.apps": "Deployments are guessed by their pods' hash; where pods have none, findings may stay open",
        "jobs.batch": "CronJobs are guessed from their Jobs' times; while other Jobs run there too, findings stay open",
    }
)
"""What it costs, in one line each, when a resource may not be listed."""

_CALL: Final = Call("AuthorizationV1Api", "create_self_subject_access_review")


def may(api_client: ApiClient, resource: Resource, verb: str, *, deadline: Deadline) -> bool | Gap:
    """Say whether the account may do something with a resource in all namespaces; raises nothing.

    Args:
        api_client: Made by `hotagents_k8s_monitor.cluster.connection.connect`.
        resource: With what.
        verb: Such as ``list``.
        deadline: Longest wait.

    Returns:
        A Gap where the API server does not say.
    """
    try:
        answer = ask_again(api_client, _CALL, deadline=deadline, body=_review(resource, verb))
        return _allowed(answer.body)
    except Exception as error:  # noqa: BLE001 - not to know is an answer too
        return failure_of(error).gap(resource)


def _allowed(body: Any) -> bool:
    allowed = at(body, "status", "allowed")
    if not isinstance(allowed, bool):
        raise Failure("malformed", f"status.allowed: expected true or false, found {type(allowed).__name__}")
    return allowed


def _review(resource: Resource, verb: str) -> dict[str, Any]:
    name, _, group = resource.partition(".")
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"group": group, "resource": name, "verb": verb}},
    }
