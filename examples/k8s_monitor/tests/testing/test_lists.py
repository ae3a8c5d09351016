"""Lists: their shape and order, their pages, and what can be selected."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.testing import FakeCluster
from hotagents_k8s_monitor.testing.kinds import kind_at
from hotagents_k8s_monitor.testing.lists import Token, listed
from hotagents_k8s_monitor.testing.objects import deployment, node, pod
from hotagents_k8s_monitor.testing.routes import Route
from hotagents_k8s_monitor.testing.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

PODS = "/api/v1/pods"


def _pods(count: int) -> list[dict[str, Any]]:
    return [pod(f"p{number}") for number in range(count)]


# --- shape ------------------------------------------------------------------------------------------------------------


def test_a_list_says_what_it_is_and_its_items_do_not(ask: Callable[..., Any]) -> None:
    with FakeCluster([deployment("a")]) as cluster:
        found = ask(cluster, "/apis/apps/v1/deployments").document
    assert (found["kind"], found["apiVersion"]) == ("DeploymentList", "apps/v1")
    assert found["metadata"] == {"resourceVersion": "1000"}
    assert set(found["items"][0]) == {"metadata", "spec", "status"}


def test_a_list_is_sorted_as_keys_are_and_not_as_pairs(ask: Callable[..., Any]) -> None:
    places = (("b", "x"), ("a", "z"), ("a-b", "y"), ("a", "y"))
    with FakeCluster([pod(name, namespace=namespace) for namespace, name in places]) as cluster:
        items = ask(cluster, PODS).document["items"]
    assert [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in items] == [
        ("a-b", "y"), ("a", "y"), ("a", "z"), ("b", "x"),
    ]  # fmt: skip


def test_a_list_may_be_of_one_namespace(ask: Callable[..., Any]) -> None:
    with FakeCluster([pod("a", namespace="shop"), pod("b", namespace="ml"), node("n")]) as cluster:
        assert ask(cluster, "/api/v1/namespaces/shop/pods").names == ["a"]
        assert ask(cluster, "/api/v1/namespaces/none/pods").names == []
        assert ask(cluster, "/api/v1/namespaces/shop/nodes").code == 404


# --- pages ------------------------------------------------------------------------------------------------------------


def test_pages_hold_what_the_first_one_saw(ask: Callable[..., Any]) -> None:
    with FakeCluster(_pods(5)) as cluster:
        first = ask(cluster, PODS, limit="2", resourceVersion="0")
        cluster.delete("Pod", "default", "p2")
        cluster.put(pod("p9"))
        second = ask(cluster, PODS, limit="2", **_next(first.document))
        third = ask(cluster, PODS, limit="2", **_next(second.document))
        fresh = ask(cluster, PODS)
    assert [first.names, second.names, third.names] == [["p0", "p1"], ["p2", "p3"], ["p4"]]
    assert [page.document["metadata"].get("remainingItemCount") for page in (first, second, third)] == [3, 1, None]
    assert {page.document["metadata"]["resourceVersion"] for page in (first, second, third)} == {"1000"}
    assert "continue" not in third.document["metadata"]
    assert fresh.names == ["p0", "p1", "p3", "p4", "p9"]


def test_a_page_that_is_just_full_is_the_last_one(ask: Callable[..., Any]) -> None:
    with FakeCluster(_pods(4)) as cluster:
        assert "continue" not in ask(cluster, PODS, limit="4").document["metadata"]
        assert ask(cluster, PODS, limit="0").names == ["p0", "p1", "p2", "p3"]


def test_what_remains_of_a_selection_is_not_counted(ask: Callable[..., Any]) -> None:
    with FakeCluster([pod(f"p{number}", labels={"odd": str(number % 2)}) for number in range(6)]) as cluster:
        first = ask(cluster, PODS, limit="2", labelSelector="odd=1")
        second = ask(cluster, PODS, limit="2", labelSelector="odd=1", **_next(first.document))
    assert (first.names, second.names) == (["p1", "p3"], ["p5"])
    assert "remainingItemCount" not in first.document["metadata"]


def test_a_token_of_a_moment_long_gone_is_too_old_but_gives_a_fresh_one(ask: Callable[..., Any]) -> None:
    with FakeCluster(_pods(4)) as cluster:
        first = ask(cluster, PODS, limit="2")
        for _ in range(101):
            cluster.put(pod("p3", restarts=1))
        cluster.delete("Pod", "default", "p2")
        refused = ask(cluster, PODS, limit="2", **_next(first.document))
        assert (refused.code, refused.document["reason"]) == (410, "Expired")
        assert ask(cluster, PODS, limit="2", **_next(refused.document)).names == ["p3"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": "many"}, "strconv.ParseInt"),
        ({"limit": "-1"}, "limit"),
        ({"continue": "nonsense"}, "continue key is not valid"),
        ({"continue": "bm9uc2Vuc2U"}, "continue key is not valid"),
        ({"continue": "W10"}, "continue key is not valid"),
        ({"continue": str(Token(0, "default/p0", 2)), "resourceVersion": "0"}, "not allowed when using continue"),
        ({"resourceVersion": "soon"}, "resourceVersion"),
    ],
)
def test_a_page_that_makes_no_sense_is_a_bad_request(
    query: dict[str, str], message: str, ask: Callable[..., Any]
) -> None:
    with FakeCluster(_pods(1)) as cluster:
        said = ask(cluster, PODS, **query)
    assert (said.code, said.document["reason"]) == (400, "BadRequest")
    assert message in said.document["message"]


@given(count=st.integers(0, 12), limit=st.integers(1, 13))
def test_all_pages_together_are_the_list(count: int, limit: int) -> None:
    kind = kind_at("", "v1", "pods")
    assert kind is not None
    store, route = Store(_pods(count)), Route(kind, "", "", "", "list")
    query, seen, pages = {"limit": str(limit)}, list[str](), 0
    while True:
        page = json.loads(listed(store, route, query).body)
        seen += [item["metadata"]["name"] for item in page["items"]]
        pages += 1
        if "continue" not in page["metadata"]:
            break
        query["continue"] = page["metadata"]["continue"]
    assert seen == sorted(f"p{number}" for number in range(count))
    assert pages == max(1, -(-count // limit))


# --- selectors --------------------------------------------------------------------------------------------------------

LABELLED = [
    pod("bare", labels=None, node="n1"),
    pod("cart", labels={"app": "cart", "tier": "front"}, node="n1"),
    pod("search", labels={"app": "search", "example.com/tier": "back"}, node="n2"),
    pod("done", labels={"app": "done"}, node="n2", finished="Succeeded"),
]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("", ["bare", "cart", "done", "search"]),
        ("app=cart", ["cart"]),
        ("app==cart", ["cart"]),
        ("app = cart", ["cart"]),
        ("app!=cart", ["bare", "done", "search"]),
        ("app in (cart, search)", ["cart", "search"]),
        ("app in (cart),tier", ["cart"]),
        ("app notin (cart,search)", ["bare", "done"]),
        ("app", ["cart", "done", "search"]),
        ("!app", ["bare"]),
        ("app,!tier", ["done", "search"]),
        ("example.com/tier=back", ["search"]),
        ("app=", []),
    ],
)
def test_labels_select(selector: str, names: list[str], ask: Callable[..., Any]) -> None:
    with FakeCluster(LABELLED) as cluster:
        assert ask(cluster, PODS, labelSelector=selector).names == names


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("metadata.name=cart", ["cart"]),
        ("metadata.name!=cart", ["bare", "done", "search"]),
        ("metadata.namespace==default", ["bare", "cart", "done", "search"]),
        ("spec.nodeName=n1", ["bare", "cart"]),
        ("spec.nodeName=n2,status.phase!=Succeeded", ["search"]),
        ("status.phase=Succeeded", ["done"]),
    ],
)
def test_fields_select(selector: str, names: list[str], ask: Callable[..., Any]) -> None:
    with FakeCluster(LABELLED) as cluster:
        assert ask(cluster, PODS, fieldSelector=selector).names == names


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (PODS, {"fieldSelector": "spec.containers=x"}),
        (PODS, {"fieldSelector": "metadata.name"}),
        ("/apis/apps/v1/deployments", {"fieldSelector": "status.phase=Running"}),
        ("/api/v1/nodes", {"fieldSelector": "spec.nodeName=n1"}),
        (PODS, {"labelSelector": "app=a=b"}),
        (PODS, {"labelSelector": "app in cart"}),
        (PODS, {"labelSelector": ",app"}),
    ],
)
def test_a_selector_that_the_server_does_not_have_is_a_bad_request(
    path: str, query: dict[str, str], ask: Callable[..., Any]
) -> None:
    with FakeCluster(LABELLED) as cluster:
        assert ask(cluster, path, **query).code == 400


def _next(document: dict[str, Any]) -> dict[str, str]:
    return {"continue": document["metadata"]["continue"]}
