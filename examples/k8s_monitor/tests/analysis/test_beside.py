"""Where a remark comes to: beside the incident that it is about, in its note and its record, and nowhere else."""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents import Cycle
from hotagents_k8s_monitor.analysis import analyst as analysing
from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.testing.model import (
    ModelServer,
    failing,
    formed,
    instance_of,
    structured,
)
from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents_k8s_monitor.testing.model import Reply, Request

MINUTE: Final = timedelta(minutes=1)
OLD: Final = NOW - timedelta(days=1)
CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=OLD)


def short(name: str) -> dict[str, Any]:
    return deployment(name, namespace="shop", replicas=2, available=1, since=OLD)


def test_an_incident_of_a_model_that_says_nothing_of_it_has_that_in_its_note(asking: Callable[..., Any]) -> None:
    def script(request: Request) -> Reply:
        whole = instance_of(request.output_config["format"]["schema"])
        return structured({"remarks": [{**whole["remarks"][0], "incident": "incident-1"}]})

    with ModelServer(script) as server:
        bench = asking(server)
        result = bench.look(CART, short("search"))
        notes = {message.owner.name: message.note for message in bench.heard.messages}
    assert notes == {"cart": "", "search": "a model was asked, and had no remark that could be used"}
    assert (result.data["analysis"]["state"], result.data["analysis"]["remarks"]) == ("ok", 1)


@pytest.fixture
def recorded(asking: Callable[..., Any], tmp_path: Path) -> Callable[[ModelServer], Any]:
    """A monitor with records and a memory on disk."""

    def make(server: ModelServer) -> Any:
        recorder = Recorder(tmp_path, keep=timedelta(days=30), most_bytes=1 << 24)
        return asking(server, recorder=recorder, directory=tmp_path)

    return make


def remarks_in(directory: Path) -> list[list[Any]]:
    files = sorted(directory.glob("incident-*.json"))
    return [[e["remark"] for e in json.loads(file.read_text())["events"] if "remark" in e] for file in files]


def test_a_remark_is_recorded_once_with_each_incident_that_has_it(
    recorded: Callable[[ModelServer], Any], tmp_path: Path
) -> None:
    with ModelServer(formed) as server:
        bench = recorded(server)
        bench.look(CART)
        for _ in range(3):
            bench.monitor.teardown()
            bench.restart()
            bench.again(after=11 * MINUTE)
        for _ in range(3):
            bench.look(deployment("cart", namespace="shop"), after=11 * MINUTE)
        bench.look(CART, after=11 * MINUTE)  # another incident, of the same findings
        assert len(server.requests) == 1
    first, second = remarks_in(tmp_path)
    assert len(first) == 1
    assert second == first


def test_records_stay_small_and_a_remark_makes_no_line_long(
    recorded: Callable[[ModelServer], Any], tmp_path: Path
) -> None:
    with ModelServer(formed) as server:
        bench = recorded(server)
        for _ in range(60):
            bench.look(CART, after=MINUTE)
    lines = [json.loads(line) for file in tmp_path.glob("cycles/*.jsonl") for line in file.read_text().splitlines()]
    assert [bool(line["analysis"]["ended"]) for line in lines] == [True] + [False] * 59
    assert sum("findings" in line for line in lines) <= 2  # else as of an earlier line
    assert max(len(json.dumps(line["analysis"])) for line in lines[1:]) < 200
    state = json.loads((tmp_path / "state.json").read_text())
    assert "ok" not in json.dumps(state.get("analysis", ""))


def test_a_disk_that_is_full_is_said_and_costs_nothing_else(asking: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with ModelServer(formed) as server:
        bench = asking(server, directory=tmp_path / "file" / "data")
        result = bench.look(CART)
        assert "NOT WRITTEN the analysis: " in result.summary
        assert bench.heard.messages[0].annotation
        assert result.data["analysis"]["remarks"] == 1
        bench.monitor.teardown()


def test_an_object_of_a_namespace_that_is_left_out_is_no_evidence_and_is_told_to_nobody(
    asking: Callable[..., Any],
) -> None:
    hidden, seen = "pods/internal/database-0", "pods/shop/cart-x"

    def script(request: Request) -> Reply:
        value = instance_of(request.output_config["format"]["schema"])
        value["remarks"][0] |= {"summary": "x", "cause": "y", "evidence": [hidden, seen]}
        value["remarks"][0] |= {"command": "get", "command_object": hidden}
        return structured(value)

    with ModelServer(script) as server:
        bench = asking(server)
        bench.edit("agents/k8s-analyzer.md", ("exclude: []", "exclude: [internal]"))
        bench.look(CART, pod("cart-x", namespace="shop"), pod("database-0", namespace="internal"))
        (remark,) = bench.monitor._remarks.values()
    assert (remark.evidence, remark.command) == ((seen,), "")
    assert not any("database-0" in request.text for request in server.requests)


def test_what_was_said_of_one_owner_is_not_shown_beside_another(asking: Callable[..., Any]) -> None:
    with ModelServer(formed) as server:
        bench = asking(server)
        bench.look(CART)
        analyst = bench.monitor._analyst
        (incident,) = bench.monitor._book.incidents.values()
        other = replace(incident, owner=Owner("Node", "", "node-a"))
        with bench.registry.pin() as pin:
            logger = logging.LoggerAdapter(analysing.logger, {})
            cycle = Cycle(id="c", pin=pin, trigger="manual", deadline=None, cancelled=threading.Event(), logger=logger)
            assert analyst._found(cycle, incident, NOW) is not None
            assert analyst._found(cycle, other, NOW) is None


def test_that_a_model_failed_stands_in_a_message_about_many_too(asking: Callable[..., Any]) -> None:
    with ModelServer([failing(401, "authentication_error", "no")], repeat=True) as server:
        bench = asking(server)
        result = bench.look(*(short(f"w{number:02}") for number in range(40)))
    assert {message.note for message in bench.heard.messages} == {result.data["analysis"]["trouble"]}
    assert "digest" in {message.kind for message in bench.heard.messages}
