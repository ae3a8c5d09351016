"""Logs of a fake cluster's pods, and the events that are said of one object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.testing import FakeCluster, Fault
from hotagents_k8s_monitor.testing.objects import pod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOG: Final = "/api/v1/namespaces/shop/pods/cart/log"


def two_containers() -> dict[str, Any]:
    both = pod("cart", namespace="shop")
    both["spec"] |= {"containers": [{"name": "app"}, {"name": "proxy"}], "initContainers": [{"name": "init"}]}
    return both


@pytest.fixture
def cluster() -> Iterator[FakeCluster]:
    with FakeCluster([pod("cart", namespace="shop")]) as started:
        yield started


def test_a_log_is_plain_text_and_empty_where_nothing_was_written(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    said = ask(cluster, LOG)
    assert (said.code, said.headers["Content-Type"], said.body) == (200, "text/plain", b"")
    cluster.log("shop", "cart", "one\ntwo\n")
    assert ask(cluster, LOG).body == b"one\ntwo\n"
    cluster.log("shop", "cart", b"\xff")
    assert ask(cluster, LOG).body == b"\xff"
    cluster.log("shop", "cart", "\ud800")
    assert ask(cluster, LOG).body == b"\\ud800"


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({"tailLines": "2"}, b"two\nthree"),
        ({"tailLines": "0"}, b""),
        ({"tailLines": "99"}, b"one\ntwo\nthree"),
        ({"limitBytes": "5"}, b"one\nt"),
        ({"tailLines": "2", "limitBytes": "5"}, b"two\nt"),
        ({"follow": "false", "timestamps": "0", "previous": "F"}, b"one\ntwo\nthree"),
    ],
)
def test_a_part_of_a_log_begins_with_its_oldest_line(
    query: dict[str, str], body: bytes, cluster: FakeCluster, ask: Callable[..., Any]
) -> None:
    cluster.log("shop", "cart", "one\ntwo\nthree")
    assert ask(cluster, LOG, **query).body == body


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        ({"tailLines": "-1"}, 422, "tailLines: Invalid value: -1: must be greater than or equal to 0"),
        ({"limitBytes": "0"}, 422, "limitBytes: Invalid value: 0: must be greater than 0"),
        ({"tailLines": "many"}, 400, 'parsing "many": invalid syntax'),
        ({"previous": "yes"}, 400, "parsing 'yes': invalid syntax"),
        ({"follow": "true"}, 400, "follow=true: not a parameter"),
        ({"sinceSeconds": "5"}, 400, "sinceSeconds=5: not a parameter"),
        ({"container": "other"}, 400, "container other is not valid for pod cart"),
        ({"previous": "true"}, 400, "previous terminated container"),
    ],
    ids=str,
)
def test_what_cannot_be_answered_is_refused(
    query: dict[str, str], code: int, said: str, cluster: FakeCluster, ask: Callable[..., Any]
) -> None:
    answer = ask(cluster, LOG, **query)
    assert answer.code == code
    assert said in answer.document["message"]


def test_one_of_several_containers_must_be_named(ask: Callable[..., Any]) -> None:
    with FakeCluster([two_containers()]) as cluster:
        cluster.log("shop", "cart", "of the proxy", container="proxy")
        cluster.log("shop", "cart", "of one that died", container="init", previous=True)
        assert ask(cluster, LOG, container="proxy").body == b"of the proxy"
        assert ask(cluster, LOG, container="app").body == b""
        assert ask(cluster, LOG, container="init", previous="true").body == b"of one that died"
        answer = ask(cluster, LOG)
    assert answer.code == 400
    assert "choose one of: [app proxy init]" in answer.document["message"]


def test_a_container_that_never_ran_has_no_log(ask: Callable[..., Any]) -> None:
    waiting = pod("cart", namespace="shop")
    name = waiting["spec"]["containers"][0]["name"]
    status = {"name": name, "state": {"waiting": {"reason": "ImagePullBackOff"}}, "lastState": {}}
    waiting["status"]["containerStatuses"] = [status]
    with FakeCluster([waiting]) as cluster:
        answer = ask(cluster, LOG)
        assert answer.code == 400
        assert answer.document["message"].endswith("is waiting to start: ImagePullBackOff")
        status["lastState"] = {"terminated": {"exitCode": 1}}
        cluster.put(waiting)
        assert ask(cluster, LOG).code == 200


def test_a_log_goes_with_its_pod(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.log("shop", "cart", "lines")
    cluster.delete("Pod", "shop", "cart")
    answer = ask(cluster, LOG)
    assert (answer.code, answer.document["message"]) == (404, 'pods "cart" not found')


def test_a_right_to_pods_is_none_to_their_logs(ask: Callable[..., Any]) -> None:
    pods = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
    logs = {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}
    with FakeCluster([pod("cart", namespace="shop")], role=[pods]) as cluster:
        assert ask(cluster, LOG).code == 403
    with FakeCluster([pod("cart", namespace="shop")], role=[logs]) as cluster:
        assert ask(cluster, LOG).code == 200
        assert ask(cluster, LOG, method="POST").code == 403
        assert ask(cluster, LOG.removesuffix("/log")).code == 403


def test_a_fault_of_logs_hits_no_pod_and_one_of_pods_no_log(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.fault("pods/log", Fault.status(500))
    assert [ask(cluster, path).code for path in (LOG, "/api/v1/pods")] == [500, 200]
    cluster.clear_faults()
    cluster.fault("pods", Fault.status(500))
    assert [ask(cluster, path).code for path in (LOG, "/api/v1/pods")] == [200, 500]


@pytest.mark.parametrize(
    "fault",
    [Fault.broken_json(), Fault.null_items(), Fault.wrong_shape(), Fault.garbage(), Fault.huge(1000), Fault.missing()],
    ids=lambda fault: fault.kind,
)
def test_every_fault_can_hit_a_log(fault: Fault, cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.log("shop", "cart", "some lines\n")
    cluster.fault("pods/log", fault)
    assert ask(cluster, LOG).body != b"some lines\n"


def test_a_huge_log_is_no_list(cluster: FakeCluster, ask: Callable[..., Any]) -> None:
    cluster.log("shop", "cart", "begins\n")
    cluster.fault("pods/log", Fault.huge(1000))
    body = ask(cluster, LOG).body
    assert len(body) == 1000
    assert body.startswith(b"begins\n...")


def test_events_are_selected_by_what_they_are_said_of(ask: Callable[..., Any]) -> None:
    def event(called: str, **of: str) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": called, "namespace": "shop"},
            "involvedObject": of,
        }

    objects = [event("a", kind="Pod", name="cart", namespace="shop", uid="1"), event("b", kind="Job", name="cart")]
    with FakeCluster([*objects, pod("cart", namespace="shop")]) as cluster:
        for selector, names in (
            ("involvedObject.kind=Pod", ["a"]),
            ("involvedObject.name=cart,involvedObject.uid!=1", ["b"]),
            ("involvedObject.namespace=shop,involvedObject.name=cart,involvedObject.uid=1", ["a"]),
            ("metadata.name=b", ["b"]),
        ):
            assert ask(cluster, "/api/v1/namespaces/shop/events", fieldSelector=selector).names == names
        for path, selector in (
            ("/api/v1/pods", "involvedObject.name=cart"),
            ("/api/v1/events", "spec.nodeName=a"),
            ("/api/v1/events", "involvedObject.age=1"),
        ):
            answer = ask(cluster, path, fieldSelector=selector)
            assert answer.code == 400
            assert "field label not supported" in answer.document["message"]
