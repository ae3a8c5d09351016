"""Each hook is documented, called, and unable to disturb the hooks of other plugins."""

from __future__ import annotations

import ast
import inspect
import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import ConfigRegistry, CycleResult, Host, Memory, RunnerInfo, hookimpl, hookspecs, load_plugins

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Change, Cycle, Plugins, RegistryStatus, Report

AGENT = "---\nname: {}\ndescription: text\n---\n"
HOOKS = [name for name in dir(hookspecs) if name.startswith("hotagents_")]


class Plugin:
    """An object with hooks."""

    def __init__(self, **hooks: Any) -> None:
        self.__dict__.update({name: hookimpl(hook) for name, hook in hooks.items()})


class Heard:
    """A plugin that hears everything."""

    def __init__(self) -> None:
        self.published: queue.SimpleQueue[Change[Any]] = queue.SimpleQueue()
        self.rejected: queue.SimpleQueue[RegistryStatus] = queue.SimpleQueue()
        self.finished: queue.SimpleQueue[CycleResult] = queue.SimpleQueue()
        self.threads: list[str] = []

    @hookimpl
    def hotagents_generation_published(self, change: Change[Any]) -> None:
        self.threads.append(threading.current_thread().name)
        self.published.put(change)

    @hookimpl
    def hotagents_generation_rejected(self, status: RegistryStatus) -> None:
        self.threads.append(threading.current_thread().name)
        self.rejected.put(status)

    @hookimpl
    def hotagents_cycle_finished(self, result: CycleResult) -> None:
        self.threads.append(threading.current_thread().name)
        self.finished.put(result)


def _raising(error: type[BaseException]) -> Plugin:
    def published(change: object) -> None:
        raise error(change)

    def rejected(status: object) -> None:
        raise error(status)

    def finished(result: object) -> None:
        raise error(result)

    return Plugin(
        hotagents_generation_published=published,
        hotagents_generation_rejected=rejected,
        hotagents_cycle_finished=finished,
    )


@pytest.fixture(params=[ValueError, SystemExit])
def heard(request: pytest.FixtureRequest) -> tuple[Plugins, list[Heard]]:
    """Two plugins that hear, and one that raises between them."""
    listeners = [Heard(), Heard()]
    plugins = {"first": listeners[0], "raising": _raising(request.param), "last": listeners[1]}
    return load_plugins(from_entry_points=False, plugins=plugins), listeners


def test_a_publication_reaches_every_plugin_though_one_raises(
    heard: tuple[Plugins, list[Heard]], caplog: pytest.LogCaptureFixture
) -> None:
    plugins, listeners = heard
    source = Memory({"a.md": AGENT.format("a")})
    with ConfigRegistry(source, plugins=plugins):
        for number in (2, 3):
            source.update({f"{number}.md": AGENT.format(f"b{number}")})
            for listener in listeners:
                assert listener.published.get(timeout=10.0).generation.number == number
    assert all("watch" not in thread for listener in listeners for thread in listener.threads)
    assert "plugin raising: hotagents_generation_published failed" in caplog.messages


def test_a_rejection_reaches_every_plugin_though_one_raises(
    heard: tuple[Plugins, list[Heard]], caplog: pytest.LogCaptureFixture
) -> None:
    plugins, listeners = heard
    source = Memory({"a.md": AGENT.format("a")})
    with ConfigRegistry(source, plugins=plugins):
        for number in range(2):
            source.update({"a.md": AGENT.format("") + f"{number}\n"})
            for listener in listeners:
                status = listener.rejected.get(timeout=10.0)
                assert (status.state, status.generation) == ("behind", 1)
                assert [d.code for d in status.diagnostics if d.severity == "error"]
    assert all(set(listener.threads) == {"hotagents-rejections"} for listener in listeners)
    assert "plugin raising: hotagents_generation_rejected failed" in caplog.messages


def test_the_end_of_a_cycle_reaches_every_plugin_though_one_raises(
    heard: tuple[Plugins, list[Heard]], caplog: pytest.LogCaptureFixture
) -> None:
    plugins, listeners = heard

    class Runner:
        def run(self, cycle: Cycle) -> CycleResult:
            return CycleResult(summary=cycle.trigger)

    registry = ConfigRegistry.fixed({"a.md": AGENT.format("a")})
    host = Host(registry, [Runner()], interval=1e9, plugins=plugins, on_result=lambda _: host.stop())
    host.run()
    for listener in listeners:
        assert listener.finished.get(timeout=10.0).summary == "start"
        assert listener.threads == ["hotagents-runner-Runner"]
    assert "plugin raising: hotagents_cycle_finished failed" in caplog.messages


def test_plugins_say_which_hooks_they_implement(heard: tuple[Plugins, list[Heard]]) -> None:
    plugins, _ = heard
    assert plugins.implement("hotagents_cycle_finished")
    assert not plugins.implement("hotagents_validate")


# --- validators -------------------------------------------------------------------------------------------------------


def _validating(*runners: str) -> Plugin:
    def validate(report: Report) -> None:
        report.warning(", ".join(runners) or "general")

    def offered() -> list[RunnerInfo]:
        def create(_context: object) -> Any:
            raise NotImplementedError

        return [RunnerInfo(name, "", create) for name in runners]

    return Plugin(hotagents_validate=validate, hotagents_runners=offered)


def test_a_plugin_with_runners_validates_only_where_one_of_them_is_hosted() -> None:
    given = {"one": _validating("r1", "r2"), "two": _validating("r3"), "general": _validating()}
    plugins = load_plugins(from_entry_points=False, plugins=given)
    assert [name for name, _ in plugins.validators()] == ["general", "two", "one"]
    assert [name for name, _ in plugins.hosting(["r2"]).validators()] == ["general", "one"]
    assert [name for name, _ in plugins.hosting([]).validators()] == ["general"]
    assert plugins.hosting(["r2"]).runner("r3").name == "r3"


def test_each_validator_is_called_alone() -> None:
    given = {"one": _validating("r1"), "general": _validating()}
    for name, call in load_plugins(from_entry_points=False, plugins=given).validators():
        report = hookspecs.Report()
        call(candidate=None, report=report)  # type: ignore[call-arg]  # the alias does not name its arguments
        assert [said.message for said in report.diagnostics] == [{"one": "r1", "general": "general"}[name]]


# --- all of them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_and_typed(hook: str) -> None:
    function: Callable[..., Any] = getattr(hookspecs, hook)
    assert (inspect.getdoc(function) or "").endswith(".")
    assert "return" in function.__annotations__
    assert hook in hookspecs.__all__


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_implemented_by_a_plugin_of_these_tests(hook: str) -> None:
    implemented: set[str] = set()
    for path in Path(__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                implemented.add(node.name)
            elif isinstance(node, ast.keyword) and node.arg is not None:
                implemented.add(node.arg)
    assert hook in implemented
