"""Lists, whole and otherwise."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.failures import Failure
from hotagents_k8s_monitor.cluster.lists import _Listing, list_all
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.testing import FakeCluster, Fault, kinds

if TYPE_CHECKING:
    import socket
    import threading
    from collections.abc import Callable, Iterator

    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.snapshot import GapReason

KINDS = {kind.resource: (kind.api_version, kind.name) for kind in kinds.KINDS}
OF_NO_NAMESPACE = {kind.resource for kind in kinds.KINDS if not kind.is_namespaced}
SOON = 0.25  # seconds, where it is the deadline that is looked at
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
WORDS = st.text() | st.sampled_from(["kind", "items", "metadata", "continue"])
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner), max_leaves=15)
LISTS = st.fixed_dictionaries(
    {"kind": st.sampled_from(["PodList", "Status"]) | JSON}, optional={"items": JSON, "metadata": JSON}
)


def things(resource: str, count: int) -> list[dict[str, Any]]:
    version, kind = KINDS[resource]
    place = {} if resource in OF_NO_NAMESPACE else {"namespace": "shop"}
    return [{"apiVersion": version, "kind": kind, "metadata": {"name": f"x-{n:04}", **place}} for n in range(count)]


def names(objects: tuple[Any, ...]) -> list[str]:
    return [item["metadata"]["name"] for item in objects]


def soon() -> Deadline:
    return Deadline.after(SOON)


def later() -> Deadline:
    return Deadline.after(30.0)


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster(things("pods", 1200)) as cluster:
        yield cluster


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_resource_is_listed_in_all_namespaces(resource: Any, client_of: Callable[[str], ApiClient]) -> None:
    with FakeCluster(things(resource, 3)) as cluster:
        objects, gap = list_all(client_of(cluster.url), resource, deadline=later())
    assert gap is None
    assert names(objects) == ["x-0000", "x-0001", "x-0002"]


def test_pages_are_put_together(cluster: FakeCluster, client_of: Callable[[str], ApiClient]) -> None:
    objects, gap = list_all(client_of(cluster.url), "pods", deadline=later())
    assert gap is None
    assert names(objects) == [f"x-{n:04}" for n in range(1200)]
    first, second, third = (request.query for request in cluster.requests)
    assert first == {"limit": "500", "resourceVersion": "0"}
    assert set(second) == set(third) == {"limit", "continue"}


def test_managed_fields_are_dropped(client_of: Callable[[str], ApiClient]) -> None:
    [pod] = things("pods", 1)
    pod["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    with FakeCluster([pod]) as cluster:
        [found], _ = list_all(client_of(cluster.url), "pods", deadline=later())
    assert "managedFields" not in found["metadata"]


TABLE: list[tuple[str, Fault, GapReason, str, int]] = [
    ("forbidden", Fault.forbidden(), "forbidden", 'cannot list resource "pods"', 1),
    ("unauthorized", Fault.unauthorized(), "unauthorized", "HTTP 401 Unauthorized", 1),
    ("missing", Fault.missing(), "missing", "HTTP 404 Not Found", 1),
    ("server error", Fault.status(500), "failed", "HTTP 500 Internal Server Error", 3),
    ("unavailable", Fault.status(503, "<html>no</html>"), "failed", "HTTP 503 Service Unavailable", 3),
    ("client error", Fault.status(400), "failed", "HTTP 400 Bad Request", 1),
    ("redirect", Fault.status(302, headers={"Location": "/version"}), "failed", "redirects are not followed", 1),
    ("throttled", Fault.throttled(1), "throttled", "HTTP 429 Too Many Requests", 3),
    ("throttled for an hour", Fault.throttled(3600), "throttled", "HTTP 429 Too Many Requests", 1),
    ("error for an hour", Fault.status(503, headers={"Retry-After": "3600"}), "failed", "HTTP 503", 1),
    ("odd wait", Fault.status(503, headers={"Retry-After": "9" * 400}), "failed", "HTTP 503", 1),
    ("wait in words", Fault.status(503, headers={"Retry-After": "soon"}), "failed", "HTTP 503", 3),
    ("cut", Fault.cut(), "unreachable", "IncompleteRead", 3),
    ("garbage", Fault.garbage(), "malformed", "not JSON", 1),
    ("broken JSON", Fault.broken_json(), "malformed", "not JSON", 1),
    ("no list", Fault.wrong_shape(is_root=True), "malformed", "expected a PodList, found list", 1),
    ("no text", Fault.status(200, b"\xff".decode("latin-1")), "malformed", "not JSON", 1),
    ("deep", Fault.status(200, "[" * 100_000), "malformed", "not JSON", 1),
    ("long number", Fault.status(200, "9" * 5000), "malformed", "not JSON", 1),
    ("no kind", Fault.status(200, {"items": []}), "malformed", "a mapping without a kind", 1),
    ("another kind", Fault.status(200, {"kind": "NodeList", "items": []}), "malformed", "kind 'NodeList'", 1),
    ("a status", Fault.status(200, {"kind": "Status", "status": "Failure"}), "malformed", "kind 'Status'", 1),
    ("no items", Fault.status(200, {"kind": "PodList"}), "malformed", "expected a PodList", 1),
    ("items of a kind", Fault.status(200, {"kind": "PodList", "items": {}}), "malformed", "found dict", 1),
]


@pytest.mark.parametrize(
    ("fault", "reason", "words", "attempts"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_failed_list_says_why(
    fault: Fault, reason: str, words: str, attempts: int, cluster: FakeCluster, client_of: Callable[[str], ApiClient]
) -> None:
    cluster.fault("pods", fault)
    objects, gap = list_all(client_of(cluster.url), "pods", deadline=later())
    assert not objects
    assert gap is not None
    assert (gap.resource, gap.reason) == ("pods", reason)
    assert words in gap.detail
    assert len(cluster.requests) == attempts


@pytest.mark.parametrize("fault", [Fault.hang(), Fault.slow(60), Fault.drip(), Fault.drip(seconds=0.5)], ids=str)
def test_what_takes_too_long_is_given_up(
    fault: Fault, cluster: FakeCluster, client_of: Callable[[str], ApiClient]
) -> None:
    client = client_of(cluster.url)
    list_all(client, "nodes", deadline=later())  # the imports are not what is measured
    cluster.fault("pods", fault)
    begun = time.monotonic()
    objects, gap = list_all(client, "pods", deadline=soon())
    assert time.monotonic() - begun < 10.0  # unbounded it would not end; the machine may be slow
    assert not objects
    assert gap is not None
    assert gap.reason == "slow"


def test_an_error_that_drips_is_told_by_its_status(
    serve: Callable[[Callable[[socket.socket, threading.Event], None]], str], client_of: Callable[[str], ApiClient]
) -> None:
    def drip(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9999\r\n\r\n")
        while not over.wait(0.02):
            connection.sendall(b"x")

    _, gap = list_all(client_of(serve(drip)), "pods", deadline=soon())
    assert gap is not None
    assert gap.reason == "forbidden"


def test_no_list_is_asked_for_after_the_deadline(cluster: FakeCluster, client_of: Callable[[str], ApiClient]) -> None:
    _, gap = list_all(client_of(cluster.url), "pods", deadline=Deadline.after(0.0))
    assert gap is not None
    assert gap.reason == "slow"
    assert not cluster.requests


def test_what_passes_is_no_gap(cluster: FakeCluster, client_of: Callable[[str], ApiClient]) -> None:
    cluster.fault("pods", Fault.status(500), times=1)
    cluster.fault("pods", Fault.cut(), times=1)
    cluster.fault("pods", Fault.throttled(1).from_page(2), times=1)
    objects, gap = list_all(client_of(cluster.url), "pods", deadline=later())
    assert gap is None
    assert len(objects) == 1200


def test_null_items_are_an_empty_list(cluster: FakeCluster, client_of: Callable[[str], ApiClient]) -> None:
    cluster.fault("nodes", Fault.null_items())
    assert list_all(client_of(cluster.url), "nodes", deadline=later()) == ((), None)


def test_scraps_among_the_items_are_a_gap_and_the_objects_count(
    cluster: FakeCluster, client_of: Callable[[str], ApiClient]
) -> None:
    cluster.fault("pods", Fault.wrong_shape(), times=1)
    objects, gap = list_all(client_of(cluster.url), "pods", deadline=later())
    assert len(objects) == 1200
    assert gap is not None
    assert gap.reason == "malformed"
    assert gap.detail == "10 items of the list are no objects"


@pytest.mark.parametrize(
    "fault",
    [Fault.refuse_pages(), Fault.garbage().from_page(2), Fault.cut().from_page(2), Fault.hang().from_page(2)],
    ids=str,
)
def test_the_pages_before_a_failure_are_kept(
    fault: Fault, cluster: FakeCluster, client_of: Callable[[str], ApiClient]
) -> None:
    client = client_of(cluster.url)
    list_all(client, "nodes", deadline=later())
    cluster.fault("pods", fault)
    objects, gap = list_all(client, "pods", deadline=Deadline.after(0.6))
    assert len(objects) == 500
    assert gap is not None
    assert gap.reason == "truncated"
    assert gap.detail.startswith("only 500 came: ")


def test_a_forgotten_page_starts_the_list_again(cluster: FakeCluster, client_of: Callable[[str], ApiClient]) -> None:
    cluster.fault("pods", Fault.gone(), times=2)
    objects, gap = list_all(client_of(cluster.url), "pods", deadline=later())
    assert gap is None
    assert names(objects) == [f"x-{n:04}" for n in range(1200)]
    assert [("continue" in request.query) for request in cluster.requests] == [False, True] * 2 + [False, True, True]


def test_a_page_that_is_always_forgotten_truncates_the_list(
    cluster: FakeCluster, client_of: Callable[[str], ApiClient]
) -> None:
    cluster.fault("pods", Fault.gone())
    objects, gap = list_all(client_of(cluster.url), "pods", deadline=later())
    assert len(objects) == 500
    assert gap is not None
    assert gap.reason == "truncated"
    assert len(cluster.requests) == 6


def test_a_server_that_goes_in_circles_is_left(cluster: FakeCluster, client_of: Callable[[str], ApiClient]) -> None:
    page = {"kind": "PodList", "metadata": {"continue": "again"}, "items": [{}]}
    cluster.fault("pods", Fault.status(200, page))
    objects, gap = list_all(client_of(cluster.url), "pods", deadline=later())
    assert len(objects) == 2
    assert gap is not None
    assert gap.reason == "truncated"
    assert "circles" in gap.detail


@pytest.mark.parametrize("token", [7, ["x"], {}, False, "\ud800"])
def test_a_token_that_is_none_ends_the_list(
    token: Any, cluster: FakeCluster, client_of: Callable[[str], ApiClient]
) -> None:
    page = {"kind": "PodList", "metadata": {"continue": token}, "items": [{}]}
    cluster.fault("pods", Fault.status(200, json.dumps(page)))
    objects, gap = list_all(client_of(cluster.url), "pods", deadline=later())
    assert len(objects) == 1
    assert gap is not None
    assert gap.reason == "truncated"


def test_the_size_of_all_pages_together_is_bounded(cluster: FakeCluster, client_of: Callable[[str], ApiClient]) -> None:
    client = client_of(cluster.url)
    objects, gap = list_all(client, "pods", deadline=later(), most_bytes=60_000)
    assert len(objects) == 500
    assert gap is not None
    assert gap.reason == "truncated"
    assert "larger than may be read" in gap.detail
    assert list_all(client, "pods", deadline=later(), most_bytes=10)[1] is not None


def test_a_fault_of_the_client_library_is_a_gap(cluster: FakeCluster, client_of: Callable[[str], ApiClient]) -> None:
    client = client_of(cluster.url)

    def refresh(_: Any) -> None:
        raise LookupError("the token is sesame-open-sesame")

    client.configuration.refresh_api_key_hook = refresh
    objects, gap = list_all(client, "pods", deadline=later())
    assert not objects
    assert gap is not None
    assert (gap.reason, gap.detail) == ("failed", "unexpected LookupError")


def test_an_interrupt_goes_through(cluster: FakeCluster, client_of: Callable[[str], ApiClient]) -> None:
    client = client_of(cluster.url)

    def interrupt(_: Any) -> None:
        raise KeyboardInterrupt

    client.configuration.refresh_api_key_hook = interrupt
    with pytest.raises(KeyboardInterrupt):
        list_all(client, "pods", deadline=later())


@given(st.lists(LISTS | JSON, max_size=4))
def test_pages_of_any_shape_are_taken_or_refused(bodies: list[Any]) -> None:
    listing = _Listing("pods", 1000)
    failure = None
    for body in bodies:
        try:
            listing.add(body, 10)
        except Failure as error:
            failure = error
    assert all(isinstance(item, dict) for item in listing.objects)
    if failure is not None:
        assert listing.gap(failure) is not None
