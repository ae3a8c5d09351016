"""What is installed beside the library is found, and what is broken is left out and named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from hotagents import AgentSpec, Host, PluginError, RunnerInfo, hookimpl, load_plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Install = Callable[..., None]

RUNNER = """
    from hotagents import CycleResult, RunnerInfo, hookimpl

    class Runner:
        def run(self, cycle):
            return CycleResult(summary=f"{{cycle.generation.number}} {{', '.join(cycle.generation.agents)}}")

    @hookimpl
    def hotagents_runners():
        return [RunnerInfo({name!r}, "a runner", lambda context: Runner())]
"""
AGENT = "---\nname: a\ndescription: text\n---\n"


class Offering:
    """A plugin that offers what it is given."""

    def __init__(self, *infos: Any) -> None:
        self._infos = infos

    @hookimpl
    def hotagents_runners(self) -> Iterable[RunnerInfo]:
        return self._infos


def _info(name: str, **fields: Any) -> RunnerInfo:
    def create(_context: object) -> Any:
        raise NotImplementedError

    return RunnerInfo(name, "a runner", create, **fields)


def test_an_installed_runner_runs_in_a_process_of_its_own(install: Install, site: Path, tmp_path: Path) -> None:
    install("sweeper", "sweeper", RUNNER.format(name="sweeper"))
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.md").write_text(AGENT)
    program = """
import json, sys, hotagents
assert "sweeper_plugin" not in sys.modules
results = []
def finished(result):
    results.append(result.to_dict())
    host.stop()
host = hotagents.Host.from_entry_points(sys.argv[1], ["sweeper"], interval=1e9, on_result=finished)
host.run()
print(json.dumps([results, host.registry.status.state]))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *sys.path])}
    command = [sys.executable, "-c", program, str(root)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30.0, check=True)
    (result,), state = json.loads(done.stdout)
    assert (result["status"], result["runner"], result["summary"]) == ("ok", "sweeper", "1 a")
    assert state == "closed"


def test_a_broken_plugin_is_named_and_left_out(install: Install, caplog: pytest.LogCaptureFixture) -> None:
    install("works", "works", RUNNER.format(name="works"))
    install("gone", "gone", None)
    install("exits", "exits", "raise SystemExit('\x1b[2J')")
    install(
        "late", "late", "import hotagents\n@hotagents.hookimpl\ndef hotagents_runners(): raise OSError('no disk')\n"
    )
    install("odd", "odd", "import hotagents\n@hotagents.hookimpl\ndef hotagents_runners(): return ['odd']\n")
    plugins = load_plugins()
    assert "works" in plugins.runners
    assert plugins.broken["gone"].startswith("plugin gone cannot be imported: ModuleNotFoundError")
    assert plugins.broken["exits"] == "plugin exits cannot be imported: SystemExit: \x1b[2J"
    assert plugins.broken["late"] == "plugin late cannot be used: OSError: no disk"
    assert plugins.broken["odd"] == "plugin odd: expected RunnerInfo, got str"
    assert "left out: plugin exits cannot be imported: SystemExit: \\x1b[2J" in caplog.messages
    with pytest.raises(PluginError, match=r'no runner "gone".*plugin gone cannot be imported'):
        plugins.runner("gone")


@pytest.mark.parametrize(
    "code", [None, "raise ValueError('no')", "import hotagents\n@hotagents.hookimpl\ndef no(): 0\n"]
)
def test_a_broken_plugin_that_is_wanted_is_an_error(install: Install, code: str | None) -> None:
    install("wanted", "wanted", code)
    assert "wanted" in load_plugins().broken
    with pytest.raises(PluginError, match="plugin wanted"):
        load_plugins(wanted=["wanted"])


def test_a_wanted_plugin_that_is_not_installed_is_an_error(install: Install) -> None:
    install("works", "works", RUNNER.format(name="works"))
    assert load_plugins(wanted=["works", "given"], plugins={"given": Offering()}).runners
    with pytest.raises(PluginError, match="no plugin named missing is installed"):
        load_plugins(wanted=["missing", "works"])


@pytest.mark.parametrize("entries", [("one", "two"), ("same", "same")])
def test_two_distributions_that_offer_one_runner_are_both_named(install: Install, entries: tuple[str, str]) -> None:
    install("first-dist", entries[0], RUNNER.format(name="sweeper"))
    install("second-dist", entries[1], RUNNER.format(name="sweeper"))
    with pytest.raises(PluginError, match='runner "sweeper" is offered by both') as raised:
        load_plugins()
    assert "first-dist 1.0" in str(raised.value)
    assert "second-dist 1.0" in str(raised.value)


def test_two_distributions_may_call_their_plugins_the_same(install: Install) -> None:
    install("first-dist", "same", RUNNER.format(name="one"))
    install("second-dist", "same", RUNNER.format(name="two"))
    plugins = load_plugins()
    assert {"one", "two"} <= plugins.runners.keys()
    assert not {name for name in plugins.broken if "same" in name}


def test_a_given_plugin_that_is_broken_is_an_error() -> None:
    with pytest.raises(PluginError, match="plugin odd: expected RunnerInfo, got int"):
        load_plugins(from_entry_points=False, plugins={"odd": Offering(1)})
    with pytest.raises(PluginError, match="plugin twice cannot be used"):
        load_plugins(from_entry_points=False, plugins={"once": (same := Offering()), "twice": same})
    with pytest.raises(PluginError, match="plugin none cannot be used: TypeError"):
        load_plugins(from_entry_points=False, plugins={"none": _NoneOffered()})


class _Unhashable(Offering):
    __hash__ = None  # type: ignore[assignment]  # as a dataclass has it


def test_a_plugin_that_pluggy_could_not_call_later_is_an_error_at_once() -> None:
    with pytest.raises(PluginError, match="plugin odd cannot be used: TypeError: unhashable"):
        load_plugins(from_entry_points=False, plugins={"odd": _Unhashable()})


class _NoneOffered:
    @hookimpl
    def hotagents_runners(self) -> None:
        return None


class _WrongArgument:
    @hookimpl
    def hotagents_generation_published(self, change: object, more: object) -> None:
        raise NotImplementedError


def test_a_hook_with_an_argument_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(PluginError, match=r"(?s)plugin wrong cannot be used.*more"):
        load_plugins(from_entry_points=False, plugins={"wrong": _WrongArgument()})


def _hook(name: str, **options: Any) -> object:
    def hook() -> None:
        raise NotImplementedError

    return type("Plugin", (), {name: staticmethod(hookimpl(**options)(hook))})()


def test_a_hook_that_does_not_exist_is_an_error_unless_it_is_optional() -> None:
    with pytest.raises(PluginError, match=r'no hook hotagents_runer; did you mean "hotagents_runners"'):
        load_plugins(from_entry_points=False, plugins={"typo": _hook("hotagents_runer")})
    with pytest.raises(PluginError, match=r"no hook made_up; hooks: hotagents_cycle_finished, .*hotagents_validate$"):
        load_plugins(from_entry_points=False, plugins={"typo": _hook("made_up")})
    later = _hook("hotagents_of_a_later_version", optionalhook=True)
    assert not load_plugins(from_entry_points=False, plugins={"later": later}).runners


def test_an_unknown_runner_says_what_there_is() -> None:
    plugins = load_plugins(
        from_entry_points=False, plugins={"b": Offering(_info("zeta")), "a": Offering(_info("echo"))}
    )
    assert list(plugins.runners) == ["echo", "zeta"]
    assert plugins.runner("zeta").name == "zeta"
    with pytest.raises(PluginError, match=r'no runner "ecoh"; did you mean "echo"\?$'):
        plugins.runner("ecoh")
    with pytest.raises(PluginError, match=r'no runner "nothing"; installed: echo, zeta$'):
        plugins.runner("nothing")
    with pytest.raises(PluginError, match=r'no runner "echo"; installed: none$'):
        load_plugins(from_entry_points=False).runner("echo")


# --- hosting several --------------------------------------------------------------------------------------------------

SCHEMAS = """
    from hotagents import AgentSpec, RunnerInfo, hookimpl
    from pydantic import BaseModel

    class Zoned(AgentSpec):
        zone: str

    class Other(AgentSpec):
        pass

    class Context(BaseModel):
        cluster: str

    class Runner:
        def run(self, cycle):
            return None

    def create(context):
        return Runner()

    @hookimpl
    def hotagents_runners():
        return [
            RunnerInfo("zoned", "", create, spec={"a": Zoned}, documents={"CLAUDE.md": Context}),
            RunnerInfo("plain", "", create),
            RunnerInfo("other-agent", "", create, spec={"a": Other}),
            RunnerInfo("other-document", "", create, spec={}, documents={"CLAUDE.md": None}),
        ]
"""
FILES = {"a.md": AGENT.replace("text", "text\nzone: eu"), "b.md": AGENT.replace("name: a", "name: b")}


def test_the_runners_of_one_host_share_one_schema(install: Install, tmp_path: Path) -> None:
    install("schemas", "schemas", SCHEMAS)
    root = tmp_path / "root"
    root.mkdir()
    for path, text in (FILES | {"CLAUDE.md": "---\ncluster: prod\n---\n"}).items():
        (root / path).write_text(text)
    host = Host.from_entry_points(root, ["zoned", "plain"], registry_options={"history": 1}, interval=1e9)
    with host.registry as registry:
        agents = registry.current.agents
        assert (type(agents["a"]).__name__, type(agents["b"])) == ("Zoned", AgentSpec)
        assert isinstance(registry.current.documents["CLAUDE.md"].frontmatter, BaseModel)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("other-agent", r'"zoned" and "other-agent" want .* for agent "a": \w+\.Zoned and \w+\.Other'),
        ("other-document", r'"zoned" and "other-document" want .* for "CLAUDE.md": \w+\.Context and none'),
        ("unheard-of", 'no runner "unheard-of"'),
    ],
)
def test_runners_that_want_different_classes_cannot_share_a_host(
    install: Install, tmp_path: Path, other: str, message: str
) -> None:
    install("schemas", "schemas", SCHEMAS)
    with pytest.raises(PluginError, match=message):
        Host.from_entry_points(tmp_path, ["zoned", other], interval=1.0)
