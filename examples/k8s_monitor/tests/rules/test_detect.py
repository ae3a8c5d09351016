"""All rules at once: they never fail for what a cluster says, and one that fails takes no other with it."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotagents_k8s_monitor.cluster import Gap, Snapshot
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES
from hotagents_k8s_monitor.findings import Owner, Signal
from hotagents_k8s_monitor.rules import RULES, Rule, detect
from hotagents_k8s_monitor.testing.objects import NOW, node
from hotagents_k8s_monitor.testing.sick import sick_cluster, sick_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SICK: Final[Any] = sick_cluster()
RESTARTS: Final = sick_snapshot().restarts

STRANGE_TEXT: Final = st.text(st.characters(exclude_categories=()), max_size=5) | st.sampled_from(
    ["", "False", "CrashLoopBackOff", "Unschedulable", "\ud800", "\0", "\u2028", "x" * 5000, "0001-01-01T00:00:00Z",
     "9999-12-31T23:59:59Z", "2026-11-24T10:00:00+99:99", "2026-02-30T00:00:00Z"]
)  # fmt: skip
SCALARS: Final[st.SearchStrategy[Any]] = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), STRANGE_TEXT, st.builds(list), st.builds(dict)
)
WORDS: Final = st.sampled_from(
    ["metadata", "name", "namespace", "labels", "ownerReferences", "controller", "kind", "status", "conditions", "type",
     "reason", "message", "containerStatuses", "initContainerStatuses", "state", "waiting", "restartCount", "spec",
     "replicas", "availableReplicas", "lastTransitionTime", "lastUpdateTime", "phase", "deletionTimestamp", "schedule",
     "ports", "port", "service", "endpoints", "hard", "used", "containers", "usage", "memory", "health", "sync"]
)  # fmt: skip
JSON: Final = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=15
)


def faults(rule: str) -> Rule:
    """A rule that says something, and then fails."""

    def fail(snapshot: Snapshot) -> Iterator[Signal]:
        assert snapshot.taken_at == NOW
        yield Signal(rule=rule, owner=Owner("Pod", "shop", "said"), impact="at-risk", message="before it failed")
        raise KeyError("boom" * 1000)

    return replace(RULES[rule], detect=fail)


def broken(detection: Any) -> list[str]:
    return [signal.message for signal in detection.signals if signal.message.startswith("rule ")]


def assert_bounded(detection: Any) -> None:
    for signal in detection.signals:
        assert len(signal.message) <= 300
        assert len(signal.objects) <= 20
        assert all(len(name) <= 300 for name in signal.objects)
        assert all(len(part) <= 253 for part in (signal.owner.kind, signal.owner.namespace, signal.owner.name))


def paths(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every way to a part of a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, part in items:
        yield (*way, key)
        yield from paths(part, (*way, key))


WAYS: Final = sorted(((resource, *way) for resource, some in SICK.items() for way in paths(some) if way), key=str)


def mutated(way: tuple[Any, ...], value: Any) -> dict[Any, tuple[Any, ...]]:
    """The sick cluster with one part replaced; where there is nothing to put there, it is taken away."""
    resource, *keys = way
    objects = list(SICK[resource])
    part: Any = objects
    for key in keys[:-1]:
        part[key] = copy.copy(part[key])  # only what lies on the way; the rest is as it was, and nobody writes into it
        part = part[key]
    if value is ...:
        del part[keys[-1]]
    else:
        part[keys[-1]] = value
    return {**SICK, resource: tuple(objects)}


def reading(way: tuple[Any, ...]) -> list[Rule]:
    """The rules that read what lies on a way; others see it no more than before."""
    near = {"replicasets.apps", "jobs.batch", "deployments.apps", "statefulsets.apps", "daemonsets.apps"}
    return [rule for rule in RULES.values() if way[0] in rule.needs or (way[0] in near and rule.of_pods)]


# --- what is found, and how sure that is ------------------------------------------------------------------------------


def test_every_rule_sees_its_fault_in_a_sick_cluster() -> None:
    gaps: Any = {"jobs.batch": Gap("jobs.batch", "forbidden", "no right")}
    detection = detect(replace(sick_snapshot(), gaps=gaps))
    assert {signal.rule for signal in detection.signals} == set(RULES)
    assert_bounded(detection)


def test_signals_come_in_a_steady_order_whatever_the_order_of_the_lists(seen: Callable[..., Snapshot]) -> None:
    objects = [item for some in SICK.values() for item in some]
    there, back = detect(seen(objects)), detect(seen(reversed(objects)))
    assert there == back
    assert [signal.owner for signal in there.signals] == sorted(signal.owner for signal in there.signals)


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_rule_is_unsure_where_something_that_it_needs_was_not_seen_whole(resource: Any) -> None:
    expected = {rule.id for rule in RULES.values() if resource in rule.needs}
    gap = {resource: Gap(resource, "truncated", "page 2 did not come")}
    assert detect(Snapshot(NOW, SICK, gap)).unsure == expected
    missing = {other: some for other, some in SICK.items() if other != resource}
    assert detect(Snapshot(NOW, missing)).unsure == expected


def test_a_look_at_everything_leaves_no_rule_unsure() -> None:
    assert detect(Snapshot(NOW, SICK)).unsure == frozenset()


def test_unsure_rules_tell_what_they_see_all_the_same() -> None:
    gap = Gap("nodes", "truncated", "page 2 did not come")
    signals = detect(Snapshot(NOW, SICK, {"nodes": gap}), rules=[RULES["node-not-ready"]]).signals
    assert [signal.owner.name for signal in signals] == ["node-a"]


# --- a rule that fails ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_fails_is_told_and_stops_no_other(rule: str) -> None:
    others = [other for other in RULES.values() if other.id != rule]
    detection = detect(Snapshot(NOW, SICK), rules=[faults(rule), *others])
    expected = detect(Snapshot(NOW, SICK), rules=others).signals
    (failure,) = (signal for signal in detection.signals if signal.owner.kind == "Monitor")
    assert failure.message.startswith(f"rule {rule} failed: KeyError: 'boom")
    assert failure.objects == (rule,)
    assert detection.unsure == {rule}
    assert set(expected) <= set(detection.signals)
    assert_bounded(detection)


def test_what_a_rule_said_before_it_failed_is_kept() -> None:
    signals = detect(Snapshot(NOW, SICK), rules=[faults("deployment-short")]).signals
    assert {signal.rule for signal in signals} == {"deployment-short", "monitor-blind"}


def test_all_rules_may_fail() -> None:
    detection = detect(Snapshot(NOW, SICK), rules=[faults(rule) for rule in RULES])
    assert detection.unsure == set(RULES)
    assert len(broken(detection)) == 1
    assert f"(and {len(RULES) - 1} more)" in broken(detection)[0]


# --- whatever a cluster says ------------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from(RESOURCES), st.lists(JSON, max_size=4).map(tuple), max_size=5))
def test_no_json_makes_a_rule_fail(objects: Any) -> None:
    detection = detect(Snapshot(NOW, objects))
    assert broken(detection) == []
    assert_bounded(detection)


@pytest.mark.untraced
@settings(max_examples=400)
@given(st.sampled_from(WAYS), st.just(...) | JSON)
def test_no_part_of_an_object_makes_a_rule_fail_whatever_stands_there(way: Any, value: Any) -> None:
    detection = detect(Snapshot(NOW, mutated(way, value), restarts=RESTARTS))
    assert broken(detection) == []
    assert_bounded(detection)


@pytest.mark.untraced
@pytest.mark.parametrize("value", [..., None, "x" * 5000, [], {}, 0, True])
def test_each_part_of_each_object_may_be_gone_or_of_another_type(value: Any) -> None:
    for way in WAYS:
        detection = detect(Snapshot(NOW, mutated(way, value), restarts=RESTARTS), rules=reading(way))
        assert broken(detection) == [], way
        assert_bounded(detection)


def test_numbers_that_are_none_are_read_as_json_has_them() -> None:
    text = json.dumps(SICK["deployments.apps"]).replace('"replicas": 3', '"replicas": NaN')
    (signal,) = detect(
        Snapshot(NOW, {"deployments.apps": (json.loads(text)[0] | {"status": {}},)}), rules=[RULES["deployment-short"]]
    ).signals
    assert signal.missing == 1


def test_a_time_at_the_end_of_the_calendar_is_a_time() -> None:
    for text in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        item = node("node-a", ready="False")
        for said in item["status"]["conditions"]:
            said["lastTransitionTime"] = text
        (signal,) = detect(Snapshot(NOW, {"nodes": (item,)}), rules=[RULES["node-not-ready"]]).signals
        assert signal.since is not None
        assert abs(signal.since - NOW) > timedelta(days=365_000)


def test_rules_have_what_people_need_to_know() -> None:
    assert {rule.id: rule for rule in RULES.values()} == dict(RULES)
    assert all(rule.summary and rule.hold >= timedelta(0) for rule in RULES.values())
    assert [rule.id for rule in RULES.values() if not rule.switchable] == ["monitor-blind"]
