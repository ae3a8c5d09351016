"""Mistakes of a monitor that was written by hand, as far as they concern what is told: none is possible here."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.cluster import Gap
from hotagents_k8s_monitor.composing import messages_of
from hotagents_k8s_monitor.delivery import plan
from hotagents_k8s_monitor.policy import Policy
from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MINUTE: Final = timedelta(minutes=1)
CHECKOUT: Final = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE)


@pytest.mark.parametrize("broken", [None, ConnectionError("no route to anybody")])
def test_an_incident_is_written_whether_people_could_be_told_or_not(
    make_bench: Callable[..., Any], tmp_path: Path, broken: Exception | None
) -> None:
    bench = make_bench(recorder=Recorder(tmp_path, keep=timedelta(days=30), most_bytes=1 << 20))
    bench.heard.broken = broken
    bench.look(CHECKOUT)
    (path,) = tmp_path.glob("incident-*.json")
    assert json.loads(path.read_text())["owner"]["name"] == "checkout-api"


def test_each_cycle_has_an_id_of_its_own_and_overwrites_no_other(
    make_bench: Callable[..., Any], tmp_path: Path
) -> None:
    bench = make_bench(recorder=Recorder(tmp_path, keep=timedelta(days=30), most_bytes=1 << 20))
    for _ in range(3):
        bench.look(CHECKOUT, after=MINUTE)
    (path,) = (tmp_path / "cycles").iterdir()
    assert len({json.loads(line)["cycle"] for line in path.read_text().splitlines()}) == 3


@pytest.mark.parametrize("words", ["NOTIFY: NO", "I could not reach a conclusion", "{}", "", "status: healthy, SEV-4"])
def test_no_words_of_a_model_make_it_milder_or_silent(bench: Any, words: str) -> None:
    bench.look(CHECKOUT)
    generation = bench.registry.current
    policy, incidents = Policy.of(generation), bench.monitor._book.incidents
    planned = plan(incidents.values(), policy, NOW + 40 * MINUTE)
    (message,) = messages_of(planned, policy, generation, NOW, annotations=dict.fromkeys(incidents, words))
    assert (message.kind, message.severity, message.channel) == ("reminder", "SEV-1", "#incidents")


def test_a_cluster_that_cannot_be_seen_is_told_and_never_healthy(bench: Any) -> None:
    gaps = [Gap(name, "unreachable", "no route") for name in ("nodes", "pods", "deployments.apps")]
    for _ in range(3):
        result = bench.look(gaps=gaps, after=MINUTE)
        assert result.data["verdict"] == "blind"
    assert {name for _, _, name in bench.heard.taken()} == {"k8s-monitor"}


def test_nobody_who_could_be_told_is_never_healthy(bench: Any) -> None:
    bench.heard.broken = ConnectionError("no route to anybody")
    bench.look(CHECKOUT)
    well = deployment("checkout-api", namespace="payments", replicas=3)
    for _ in range(3):
        bench.look(well, after=MINUTE)
    assert bench.again(after=MINUTE).data["verdict"] == "impaired"
    bench.heard.broken = None
    bench.again(after=20 * MINUTE)
    assert [kind for kind, _, _ in bench.heard.taken()] == ["alert", "resolved"]
