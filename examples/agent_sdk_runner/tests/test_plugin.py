"""What hotagents finds: a runner that is cheap to import, and what it refuses of a set before that is published."""

from __future__ import annotations

import importlib.metadata
import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents import ConfigRegistry, InvalidConfigError, Memory, RunnerContext, load_plugins
from hotagents.testing import run_once
from hotagents_agent_sdk_runner import plugin
from hotagents_agent_sdk_runner.runner import AgentSdkRunner
from hotagents_agent_sdk_runner.settings import SettingsError, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents import Diagnostic, Generation

CONFIG: Final = Path(__file__).resolve().parents[1] / "config"
CONTEXT: Final = "---\ntask: What is open?\n---\n"


def published(files: dict[str, str]) -> Generation[Any]:
    plugins = load_plugins(from_entry_points=False, plugins={plugin.NAME: plugin}).hosting([plugin.NAME])
    source = Memory(files)
    with ConfigRegistry(source, spec=plugin.INFO.spec, documents=plugin.DOCUMENTS, plugins=plugins) as registry:
        generation: Generation[Any] = registry.current
        return generation


def refused(*lines: str, context: str = CONTEXT) -> tuple[Diagnostic, ...]:
    agent = "\n".join(["---", "name: reader", "description: Reads notes.", *lines, "---", "Read.", ""])
    with pytest.raises(InvalidConfigError) as error:
        published({"CLAUDE.md": context, "agents/reader.md": agent})
    return tuple(said for said in error.value.diagnostics if said.severity == "error")


def test_the_plugin_is_found_among_those_that_are_given() -> None:
    plugins = load_plugins(from_entry_points=False, plugins={plugin.NAME: plugin})
    assert plugins.runner("agent-sdk") is plugin.INFO
    assert plugins.broken == {}


def test_an_entry_point_leads_to_the_plugin() -> None:
    entries = importlib.metadata.entry_points(group="hotagents", name=plugin.NAME)
    if not entries:
        pytest.skip("run from a source tree that is not installed: nox -s adapters installs it")
    assert [entry.load() for entry in entries] == [plugin]
    assert load_plugins(wanted=[plugin.NAME]).runner(plugin.NAME) is plugin.INFO


def test_importing_the_plugin_does_not_import_the_sdk() -> None:
    code = "import sys, hotagents_agent_sdk_runner.plugin; print('claude_agent_sdk' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "False"


def test_the_runner_is_made_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    context = RunnerContext(plugin.NAME, logging.getLogger("test"))
    with pytest.raises(SettingsError, match="AGENT_SDK_RUNNER_DIRECTORY: Field required"):
        plugin.INFO.create(context)
    monkeypatch.setenv("AGENT_SDK_RUNNER_DIRECTORY", str(tmp_path))
    assert isinstance(plugin.INFO.create(context), AgentSdkRunner)


def test_a_host_runs_it(
    bench: Any, model: Any, start: Callable[[str], Any], read: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENT_SDK_RUNNER_DIRECTORY", str(bench.notes))
    note = bench.notes / "monday.md"
    note.write_text("Tea at four.\n", encoding="utf-8")
    said = model([start("reader")], [read(note)], answer="Nothing is open.")
    bench.api.script = said
    result = run_once(plugin.INFO, bench.files)
    assert (result.status, result.summary, result.runner) == ("ok", "Nothing is open.", "agent-sdk")
    assert "Tea at four." in said.told("agent")[0]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DIRECTORY", "notes", "expected an absolute path"),
        ("DIRECTORY", "", "Field required"),
        ("MAX_TURNS", "0", "greater than or equal to 1"),
        ("MAX_TURNS", "many", "valid integer"),
        ("MAX_BUDGET_USD", "inf", "finite number"),
        ("MAX_BUDGET_USD", "0", "greater than 0"),
        ("TIMEOUT", "nan", "finite number"),
        ("PROGRAM", "claude", "expected an absolute path"),
    ],
)
def test_a_setting_that_is_wrong_is_named(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"^AGENT_SDK_RUNNER_{name}: .*{said}"):
        load_settings({"AGENT_SDK_RUNNER_DIRECTORY": "/notes", f"AGENT_SDK_RUNNER_{name}": value})


def test_settings_have_bounds_where_nothing_is_said() -> None:
    settings = load_settings({"AGENT_SDK_RUNNER_DIRECTORY": "/notes", "AGENT_SDK_RUNNER_TIMEOUT": ""})
    assert (settings.max_turns, settings.max_budget_usd, settings.timeout) == (20, 1.0, 300.0)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ("color: red", "tools", "expected this field, got nothing"),
        ("tools: Read, Bash(ls *)", "tools", 'expected none but Glob, Grep, Read, got "Bash(ls *)"'),
        ('tools: "*"', "tools", 'expected none but Glob, Grep, Read, got "*"'),
        ("tools: Re*", "tools", 'got "Re*"'),
    ],
)
def test_more_tools_than_those_that_read_are_refused_at_their_line(line: str, key: str, said: str) -> None:
    (found,) = refused(line)
    assert (found.path, found.key) == ("agents/reader.md", key)
    assert said in found.message


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("permissionMode: bypassPermissions", "permissionMode"),
        ("permissionMode: acceptEdits", "permissionMode"),
        ("permissionMode: auto", "permissionMode"),
        ("memory: project", "memory"),
        ("mcpServers: [git]", "mcpServers"),
    ],
)
def test_what_would_let_an_agent_do_more_is_refused_at_its_line(line: str, key: str) -> None:
    (found,) = refused("tools: Read", line)
    assert (found.path, found.line, found.key) == ("agents/reader.md", 5, key)


@pytest.mark.parametrize("line", ["hooks: {PreToolUse: []}", "isolation: worktree"])
def test_what_the_sdk_cannot_carry_is_refused_before_any_cycle_fails_on_it(line: str) -> None:
    (found,) = refused("tools: Read", line)
    assert (found.code, found.path, found.key) == ("rejected-by-plugin", "agents/reader.md", line.partition(":")[0])
    assert "the Claude Agent SDK has no place for it" in found.message


@pytest.mark.parametrize(
    ("context", "key"),
    [
        ("---\nmodel: sonnet\n---\n", "task"),
        ("---\ntask: x\nmodel: --dangerously-skip-permissions\n---\n", "model"),
        ("---\ntask: x\nmaxBudget: 3\n---\n", "maxBudget"),
    ],
)
def test_a_context_that_says_too_little_or_too_much_is_refused(context: str, key: str) -> None:
    assert [(found.path, found.key) for found in refused("tools: Read", context=context)] == [("CLAUDE.md", key)]


def test_a_limit_on_the_argument_of_a_tool_that_reads_is_welcome() -> None:
    agent = "---\nname: a\ndescription: x\ntools: Read(/notes/public/*), Grep\npermissionMode: plan\n---\n"
    assert published({"CLAUDE.md": CONTEXT, "agents/a.md": agent}).diagnostics == ()


def test_the_shipped_configuration_is_clean() -> None:
    files = {str(path.relative_to(CONFIG)): path.read_text(encoding="utf-8") for path in CONFIG.rglob("*.md")}
    generation = published(files)
    assert (sorted(generation.agents), generation.diagnostics) == (["contradictions", "open-questions"], ())
