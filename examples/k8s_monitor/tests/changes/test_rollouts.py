"""What the cluster itself shows of a change: nothing is asked, nothing is guessed, and nothing in it makes it raise."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents_k8s_monitor.changes import Rollout, rollouts_of
from hotagents_k8s_monitor.cluster import Snapshot
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.testing.building import text_of
from hotagents_k8s_monitor.testing.objects import (
    NOW,
    application,
    daemon_set,
    deployment,
    helm_release,
    kustomization,
    pod,
    replica_set,
    stateful_set,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Rolled = "Callable[..., tuple[Rollout, ...]]"

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
CART: Final = Owner("Deployment", "shop", "cart")
DEPLOYMENT: Final = deployment("cart", namespace="shop", image="cart:2")
SHA: Final = "0123456789abcdef0123456789abcdef01234567"
OTHER: Final = "f" * 40


@pytest.fixture
def rolled(seen: Callable[..., Snapshot]) -> Callable[..., tuple[Rollout, ...]]:
    """What was rolled out within two hours."""

    def found(owner: Owner, *objects: Any) -> tuple[Rollout, ...]:
        return rollouts_of(seen(objects), owner, since=NOW - 2 * HOUR, until=NOW)

    return found


def of(name: str, revision: int, image: str, created: Any, owner: Any = DEPLOYMENT) -> Any:
    return replica_set(name, owner=owner, revision=revision, image=image, created=created)


# --- Deployments ------------------------------------------------------------------------------------------------------


def test_a_new_replica_set_is_a_rollout_with_its_images_and_those_before(rolled: Any) -> None:
    old, new = of("cart-1", 1, "cart:1", NOW - 9 * HOUR), of("cart-2", 2, "cart:2", NOW - HOUR)
    assert rolled(CART, DEPLOYMENT, new, old) == (
        Rollout(
            at=NOW - HOUR,
            kind="Deployment",
            namespace="shop",
            name="cart",
            revision="2",
            images=("cart:2",),
            images_before=("cart:1",),
            evidence=("replicasets.apps/shop/cart-2",),
        ),
    )


def test_it_can_be_written_as_json(rolled: Any) -> None:
    (rollout,) = rolled(CART, DEPLOYMENT, of("cart-2", 2, "cart:2", NOW - HOUR))
    assert json.loads(json.dumps(rollout.to_dict()))["at"] == (NOW - HOUR).isoformat()


def test_the_newest_comes_first_and_what_lies_outside_of_the_time_does_not_come(rolled: Any) -> None:
    ages = {1: 3 * HOUR, 2: 2 * HOUR, 3: HOUR, 4: timedelta(0), 5: -MINUTE}
    sets = [of(f"cart-{n}", n, f"cart:{n}", NOW - age) for n, age in ages.items()]
    assert [rollout.revision for rollout in rolled(CART, DEPLOYMENT, *sets)] == ["4", "3", "2"]


def test_revisions_are_numbers_so_that_the_tenth_comes_after_the_ninth(rolled: Any) -> None:
    sets = [of("cart-9", 9, "cart:9", NOW - 9 * HOUR), of("cart-10", 10, "cart:10", NOW - HOUR)]
    (rollout,) = rolled(CART, DEPLOYMENT, *sets)
    assert (rollout.images_before, rollout.goes_back) == (("cart:9",), False)


def test_a_template_taken_up_again_is_a_rollout_of_when_its_new_pods_were_made(rolled: Any) -> None:
    again, bad = of("cart-1", 3, "cart:1", NOW - 9 * HOUR), of("cart-2", 2, "cart:2", NOW - HOUR)
    made = pod("cart-1-x", owner=again, created=NOW - 30 * MINUTE)
    first, second = rolled(CART, DEPLOYMENT, again, bad, made)
    assert (first.at, first.revision, first.goes_back) == (NOW - 30 * MINUTE, "3", True)
    assert (first.images, first.images_before) == (("cart:1",), ("cart:2",))
    assert (second.at, second.goes_back) == (NOW - HOUR, False)


def test_a_template_taken_up_again_by_pods_that_were_there_all_along_has_no_time_and_is_left_out(rolled: Any) -> None:
    again, bad = of("cart-1", 3, "cart:1", NOW - 9 * HOUR), of("cart-2", 2, "cart:2", NOW - HOUR)
    made = pod("cart-1-x", owner=again, created=NOW - 8 * HOUR)
    assert [rollout.revision for rollout in rolled(CART, DEPLOYMENT, again, bad, made)] == ["2"]


def test_pods_are_not_walked_for_each_of_many_templates_that_were_taken_up_again() -> None:
    walks: list[int] = []

    class Counted(tuple[Any, ...]):
        __slots__ = ()

        def __iter__(self) -> Any:
            walks.append(1)
            return super().__iter__()

    sets = tuple(of(f"cart-{n}", n, f"cart:{n}", NOW - n * MINUTE) for n in range(1, 501))
    pods = [pod(f"x-{n}", owner=item, created=NOW - 30 * timedelta(seconds=1)) for n, item in enumerate(sets)]
    shop = Snapshot(NOW, {"deployments.apps": (DEPLOYMENT,), "replicasets.apps": sets, "pods": Counted(pods)})
    found = rollouts_of(shop, CART, since=NOW - 2 * HOUR, until=NOW)
    assert all(rollout.goes_back for rollout in found[:-1])
    assert len(walks) <= 3


def test_other_workloads_are_not_meant(rolled: Any) -> None:
    other = deployment("cart", namespace="other")
    there = replica_set("cart-2", owner=other, revision=2, created=NOW - HOUR)
    bare = replica_set("cart-3", namespace="shop", revision=3, created=NOW - HOUR)
    assert rolled(CART, DEPLOYMENT, other, there, bare) == ()


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 5000, "²", None, 7])
def test_a_revision_that_is_no_number_is_none(rolled: Any, revision: object) -> None:
    item = of("cart-2", 2, "cart:2", NOW - HOUR)
    item["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = revision
    assert rolled(CART, DEPLOYMENT, item) == ()


@pytest.mark.parametrize(
    ("image", "commits"),
    [
        ("registry:5000/cart:main-3f2a1bc", ("3f2a1bc",)),
        (f"cart:{SHA}@sha256:{'a' * 64}", (SHA,)),
        (f"cart@sha256:{'a' * 64}", ()),
        ("cart:20261124", ()),
        ("cart:v1.2.3", ()),
        ("registry:5000/cart", ()),
        ("cart", ()),
    ],
)
def test_digits_of_a_commit_are_found_in_a_tag_and_nowhere_else(
    rolled: Any, image: str, commits: tuple[str, ...]
) -> None:
    (rollout,) = rolled(CART, DEPLOYMENT, of("cart-1", 1, "cart:1", NOW - 9 * HOUR), of("cart-2", 2, image, NOW - HOUR))
    assert rollout.commits == commits


# --- StatefulSets and DaemonSets --------------------------------------------------------------------------------------


def revised(name: str, owner: Any, revision: str, image: str, age: timedelta) -> Any:
    return pod(name, owner=owner, image=image, created=NOW - age, labels={"controller-revision-hash": revision})


def test_a_rollout_of_a_stateful_set_is_seen_while_pods_of_two_revisions_are_there(rolled: Any) -> None:
    db = stateful_set("db", namespace="shop", replicas=3)
    db["status"] |= {"currentRevision": "db-old", "updateRevision": "db-new"}
    pods = [
        revised("db-2", db, "db-new", "db:2", HOUR),
        revised("db-1", db, "db-new", "db:2", HOUR - MINUTE),
        revised("db-0", db, "db-old", "db:1", 9 * HOUR),
    ]
    (rollout,) = rolled(Owner("StatefulSet", "shop", "db"), db, *pods)
    assert (rollout.at, rollout.revision) == (NOW - HOUR, "db-new")
    assert (rollout.images, rollout.images_before) == (("db:2",), ("db:1",))
    assert rollout.evidence == ("statefulsets.apps/shop/db", "pods/shop/db-2")


def test_pods_that_were_made_anew_from_one_revision_are_no_rollout(rolled: Any) -> None:
    db = stateful_set("db", namespace="shop", replicas=2)
    db["status"] |= {"currentRevision": "db-old", "updateRevision": "db-old"}
    pods = [revised(f"db-{n}", db, "db-old", "db:1", n * HOUR) for n in (1, 9)]
    assert rolled(Owner("StatefulSet", "shop", "db"), db, *pods) == ()


def test_of_a_daemon_set_the_revision_of_the_youngest_pod_is_the_new_one(rolled: Any) -> None:
    agent = daemon_set("agent", namespace="shop")
    pods = [revised("agent-a", agent, "6c", "agent:2", HOUR), revised("agent-b", agent, "7d", "agent:1", 9 * HOUR)]
    (rollout,) = rolled(Owner("DaemonSet", "shop", "agent"), agent, *pods)
    assert (rollout.at, rollout.revision, rollout.images) == (NOW - HOUR, "6c", ("agent:2",))


# --- what brings workloads --------------------------------------------------------------------------------------------


def test_an_application_that_lists_the_workload_tells_its_revisions(rolled: Any) -> None:
    shop = application("shop")
    shop["status"] |= {
        "resources": [{"kind": "Deployment", "namespace": "shop", "name": "cart"}],
        "history": [
            {"deployedAt": text_of(NOW - 9 * HOUR), "revision": OTHER},
            {"deployedAt": text_of(NOW - HOUR), "revision": SHA},
            {"deployedAt": text_of(NOW - MINUTE), "revision": SHA},  # a repair
        ],
        "operationState": {
            "phase": "Succeeded",
            "finishedAt": text_of(NOW - HOUR + MINUTE),
            "syncResult": {"revision": SHA},
        },
    }
    (rollout,) = rolled(CART, DEPLOYMENT, shop)
    assert (rollout.at, rollout.kind, rollout.source_revision) == (NOW - HOUR, "Application", SHA)
    assert rollout.evidence == ("applications.argoproj.io/argocd/shop",)
    assert rolled(Owner("Deployment", "shop", "search"), DEPLOYMENT, shop) == ()


def test_a_kustomization_is_known_by_its_inventory_or_by_a_label(rolled: Any) -> None:
    flux = kustomization("shop", since=NOW - HOUR)
    flux["status"]["lastAppliedRevision"] = f"main@sha1:{SHA}"
    assert rolled(CART, DEPLOYMENT, flux) == ()
    flux["status"]["inventory"] = {"entries": [{"id": "shop_cart_apps_Deployment", "v": "v1"}]}
    (by_inventory,) = rolled(CART, DEPLOYMENT, flux)
    del flux["status"]["inventory"]
    names = {"kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
    (by_label,) = rolled(CART, deployment("cart", namespace="shop", labels=names), flux)
    assert by_inventory == by_label
    assert (by_label.at, by_label.source_revision) == (NOW - HOUR, SHA)


def test_a_kustomization_that_has_a_history_is_believed_in_that(rolled: Any) -> None:
    flux = kustomization("shop", since=NOW - MINUTE)
    flux["status"] |= {
        "inventory": {"entries": [{"id": "shop_cart_apps_Deployment", "v": "v1"}]},
        "lastAppliedRevision": f"main@sha1:{SHA}",
        "history": [{"firstReconciled": text_of(NOW - HOUR), "metadata": {"revision": f"main@sha1:{SHA}"}}],
    }
    assert [rollout.at for rollout in rolled(CART, DEPLOYMENT, flux)] == [NOW - HOUR]


def test_a_helm_release_tells_each_of_its_releases(rolled: Any) -> None:
    release = helm_release("cart")
    release["status"]["history"] = [
        {"version": 8, "chartVersion": "1.2.3", "lastDeployed": text_of(NOW - HOUR)},
        {"version": 7, "chartVersion": "1.2.3", "lastDeployed": text_of(NOW - 90 * MINUTE)},
    ]
    names = {"helm.toolkit.fluxcd.io/name": "cart", "helm.toolkit.fluxcd.io/namespace": "flux-system"}
    found = rolled(CART, deployment("cart", namespace="shop", labels=names), release)
    assert [(rollout.revision, rollout.source_revision) for rollout in found] == [
        ("1.2.3, release 8", ""),
        ("1.2.3, release 7", ""),
    ]


def test_what_is_not_ready_says_nothing_of_when_it_was_brought(rolled: Any) -> None:
    flux = kustomization("shop", since=NOW - HOUR, ready="False")
    flux["status"] |= {
        "inventory": {"entries": [{"id": "shop_cart_apps_Deployment", "v": "v1"}]},
        "lastAppliedRevision": f"main@sha1:{SHA}",
    }
    assert rolled(CART, DEPLOYMENT, flux) == ()


# --- anything ---------------------------------------------------------------------------------------------------------

KEYS: Final = st.sampled_from(
    [
        "metadata", "name", "namespace", "annotations", "labels", "ownerReferences", "controller", "kind", "spec",
        "template", "containers", "image", "status", "history", "resources", "revision", "revisions", "deployedAt",
        "creationTimestamp", "deployment.kubernetes.io/revision", "controller-revision-hash", "updateRevision",
        "operationState", "phase", "finishedAt", "inventory", "entries", "id", "conditions", "type",
        "lastTransitionTime", "lastAppliedRevision", "version", "chartVersion", "lastDeployed", "firstReconciled",
    ]
)  # fmt: skip
TEXTS: Final = st.sampled_from(
    [
        "cart",
        "shop",
        "Deployment",
        "StatefulSet",
        "Ready",
        "True",
        "2",
        "Succeeded",
        "cart:2",
        text_of(NOW),
        SHA,
        "\ud800",
    ]
)
VALUES: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=15,
)
OBJECTS: Final = st.dictionaries(KEYS, VALUES, max_size=6)


@given(
    objects=st.dictionaries(st.sampled_from(RESOURCES), st.lists(OBJECTS, max_size=3).map(tuple)),
    kind=st.sampled_from(["Deployment", "StatefulSet", "DaemonSet", "Node", ""]),
)
def test_no_object_makes_it_raise_and_all_it_returns_lies_within_the_time(objects: Any, kind: str) -> None:
    owner = Owner(kind, "shop", "cart")
    found = rollouts_of(Snapshot(NOW, objects), owner, since=NOW - HOUR, until=NOW)
    assert all(NOW - HOUR <= rollout.at <= NOW for rollout in found)
    assert [rollout.at for rollout in found] == sorted((rollout.at for rollout in found), reverse=True)


@given(damage=VALUES, where=st.lists(KEYS, min_size=1, max_size=4), what=st.integers(0, 4))
def test_no_damage_to_a_whole_object_makes_it_raise(damage: Any, where: list[str], what: int) -> None:
    db = stateful_set("cart", namespace="shop")
    shop, flux = application("shop"), kustomization("shop")
    shop["status"] |= {
        "resources": [{"kind": "Deployment", "namespace": "shop", "name": "cart"}],
        "history": [{"deployedAt": text_of(NOW), "revision": SHA}],
    }
    objects = [of("cart-2", 2, "cart:2", NOW), revised("cart-0", db, "cart-x", "cart:1", HOUR), db, shop, flux]
    inner: Any = objects[what]
    for key in where[:-1]:
        inner = inner.get(key) if isinstance(inner, dict) and isinstance(inner.get(key), dict) else inner
    inner[where[-1]] = damage
    lists = {r: tuple(objects) for r in RESOURCES}  # each in each list
    for kind in ("Deployment", "StatefulSet"):
        rollouts_of(Snapshot(NOW, lists), Owner(kind, "shop", "cart"), since=NOW - HOUR, until=NOW)
