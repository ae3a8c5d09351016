"""When cycles begin, what they are given, and what they come to."""

from __future__ import annotations

import json
import logging
import queue
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from hotagents import ConfigRegistry, Cycle, CycleResult, Host, Memory, Runner, RunnerInfo
from hotagents.host import RunnerStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents.testing import FakeClock


class Calling:
    """A runner of one function."""

    name = "calling"

    def __init__(self, call: Callable[[Cycle], Any]) -> None:
        self._call = call

    def run(self, cycle: Cycle) -> CycleResult:
        return cast("CycleResult", self._call(cycle))


class Results:
    """Hears of results, and hands them out one by one."""

    def __init__(self) -> None:
        self._results: queue.SimpleQueue[CycleResult] = queue.SimpleQueue()

    def __call__(self, result: CycleResult) -> None:
        self._results.put(result)

    def next(self) -> CycleResult:
        return self._results.get(timeout=10.0)

    @property
    def none_is_left(self) -> bool:
        return self._results.empty()


class Gate:
    """Lets a runner in, one cycle at a time."""

    def __init__(self) -> None:
        self.entered: queue.SimpleQueue[Cycle] = queue.SimpleQueue()
        self._permits: queue.SimpleQueue[CycleResult | None] = queue.SimpleQueue()

    def __call__(self, cycle: Cycle) -> CycleResult | None:
        self.entered.put(cycle)
        return self._permits.get(timeout=10.0)

    def open(self, result: CycleResult | None = None) -> None:
        self._permits.put(result)


def _nothing(_cycle: Cycle) -> None:
    return None


def _fail(_cycle: Cycle) -> None:
    raise ValueError("no \x1b[31mluck")


# --- triggers ---------------------------------------------------------------------------------------------------------


def test_the_first_cycle_comes_at_once_and_the_next_after_the_interval(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    results = Results()
    host = Host(fixed, [Calling(_nothing)], interval=60.0, on_result=results, clock=fake_clock)
    launch(host)
    first = results.next()
    assert (first.status, first.trigger, first.runner) == ("ok", "start", "calling")
    assert first.started_at == fake_clock.now()
    for _ in range(2):
        fake_clock.wait_for_waiters(1)
        fake_clock.advance(59.5)
        fake_clock.wait_for_waiters(1)
        assert results.none_is_left
        fake_clock.advance(0.5)
        assert results.next().trigger == "interval"
    assert host.status.runners[0].cycles == 3


def test_two_cycles_of_one_runner_never_overlap_and_triggers_meanwhile_run_one_more(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread]
) -> None:
    results, gate = Results(), Gate()
    host = Host(fixed, [Calling(gate)], interval=1e9, on_result=results)
    launch(host)
    gate.entered.get(timeout=10.0)
    triggers = [threading.Thread(target=host.trigger) for _ in range(8)]
    for thread in triggers:
        thread.start()
    for thread in triggers:
        thread.join()
    with pytest.raises(queue.Empty):
        gate.entered.get(timeout=0.05)
    gate.open()
    assert gate.entered.get(timeout=10.0).trigger == "manual"
    gate.open()
    assert [results.next().trigger, results.next().trigger] == ["start", "manual"]
    with pytest.raises(queue.Empty):
        gate.entered.get(timeout=0.05)


def test_a_cycle_that_was_asked_for_by_hand_wins_over_a_change(
    agent: Callable[..., str], launch: Callable[[Host], threading.Thread]
) -> None:
    source, results, gate = Memory({"a.md": agent()}), Results(), Gate()
    with ConfigRegistry(source) as registry:
        host = Host(registry, [Calling(gate)], interval=1e9, run_on_change=True, on_result=results)
        launch(host)
        gate.entered.get(timeout=10.0)
        host.trigger()
        heard = threading.Event()
        with registry.subscribe(lambda _: heard.set()):
            source.update({"b.md": agent("b")})
            assert heard.wait(10.0)
        gate.open()
        assert gate.entered.get(timeout=10.0).trigger == "manual"
        gate.open()
        assert [results.next().trigger, results.next().trigger] == ["start", "manual"]
        host.stop()


def test_a_change_that_is_heard_of_after_a_cycle_began_with_it_asks_for_no_other(
    agent: Callable[..., str], launch: Callable[[Host], threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Callable[..., object]] = []
    subscribe = ConfigRegistry.subscribe

    def slow(registry: ConfigRegistry[Any], callback: Callable[..., object]) -> Any:
        heard.append(callback)
        return subscribe(registry, lambda _change: None)

    monkeypatch.setattr(ConfigRegistry, "subscribe", slow)
    source, results, gate = Memory({"a.md": agent()}), Results(), Gate()
    with ConfigRegistry(source) as registry:
        host = Host(registry, [Calling(gate)], interval=1e9, run_on_change=True, on_result=results)
        launch(host)
        gate.entered.get(timeout=10.0)
        source.update({"b.md": agent("b")})
        registry.wait_for(lambda generation: generation.number == 2, timeout=10.0)
        host.trigger()
        gate.open()
        assert gate.entered.get(timeout=10.0).generation.number == 2
        heard[0](None)
        gate.open()
        assert [results.next().trigger, results.next().trigger] == ["start", "manual"]
        with pytest.raises(queue.Empty):
            gate.entered.get(timeout=0.1)
        host.stop()


def test_a_publication_triggers_a_cycle_on_the_new_generation(
    agent: Callable[..., str], launch: Callable[[Host], threading.Thread]
) -> None:
    source, results = Memory({"a.md": agent()}), Results()
    with ConfigRegistry(source) as registry:
        host = Host(registry, [Calling(_nothing)], interval=1e9, run_on_change=True, on_result=results)
        thread = launch(host)
        assert results.next().generation == 1
        source.update({"b.md": agent("b")})
        second = results.next()
        assert (second.trigger, second.generation, second.digest) == ("change", 2, registry.current.digest)
        host.stop()
        thread.join(10.0)


@pytest.fixture
def spreads(monkeypatch: pytest.MonkeyPatch) -> queue.SimpleQueue[float]:
    """Every random delay is the longest, and is announced here."""
    asked: queue.SimpleQueue[float] = queue.SimpleQueue()

    def longest(_least: float, most: float) -> float:
        asked.put(most)
        return most

    monkeypatch.setattr("random.uniform", longest)
    return asked


def test_a_change_waits_out_its_jitter_and_a_trigger_by_hand_does_not(
    agent: Callable[..., str],
    launch: Callable[[Host], threading.Thread],
    fake_clock: FakeClock,
    spreads: queue.SimpleQueue[float],
) -> None:
    source, results = Memory({"a.md": agent()}), Results()
    options: dict[str, Any] = {"interval": 1e4, "jitter": 1e3, "run_on_change": True, "clock": fake_clock}
    with ConfigRegistry(source) as registry:
        host = Host(registry, [Calling(_nothing)], on_result=results, **options)
        thread = launch(host)
        results.next()
        spreads.get(timeout=10.0)  # before the interval
        source.update({"b.md": agent("b")})
        assert spreads.get(timeout=10.0) == 1e3
        fake_clock.wait_for_waiters(1)
        fake_clock.advance(1e3)
        assert results.next().trigger == "change"
        fake_clock.wait_for_waiters(1)
        host.trigger()
        assert results.next().trigger == "manual"
        fake_clock.wait_for_waiters(1)
        fake_clock.advance(1.1e4)
        assert results.next().trigger == "interval"
        host.stop()
        thread.join(10.0)


def test_a_stop_during_the_jitter_of_a_change_begins_no_cycle(
    agent: Callable[..., str],
    launch: Callable[[Host], threading.Thread],
    fake_clock: FakeClock,
    spreads: queue.SimpleQueue[float],
) -> None:
    source, results = Memory({"a.md": agent()}), Results()
    options: dict[str, Any] = {"interval": 1e4, "jitter": 1e3, "run_on_change": True, "clock": fake_clock}
    with ConfigRegistry(source) as registry:
        host = Host(registry, [Calling(_nothing)], on_result=results, **options)
        thread = launch(host)
        results.next()
        spreads.get(timeout=10.0)
        source.update({"b.md": agent("b")})
        spreads.get(timeout=10.0)
        host.stop()
        thread.join(10.0)
        assert results.none_is_left
        assert host.status.runners[0].state == "stopped"


# --- failures ---------------------------------------------------------------------------------------------------------


def test_a_failing_runner_backs_off_to_five_minutes_and_stops_nobody_else(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    failing, other = Results(), Results()

    def sort(result: CycleResult) -> None:
        (failing if result.runner == "failing" else other)(result)

    fails, works = Calling(_fail), Calling(_nothing)
    fails.name = "failing"
    host = Host(fixed, [fails, works], interval=60.0, on_result=sort, clock=fake_clock)
    launch(host)
    first = failing.next()
    assert (first.status, first.error) == ("failed", "ValueError: no \\x1b[31mluck")
    other.next()
    attempts = []
    for minute in range(1, 18):
        fake_clock.wait_for_waiters(2)
        fake_clock.advance(60.0)
        other.next()
        fake_clock.wait_for_waiters(2)
        if not failing.none_is_left:
            failing.next()
            attempts.append(minute)
    assert attempts == [1, 1 + 2, 3 + 4, 7 + 5, 12 + 5]
    assert [runner.failures for runner in host.status.runners] == [6, 0]
    assert host.status.healthy


def test_a_success_ends_the_back_off(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    results, gate = Results(), Gate()
    host = Host(fixed, [Calling(gate)], interval=60.0, on_result=results, clock=fake_clock)
    launch(host)
    for status, failures in (("failed", 1), ("failed", 2), ("ok", 0)):
        gate.open(CycleResult(status=cast("Any", status)))
        assert results.next().status == status
        assert host.status.runners[0].failures == failures
        host.trigger()
        gate.entered.get(timeout=10.0)
    gate.open()
    results.next()


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda _: "done", "run() returned str, expected CycleResult"),
        (lambda _: CycleResult(status="failed", error="said so"), "said so"),
        (lambda _: exit(3), "SystemExit: 3"),  # noqa: PLR1722 - what a careless runner does
        (lambda _: (_ for _ in ()).throw(KeyboardInterrupt()), "KeyboardInterrupt"),
    ],
)
def test_whatever_goes_wrong_is_a_failed_cycle(
    fixed: ConfigRegistry[Any],
    launch: Callable[[Host], threading.Thread],
    call: Callable[[Cycle], Any],
    error: str,
) -> None:
    results = Results()
    host = Host(fixed, [Calling(call)], interval=1e9, on_result=results)
    launch(host)
    result = results.next()
    assert (result.status, result.error) == ("failed", error)
    host.trigger()
    assert results.next().error == error


def test_a_failed_cycle_is_one_line_and_its_traceback_is_for_who_looks_closer(
    fixed: ConfigRegistry[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "hotagents")
    host = Host(fixed, [Calling(_fail)], interval=1e9, on_result=lambda _: host.stop())
    host.run()
    (said,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert said.getMessage().endswith("ValueError: no \\x1b[31mluck")
    assert said.exc_info is None
    (traced,) = [record for record in caplog.records if record.exc_info]
    assert traced.levelno == logging.DEBUG
    assert traced.exc_info is not None
    assert traced.exc_info[0] is ValueError


def test_an_error_whose_text_raises_is_a_failed_cycle_too(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread]
) -> None:
    class Unspeakable(Exception):  # noqa: N818 - a name for the message
        def __str__(self) -> str:
            raise RuntimeError("no")

    def fail(_cycle: Cycle) -> None:
        raise Unspeakable

    results = Results()
    launch(Host(fixed, [Calling(fail)], interval=1e9, on_result=results))
    assert results.next().error == "Unspeakable: (its text cannot be had)"


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)])
def test_a_listener_that_raises_ends_no_runner(
    fixed: ConfigRegistry[Any],
    launch: Callable[[Host], threading.Thread],
    caplog: pytest.LogCaptureFixture,
    error: BaseException,
) -> None:
    results = Results()

    def raising(result: CycleResult) -> None:
        results(result)
        raise error

    host = Host(fixed, [Calling(_nothing)], interval=1e9, on_result=raising)
    launch(host)
    results.next()
    host.trigger()
    assert results.next().trigger == "manual"
    assert "runner calling: a listener failed" in caplog.messages


def test_a_process_without_a_thread_to_spare_fails_the_cycle_and_tries_again(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    results, start, scarce = Results(), threading.Thread.start, threading.Event()

    def refuse(thread: threading.Thread) -> None:
        if scarce.is_set() and thread.name.startswith("hotagents-cycle"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    host = Host(fixed, [Calling(_nothing)], interval=1e9, on_result=results)
    launch(host)
    assert results.next().status == "ok"
    scarce.set()
    host.trigger()
    assert results.next().error == "RuntimeError: can't start new thread"
    scarce.clear()
    host.trigger()
    assert results.next().status == "ok"


# --- what a cycle is given --------------------------------------------------------------------------------------------


def test_a_cycle_keeps_its_generation_over_a_publication_and_its_rights_only_shrink(
    agent: Callable[..., str], launch: Callable[[Host], threading.Thread]
) -> None:
    source, results, gate = Memory({"a.md": agent(tools="Read, Bash")}), Results(), Gate()
    with ConfigRegistry(source) as registry:
        host = Host(registry, [Calling(gate)], interval=1e9, on_result=results)
        thread = launch(host)
        cycle = gate.entered.get(timeout=10.0)
        pinned = cycle.generation
        assert cycle.pin.allows("a", "Bash")
        source.write({"a.md": agent(tools="Read, Write")})
        assert cycle.pin.revoked.wait(10.0)
        assert registry.current.number == 2
        assert cycle.generation is pinned
        assert [cycle.pin.allows("a", tool) for tool in ("Read", "Bash", "Write")] == [True, False, False]
        assert registry.status.pins == 1
        gate.open()
        assert results.next().generation == 1
        assert registry.status.pins == 0
        host.stop()
        thread.join(10.0)


def test_every_cycle_has_an_id_of_its_own(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    results, ids = Results(), set[str]()
    host = Host(fixed, [Calling(_nothing), Calling(_nothing)], interval=1e6, on_result=results, clock=fake_clock)
    launch(host)
    for _ in range(20):
        ids |= {results.next().cycle_id, results.next().cycle_id}
        host.trigger()
    results.next()
    results.next()
    assert len(ids) == 40


def test_a_cycles_log_says_whose_it_is(
    fixed: ConfigRegistry[Any],
    launch: Callable[[Host], threading.Thread],
    caplog: pytest.LogCaptureFixture,
) -> None:
    results = Results()
    caplog.set_level(logging.INFO)
    launch(Host(fixed, [Calling(lambda cycle: cycle.logger.info("hello"))], interval=1e9, on_result=results))
    result = results.next()
    (record,) = [record for record in caplog.records if record.getMessage() == "hello"]
    assert record.name == "hotagents.runner.calling"
    generation = fixed.current
    said = {name: vars(record)[name] for name in ("runner", "cycle", "generation", "digest")}
    assert said == {"runner": "calling", "cycle": result.cycle_id, "generation": 1, "digest": generation.digest}
    (ended,) = [record for record in caplog.records if record.getMessage().startswith("runner calling: cycle")]
    assert vars(ended)["digest"] == generation.digest


def test_what_a_runner_returns_is_kept_and_the_host_adds_the_rest(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    results, gate = Results(), Gate()
    host = Host(fixed, [Calling(gate)], interval=60.0, on_result=results, clock=fake_clock)
    launch(host)
    gate.entered.get(timeout=10.0)
    fake_clock.advance(2.5)
    gate.open(CycleResult(summary="2 pods", data={"pods": 2}))
    result = results.next()
    assert (result.status, result.summary, result.data, result.error) == ("ok", "2 pods", {"pods": 2}, "")
    assert (result.duration, result.generation, result.digest) == (2.5, 1, fixed.current.digest)


# --- the host ---------------------------------------------------------------------------------------------------------


def test_the_status_is_json(fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread]) -> None:
    results = Results()
    host = Host(fixed, [Calling(_nothing)], interval=1e9, on_result=results)
    before = json.loads(json.dumps(host.status.to_dict()))
    counts = {"ok": 0, "failed": 0, "timeout": 0, "cancelled": 0}
    assert before["runners"] == [
        {"name": "calling", "state": "starting", "cycles": 0, "results": counts, "failures": 0, "last": None}
    ]
    assert (before["healthy"], before["ready"]) == (True, False)
    launch(host)
    result = results.next()
    after = json.loads(json.dumps(host.status.to_dict()))
    assert (after["healthy"], after["ready"]) == (True, True)
    assert after["runners"][0]["cycles"] == 1
    assert after["runners"][0]["results"] == counts | {"ok": 1}
    assert after["runners"][0]["last"]["cycle_id"] == result.cycle_id


def test_a_runner_that_is_not_heard_of_in_time_fails_liveness(
    fixed: ConfigRegistry[Any], launch: Callable[[Host], threading.Thread], fake_clock: FakeClock
) -> None:
    listening, go_on = threading.Event(), threading.Event()

    def hang(_result: CycleResult) -> None:
        listening.set()
        assert go_on.wait(10.0)

    host = Host(fixed, [Calling(_nothing)], interval=60.0, jitter=5.0, grace=10.0, on_result=hang, clock=fake_clock)
    launch(host)
    assert listening.wait(10.0)
    fake_clock.advance(77.0)
    states = [host.status.healthy]
    fake_clock.advance(0.5)
    states.append(host.status.healthy)
    go_on.set()
    assert states == [True, False]


def test_a_runner_is_named_by_its_name_its_class_or_its_info(fixed: ConfigRegistry[Any]) -> None:
    class Plain:
        def run(self, cycle: Cycle) -> CycleResult:
            raise NotImplementedError(cycle)

    infos: list[Runner | RunnerInfo] = [Calling(_nothing), Plain(), RunnerInfo("info", "one", lambda _: Plain())]
    host = Host(fixed, infos, interval=1.0)
    assert [runner.name for runner in host.status.runners] == ["calling", "Plain", "info"]
    assert host.registry is fixed


@pytest.mark.parametrize("wrong", [object(), Calling, "echo"])
def test_what_is_no_runner_is_refused_at_once(fixed: ConfigRegistry[Any], wrong: Any) -> None:
    with pytest.raises(TypeError, match="expected objects with a run"):
        Host(fixed, [wrong], interval=1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interval": 0.0}, "interval: expected more than 0"),
        ({"interval": float("nan")}, "interval"),
        ({"interval": 1.0, "timeout": 0.0}, "timeout: expected more than 0"),
        ({"interval": 1.0, "jitter": -1.0}, "jitter: expected 0"),
        ({"interval": 1.0, "grace": -1.0}, "grace: expected 0"),
    ],
)
def test_times_that_make_no_sense_are_refused(
    fixed: ConfigRegistry[Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Host(fixed, [Calling(_nothing)], **options)


def test_a_host_without_runners_is_refused(fixed: ConfigRegistry[Any]) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Host(fixed, [], interval=1.0)


def test_a_result_that_is_called_anything_counts_as_failed() -> None:
    odd: Any = ["not", "a", "status"]
    status = RunnerStatus(name="a").counting(CycleResult(status=odd)).counting(CycleResult())
    assert status.results == {"ok": 1, "failed": 1, "timeout": 0, "cancelled": 0}
    assert (status.cycles, status.failures) == (2, 0)
