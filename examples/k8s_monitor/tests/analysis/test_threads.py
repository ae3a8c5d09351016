"""One analysis at a time, in a thread that holds up nobody and leaves nothing behind, however it ends."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.analysis import analyst as analysing
from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.testing.model import (
    ModelServer,
    failing,
    instance_of,
    malformed,
    refused,
    sensible,
    slow,
    structured,
    text,
)
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotagents_k8s_monitor.testing.model import Reply, Request

MINUTE: Final = timedelta(minutes=1)
OLD: Final = NOW - timedelta(days=1)
CART: Final = deployment("cart", namespace="shop", replicas=2, available=1, since=OLD)
ON_CALL: Final = "P0: payments on-call"


def short(name: str) -> dict[str, Any]:
    return deployment(name, namespace="shop", replicas=2, available=1, since=OLD)


def answer(request: Request) -> Reply:
    return structured(instance_of(request.output_config["format"]["schema"]))


def incidents_in(request: Request) -> list[str]:
    schema = request.output_config["format"]["schema"]
    found: list[str] = schema["properties"]["remarks"]["items"]["properties"]["incident"]["enum"]
    return found


def analyses() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "k8s-monitor-analysis"]


def test_no_pin_is_left_after_fifty_analyses_whatever_they_came_to(asking: Callable[..., Any]) -> None:
    replies = [answer, failing(500, "api_error", "no", retry_after=0.001), refused(), malformed(), text("well")]

    def script(request: Request) -> Any:
        reply = replies[len(numbers) % len(replies)]
        numbers.append(len(numbers))
        return reply(request) if callable(reply) else reply

    numbers: list[int] = []
    with ModelServer(script) as server:
        bench = asking(server, interval=1.0)
        ended = []
        for number in range(50):
            result = bench.look(short(f"w{number}"), after=timedelta(hours=7))
            ended.append(result.data["analysis"]["ended"]["state"])
            assert bench.registry.status.pins == 0
    assert set(ended) == {"ok", "unavailable"}
    assert analyses() == []


def test_no_two_analyses_are_at_work_at_once(asking: Callable[..., Any]) -> None:
    over = threading.Event()

    def script(request: Request) -> Reply:
        over.wait(30)
        return answer(request)

    with ModelServer(script) as server:
        bench = asking(server, waits=False)
        bench.look(CART)
        server.wait_for(1)
        for number in range(20):
            result = bench.look(CART, short(f"w{number}"), after=timedelta(hours=1))
            assert result.data["analysis"]["state"] == "asked"
            assert len(analyses()) == 1
        work = bench.monitor._analyst._work
        over.set()
        assert work.over.wait(30)
        assert len(server.requests) == 1
    assert bench.registry.status.pins == 0


def test_one_that_hangs_is_said_and_no_other_begins(asking: Callable[..., Any]) -> None:
    with ModelServer([slow(text("x"), 600.0)], repeat=True) as server:
        bench = asking(server, waits=False, seconds=100.0)
        bench.look(CART)
        server.wait_for(1)
        assert bench.again(after=timedelta(seconds=150)).data["analysis"]["trouble"] == ""
        result = bench.again(after=timedelta(seconds=20))
        assert "analysis unavailable: the last one hangs" in result.summary
        assert len(analyses()) == 1
        bench.monitor.teardown()


def test_an_end_in_its_midst_leaves_no_pin_and_another_beginning_asks_again(
    asking: Callable[..., Any], tmp_path: Path
) -> None:
    first = threading.Event()

    def script(request: Request) -> Reply:
        if not first.is_set():
            first.set()
            closed.wait(30)
        return answer(request)

    closed = threading.Event()
    with ModelServer(script) as server:
        bench = asking(server, waits=False, directory=tmp_path)
        bench.look(CART)
        server.wait_for(1)
        work = bench.monitor._analyst._work
        bench.monitor.teardown()
        closed.set()
        assert work.over.wait(30)
        assert bench.registry.status.pins == 0
        bench.monitor.setup()  # the same monitor once more
        bench.again(after=11 * MINUTE)
        assert bench.monitor._analyst._work.over.wait(30)
        assert bench.again(after=MINUTE).data["analysis"]["remarks"] == 1


def test_a_process_that_was_killed_in_its_midst_does_not_begin_with_another(
    asking: Callable[..., Any], tmp_path: Path
) -> None:
    with ModelServer([slow(text("x"), 600.0)], repeat=True) as server:
        bench = asking(server, waits=False, directory=tmp_path)
        bench.look(CART)
        server.wait_for(1)
        for _ in range(5):  # nothing is written by a process that is killed
            bench.restart()
            assert bench.again(after=MINUTE).data["analysis"]["state"] == "waiting"
        assert len(server.requests) == 1
        bench.restart()
        bench.again(after=6 * MINUTE)
        server.wait_for(2)


def test_that_no_thread_can_be_had_is_said(asking: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_thread: object) -> None:
        raise RuntimeError("can't start new thread")

    with ModelServer(answer) as server:
        bench = asking(server)
        with monkeypatch.context() as patched:
            patched.setattr(analysing._Work, "start", start)
            result = bench.look(CART)
        assert "analysis unavailable: no thread for it: can't start new thread" in result.summary
        assert bench.heard.messages[0].note == result.data["analysis"]["trouble"]
        assert (result.data["analysis"]["ended"]["reason"], bench.registry.status.pins) == ("failed", 0)
        assert bench.again(after=11 * MINUTE).data["analysis"]["remarks"] == 1


@pytest.mark.parametrize("name", ["ask_about", "Model"])
def test_a_mistake_of_its_own_is_said_and_costs_no_message(
    name: str, asking: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*_arguments: object, **_options: object) -> Any:
        raise LookupError("a mistake")

    with ModelServer(answer) as server:
        bench = asking(server)
        monkeypatch.setattr(analysing, name, mistaken)
        result = bench.look(CART)
        assert "analysis unavailable: " in result.summary
        assert bench.heard.messages[0].note.startswith("analysis unavailable: ")
        assert [told["kind"] for told in result.data["told"]] == ["alert"]
        assert bench.registry.status.pins == 0


def test_what_takes_too_much_is_asked_about_in_smaller_parts_and_last(asking: Callable[..., Any]) -> None:
    sizes: list[int] = []

    def script(request: Request) -> Reply:
        sizes.append(len(incidents_in(request)))
        return text("I cannot.") if "shop/w03" in request.text else answer(request)

    names = [f"w{number:02}" for number in range(12)]
    with ModelServer(script) as server:
        bench = asking(server, interval=1.0)
        results = [bench.look(*map(short, names), after=timedelta(hours=7)) for _ in range(20)]
    assert sizes[:3] == [10, 5, 7]
    assert max(sizes[-2:]) == 1  # it alone is left, and costs no other its remark
    assert results[-1].data["analysis"]["waiting"] == 1


def test_a_generation_that_goes_back_and_forth_is_asked_for_once_each(asking: Callable[..., Any]) -> None:
    with ModelServer(answer) as server:
        bench = asking(server)
        names = [ON_CALL, "P0: others"]
        bench.look(CART)
        for number in range(30):
            bench.edit("CLAUDE.md", (names[number % 2], names[(number + 1) % 2]))
            result = bench.again(after=11 * MINUTE)
            assert result.data["analysis"]["remarks"] == 1
        assert len(server.requests) == 2


def test_a_generation_that_changes_each_minute_is_asked_for_each_interval_and_what_waits_is_said(
    asking: Callable[..., Any],
) -> None:
    with ModelServer(answer) as server:
        bench = asking(server)
        bench.look(CART)
        states, last = [], ON_CALL
        for number in range(40):
            bench.edit("CLAUDE.md", (last, f"P0: number {number}"))
            last = f"P0: number {number}"
            states.append(bench.again(after=MINUTE).data["analysis"]["state"])
        assert len(server.requests) == 5
    assert set(states) == {"waiting", "ok"}
    assert states.count("ok") == 4


def test_what_flaps_costs_an_analysis_an_interval_at_most(asking: Callable[..., Any]) -> None:
    with ModelServer(answer) as server:
        bench = asking(server)
        for number in range(120):
            bench.look(*(short(f"w{n}") for n in range(number % 7, number % 7 + 3)), after=MINUTE)
        assert len(server.requests) <= 12


def test_what_is_muted_and_then_open_is_asked_about_once_it_is_open(asking: Callable[..., Any]) -> None:
    muted = (
        "known_issues: []\n",
        "known_issues:\n  - {match: {name: cart}, until: 2026-12-31, reason: it is known}\n",
    )
    with ModelServer(answer) as server:
        bench = asking(server)
        bench.edit("CLAUDE.md", muted)
        for _ in range(5):
            assert bench.look(CART, after=11 * MINUTE).data["analysis"]["state"] == "ok"
        assert server.requests == ()
        bench.edit("CLAUDE.md", (muted[1], muted[0]))
        assert bench.again(after=MINUTE).data["analysis"]["remarks"] == 1


def test_a_hundred_open_incidents_are_asked_about_ten_at_a_time_and_then_no_more(asking: Callable[..., Any]) -> None:
    with ModelServer(answer) as server:
        bench = asking(server)
        left = []
        for _ in range(10):
            result = bench.look(*(short(f"w{number:03}") for number in range(100)), after=11 * MINUTE)
            left.append(result.data["analysis"]["waiting"])
        assert left == [90, 80, 70, 60, 50, 40, 30, 20, 10, 0]
        for _ in range(20):
            assert bench.again(after=11 * MINUTE).data["analysis"]["ended"] is None
        assert len(server.requests) == 10


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


def test_the_interval_is_kept_by_a_restart_also_where_it_is_a_day(asking: Callable[..., Any], tmp_path: Path) -> None:
    with ModelServer([failing(400, "invalid_request_error", "no")], repeat=True) as server:
        bench = asking(server, directory=tmp_path, interval=86_400.0)
        bench.look(CART)
        asked = len(server.requests)
        for hours in (7, 7, 7):
            bench.restart()
            bench.again(after=timedelta(hours=hours))
        assert len(server.requests) == asked


@pytest.mark.parametrize("moved", [timedelta(days=1), timedelta(days=365), -timedelta(days=1), -timedelta(days=365)])
def test_a_clock_that_is_set_stops_nothing(moved: timedelta, asking: Callable[..., Any], tmp_path: Path) -> None:
    with ModelServer(sensible) as server:
        bench = asking(server, directory=tmp_path)
        bench.look(CART)
        bench.monitor.teardown()
        bench.set_clock(bench.clock.now() + moved)
        bench.restart()
        assert bench.again().status == "ok"
        result = bench.look(CART, short("search"), after=11 * MINUTE)
        assert result.data["analysis"]["waiting"] == 0


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
    with ModelServer(answer) as server:
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
    with ModelServer(answer) as server:
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
    with ModelServer(answer) as server:
        bench = asking(server, directory=tmp_path / "file" / "data")
        result = bench.look(CART)
        assert "NOT WRITTEN the analysis: " in result.summary
        assert bench.heard.messages[0].annotation
        assert result.data["analysis"]["remarks"] == 1
        bench.monitor.teardown()
