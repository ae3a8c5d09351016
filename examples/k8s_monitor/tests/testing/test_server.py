"""The server's life, what it hears, and what can be changed while it runs."""

from __future__ import annotations

import http.client
import socket
import stat
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from hotagents_k8s_monitor.testing import FakeCluster, Fault
from hotagents_k8s_monitor.testing.objects import node, pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PODS = "/api/v1/pods"


def _served() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("fake-cluster")]


def _connected(cluster: FakeCluster) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(urlsplit(cluster.url).netloc, timeout=10.0)
    connection.request("GET", PODS)
    return connection


@pytest.fixture
def connections() -> Iterator[list[http.client.HTTPConnection]]:
    found: list[http.client.HTTPConnection] = []
    yield found
    for connection in found:
        connection.close()


# --- life -------------------------------------------------------------------------------------------------------------


def test_it_listens_on_the_loopback_and_nothing_is_left_of_it(ask: Callable[..., Any]) -> None:
    with FakeCluster() as cluster:
        assert cluster.url.startswith("http://127.0.0.1:")
        assert ask(cluster, "/healthz").body == b"ok"
        address = urlsplit(cluster.url)
        assert _served()
    assert not _served()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname or "", address.port or 0), timeout=1.0)


@pytest.mark.parametrize("fault", [Fault.hang(), Fault.slow(3600), Fault.drip(), Fault.drip(size=7, seconds=3600)])
def test_it_closes_at_once_whatever_it_still_holds_back(
    fault: Fault, connections: list[http.client.HTTPConnection]
) -> None:
    with FakeCluster() as cluster:
        cluster.fault("pods", fault)
        connections += [_connected(cluster) for _ in range(5)]
        assert _until(lambda: len(cluster.requests) == 5)
        began = time.monotonic()
    assert time.monotonic() - began < 10.0  # it would wait for the end of what hangs; the machine may be slow
    assert not _served()


def test_a_connection_that_is_kept_open_does_not_keep_it_from_closing(
    connections: list[http.client.HTTPConnection],
) -> None:
    with FakeCluster() as cluster:
        connections.append(_connected(cluster))
        assert connections[0].getresponse().read()
        began = time.monotonic()
    assert time.monotonic() - began < 10.0  # it would wait for the end of what hangs; the machine may be slow
    assert not _served()


def test_an_answer_that_nobody_reads_does_not_keep_it_from_closing() -> None:
    with FakeCluster() as cluster:
        cluster.fault("pods", Fault.huge())
        with socket.create_connection(("127.0.0.1", urlsplit(cluster.url).port or 0)) as connection:
            connection.sendall(b"GET /api/v1/pods HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1)
            began = time.monotonic()
            cluster.__exit__(None, None, None)
            assert time.monotonic() - began < 10.0  # it would wait for the end of what hangs; the machine may be slow
    assert not _served()


def test_a_client_that_leaves_is_nobodys_error(capfd: pytest.CaptureFixture[str]) -> None:
    with FakeCluster() as cluster:
        cluster.fault("pods", Fault.drip(seconds=0.001))
        connection = _connected(cluster)
        connection.getresponse().read(1)
        connection.close()
        assert _until(lambda: len(_served()) == 1)
    assert capfd.readouterr().err == ""


def test_it_can_be_used_again() -> None:
    cluster = FakeCluster([node("a")])
    with cluster:
        first = cluster.url
    with cluster:
        assert cluster.url
    assert first


def test_it_has_no_address_before_it_is_started(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="use it as a context manager"):
        _ = FakeCluster().url
    with pytest.raises(RuntimeError, match="use it as a context manager"):
        FakeCluster().kubeconfig(tmp_path)


def test_a_kubeconfig_is_for_its_owner_alone(tmp_path: Path) -> None:
    with FakeCluster() as cluster:
        path = cluster.kubeconfig(tmp_path)
        assert cluster.url in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# --- what it hears ----------------------------------------------------------------------------------------------------


def test_it_keeps_what_was_asked_in_order(ask: Callable[..., Any]) -> None:
    with FakeCluster() as cluster:
        ask(cluster, PODS, limit="500", resourceVersion="0")
        ask(cluster, "/api/v1/namespaces/shop/pods/cart", method="DELETE")
        assert cluster.requests == (
            ("GET", PODS, {"limit": "500", "resourceVersion": "0"}),
            ("DELETE", "/api/v1/namespaces/shop/pods/cart", {}),
        )


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FROB"])
def test_it_lets_nobody_write(method: str, ask: Callable[..., Any]) -> None:
    with FakeCluster([pod("cart", namespace="shop")]) as cluster:
        said = ask(cluster, "/api/v1/namespaces/shop/pods/cart", method=method, body={})
        assert (said.code, said.document["reason"]) == (403, "Forbidden")
        assert cluster.requests[0].method == method
        assert ask(cluster, PODS).names == ["cart"]


# --- changes ----------------------------------------------------------------------------------------------------------


def test_objects_come_change_and_go(ask: Callable[..., Any]) -> None:
    with FakeCluster([pod("a"), node("n")]) as cluster:
        cluster.put(pod("b"))
        cluster.put(pod("a", waiting="CrashLoopBackOff"))
        assert ask(cluster, PODS).names == ["a", "b"]
        assert not ask(cluster, "/api/v1/namespaces/default/pods/a").document["status"]["containerStatuses"][0]["ready"]
        cluster.delete("Pod", "default", "a")
        cluster.delete("Node", "", "n")
        assert ask(cluster, PODS).names == ["b"]
        cluster.replace([pod("c")])
        assert ask(cluster, PODS).names == ["c"]


def test_an_object_that_stays_as_it_was_keeps_its_version(ask: Callable[..., Any]) -> None:
    with FakeCluster([pod("a"), pod("b")]) as cluster:
        before = _versions(ask(cluster, PODS).document)
        cluster.replace([pod("a"), pod("b", restarts=1)])
        after = _versions(ask(cluster, PODS).document)
    assert before["a"] == after["a"]
    assert int(before["b"]) < int(after["b"])


def test_what_is_put_in_is_a_copy(ask: Callable[..., Any]) -> None:
    item = pod("a")
    with FakeCluster([item]) as cluster:
        item["metadata"]["labels"] = {"late": "yes"}
        assert "labels" not in ask(cluster, PODS).document["items"][0]["metadata"]


def test_a_text_that_is_no_utf_8_is_answered_all_the_same(ask: Callable[..., Any]) -> None:
    item = pod("a", waiting="CrashLoopBackOff")
    item["metadata"]["labels"] = {"half": "\ud83d", "whole": "\U0001f600 \\ \u00e9"}
    with FakeCluster([item]) as cluster:
        said = ask(cluster, PODS)
        assert said.document["items"][0]["metadata"]["labels"] == item["metadata"]["labels"]
        assert "\u00e9".encode() in said.body
        cluster.fault("pods", Fault.status(500, "half \ud83d"))
        assert ask(cluster, PODS).body == rb"half \ud83d"


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ([{"apiVersion": "v1", "kind": "Unicorn", "metadata": {"name": "a"}}], "'Unicorn'"),
        ([{"metadata": {"name": "a"}}], "kind ''"),
        ([{"apiVersion": "v1", "kind": "Pod"}], "a name at metadata.name, got None"),
        ([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 7}}], "a name at metadata.name, got 7"),
        ([pod("a"), pod("a")], "there twice"),
    ],
)
def test_an_object_that_no_cluster_would_have_is_refused(objects: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FakeCluster(objects)


def test_what_is_not_there_cannot_be_deleted() -> None:
    cluster = FakeCluster()
    with pytest.raises(LookupError, match="Pod 'default/a'"):
        cluster.delete("Pod", "default", "a")
    with pytest.raises(ValueError, match="kind 'Unicorn': expected one of ConfigMap"):
        cluster.delete("Unicorn", "", "a")


def _versions(listed: dict[str, Any]) -> dict[str, str]:
    return {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in listed["items"]}


def _until(is_so: Callable[[], bool]) -> bool:
    """Wait for something that no event tells of, for at most five seconds."""
    over, deadline = threading.Event(), time.monotonic() + 5.0
    while not is_so() and time.monotonic() < deadline:
        over.wait(0.005)
    return is_so()
