"""Events of one object, and the end of a pod's log."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster.connection import connect
from hotagents_k8s_monitor.cluster.errors import ClusterError
from hotagents_k8s_monitor.cluster.events import MOST_EVENTS
from hotagents_k8s_monitor.cluster.logs import LOG_BYTES, LOG_LINES
from hotagents_k8s_monitor.cluster.reading import Reading
from hotagents_k8s_monitor.testing import FakeCluster, Fault
from hotagents_k8s_monitor.testing.objects import pod

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

ENDLESS: Final = [Fault.hang(), Fault.drip(seconds=0.01), Fault.slow(60.0)]
SHORT: Final = 0.3


def event(name: str, at: str | None, *, of: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    subject = {"kind": "Pod", "namespace": "shop", "name": "cart", "uid": "u1"} | (of or {})
    metadata = {"name": name, "namespace": subject.get("namespace") or "default"}
    head = {"apiVersion": "v1", "kind": "Event", "metadata": metadata, "involvedObject": subject}
    return head | ({"lastTimestamp": at} if at else {}) | more


def minute(number: int) -> str:
    return f"2026-05-04T{10 + number // 60}:{number % 60:02}:00Z"


def names(found: tuple[Any, ...]) -> list[str]:
    return [one["metadata"]["name"] for one in found]


@pytest.fixture
def reading_of(kubeconfig: Callable[[str], str]) -> Iterator[Callable[..., Reading]]:
    """Return what reads from a server; it is closed at the end."""
    made: list[Reading] = []

    def make(url: str, **options: Any) -> Reading:
        made.append(Reading(lambda: connect(kubeconfig=kubeconfig(url), context=None), **options))
        return made[-1]

    yield make
    for reading in made:
        reading.close()


# --- events -----------------------------------------------------------------------------------------------------------


def test_events_of_an_object_come_alone_and_the_newest_last(reading_of: Callable[..., Reading]) -> None:
    others = [{"kind": "Deployment"}, {"namespace": "payments"}, {"name": "cart-2"}]
    objects = [event("b", minute(3)), event("c", minute(1)), event("a", minute(2))]
    objects += [event(f"other-{number}", minute(9), of=other) for number, other in enumerate(others)]
    with FakeCluster(objects) as cluster:
        found = reading_of(cluster.url).events("Pod", "shop", "cart")
        assert names(found) == ["c", "a", "b"]
        (asked,) = cluster.requests
    assert asked.path == "/api/v1/namespaces/shop/events"
    assert asked.query["fieldSelector"] == (
        "involvedObject.kind=Pod,involvedObject.name=cart,involvedObject.namespace=shop"
    )
    assert found[0]["involvedObject"]["uid"] == "u1"


def test_the_newest_is_found_by_whatever_time_an_event_has(reading_of: Callable[..., Reading]) -> None:
    series: dict[str, Any] = {"series": {"lastObservedTime": "2026-05-04T10:09:00.000001Z"}, "eventTime": minute(1)}
    objects = [
        event("series", None, **series),
        event("first", None, firstTimestamp=minute(2)),
        event("micro", None, lastTimestamp=None, eventTime="2026-05-04T10:03:00.123456Z"),
        event("never", None, lastTimestamp="soon"),
        event("last", minute(4)),
    ]
    with FakeCluster(objects) as cluster:
        found = reading_of(cluster.url).events("Pod", "shop", "cart")
    assert names(found) == ["never", "first", "micro", "last", "series"]


def test_only_the_newest_are_returned_of_however_many_pages(reading_of: Callable[..., Reading]) -> None:
    objects = [event(f"e{1000 - number:04}", minute(number)) for number in range(600)]
    with FakeCluster(objects) as cluster:
        found = reading_of(cluster.url).events("Pod", "shop", "cart")
        assert len(cluster.requests) == 2
    assert names(found) == [f"e{1000 - number:04}" for number in range(600 - MOST_EVENTS, 600)]


def test_what_came_is_kept_where_a_later_page_fails(reading_of: Callable[..., Reading]) -> None:
    with FakeCluster([event(f"e{number:03}", minute(number)) for number in range(600)]) as cluster:
        cluster.fault("events", Fault.refuse_pages())
        found = reading_of(cluster.url).events("Pod", "shop", "cart")
    assert names(found)[-1] == "e499"


def test_events_of_another_one_of_that_name_are_left_out(reading_of: Callable[..., Reading]) -> None:
    objects = [
        event("own", minute(1)),
        event("no-uid", minute(2), of={"uid": ""}),
        event("name-for-uid", minute(3), of={"uid": "cart"}),
        event("of-another", minute(4), of={"uid": "u0"}),
    ]
    with FakeCluster(objects) as cluster:
        reading = reading_of(cluster.url)
        assert names(reading.events("Pod", "shop", "cart", "u1")) == ["own", "no-uid", "name-for-uid"]
        assert names(reading.events("Pod", "shop", "cart"))[-1] == "of-another"
        cluster.replace([event("of-another", minute(4), of={"uid": "u0"})])
        assert names(reading.events("Pod", "shop", "cart", "u1")) == ["of-another"]


def test_events_of_what_is_in_no_namespace_are_in_the_default_one(reading_of: Callable[..., Reading]) -> None:
    of = {"kind": "Node", "namespace": "", "name": "node-a", "uid": "node-a"}
    with FakeCluster([event("rebooted", minute(1), of=of)]) as cluster:
        assert names(reading_of(cluster.url).events("Node", "", "node-a", "u7")) == ["rebooted"]


def test_there_may_be_no_events(reading_of: Callable[..., Reading]) -> None:
    with FakeCluster() as cluster:
        reading = reading_of(cluster.url)
        assert reading.events("Pod", "shop", "cart") == ()
        cluster.fault("events", Fault.null_items())
        assert reading.events("Pod", "shop", "cart") == ()
        cluster.clear_faults()
        cluster.fault("events", Fault.wrong_shape())
        assert reading.events("Pod", "shop", "cart") == ()


# --- logs -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster([pod("cart", namespace="shop")]) as started:
        yield started


def test_the_last_lines_of_a_log_come_as_text(cluster: FakeCluster, reading_of: Callable[..., Reading]) -> None:
    cluster.log("shop", "cart", "".join(f"line {number}\n" for number in range(1, 301)))
    reading = reading_of(cluster.url)
    assert reading.logs("shop", "cart", lines=2) == "line 299\nline 300\n"
    assert reading.logs("shop", "cart").count("\n") == 100
    asked = cluster.requests[-1]
    assert asked.path == "/api/v1/namespaces/shop/pods/cart/log"
    assert asked.query == {"tailLines": "100", "limitBytes": str(LOG_BYTES)}


@pytest.mark.parametrize(("lines", "asked"), [(-1, 1), (0, 1), (LOG_LINES + 1, LOG_LINES), (10**9, LOG_LINES)])
def test_no_other_number_of_lines_is_asked_for(
    lines: int, asked: int, cluster: FakeCluster, reading_of: Callable[..., Reading]
) -> None:
    reading_of(cluster.url).logs("shop", "cart", lines=lines)
    assert cluster.requests[-1].query["tailLines"] == str(asked)


def test_each_container_has_a_log_and_so_has_the_one_before(reading_of: Callable[..., Reading]) -> None:
    both = pod("cart", namespace="shop")
    both["spec"]["containers"] = [{"name": "app", "image": "a"}, {"name": "proxy", "image": "p"}]
    with FakeCluster([both]) as cluster:
        cluster.log("shop", "cart", "now", container="app")
        cluster.log("shop", "cart", "panic", container="app", previous=True)
        reading = reading_of(cluster.url)
        assert reading.logs("shop", "cart", "app") == "now"
        assert reading.logs("shop", "cart", "app", previous=True) == "panic"
        assert reading.logs("shop", "cart", "proxy") == ""
        with pytest.raises(ClusterError, match=r"HTTP 400.*choose one of: \[app proxy\]"):
            reading.logs("shop", "cart")
        with pytest.raises(ClusterError, match="previous terminated container"):
            reading.logs("shop", "cart", "proxy", previous=True)


def test_what_is_no_text_is_replaced(cluster: FakeCluster, reading_of: Callable[..., Reading]) -> None:
    cluster.log("shop", "cart", b"ok\n\xff\xfe \xe2\x82\n")
    assert reading_of(cluster.url).logs("shop", "cart") == "ok\n\ufffd\ufffd \ufffd\n"


def test_a_log_that_looks_like_json_is_a_text(cluster: FakeCluster, reading_of: Callable[..., Reading]) -> None:
    cluster.log("shop", "cart", '{"managedFields": 1}')
    assert reading_of(cluster.url).logs("shop", "cart") == '{"managedFields": 1}'


def test_the_newest_lines_are_kept_where_lines_are_long(
    cluster: FakeCluster, reading_of: Callable[..., Reading]
) -> None:
    cluster.log("shop", "cart", "".join(f"{number} {'x' * 2000}\n" for number in range(500)))
    found = reading_of(cluster.url).logs("shop", "cart", lines=500)
    assert found.splitlines()[-1].startswith("499 ")
    assert len(found.encode()) <= LOG_BYTES
    assert "truncated" not in found


def test_a_line_that_is_too_long_says_so(cluster: FakeCluster, reading_of: Callable[..., Reading]) -> None:
    cluster.log("shop", "cart", "y" * (LOG_BYTES + 1))
    found = reading_of(cluster.url).logs("shop", "cart", lines=1)
    assert found == "y" * LOG_BYTES + "\n[truncated: what is newer is too long to be read]\n"
    assert len(cluster.requests) == 1


def test_a_server_that_knows_no_limits_is_held_to_them(
    serve: Callable[..., str], reading_of: Callable[..., Reading]
) -> None:
    body = b"".join(b"%d %s\n" % (number, b"z" * 300) for number in range(1000))

    def handler(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)

    reading = reading_of(serve(handler))
    assert [line[:4] for line in reading.logs("shop", "cart", lines=2).splitlines()] == ["998 ", "999 "]
    found = reading.logs("shop", "cart", lines=500)
    assert found.endswith("z\n")
    assert len(found) == LOG_BYTES


def test_a_log_without_end_is_not_read(cluster: FakeCluster, reading_of: Callable[..., Reading]) -> None:
    cluster.fault("pods/log", Fault.huge(2 << 20))
    with pytest.raises(ClusterError, match="larger than may be read"):
        reading_of(cluster.url).logs("shop", "cart")


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ENDLESS, ids=lambda fault: fault.kind)
def test_no_answer_is_waited_for_longer_than_was_said(
    fault: Fault, cluster: FakeCluster, reading_of: Callable[..., Reading]
) -> None:
    cluster.fault("*", fault)
    reading = reading_of(cluster.url, seconds=SHORT)
    for read in (lambda: reading.logs("shop", "cart"), lambda: reading.events("Pod", "shop", "cart")):
        with pytest.raises(ClusterError, match=": slow: "):
            read()
    assert len(cluster.requests) == 2
    cluster.clear_faults()
    assert reading.events("Pod", "shop", "cart") == ()


def test_headers_in_crumbs_hold_nobody(serve: Callable[..., str], reading_of: Callable[..., Reading]) -> None:
    def handler(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.02):
            connection.sendall(b"X")

    with pytest.raises(ClusterError, match=": slow: "):
        reading_of(serve(handler), seconds=SHORT).logs("shop", "cart")


@pytest.mark.parametrize("fault", [Fault.status(503), Fault.throttled(), Fault.cut()], ids=lambda fault: fault.kind)
def test_nothing_is_tried_twice(fault: Fault, cluster: FakeCluster, reading_of: Callable[..., Reading]) -> None:
    cluster.log("shop", "cart", "some lines\n")
    cluster.fault("*", fault)
    reading = reading_of(cluster.url)
    for read in (lambda: reading.logs("shop", "cart"), lambda: reading.events("Pod", "shop", "cart")):
        with pytest.raises(ClusterError):
            read()
    assert len(cluster.requests) == 2


def test_redirects_are_not_followed(cluster: FakeCluster, reading_of: Callable[..., Reading]) -> None:
    cluster.fault("pods/log", Fault.status(302, "", {"Location": "/api/v1/secrets"}))
    with pytest.raises(ClusterError, match="redirects are not followed"):
        reading_of(cluster.url).logs("shop", "cart")
    assert len(cluster.requests) == 1


def test_a_right_that_is_missing_is_said_with_what_gives_it(reading_of: Callable[..., Reading]) -> None:
    role = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    with FakeCluster([pod("cart", namespace="shop")], role=role) as cluster:
        reading = reading_of(cluster.url)
        with pytest.raises(ClusterError) as events:
            reading.events("Pod", "shop", "cart")
        with pytest.raises(ClusterError) as logs:
            reading.logs("shop", "cart", "app")
    assert str(events.value).startswith("events of Pod shop/cart: forbidden: HTTP 403 Forbidden: ")
    assert str(events.value).endswith("; the account may not list events in shop: k8s/model gives that right")
    assert str(logs.value).startswith("log of shop/cart app: forbidden: HTTP 403 Forbidden: ")
    assert str(logs.value).endswith("; the account may not get pods/log in shop: k8s/logs gives that right")


def test_a_right_to_pods_and_their_logs_reads_a_log(reading_of: Callable[..., Reading]) -> None:
    role = [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]
    with FakeCluster([pod("cart", namespace="shop")], role=role) as cluster:
        cluster.log("shop", "cart", "hello")
        assert reading_of(cluster.url).logs("shop", "cart") == "hello"


def test_an_error_has_no_credential_and_no_second_line(
    cluster: FakeCluster, reading_of: Callable[..., Reading]
) -> None:
    message = "token sesame-open-sesame of\n\x1b[31mnobody"
    cluster.fault("*", Fault.status(401, {"kind": "Status", "message": message}))
    with pytest.raises(ClusterError, match=r"^log of shop/cart: unauthorized: HTTP 401") as caught:
        reading_of(cluster.url).logs("shop", "cart")
    assert "sesame" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("body", ["<html>", "[]", '{"kind": "PodList", "items": []}'])
def test_what_is_no_list_of_events_is_said(body: str, cluster: FakeCluster, reading_of: Callable[..., Reading]) -> None:
    cluster.fault("events", Fault.status(200, body))
    with pytest.raises(ClusterError, match=r"^events of Pod shop/cart: malformed: "):
        reading_of(cluster.url).events("Pod", "shop", "cart")


BAD_NAMES: Final = ["", "..", "a/b", "../secrets/x", "a,b=c", "A", "a b", "a%2fb", "é", "a\n", "a?x=y", "-a", "x" * 254]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_what_can_be_no_name_goes_into_no_path(
    name: str, cluster: FakeCluster, reading_of: Callable[..., Reading]
) -> None:
    reading = reading_of(cluster.url)
    tries: list[Callable[[], object]] = [
        lambda: reading.events("Pod", "shop", name),
        lambda: reading.events(name.lower(), "shop", "cart"),
        lambda: reading.logs(name, "cart"),
        lambda: reading.logs("shop", name),
    ]
    if name:  # an empty one means that there is none
        tries += [lambda: reading.events("Pod", name, "cart"), lambda: reading.logs("shop", "cart", name)]
    for read in tries:
        with pytest.raises(ClusterError, match=r": no \w+ can be called that$") as caught:
            read()
        assert str(caught.value).isprintable()
    assert cluster.requests == ()


# --- rights -----------------------------------------------------------------------------------------------------------


def test_the_api_server_says_what_may_be_read(reading_of: Callable[..., Reading]) -> None:
    role = [{"apiGroups": [""], "resources": ["pods", "events"], "verbs": ["get", "list"]}]
    with FakeCluster(role=role) as cluster:
        reading = reading_of(cluster.url)
        assert reading.may("list events") is True
        assert reading.may("get pods/log", namespace="shop") is False
    role = [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]
    with FakeCluster(role=role) as cluster:
        reading = reading_of(cluster.url)
        assert reading.may("list events", namespace="shop") is False
        assert reading.may("get pods/log", namespace="shop") is True


def test_a_right_that_nobody_tells_of_is_not_taken_for_granted(
    cluster: FakeCluster, reading_of: Callable[..., Reading]
) -> None:
    cluster.fault("selfsubjectaccessreviews.authorization.k8s.io", Fault.status(201, {"status": {"allowed": 1}}))
    with pytest.raises(ClusterError, match=r"^right to list events: malformed: status\.allowed: expected"):
        reading_of(cluster.url).may("list events", namespace="shop")


# --- the connection ---------------------------------------------------------------------------------------------------


def test_nobody_connects_before_something_is_read_and_one_connection_is_kept(
    cluster: FakeCluster, kubeconfig: Callable[[str], str]
) -> None:
    made: list[Any] = []

    def make() -> Any:
        made.append(connect(kubeconfig=kubeconfig(cluster.url), context=None))
        return made[-1]

    reading = Reading(make)
    reading.close()
    assert made == []
    reading.events("Pod", "shop", "cart")
    reading.logs("shop", "cart")
    assert len(made) == 1
    reading.close()
    reading.logs("shop", "cart")
    cluster.fault("*", Fault.unauthorized(), times=1)
    with pytest.raises(ClusterError):
        reading.logs("shop", "cart")
    reading.logs("shop", "cart")
    assert len(made) == 3, "a credential that was not accepted may have been renewed"
    reading.close()


def test_a_cluster_that_nobody_knows_is_said() -> None:
    def nowhere() -> Any:
        raise ClusterError("no kubeconfig")

    with pytest.raises(ClusterError, match=r"^log of shop/cart: no kubeconfig$"):
        Reading(nowhere).logs("shop", "cart")


def test_a_connection_that_is_never_made_holds_nobody() -> None:
    release = threading.Event()

    def forever() -> Any:
        release.wait(20.0)
        raise ClusterError("too late")

    with pytest.raises(ClusterError, match="slow: no answer in time"):
        Reading(forever, seconds=0.0).logs("shop", "cart")
    release.set()
