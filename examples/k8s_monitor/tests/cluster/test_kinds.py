"""What is listed: every kind by its call, add-ons that may not be installed, and objects that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.kinds import KINDS, list_call
from hotagents_k8s_monitor.cluster.lists import has_group, list_all
from hotagents_k8s_monitor.cluster.shapes import flaw
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.testing import FakeCluster, Fault
from hotagents_k8s_monitor.testing.objects import certificate, pod
from hotagents_k8s_monitor.testing.sick import sick_cluster

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.snapshot import Resource

OPTIONAL: Final = [resource for resource in RESOURCES if KINDS[resource].optional]
NOTHING: Final[list[Any]] = []
SICK: Final[Any] = sick_cluster()
SCALARS: Final[st.SearchStrategy[Any]] = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
JSON: Final = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def later() -> Deadline:
    return Deadline.after(30.0)


def test_every_resource_has_its_kind() -> None:
    assert tuple(KINDS) == RESOURCES
    assert {resource for resource in RESOURCES if not KINDS[resource].is_namespaced} == {
        "nodes", "namespaces", "storageclasses.storage.k8s.io", "ingressclasses.networking.k8s.io",
        "apiservices.apiregistration.k8s.io",
    }  # fmt: skip


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_client_has_each_call(resource: Resource) -> None:
    from kubernetes import client  # noqa: PLC0415 - heavy

    for namespace in ("", "shop"):
        call, where = list_call(resource, namespace=namespace, version="v1")
        assert callable(getattr(getattr(client, call.api), call.method))
        assert ("namespace" in where) is (namespace != "" and KINDS[resource].is_namespaced)


@pytest.mark.parametrize("resource", OPTIONAL)
def test_an_add_on_that_is_not_installed_is_empty_and_whole(
    resource: Resource, client_of: Callable[[str], ApiClient]
) -> None:
    for role in (None, NOTHING):  # whoever may not list it is refused before anybody looks whether it is there
        with FakeCluster(role=role) as cluster:
            api = client_of(cluster.url)
            assert list_all(api, resource, deadline=later()) == ((), None)
            assert not has_group(api, resource, deadline=later())


def test_an_add_on_that_is_there_and_may_not_be_listed_is_a_gap(client_of: Callable[[str], ApiClient]) -> None:
    with FakeCluster([certificate("tls")], role=NOTHING) as cluster:
        _, gap = list_all(client_of(cluster.url), "certificates.cert-manager.io", deadline=later())
    assert gap is not None
    assert gap.reason == "forbidden"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Fault.status(503), "failed"), (Fault.garbage(), "malformed"), (Fault.forbidden(), "forbidden")],
)
def test_an_add_on_that_fails_is_a_gap(fault: Fault, reason: str, client_of: Callable[[str], ApiClient]) -> None:
    with FakeCluster([certificate("tls")]) as cluster:
        cluster.fault("certificates.cert-manager.io", fault)
        _, gap = list_all(client_of(cluster.url), "certificates.cert-manager.io", deadline=later())
    assert gap is not None
    assert gap.reason == reason


def test_where_nobody_says_which_groups_there_are_a_refusal_is_one(client_of: Callable[[str], ApiClient]) -> None:
    with FakeCluster(role=NOTHING) as cluster:
        cluster.fault("/apis", Fault.status(500))
        _, gap = list_all(client_of(cluster.url), "certificates.cert-manager.io", deadline=later())
    assert gap is not None
    assert gap.reason == "forbidden"


def test_what_every_cluster_has_is_never_taken_for_not_installed(client_of: Callable[[str], ApiClient]) -> None:
    with FakeCluster() as cluster:
        cluster.fault("services", Fault.missing())
        _, gap = list_all(client_of(cluster.url), "services", deadline=later())
    assert gap is not None
    assert gap.reason == "missing"


# --- objects that cannot be read --------------------------------------------------------------------------------------


def test_an_object_that_cannot_be_read_leaves_a_gap_and_is_kept(client_of: Callable[[str], ApiClient]) -> None:
    broken = pod("x", namespace="shop")
    broken["status"]["containerStatuses"] = "none"
    with FakeCluster([broken, pod("y", namespace="shop")]) as cluster:
        objects, gap = list_all(client_of(cluster.url), "pods", deadline=later())
    assert len(objects) == 2
    assert gap is not None
    assert gap.reason == "malformed"
    assert gap.detail == ("1 of 2 objects cannot be read: shop/x: status.containerStatuses: expected a list, found str")


def test_what_a_cluster_really_says_has_no_flaw() -> None:
    for resource in RESOURCES:
        assert [flaw(resource, item) for item in SICK[resource] if flaw(resource, item)] == []


@pytest.mark.parametrize("resource", RESOURCES)
def test_absent_and_null_are_no_flaws(resource: Resource) -> None:
    shown: list[Any] = [
        {},
        {"metadata": None, "spec": None, "status": None},
        {"metadata": {}, "spec": {}, "status": {}},
    ]
    for item in shown:
        assert flaw(resource, item) == ""


@given(st.sampled_from(RESOURCES), st.dictionaries(st.sampled_from(["metadata", "spec", "status", "endpoints"]), JSON))
def test_no_json_makes_it_fail(resource: Any, item: Any) -> None:
    said = flaw(resource, item)
    if any(not isinstance(item.get(part), dict | None) for part in ("metadata", "spec")):
        assert said
