"""When a connection is made anew: what it was made with may be of yesterday."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents.clock import SystemClock
from hotagents_k8s_monitor.cluster.collector import Collector
from hotagents_k8s_monitor.cluster.connection import connect
from hotagents_k8s_monitor.cluster.kinds import KINDS as LISTED
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.testing import FakeCluster, Fault
from hotagents_k8s_monitor.testing.objects import node, pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.snapshot import Resource, Snapshot

KINDS: Final = MappingProxyType({resource: kind.name for resource, kind in LISTED.items()})


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster([node("n"), pod("p")]) as cluster:
        yield cluster


def reasons(snapshot: Snapshot) -> dict[Resource, str]:
    return {resource: gap.reason for resource, gap in snapshot.gaps.items()}


@final
class Guarded(ThreadingHTTPServer):
    """An empty cluster behind one token, which may be another one tomorrow."""

    daemon_threads = True
    token = "first"  # noqa: S105 - nobody's
    refusals: tuple[int, ...] = (401,)  # one resource after the other
    url = property(lambda self: f"http://127.0.0.1:{self.server_port}")


@final
class Guard(BaseHTTPRequestHandler):
    server: Guarded

    def do_GET(self) -> None:
        is_known = self.headers["Authorization"] == f"Bearer {self.server.token}"
        _, first, *rest = self.path.partition("?")[0].split("/")
        resource: Any = rest[-1] if first == "api" else f"{rest[-1]}.{rest[0]}"
        body = json.dumps({"kind": f"{KINDS[resource]}List", "items": [{}]}).encode()
        refusals = self.server.refusals
        self.send_response(200 if is_known else refusals[list(KINDS).index(resource) % len(refusals)])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    with Guarded(("127.0.0.1", 0), Guard) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join(10.0)


@pytest.fixture
def made() -> list[ApiClient]:
    return []


@pytest.fixture
def counted(made: list[ApiClient], kubeconfig: Callable[..., str]) -> Iterator[Callable[..., Collector]]:
    """Make a collector on a kubeconfig that may be written anew; each connection is in ``made``."""
    collectors: list[Collector] = []

    def make(url: str, **user: Any) -> Collector:
        path = kubeconfig(url, **user)

        def factory() -> ApiClient:
            made.append(connect(kubeconfig=path, context=None))
            return made[-1]

        collectors.append(Collector(factory, clock=SystemClock()))
        return collectors[-1]

    yield make
    for collector in collectors:
        collector.close()


@pytest.mark.parametrize("refusals", [(401,), (403,), (404,), (302,), (503,), (401, 404, 500)], ids=str)
def test_a_token_that_was_renewed_on_disk_is_used_from_the_second_look_on(
    refusals: tuple[int, ...],
    guarded: Guarded,
    made: list[ApiClient],
    counted: Callable[..., Collector],
    kubeconfig: Callable[..., str],
) -> None:
    guarded.refusals = refusals
    collector = counted(guarded.url, token="first")  # noqa: S106 - nobody's
    assert collector.collect().is_whole(RESOURCES)
    guarded.token = "second"  # noqa: S105 - nobody's
    kubeconfig(guarded.url, token="second")  # noqa: S106 - nobody's
    assert reasons(collector.collect()).keys() == set(RESOURCES)
    assert collector.collect().is_whole(RESOURCES)
    assert len(made) == 2


def test_a_server_that_moved_is_found_by_a_kubeconfig_that_says_where(
    cluster: FakeCluster, counted: Callable[..., Collector], kubeconfig: Callable[..., str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    collector = counted(url)
    assert reasons(collector.collect()) == dict.fromkeys(RESOURCES, "unreachable")
    kubeconfig(cluster.url)
    assert collector.collect().is_whole(RESOURCES)


def test_one_list_that_came_keeps_the_connection(
    cluster: FakeCluster, made: list[ApiClient], counted: Callable[..., Collector]
) -> None:
    for resource in RESOURCES[1:]:
        cluster.fault(resource, Fault.unauthorized())
    collector = counted(cluster.url)
    assert set(reasons(collector.collect()).values()) == {"unauthorized"}
    collector.collect()
    assert len(made) == 1
