"""What the fake API server says of itself, of single objects, and of rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.testing import FakeCluster
from hotagents_k8s_monitor.testing.objects import deployment, node, pod

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

READS = ({"apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["get", "list"]},)
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
CLUSTER = "at the cluster scope"
SHOP = 'in the namespace "shop"'


# --- itself -----------------------------------------------------------------------------------------------------------


def test_it_says_its_version_and_its_health(ask: Callable[..., Any]) -> None:
    with FakeCluster() as cluster:
        assert ask(cluster, "/version").document["gitVersion"].startswith("v1.")
        assert {ask(cluster, path).body for path in ("/healthz", "/livez", "/readyz")} == {b"ok"}


def test_it_says_which_groups_and_resources_it_has(ask: Callable[..., Any]) -> None:
    with FakeCluster() as cluster:
        assert ask(cluster, "/api").document["versions"] == ["v1"]
        groups = {group["name"] for group in ask(cluster, "/apis").document["groups"]}
        assert {"apps", "batch", "rbac.authorization.k8s.io", "networking.k8s.io", "authorization.k8s.io"} <= groups
        for group, resource in (("api/v1", "nodes"), ("apis/apps/v1", "replicasets"), ("apis/batch/v1", "jobs")):
            found = {one["name"] for one in ask(cluster, f"/{group}").document["resources"]}
            assert resource in found
        assert ask(cluster, "/apis/apps").document["preferredVersion"]["groupVersion"] == "apps/v1"


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/apis/example.com/v1", "/apis/example.com/v1/things", "/api/v1/things", "/api/v1/pods/a"]
)
def test_what_it_does_not_have_is_not_found_in_plain_text(path: str, ask: Callable[..., Any]) -> None:
    with FakeCluster() as cluster:
        said = ask(cluster, path)
        assert (said.code, said.body) == (404, b"404 page not found\n")


# --- single objects ---------------------------------------------------------------------------------------------------


def test_a_single_object_says_what_it_is(ask: Callable[..., Any]) -> None:
    with FakeCluster([pod("cart", namespace="shop"), node("n"), deployment("cart", namespace="shop")]) as cluster:
        for path, kind in (
            ("/api/v1/namespaces/shop/pods/cart", "Pod"),
            ("/api/v1/nodes/n", "Node"),
            ("/apis/apps/v1/namespaces/shop/deployments/cart", "Deployment"),
            ("/apis/apps/v1/namespaces/shop/deployments/cart/status", "Deployment"),
        ):
            assert ask(cluster, path).document["kind"] == kind
        assert ask(cluster, "/api/v1/namespaces/shop/pods/cart/binding").code == 404
        assert ask(cluster, "/apis/apps/v1/namespaces/shop/deployments/cart/log").code == 404


def test_an_object_that_is_absent_is_not_found(ask: Callable[..., Any]) -> None:
    with FakeCluster() as cluster:
        said = ask(cluster, "/apis/apps/v1/namespaces/shop/deployments/cart")
        assert said.code == 404
        assert said.document["reason"] == "NotFound"
        assert said.document["message"] == 'deployments.apps "cart" not found'
        assert said.document["details"] == {"name": "cart", "group": "apps", "kind": "deployments"}


# --- rights -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "what", "verb", "resource", "group", "where"),
    [
        ("/api/v1/nodes", "nodes", "list", "nodes", "", CLUSTER),
        ("/api/v1/namespaces/shop/secrets/a", 'secrets "a"', "get", "secrets", "", SHOP),
        ("/apis/apps/v1/daemonsets", "daemonsets.apps", "list", "daemonsets", "apps", CLUSTER),
        ("/apis/example.com/v1/things", "things.example.com", "list", "things", "example.com", CLUSTER),
        ("/api/v1/namespaces/shop/pods/a/log", 'pods/log "a"', "get", "pods/log", "", SHOP),
        ("/api/v1/pods?watch=true", "pods", "watch", "pods", "", CLUSTER),
    ],
)
def test_what_the_role_does_not_grant_is_forbidden(
    path: str, what: str, verb: str, resource: str, group: str, where: str, ask: Callable[..., Any]
) -> None:
    with FakeCluster([pod("a", namespace="shop")], role=READS) as cluster:
        said = ask(cluster, path)
    assert (said.code, said.document["reason"], said.document["code"]) == (403, "Forbidden", 403)
    assert said.document["message"] == (
        f'{what} is forbidden: User "system:serviceaccount:k8s-monitor:k8s-monitor" cannot {verb} resource '
        f'"{resource}" in API group "{group}" {where}'
    )


@pytest.mark.parametrize(
    "path", ["/api/v1/pods", "/api/v1/namespaces/shop/pods/a", "/apis/apps/v1/deployments", "/version", "/apis"]
)
def test_what_the_role_grants_is_answered(path: str, ask: Callable[..., Any]) -> None:
    with FakeCluster([pod("a", namespace="shop")], role=READS) as cluster:
        assert ask(cluster, path).code == 200


@pytest.mark.parametrize(
    ("rule", "path", "code"),
    [
        ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, "/api/v1/nodes", 200),
        ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, "/api/v1/namespaces/shop/pods/a/status", 200),
        (
            {"apiGroups": [""], "resources": ["*/status"], "verbs": ["get"]},
            "/api/v1/namespaces/shop/pods/a/status",
            200,
        ),
        ({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}, "/api/v1/namespaces/shop/pods/a/status", 403),
        ({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}, "/api/v1/pods", 403),
        ({"apiGroups": ["apps"], "resources": ["pods"], "verbs": ["list"]}, "/api/v1/pods", 403),
        (
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]},
            "/api/v1/namespaces/shop/pods/a",
            200,
        ),
        (
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["b"]},
            "/api/v1/namespaces/shop/pods/a",
            403,
        ),
        ({}, "/api/v1/pods", 403),
    ],
)
def test_rules_are_applied_as_a_cluster_applies_them(
    rule: Mapping[str, Any], path: str, code: int, ask: Callable[..., Any]
) -> None:
    with FakeCluster([pod("a", namespace="shop")], role=[rule]) as cluster:
        assert ask(cluster, path).code == code


@pytest.mark.parametrize(
    ("attributes", "is_allowed"),
    [
        ({"verb": "list", "resource": "pods"}, True),
        ({"verb": "list", "resource": "pods", "namespace": "shop"}, True),
        ({"verb": "list", "resource": "deployments", "group": "apps"}, True),
        ({"verb": "list", "resource": "deployments", "group": "batch"}, False),
        ({"verb": "watch", "resource": "pods"}, False),
        ({"verb": "get", "resource": "pods", "subresource": "log"}, False),
        ({"verb": "get", "resource": "secrets"}, False),
    ],
)
def test_a_review_says_what_the_role_grants(
    attributes: Mapping[str, str],
    is_allowed: bool,  # noqa: FBT001 - a case of the test
    ask: Callable[..., Any],
) -> None:
    with FakeCluster(role=READS) as cluster:
        said = ask(cluster, REVIEWS, method="POST", body={"spec": {"resourceAttributes": attributes}})
    assert (said.code, said.document["status"]["allowed"]) == (201, is_allowed)
    assert said.document["spec"] == {"resourceAttributes": attributes}


def test_without_a_role_all_is_allowed_and_paths_are_for_everybody(ask: Callable[..., Any]) -> None:
    anything = {"spec": {"resourceAttributes": {"verb": "get", "resource": "secrets"}}}
    path = {"spec": {"nonResourceAttributes": {"verb": "get", "path": "/version"}}}
    with FakeCluster() as open_to_all, FakeCluster(role=[]) as closed:
        assert ask(open_to_all, REVIEWS, method="POST", body=anything).document["status"]["allowed"]
        assert not ask(closed, REVIEWS, method="POST", body=anything).document["status"]["allowed"]
        assert ask(closed, REVIEWS, method="POST", body=path).document["status"]["allowed"]


@pytest.mark.parametrize("body", [None, 7, [], {"spec": None}, {"spec": {"resourceAttributes": {}}}])
def test_a_review_that_cannot_be_read_is_refused(body: Any, ask: Callable[..., Any]) -> None:
    with FakeCluster() as cluster:
        assert ask(cluster, REVIEWS, method="POST", body=body).code == 415
        assert ask(cluster, REVIEWS).code == 405
