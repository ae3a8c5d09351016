"""Laws that hold for any history of a cluster, of the configuration, and of what could be seen."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.findings import SEVERITIES
from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.testing.objects import NOW, deployment, node, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import CycleResult

OLD: Final = NOW - timedelta(days=1)
OF: Final = replica_set("cart-5d4f", owner=deployment("cart", namespace="shop"))
AGAIN: Final = pod("cart-5d4f-x", owner=OF)  # between two falls
AGAIN["status"]["containerStatuses"][0] |= {
    "state": {"running": {"startedAt": (NOW + timedelta(minutes=5)).isoformat()}},
    "lastState": {"terminated": {"finishedAt": NOW.isoformat()}},
}
OBJECTS: Final = (
    deployment("checkout-api", namespace="payments", replicas=3, available=0, since=OLD),
    deployment("checkout-api", namespace="payments", replicas=3, available=1, since=OLD),
    deployment("cart", namespace="shop", replicas=2, available=1, since=NOW + timedelta(minutes=10)),
    pod("cart-5d4f-x", owner=OF, waiting="CrashLoopBackOff", since=NOW),
    node("node-a", ready="Unknown", since=NOW - timedelta(minutes=4)),
    deployment("trainer", namespace="ml", replicas=1, available=0, since=OLD),
    AGAIN,
)
GAPS: Final = (
    Gap("pods", "forbidden", "no right"),
    Gap("deployments.apps", "truncated", "page 2 did not come"),
    Gap("replicasets.apps", "slow", "no answer in time"),
    Gap("nodes", "truncated", "page 2 did not come"),
)
LISTS: Final = {"Deployment": "deployments.apps", "Node": "nodes"}
KNOWN: Final = ("known_issues: []", "known_issues: [{match: {name: c*}, until: 2026-11-30, reason: known}]")
EDITS: Final = (
    ("CLAUDE.md", ("P0: payments on-call", "P0: others")),
    ("CLAUDE.md", KNOWN),
    ("CLAUDE.md", (KNOWN[1], KNOWN[0])),
    ("CLAUDE.md", ("    - name: checkout-api\n", "    - name: other-api\n")),
    ("agents/k8s-analyzer.md", ("node-not-ready: {hold: 5m}", "node-not-ready: {enabled: false}")),
    ("agents/k8s-analyzer.md", ("exclude: []", "exclude: [shop]")),
    ("CLAUDE.md", ("cluster: demo", "cluster: other")),
)
ORDER: Final = re.compile(r"alert( (worse|update|reminder|flapping))*( (resolved|gone|withdrawn|muted))?")

looks = st.tuples(
    st.sets(st.sampled_from(range(len(OBJECTS)))),
    st.sets(st.sampled_from(GAPS), max_size=1),
    st.sampled_from([1, 1, 5, 30, 24 * 60, -30]),
    st.none() | st.sampled_from(EDITS),
    st.booleans(),
)


def edited(bench: Any, edit: Any) -> None:
    """Apply an edit where it still fits."""
    if edit is not None and bench.files[edit[0]].count(edit[1][0]) == 1:
        bench.edit(*edit)


def looked(bench: Any, chosen: set[int], gaps: set[Gap], minutes: int) -> CycleResult:
    """Look after some minutes; the clock may be set back meanwhile, and never shows the same moment twice."""
    bench.set_clock(bench.clock.now() + timedelta(minutes=minutes, seconds=1))
    result: CycleResult = bench.look(*(OBJECTS[n] for n in chosen), gaps=gaps)
    return result


def rated(result: CycleResult) -> dict[Any, str]:
    """The severities of what is open, by what decides them beside the time."""
    digest = result.data["generation"]["digest"]
    found = (f for f in result.data["findings"] if f["state"] != "pending")
    return {(digest, f["fingerprint"], f["tier"], f["impact"]): f["severity"] for f in found}


def told_at(result: Any) -> list[tuple[str, str, str]]:
    return [(told["kind"], told["severity"], told["owner"]["name"]) for told in result.data["told"]]


@pytest.mark.untraced
@given(history=st.lists(looks, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_told_out_of_order_or_lost_and_blindness_never_reads_as_health(
    make_bench: Callable[..., Any], history: list[Any]
) -> None:
    bench = make_bench()
    stories: dict[str, list[str]] = {}
    try:
        for chosen, gaps, minutes, edit, _ in history:
            edited(bench, edit)
            result = looked(bench, chosen, gaps, minutes)
            assert result.status == "ok"
            assert not (gaps and result.data["verdict"] == "healthy")
            for told in result.data["told"]:
                stories.setdefault(told["incident"], []).append(told["kind"])
            due = [f for f in result.data["findings"] if f["state"] == "open" and f["severity"] in {"SEV-1", "SEV-2"}]
            parts = (f.owner for i in bench.monitor._book.incidents.values() if i.told for f in i.findings)
            heard = {(owner.namespace, owner.name) for owner in parts}
            assert {(f["owner"]["namespace"], f["owner"]["name"]) for f in due} <= heard
            assert (result.data["verdict"] == "findings") <= any(f["state"] == "open" for f in result.data["findings"])
    finally:
        bench.registry.close()
    for kinds in stories.values():
        assert ORDER.fullmatch(" ".join(kinds)), kinds


@pytest.mark.untraced
@given(history=st.lists(looks, min_size=2, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_clock_makes_it_milder_and_no_single_blind_look_calls_anybody(
    make_bench: Callable[..., Any], history: list[Any]
) -> None:
    bench = make_bench()
    severities: dict[Any, str] = {}
    was_blind = False
    try:
        for chosen, gaps, minutes, edit, _ in history:
            edited(bench, edit)
            result = looked(bench, chosen, gaps, minutes)
            before, severities = severities, rated(result)
            for same in before.keys() & severities.keys():
                assert SEVERITIES.index(severities[same]) <= SEVERITIES.index(before[same])
            alerts = {told["owner"]["kind"] for told in result.data["told"] if told["kind"] == "alert"}
            assert ("Monitor" in alerts) <= (was_blind and bool(gaps))
            was_blind = bool(gaps)
    finally:
        bench.registry.close()


@pytest.mark.untraced
@given(history=st.lists(looks, min_size=3, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_who_was_paged_hears_the_end_at_once_and_nothing_that_is_gone_is_called_resolved(
    make_bench: Callable[..., Any], history: list[Any]
) -> None:
    bench = make_bench()
    try:
        for chosen, gaps, minutes, edit, _ in history:
            edited(bench, edit)
            looked(bench, chosen, gaps, minutes)
            left = [i for i in bench.monitor._book.incidents.values() if i.end is not None and i.told is not None]
            assert all(i.told.worst not in {"SEV-1", "SEV-2"} for i in left)
            there = {(OBJECTS[n]["kind"], OBJECTS[n]["metadata"]["name"]) for n in chosen}
            unseen = {gap.resource for gap in gaps}
            for message in bench.heard.messages:
                owner = message.owner
                is_seen = owner.kind in LISTS and LISTS[owner.kind] not in unseen
                if message.kind == "resolved" and is_seen and message.audience in {"SEV-1", "SEV-2"}:
                    assert (owner.kind, owner.name) in there
            bench.heard.taken()
    finally:
        bench.registry.close()


@pytest.mark.untraced
@given(history=st.lists(looks, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_restart_between_any_two_looks_changes_nothing(
    make_bench: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory, history: list[Any]
) -> None:
    recorder = Recorder(tmp_path_factory.mktemp("records"), keep=timedelta(days=30), most_bytes=1 << 24)
    steady, restarted = make_bench(), make_bench(recorder=recorder)
    try:
        for chosen, gaps, minutes, edit, restart in history:
            if restart:
                restarted.restart()
            results = []
            for bench in (steady, restarted):
                edited(bench, edit)
                results.append(looked(bench, chosen, gaps, minutes))
            assert told_at(results[0]) == told_at(results[1])
            assert results[0].data["findings"] == results[1].data["findings"]
            assert results[0].data["verdict"] == results[1].data["verdict"]
    finally:
        steady.registry.close()
        restarted.registry.close()
