"""The stage, as the demo of a runner in another package uses it."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Final

import pytest

from hotagents import AgentSpec, CycleResult, InvalidConfigError, RunnerInfo, hookimpl
from hotagents.demo import Stage

if TYPE_CHECKING:
    from hotagents import Cycle, Report, RunnerContext
    from hotagents.loading import Candidate

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="volumes need links and renames of Linux or macOS")
AGENT: Final = "---\nname: {name}\ndescription: Does things\ntools: Read\n---\nDo them.\n"


class Named(AgentSpec):
    """A runner's own class of agents."""


class Awaiting:
    def __init__(self, life: list[str]) -> None:
        self.life = life

    async def setup(self) -> None:
        self.life.append("setup")

    async def run(self, cycle: Cycle) -> CycleResult:
        self.life.append(f"run {cycle.generation.number}")
        return CycleResult(summary=", ".join(type(agent).__name__ for agent in cycle.generation.agents.values()))

    def teardown(self) -> None:
        self.life.append("teardown")


class Vetoes:
    @hookimpl
    def hotagents_validate(self, candidate: Candidate[AgentSpec], report: Report) -> None:
        if "forbidden" in candidate.agents:
            report.error("forbidden is forbidden")


def files(*names: str) -> dict[str, str]:
    return {f"{name}.md": AGENT.format(name=name) for name in names}


def info(life: list[str]) -> RunnerInfo:
    def create(context: RunnerContext) -> Awaiting:
        life.append(context.name)
        return Awaiting(life)

    return RunnerInfo("awaiting", "an async runner", create, spec=Named)


def test_an_async_runner_with_a_spec_of_its_own_lives_its_whole_life_on_a_stage() -> None:
    life: list[str] = []
    threads = set(threading.enumerate())
    with Stage(info(life), {".": files("a")}) as stage:
        root = stage.root
        assert (stage.opening.generation, stage.opening.summary) == (1, "Named")
        served = stage.publish(".", files("a", "b"))
        assert (served.generation.number, served.diff.agents.added, served.result.summary) == (
            2,
            ("b",),
            "Named, Named",
        )
        assert 0 < served.current_ms <= served.cycle_ms
    assert life == ["awaiting", "setup", "run 1", "run 2", "teardown"]
    assert not root.exists()
    assert set(threading.enumerate()) <= threads


def test_one_more_cycle_runs_on_what_is_served_as_often_as_it_is_asked_for() -> None:
    life: list[str] = []
    with Stage(info(life), {".": files("a")}) as stage:
        first = stage.again()
        assert (first.trigger, first.generation, first.status) == ("manual", 1, "ok")
        stage.publish(".", files("a", "b"))
        second = stage.again()
        assert (second.trigger, second.generation, second.summary) == ("manual", 2, "Named, Named")
        stage.reject(".", {"a.md": "---\nname: a\n---\n"})
        third = stage.again()
        assert (third.trigger, third.generation) == ("manual", 2)
        assert len({result.cycle_id for result in (stage.opening, first, second, third)}) == 4
    assert life[2:-1] == ["run 1", "run 1", "run 2", "run 2", "run 2"]


def test_one_more_cycle_that_fails_is_returned_and_one_that_hangs_is_not_waited_for_longer() -> None:
    released = threading.Event()

    class Moody:
        def __init__(self) -> None:
            self.cycles = 0

        def run(self, _cycle: Cycle) -> CycleResult:
            self.cycles += 1
            if self.cycles == 2:
                raise RuntimeError("no mood")
            if self.cycles == 3:
                released.wait(10.0)
            return CycleResult(summary=str(self.cycles))

    moody = RunnerInfo("moody", "fails, then hangs", lambda _context: Moody())
    with Stage(moody, {".": files("a")}, timeout=1.0) as stage:
        assert (stage.again().status, stage.opening.summary) == ("failed", "1")
        with pytest.raises(TimeoutError, match="a cycle by hand did not come within 1 s; the registry is current"):
            stage.again()
        released.set()


def test_a_runners_own_validator_refuses_on_the_stage() -> None:
    with Stage(info([]), {".": files("a")}, plugins={"vetoes": Vetoes()}) as stage:
        status = stage.reject(".", files("a", "forbidden"))
        assert [d.code for d in status.diagnostics] == ["rejected-by-plugin"]
        assert stage.settle(".", files("a")) == "unchanged"
        assert stage.registry.current.number == 1


def test_what_does_not_follow_in_time_is_said_with_the_registrys_state() -> None:
    with Stage(info([]), {".": files("a")}, timeout=1.0) as stage:
        with pytest.raises(TimeoutError, match=r"generation 2 did not come within 1 s; the registry is behind"):
            stage.publish(".", {"a.md": "---\nname: a\n---\n"})
        with pytest.raises(ValueError, match="same content"):
            stage.settle(".", {"a.md": "---\nname: a\n---\n"})


def test_a_stage_that_cannot_be_set_leaves_nothing_behind() -> None:
    threads = set(threading.enumerate())
    stage = Stage(info([]), {".": {"a.md": "---\nname: a\n---\n"}})
    with pytest.raises(InvalidConfigError, match="missing-description"):
        stage.__enter__()
    assert not stage.root.exists()
    assert set(threading.enumerate()) <= threads
