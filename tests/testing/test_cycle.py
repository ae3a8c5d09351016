from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, final

import pytest
from pydantic import BaseModel

from hotagents import AgentSpec, Cycle, CycleResult, InvalidConfigError, RunnerContext, RunnerInfo
from hotagents.testing import run_once

if TYPE_CHECKING:
    from collections.abc import Callable

AGENT = "---\nname: a\ndescription: d\n---\nDo it.\n"


@final
class Calling:
    """A runner that runs a function, and notes what the host called."""

    def __init__(self, work: Callable[[Cycle], CycleResult]) -> None:
        self._work = work
        self.calls: list[str] = []

    def setup(self) -> None:
        self.calls.append("setup")

    def run(self, cycle: Cycle) -> CycleResult:
        self.calls.append("run")
        return self._work(cycle)

    def teardown(self) -> None:
        self.calls.append("teardown")


def test_one_cycle_runs_on_the_files_that_were_given() -> None:
    runner = Calling(lambda cycle: CycleResult(summary=cycle.generation.agents["a"].prompt.strip()))
    result = run_once(runner, {"agents/a.md": AGENT})
    assert (result.status, result.summary, result.generation, result.trigger) == ("ok", "Do it.", 1, "start")
    assert runner.calls == ["setup", "run", "teardown"]


@final
class Awaited:
    async def run(self, cycle: Cycle) -> CycleResult:
        return CycleResult(data={"agents": list(cycle.generation.agents)})


def test_an_async_runner_is_awaited() -> None:
    assert run_once(Awaited(), {"a.md": AGENT}).data == {"agents": ["a"]}


def test_a_runner_that_raises_is_a_failed_result() -> None:
    def fail(_cycle: Cycle) -> CycleResult:
        raise LookupError("nothing there")

    result = run_once(Calling(fail), {"a.md": AGENT})
    assert (result.status, result.error) == ("failed", "LookupError: nothing there")


def test_files_that_are_refused_raise() -> None:
    with pytest.raises(InvalidConfigError):
        run_once(Awaited(), {"a.md": "---\nname: a\n"})


class Zoned(AgentSpec):
    zone: str


class Facts(BaseModel):
    cluster: str


def _create(_context: RunnerContext) -> Calling:
    return Calling(lambda cycle: CycleResult(summary=cycle.generation.agent("a", Zoned).zone))


INFO = RunnerInfo("zoned", "shows a zone", _create, spec=Zoned, documents={"CLAUDE.md": Facts})
ZONED = {"a.md": AGENT.replace("name: a", "name: a\nzone: eu"), "CLAUDE.md": "---\ncluster: c\n---\n"}


def test_an_info_brings_its_classes() -> None:
    assert run_once(INFO, ZONED).summary == "eu"
    with pytest.raises(InvalidConfigError, match=r"CLAUDE\.md"):
        run_once(INFO, {"a.md": ZONED["a.md"]})


def test_classes_can_be_given_for_an_info_too() -> None:
    assert run_once(INFO, {"a.md": ZONED["a.md"]}, spec={"a": Zoned, "*": AgentSpec}, documents={}).summary == "eu"


def test_a_cycle_that_ignores_its_end_is_left_behind() -> None:
    ended = threading.Event()

    def hang(_cycle: Cycle) -> CycleResult:
        ended.wait(30)
        return CycleResult()

    begun = time.monotonic()
    result = run_once(Calling(hang), {"a.md": AGENT}, timeout=0.05)
    ended.set()
    assert result.status == "timeout"
    assert time.monotonic() - begun < 10
