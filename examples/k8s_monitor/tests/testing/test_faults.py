"""What each fault does on the wire, and which requests it hits."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from hotagents_k8s_monitor.testing import FakeCluster, Fault
from hotagents_k8s_monitor.testing.objects import node, pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PODS = "/api/v1/pods"


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    """Three pods, whose list is right unless a fault hits it."""
    with FakeCluster([pod("a"), pod("b"), pod("c"), node("n")]) as started:
        yield started


# --- which requests ---------------------------------------------------------------------------------------------------


def test_a_fault_hits_its_resource_and_no_other(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.status(500))
    assert ask(cluster, PODS).code == 500
    assert ask(cluster, "/api/v1/namespaces/default/pods/a").code == 500
    assert ask(cluster, "/api/v1/nodes").code == 200
    cluster.clear_faults()
    assert ask(cluster, PODS).code == 200


def test_a_fault_may_hit_a_path_or_all(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("/version", Fault.status(500))
    assert [ask(cluster, path).code for path in ("/version", "/version/", "/healthz")] == [500, 500, 200]
    cluster.fault("*", Fault.status(503))
    assert [ask(cluster, path).code for path in ("/version", "/healthz", PODS)] == [500, 503, 503]


def test_faults_act_one_after_the_other(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.status(500), times=2)
    cluster.fault("pods", Fault.forbidden(), times=1)
    assert [ask(cluster, PODS).code for _ in range(4)] == [500, 500, 403, 200]


def test_a_fault_may_hit_the_later_pages_alone(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.refuse_pages(503))
    first = ask(cluster, PODS, limit="1")
    assert (first.code, ask(cluster, PODS, **_next(first)).code) == (200, 503)
    cluster.clear_faults()
    cluster.fault("pods", Fault.garbage().from_page(3))
    second = ask(cluster, PODS, limit="1", **_next(first))
    assert second.code == 200
    assert ask(cluster, PODS, limit="1", **_next(second)).headers["Content-Type"].startswith("text/html")


def test_a_fault_needs_a_resource_that_is_there(cluster: FakeCluster) -> None:
    with pytest.raises(
        ValueError, match=r"resource 'deployments': expected '\*', a path, or one of .*deployments\.apps"
    ):
        cluster.fault("deployments", Fault.hang())


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        (Fault.forbidden(), 403, "Forbidden"),
        (Fault.unauthorized(), 401, "Unauthorized"),
        (Fault.throttled(), 429, "TooManyRequests"),
        (Fault.status(500), 500, "InternalError"),
        (Fault.status(503), 503, "ServiceUnavailable"),
        (Fault.status(599), 599, "Unknown"),
    ],
)
def test_a_refusal_is_a_status(
    fault: Fault, code: int, reason: str, cluster: FakeCluster, ask: Callable[..., Any]
) -> None:
    cluster.fault("pods", fault)
    said = ask(cluster, PODS)
    assert (said.code, said.document["kind"], said.document["status"]) == (code, "Status", "Failure")
    assert (said.document["code"], said.document["reason"]) == (code, reason)


def test_a_group_that_is_missing_is_not_found_in_plain_text(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("jobs.batch", Fault.missing())
    said = ask(cluster, "/apis/batch/v1/jobs")
    assert (said.code, said.body) == (404, b"404 page not found\n")


def test_who_is_throttled_hears_for_how_long(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.throttled(7))
    said = ask(cluster, PODS)
    assert (said.headers["Retry-After"], said.document["details"]) == ("7", {"retryAfterSeconds": 7})
    cluster.clear_faults()
    cluster.fault("pods", Fault.throttled(0.5))
    assert ask(cluster, PODS).headers["Retry-After"] == "0.5"


@pytest.mark.parametrize(("wait", "details"), [("999999999", {"retryAfterSeconds": 999999999}), ("9" * 5000, None)])
def test_a_wait_that_is_no_number_of_a_status_stands_in_the_header_alone(
    wait: str, details: Any, cluster: FakeCluster, ask: Callable[..., Any]
) -> None:
    cluster.fault("pods", Fault.status(429, headers={"Retry-After": wait}))
    said = ask(cluster, PODS)
    assert (said.code, said.headers["Retry-After"], said.document.get("details")) == (429, wait, details)


def test_a_status_may_say_anything(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.status(502, "bad gateway", {"Server": "proxy"}), times=1)
    cluster.fault("pods", Fault.status(200, {"kind": "NodeList"}), times=1)
    said = ask(cluster, PODS)
    assert (said.code, said.body) == (502, b"bad gateway")
    assert "proxy" in said.headers.get_all("Server")
    assert ask(cluster, PODS).document == {"kind": "NodeList"}


def test_a_fault_of_a_path_has_a_refusal_too(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("/version", Fault.forbidden())
    assert ask(cluster, "/version").code == 403


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_that_is_gone_may_be_exchanged(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.gone(), times=1)
    first = ask(cluster, PODS, limit="1")
    refused = ask(cluster, PODS, limit="1", **_next(first))
    assert (first.code, refused.code, refused.document["reason"]) == (200, 410, "Expired")
    cluster.put(pod("aa"))
    assert ask(cluster, PODS, **_next(refused)).names == ["aa", "b", "c"]


def test_a_token_that_is_gone_may_mean_the_end(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.gone(has_fresh_token=False))
    refused = ask(cluster, PODS, limit="1", **_next(ask(cluster, PODS, limit="1")))
    assert (refused.code, refused.document["metadata"]) == (410, {})


# --- bodies -----------------------------------------------------------------------------------------------------------


def test_a_body_may_be_another_page(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.garbage())
    said = ask(cluster, PODS)
    assert said.code == 200
    assert said.body.startswith(b"<!DOCTYPE html>")


def test_a_body_may_be_half_a_document_of_the_right_length(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    whole = ask(cluster, PODS)
    cluster.fault("pods", Fault.broken_json())
    said = ask(cluster, PODS)
    assert (said.code, int(said.headers["Content-Length"])) == (200, len(said.body))
    assert said.body == whole.body[: len(whole.body) // 2]
    with pytest.raises(json.JSONDecodeError):
        _ = said.document


def test_items_may_be_null(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.null_items())
    found = ask(cluster, PODS).document
    assert (found["kind"], found["items"]) == ("PodList", None)


def test_items_may_be_anything(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.wrong_shape(), times=1)
    cluster.fault("pods", Fault.wrong_shape(is_root=True), times=1)
    items = ask(cluster, PODS).document["items"]
    assert {type(item) for item in items} == {int, type(None), str, list, bool, dict}
    assert [item["metadata"]["name"] for item in items if isinstance(item, dict)] == ["a", "b", "c"]
    assert isinstance(ask(cluster, PODS).document, list)


def test_a_body_may_be_huge(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.huge(1 << 20))
    said = ask(cluster, PODS)
    assert len(said.body) == 1 << 20
    assert said.names == []


# --- the wire ---------------------------------------------------------------------------------------------------------


def test_a_slow_answer_is_the_right_one(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", Fault.slow(0.2))
    began = time.monotonic()
    assert ask(cluster, PODS).names == ["a", "b", "c"]
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("fault", [Fault.hang(), Fault.slow(3600)])
def test_an_answer_may_never_come(fault: Fault, cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods", fault)
    with pytest.raises(TimeoutError):
        ask(cluster, PODS, timeout=0.2)
    assert ask(cluster, "/healthz").code == 200


def test_who_waits_for_an_answer_that_never_comes_is_let_go_by_the_end(ask: Callable[..., Any]) -> None:
    let_go: list[BaseException] = []

    def wait(cluster: FakeCluster) -> None:
        try:
            ask(cluster, PODS)
        except http.client.RemoteDisconnected as error:
            let_go.append(error)

    with FakeCluster() as cluster:
        cluster.fault("pods", Fault.hang())
        thread = threading.Thread(target=wait, args=(cluster,), daemon=True)
        thread.start()
        deadline = time.monotonic() + 5.0
        while not cluster.requests and time.monotonic() < deadline:
            thread.join(0.01)
    thread.join(5.0)
    assert len(let_go) == 1


def test_a_body_may_come_in_crumbs(cluster: FakeCluster) -> None:
    cluster.fault("pods", Fault.drip(size=3, seconds=0.02))
    connection = http.client.HTTPConnection(urlsplit(cluster.url).netloc, timeout=5.0)
    try:
        connection.request("GET", PODS)
        response = connection.getresponse()
        began = time.monotonic()
        assert response.read(15) == b'{"kind":"PodLis'
        assert time.monotonic() - began >= 0.08
        assert int(response.headers["Content-Length"]) >= 300_000
    finally:
        connection.close()


def test_a_body_may_be_cut_off(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    whole = ask(cluster, PODS)
    cluster.fault("pods", Fault.cut())
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(cluster, PODS)
    assert caught.value.partial == whole.body[: len(whole.body) // 2]


def _next(said: Any) -> dict[str, str]:
    return {"continue": said.document["metadata"]["continue"]}
