"""Metrics say what the cycles came to, and name nothing of the cluster."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from hotagents import CycleResult
from hotagents_k8s_monitor.cluster.snapshot import Gap
from hotagents_k8s_monitor.deadman import DeadMan, alive_facts, alive_text, post
from hotagents_k8s_monitor.metrics import MonitorCollector, Tally
from hotagents_k8s_monitor.testing import Recording

if TYPE_CHECKING:
    from collections.abc import Mapping

MINUTE: Final = timedelta(minutes=1)


def shown(tally: Tally) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(MonitorCollector(tally))
    lines = generate_latest(registry).decode().splitlines()
    return {
        name: float(value)
        for line in lines
        if not line.startswith("#")
        for name, _, value in [line.rpartition(" ")]
        if not name.endswith("_created")
    }


def test_before_the_first_look_there_are_counts_of_nothing_and_no_state() -> None:
    values = shown(Tally())
    assert values['k8s_monitor_looks_total{verdict="healthy"}'] == 0
    assert not [name for name in values if name.startswith(("k8s_monitor_findings", "k8s_monitor_blind"))]


def test_findings_messages_and_looks_are_counted(bench: Any) -> None:
    tally, frame = Tally(), Recording.load("trouble").frames[0]
    tally.add(bench.look(*frame.objects))
    tally.add(bench.again(after=MINUTE))
    values = shown(tally)
    assert values['k8s_monitor_looks_total{verdict="findings"}'] == 2
    assert values['k8s_monitor_findings{rule="node-not-ready",severity="SEV-2",state="open"}'] == 1
    assert values['k8s_monitor_open_incidents{severity="SEV-1"}'] == 1
    assert values['k8s_monitor_open_incidents{severity="SEV-4"}'] == 0
    assert values["k8s_monitor_blind"] == 0
    assert values["k8s_monitor_last_look_timestamp_seconds"] == bench.clock.now().timestamp()
    assert sum(value for name, value in values.items() if name.startswith("k8s_monitor_messages_total")) >= 5
    text = "".join(values)
    assert not [word for word in ("checkout", "node-c", "shop", "storefront") if word in text]


def test_what_cannot_be_seen_is_a_metric_of_its_own_and_keeps_the_time_of_the_last_whole_look(bench: Any) -> None:
    tally, frame = Tally(), Recording.load("healthy").frames[0]
    tally.add(bench.look(*frame.objects))
    whole = bench.clock.now().timestamp()
    tally.add(bench.look(*frame.objects, gaps=[Gap("pods", "forbidden", "no")], after=MINUTE))
    values = shown(tally)
    assert values["k8s_monitor_blind"] == 1
    assert values['k8s_monitor_gap{reason="forbidden",resource="pods"}'] == 1
    assert values["k8s_monitor_last_whole_look_timestamp_seconds"] == whole
    assert values['k8s_monitor_looks_total{verdict="blind"}'] == 1


def test_a_message_that_could_not_be_delivered_is_counted(bench: Any) -> None:
    tally = Tally()
    bench.heard.broken = OSError("no network")
    tally.add(bench.look(*Recording.load("trouble").frames[0].objects))
    assert shown(tally)["k8s_monitor_message_failures_total"] >= 1


def test_a_cycle_without_an_outcome_counts_as_failed() -> None:
    tally = Tally()
    tally.add(CycleResult(status="failed", error="x"))
    assert shown(tally)['k8s_monitor_looks_total{verdict="failed"}'] == 1


class Heard:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.came = threading.Event()
        self.broken = False

    def __call__(self, text: str, facts: Mapping[str, Any]) -> None:
        assert facts["looks"]
        if self.broken:
            raise OSError("no network")
        self.said.append(text)
        self.came.set()


def test_a_living_monitor_says_so_and_one_that_hangs_says_nothing(bench: Any) -> None:
    tally, heard, healthy = Tally(), Heard(), [True]
    dead_man = DeadMan(3600, tally, lambda: healthy[0], heard)
    dead_man.beat()
    assert heard.said == []  # before the first look
    tally.add(bench.look(*Recording.load("trouble").frames[0].objects))
    dead_man.beat()
    assert heard.said[0].startswith("alive: cluster demo, 1 looks, the last at 2026-11-24T10:00:00+00:00; findings: ")
    healthy[0] = False
    dead_man.beat()
    assert len(heard.said) == 1


def test_it_beats_on_a_thread_of_its_own_until_its_end(bench: Any) -> None:
    tally, heard = Tally(), Heard()
    tally.add(bench.look(*Recording.load("healthy").frames[0].objects))
    with DeadMan(0.01, tally, lambda: True, heard):
        assert heard.came.wait(10)
    assert not [thread for thread in threading.enumerate() if thread.name == "k8s-monitor-dead-man"]
    with DeadMan(0, tally, lambda: True, heard):
        assert not [thread for thread in threading.enumerate() if thread.name == "k8s-monitor-dead-man"]


def test_what_cannot_be_sent_is_logged_once_until_it_can(bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    tally, heard = Tally(), Heard()
    tally.add(bench.look(*Recording.load("healthy").frames[0].objects))
    dead_man = DeadMan(3600, tally, lambda: True, heard)
    for heard.broken in (True, True, False, True):
        dead_man.beat()
    assert caplog.text.count("could not be sent") == 2


def test_the_message_names_nothing_of_the_cluster_but_its_name(bench: Any) -> None:
    tally = Tally()
    tally.add(bench.look(*Recording.load("trouble").frames[0].objects))
    facts = alive_facts(tally)
    assert not [word for word in ("checkout", "node-c", "shop") if word in f"{facts} {alive_text(facts)}"]


def test_an_address_that_does_not_answer_is_an_error_that_does_not_name_it() -> None:
    with pytest.raises(OSError, match="the address of K8S_MONITOR_DEAD_MAN_URL") as caught:
        post("http://127.0.0.1:9/a-secret-path", {"looks": 1})
    assert "a-secret-path" not in str(caught.value)


def test_totals_are_replaced_as_a_whole() -> None:
    tally = Tally()
    before = tally.totals
    tally.add(CycleResult(status="failed"))
    assert before == replace(before)
    assert before.looks["failed"] == 0


def analysed(state: str, trouble: str = "", **ended: Any) -> CycleResult:
    """A cycle in which an analysis ended, or none did."""
    spent = {"a\nmodel" + "x" * 100: {"input": 10, "output": 5, "cache_read": 2, "cache_write": 1, "requests": 1}}
    whole = {"state": state, "spent": spent, "dollars": 0.5, **ended} if state else None
    analysis = {"state": "ok", "trouble": trouble, "remarks": 0, "waiting": 0, "ended": whole}
    look = {"at": "2026-11-24T10:00:00+00:00", "verdict": "healthy", "told": [], "gaps": [], "findings": []}
    return CycleResult(status="ok", data={**look, "analysis": analysis})


def test_without_a_model_there_is_no_metric_of_one(bench: Any) -> None:
    tally = Tally()
    tally.add(bench.look(*Recording.load("trouble").frames[0].objects))
    assert not [name for name in shown(tally) if "model" in name or "analys" in name]


def test_analyses_tokens_and_dollars_are_counted_and_each_state_is_there_from_the_first_look() -> None:
    tally = Tally()
    tally.add(analysed(""))
    assert {state: shown(tally)[f'k8s_monitor_analyses_total{{state="{state}"}}'] for state in ("ok", "stopped")} == {
        "ok": 0,
        "stopped": 0,
    }
    for state in ("ok", "unavailable", "ok", ""):
        tally.add(analysed(state))
    values = shown(tally)
    assert values['k8s_monitor_analyses_total{state="ok"}'] == 2
    assert values['k8s_monitor_analyses_total{state="unavailable"}'] == 1
    assert values["k8s_monitor_model_dollars_total"] == 1.5
    by_kind = {name.partition('kind="')[2].partition('"')[0]: v for name, v in values.items() if "tokens" in name}
    assert by_kind == {"input": 30, "output": 15, "cache_read": 6, "cache_write": 3}
    assert not any("\n" in name or len(name) > 200 for name in values)


def test_an_analysis_that_is_unavailable_is_a_gauge_until_it_is_not() -> None:
    tally = Tally()
    for trouble, expected in (("", 0), ("analysis unavailable: no", 1), ("analysis unavailable: no", 1), ("", 0)):
        tally.add(analysed("", trouble))
        assert shown(tally)["k8s_monitor_analysis_unavailable"] == expected
