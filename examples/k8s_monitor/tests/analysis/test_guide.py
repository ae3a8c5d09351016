"""What the guide says of cost and of metrics."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from prometheus_client import CollectorRegistry

from hotagents_k8s_monitor.metrics import MonitorCollector, Tally
from hotagents_k8s_monitor.testing import Recording
from hotagents_k8s_monitor.testing.model import ModelServer, formed, text, tool_use

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing.model import Reply, Request

GUIDE: Final = Path(__file__).resolve().parents[2] / "docs" / "ask-a-model.md"
FIVE: Final = range(1, 6)
BYTES_A_TOKEN: Final = 3.2  # of JSON and English, roughly
pytestmark = pytest.mark.skipif(not GUIDE.is_file(), reason="no checkout beside the tests")


def thorough(request: Request) -> Reply:
    """A model that asks an agent about each incident, which looks twice."""
    asked = len(request.messages) // 2
    if "k8s-analyzer" in request.tools:
        if asked == 0:
            calls = (("k8s-analyzer", {"incident": f"incident-{n}", "task": "What is wrong?"}) for n in FIVE)
            return tool_use(*calls)
        return formed(request)
    one = {"resource": "deployments.apps", "namespace": "payments", "name": "checkout-api"}
    if asked == 0:
        return tool_use(("get", {"resource": "pods", "namespace": "payments"}), ("describe", one))
    return tool_use(("get", {"resource": "deployments.apps"})) if asked == 1 else text("It cannot start. " * 20)


def table(first: str) -> list[list[str]]:
    rows = [line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if row.startswith(f"| {first}")]


def number(cell: str) -> float:
    return float(re.sub(r"[^0-9.]", "", cell))


def test_the_analysis_of_the_guide_takes_what_the_guide_says(asking: Callable[..., Any]) -> None:
    frame = Recording.load("trouble").frames[0]
    with ModelServer(thorough) as server:
        bench = asking(server, turns=30)
        bench.set_clock(frame.at)
        bench.restart()
        result = bench.look(*frame.objects)
        assert server.surprises == ()
        by_agents = [r for r in server.requests if "k8s-analyzer" not in r.tools]
        by_orchestrator = [r for r in server.requests if "k8s-analyzer" in r.tools]
    assert result.data["analysis"]["ended"]["incidents"] == len(FIVE)
    for requests, row in (
        (by_agents, table("five incidents at once")[0]),
        (by_orchestrator, table("the same: orchestrator")[0]),
    ):
        tokens = sum(len(request.raw) for request in requests) / BYTES_A_TOKEN
        assert len(requests) == number(row[1])
        assert tokens == pytest.approx(number(row[2]), rel=0.2)


def test_the_arithmetic_of_the_guide_is_right() -> None:
    agents, orchestrator, both = (
        table("five incidents at once")[0],
        table("the same: orchestrator")[0],
        table("that analysis")[0],
    )
    million = 1_000_000
    assert (number(agents[2]) * 1 + number(agents[3]) * 5) / million == pytest.approx(number(agents[4]), abs=0.001)
    dollars = (number(orchestrator[2]) * 3 + number(orchestrator[3]) * 15) / million
    assert dollars == pytest.approx(number(orchestrator[4]), abs=0.001)
    for cell in (1, 2, 3):
        assert number(agents[cell]) + number(orchestrator[cell]) == number(both[cell])
    assert number(agents[4]) + number(orchestrator[4]) == pytest.approx(number(both[4]), abs=0.005)
    month, worst = table("every day of a month")[0], table("at worst")[0]
    assert number(month[4]) == pytest.approx(30 * number(both[4]))
    assert number(month[1]) == 30 * number(both[1])
    assert 30 * number(both[2]) == pytest.approx(number(month[2]) * million, rel=0.02)
    analyses = timedelta(days=30) / timedelta(minutes=10)
    assert analyses * 200_000 == number(worst[2]) * million
    assert number(worst[4]) == number(worst[2]) * 3


def test_the_metrics_of_the_guide_are_those_that_there_are(asking: Callable[..., Any]) -> None:
    tally, registry = Tally(), CollectorRegistry()
    with ModelServer(thorough) as server:
        bench = asking(server)
        tally.add(bench.look())
        without = {family.name for family in MonitorCollector(tally).collect()}
        tally.add(bench.look(*Recording.load("trouble").frames[0].objects))
    registry.register(MonitorCollector(tally))
    found = {sample.name for family in registry.collect() for sample in family.samples if "created" not in sample.name}
    told = set(re.findall(r"`(k8s_monitor_\w+)[`{]", GUIDE.read_text(encoding="utf-8")))
    ours = {name for name in found if "analys" in name or "model" in name}
    assert ours == told
    assert {name.removesuffix("_total") for name in told} <= without
