"""What agents see of a cluster: what the last look saw, without secrets, bounded, and nothing that is left out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotagents_k8s_monitor.analysis.functions import MOST_CHARACTERS, FunctionError
from hotagents_k8s_monitor.analysis.looking import looking
from hotagents_k8s_monitor.cluster import Snapshot
from hotagents_k8s_monitor.cluster.errors import ClusterError
from hotagents_k8s_monitor.cluster.kinds import KINDS
from hotagents_k8s_monitor.cluster.snapshot import Gap
from hotagents_k8s_monitor.policy import Policy
from hotagents_k8s_monitor.testing.objects import NOW, deployment, node, pod, replica_set
from hotagents_k8s_monitor.testing.reading import NoReading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hotagents_k8s_monitor.analysis.functions import Function

OLD: Final = NOW - timedelta(days=1)
CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=OLD)
SET: Final = replica_set("cart-5d4f", owner=CART)
POD: Final = pod("cart-5d4f-x", owner=SET, waiting="CrashLoopBackOff", since=OLD)
HIDDEN: Final = pod("secretive", namespace="kube-system")
SPACES: Final = [{"kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "kube-system")]
ONE: Final = {"namespace": "shop", "name": "cart-5d4f-x"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    ["metadata", "name", "namespace", "status", "conditions", "type", "spec", "template", "containers", "annotations",
     "ownerReferences", "kind", "labels", "env", "replicas", "creationTimestamp", "uid", "series", "lastTimestamp"]
)  # fmt: skip
malformed = st.recursive(
    json_values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5), max_leaves=12
)
named = st.builds(
    lambda meta, rest: {**rest, "metadata": {**meta, "name": "cart", "namespace": "shop"}},
    st.dictionaries(keys, malformed, max_size=3),
    st.dictionaries(keys, malformed, max_size=5),
)


@final
class Said:
    """A cluster that reports what it is told to."""

    def __init__(self, events: Sequence[Any] = (), log: str = "") -> None:
        self._events = events
        self._log = log
        self.asked: list[tuple[Any, ...]] = []

    def events(self, *what: str) -> Sequence[Mapping[str, Any]]:
        self.asked.append(what)
        return self._events

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False, lines: int = 100) -> str:
        self.asked.append((namespace, pod, container, previous, lines))
        return self._log

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def policy(bench: Any) -> Policy:
    return Policy.of(bench.registry.current)


@pytest.fixture
def functions(policy: Policy, seen: Callable[..., Snapshot]) -> Callable[..., dict[str, Function]]:
    """The functions over some objects, by name; ``kube-system`` is left out."""
    spaces = policy.analyzer.namespaces.model_copy(update={"exclude": ("kube-system",)})
    narrow = replace(policy, analyzer=policy.analyzer.model_copy(update={"namespaces": spaces}))

    def make(*objects: Any, gaps: Sequence[Gap] = (), reads: Any = None, logs_of: tuple[str, ...] = ()) -> Any:
        found = looking(seen(objects, *gaps), narrow, reads or NoReading(), logs_of=logs_of, emails=True)
        return {function.name: function for function in found}

    return make


def test_what_an_agent_may_call_reads_and_nothing_else(functions: Callable[..., Any]) -> None:
    assert sorted(functions()) == ["describe", "events", "get", "logs", "rollout_history"]


def test_get_lists_states_and_says_what_could_not_be_seen(functions: Callable[..., Any]) -> None:
    made = functions(CART, POD, gaps=[Gap("pods", "forbidden", "no right")])
    found = json.loads(made["get"]({"resource": "pods"}))
    assert [item["id"] for item in found["objects"]] == ["pods/shop/cart-5d4f-x"]
    assert (found["left_out"], found["not_seen"]) == (0, "forbidden: no right")
    with pytest.raises(FunctionError, match="not all of them could be seen: forbidden"):
        made["describe"]({"resource": "pods", "namespace": "shop", "name": "other"})


def test_a_namespace_that_is_left_out_is_left_out_here_too(functions: Callable[..., Any]) -> None:
    made = functions(POD, HIDDEN, *SPACES, reads=Said(log="x"), logs_of=("kube-system",))
    hidden = {"namespace": "kube-system", "name": "secretive"}
    for name, given_ in (
        ("get", {"resource": "pods", **hidden}),
        ("get", {"resource": "pods", "namespace": "kube-system"}),
        ("describe", {"resource": "pods", **hidden}),
        ("describe", {"resource": "namespaces", "name": "kube-system"}),
        ("events", {"resource": "pods", **hidden}),
        ("logs", hidden),
        ("rollout_history", hidden),
    ):
        with pytest.raises(FunctionError, match="leaves out the namespace kube-system"):
            made[name](given_)
    assert "secretive" not in made["get"]({"resource": "pods"})
    assert "kube-system" not in made["get"]({"resource": "namespaces"})
    assert "shop" in made["get"]({"resource": "namespaces"})


def test_logs_are_read_of_the_namespaces_of_the_settings_alone(functions: Callable[..., Any]) -> None:
    reads = Said(log="first\nDB_PASSWORD=correct-horse\nlast")
    for spaces, said in (((), "only: none"), (("payments",), "only: payments")):
        with pytest.raises(FunctionError, match=said):
            functions(POD, reads=reads, logs_of=spaces)["logs"](ONE)
    assert reads.asked == []
    made = functions(POD, reads=reads, logs_of=("shop",))
    assert made["logs"](ONE) == "last\nDB_PASSWORD=[redacted]\nfirst"
    with pytest.raises(FunctionError, match="saw no pods shop/other"):
        made["logs"]({"namespace": "shop", "name": "other"})  # of what is there now, and was not, nothing is read
    assert len(reads.asked) == 1


def test_what_is_cut_says_so(functions: Callable[..., Any]) -> None:
    pods = [pod(f"p-{number}", namespace="shop") for number in range(300)]
    made = functions(*pods, POD, reads=Said([{"message": "x" * 9000}], "line\n" * 5000), logs_of=("shop",))
    for text in (made["get"]({"resource": "pods"}), made["events"]({"resource": "pods", **ONE}), made["logs"](ONE)):
        assert len(text) <= MOST_CHARACTERS + 60
        assert "[truncated: 8000 of" in text
    few = functions(*pods[:120])["get"]({"resource": "pods"})
    assert "[truncated" in few or json.loads(few)["left_out"] == 20


def test_describe_shows_no_value_of_the_environment_and_no_annotation_of_people(functions: Callable[..., Any]) -> None:
    one = {**POD, "metadata": {**POD["metadata"], "annotations": {"note": "plain-words"}}}
    one["spec"] = {**POD["spec"], "containers": [{"name": "c", "env": [{"name": "A", "value": "plain-value"}]}]}
    text = functions(one)["describe"]({"resource": "pods", **ONE})
    assert "cart-5d4f-x" in text
    assert not [word for word in ("plain-words", "plain-value") if word in text]


def test_what_is_nested_too_deeply_is_refused_in_words(functions: Callable[..., Any]) -> None:
    inner: Any = "x"
    for _ in range(5000):
        inner = {"spec": inner}
    made = functions({**CART, "spec": inner})
    with pytest.raises(FunctionError, match="nested too deeply"):
        made["describe"]({"resource": "deployments.apps", "namespace": "shop", "name": "cart"})
    assert "deployments.apps/shop/cart" in made["get"]({"resource": "deployments.apps"})


def test_a_history_has_the_newest_revision_first_and_those_of_no_other(functions: Callable[..., Any]) -> None:
    def revision(number: int) -> dict[str, Any]:
        made = replica_set(f"cart-{number}", owner=CART)
        made["metadata"] |= {
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "creationTimestamp": f"2026-11-2{number}T10:00:00Z",
        }
        return made

    other = deployment("other", namespace="shop", replicas=1)
    made = functions(CART, revision(1), revision(2), other, replica_set("other-1", owner=other))
    found = json.loads(made["rollout_history"]({"namespace": "shop", "name": "cart"}))["revisions"]
    assert [each["revision"] for each in found] == ["2", "1"]


@pytest.mark.parametrize("name", ["get", "describe", "events", "logs", "rollout_history"])
def test_arguments_that_are_none_are_refused(name: str, functions: Callable[..., Any]) -> None:
    made = functions(CART, POD, node("n"), logs_of=("shop",))[name]
    for given_ in (
        {},
        {"resource": None, "namespace": "shop", "name": "cart"},
        {"resource": "secrets", "namespace": "shop", "name": "cart"},
        {"resource": "pods", "namespace": ["shop"], "name": {"a": 1}},
        {"resource": "pods", "namespace": "shop", "name": "cart", "command": "rm"},
    ):
        with pytest.raises(FunctionError):
            made(given_)


@given(
    item=named,
    events=st.lists(st.dictionaries(keys, malformed, max_size=4), max_size=3),
    resource=st.sampled_from([*KINDS]),
    log=st.text(max_size=40),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_cluster_says_is_answered_or_refused_in_words(
    policy: Policy, item: Any, events: list[Any], resource: Any, log: str
) -> None:
    snapshot = Snapshot(NOW, {resource: (item, item), "replicasets.apps": (item,), "pods": (item,)})
    made = looking(snapshot, policy, Said(events, log), logs_of=("shop",), emails=True)
    one = {"namespace": "shop", "name": "cart"}
    calls = {"get": {"resource": resource}, "describe": {"resource": resource, **one}, "logs": one}
    calls |= {"events": {"resource": resource, **one}, "rollout_history": one}
    for function in made:
        try:
            text = function(calls[function.name])
        except (FunctionError, ClusterError) as error:
            text = str(error)
        text.encode("utf-8", "strict" if function.name != "logs" else "surrogatepass")
