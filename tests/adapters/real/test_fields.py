"""Every name that is exported is a field of the real package's."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import pytest
from pydantic import TypeAdapter

from hotagents import AgentSpec, ConfigRegistry
from hotagents.adapters import ToolGate, anthropic, claude_agent_sdk, openai_agents, pydantic_ai

pytestmark = pytest.mark.usefixtures("messages_api")
WHOLE = AgentSpec(
    name="triage",
    description="Sorts alerts.",
    tools=("Read", "Write", "Edit", "mcp__own"),
    disallowed_tools=("Bash",),
    model="opus",
    permission_mode="plan",
    max_turns=7,
    skills=("triage",),
    mcp_servers=("git", {"own": {"command": "serve"}}),
    memory="project",
    background=True,
    effort="high",
    initial_prompt="Begin.",
    prompt="Sort alerts.",
)
AGENT = "---\nname: triage\ndescription: Sorts alerts.\ntools: Read, Bash(git *)\n---\nSort alerts.\n"


def test_the_claude_agent_sdk_has_every_field_and_we_set_every_one_of_its() -> None:
    sdk = pytest.importorskip("claude_agent_sdk", reason="nox -s adapters installs it")
    exported = claude_agent_sdk.definition(WHOLE)
    assert dataclasses.asdict(sdk.AgentDefinition(**exported)) == exported
    assert {field.name for field in dataclasses.fields(sdk.AgentDefinition)} == set(exported)


def test_the_claude_agent_sdk_takes_the_options() -> None:
    sdk = pytest.importorskip("claude_agent_sdk", reason="nox -s adapters installs it")
    with ConfigRegistry.fixed({"triage.md": AGENT}).pin() as pin:
        given = claude_agent_sdk.options(pin.generation, gate=ToolGate(pin), main="triage")
        assert set(given) <= {field.name for field in dataclasses.fields(sdk.ClaudeAgentOptions)}
        options = sdk.ClaudeAgentOptions(**given)
    assert options.setting_sources == []
    assert options.extra_args == {"agent": "triage"}
    assert options.agents["triage"].tools == ["Read", "Bash"]
    assert [matcher.on_failure for matcher in options.hooks["PreToolUse"]] == ["block"]


def test_the_claude_agent_sdk_is_told_of_no_agent_that_there_is_not() -> None:
    pytest.importorskip("claude_agent_sdk", reason="nox -s adapters installs it")
    with pytest.raises(LookupError, match='no agent "nobody" in generation 1'):
        claude_agent_sdk.options(ConfigRegistry.fixed({"triage.md": AGENT}).current, main="nobody")


def test_anthropic_has_every_argument_of_a_request() -> None:
    sdk = pytest.importorskip("anthropic", reason="nox -s adapters installs it")
    agent = WHOLE.model_copy(update={"permission_mode": None})
    request = anthropic.definition(
        agent,
        models={"opus": "claude-opus-5-5"},
        max_tokens=9,
        tools=[{"name": "Read", "input_schema": {"type": "object"}}],
        cache_control={"type": "ephemeral"},
    )
    params = TypeAdapter(sdk.types.MessageCreateParams)
    params.validate_python(request | {"messages": [{"role": "user", "content": "hi"}]})
    assert set(request) <= set(inspect.signature(sdk.Anthropic().messages.create).parameters)


@pytest.mark.parametrize(("adapter", "package"), [(openai_agents, "agents"), (pydantic_ai, "pydantic_ai")])
def test_an_agent_has_every_argument(adapter: Any, package: str) -> None:
    sdk = pytest.importorskip(package, reason="nox -s adapters installs it")
    agent = WHOLE.model_copy(update={"permission_mode": None, "tools": None})
    exported = adapter.definition(agent, models={"*": "test"}, tools=[read_of(package)])
    assert set(exported) <= set(inspect.signature(sdk.Agent).parameters)
    built = sdk.Agent(**exported)
    assert built.name == "triage"
    assert adapter.run_options(agent)


def read_of(package: str) -> Any:
    def read(path: str) -> str:
        """Read a file."""
        return path

    if package == "agents":
        import agents  # noqa: PLC0415 - only with the real package

        return agents.function_tool(read)
    return read
