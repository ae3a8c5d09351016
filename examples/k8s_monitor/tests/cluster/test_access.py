"""What the account may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.cluster.access import COSTS, _review, may
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES, Gap
from hotagents_k8s_monitor.testing import FakeCluster, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.cluster.client import ApiClient

REVIEWS = "selfsubjectaccessreviews.authorization.k8s.io"
ROLE = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]},
    {"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"], "verbs": ["create"]},
]


def test_the_api_server_says_what_is_allowed(client_of: Callable[[str], ApiClient]) -> None:
    with FakeCluster(role=ROLE) as cluster:
        client = client_of(cluster.url)
        found = {resource: may(client, resource, "list", deadline=Deadline.after(10.0)) for resource in RESOURCES}
        assert may(client, "pods", "get", deadline=Deadline.after(10.0)) is False
    assert found == {resource: resource in {"pods", "deployments.apps"} for resource in RESOURCES}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.forbidden(), "forbidden"),
        (Fault.status(500), "failed"),
        (Fault.garbage(), "malformed"),
        (Fault.status(201, {"status": {"allowed": "yes"}}), "malformed"),
        (Fault.status(201, {"status": None}), "malformed"),
        (Fault.cut(), "unreachable"),
    ],
    ids=str,
)
def test_where_it_does_not_say_there_is_a_gap(fault: Fault, reason: str, client_of: Callable[[str], ApiClient]) -> None:
    with FakeCluster() as cluster:
        cluster.fault(REVIEWS, fault)
        found: Any = may(client_of(cluster.url), "pods", "list", deadline=Deadline.after(10.0))
    assert isinstance(found, Gap)
    assert (found.resource, found.reason) == ("pods", reason)


def test_what_has_a_namespace_may_be_asked_for_in_one() -> None:
    assert _review("pods", "list", "shop")["spec"]["resourceAttributes"]["namespace"] == "shop"
    assert "namespace" not in _review("nodes", "list", "shop")["spec"]["resourceAttributes"]
    assert "namespace" not in _review("pods", "list", "")["spec"]["resourceAttributes"]


def test_every_resource_has_its_cost() -> None:
    assert set(COSTS) == set(RESOURCES)
    assert all(cost and "\n" not in cost for cost in COSTS.values())
