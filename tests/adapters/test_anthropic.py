"""An agent as the arguments of ``messages.create``: what it may not use is not offered, what is lost is said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Final

import pytest

from hotagents import AgentSpec, ConfigRegistry
from hotagents.adapters import ExportError, ToolGate
from hotagents.adapters.anthropic import definition, refusal

MODELS: Final = {"sonnet": "claude-sonnet-5-5", "inherit": "claude-haiku-5-5"}
TOOLS: Final[list[dict[str, Any]]] = [
    {"name": "Read", "input_schema": {"type": "object"}},
    {"name": "Bash", "input_schema": {"type": "object"}},
    {"name": "Write", "type": "custom", "input_schema": {"type": "object"}},
    {"name": "web_search", "type": "web_search_20250305"},
    {"name": "bash", "type": "bash_20250124"},
    {"type": "mcp_toolset", "mcp_server_name": "git"},
]


def agent_with(**fields: Any) -> AgentSpec:
    return AgentSpec(**({"name": "triage", "description": "d", "prompt": "Sort alerts.\n"} | fields))


def names(request: dict[str, Any]) -> list[str]:
    return [tool["name"] for tool in request.get("tools", [])]


def gate_of(tools: str) -> ToolGate:
    text = f"---\nname: triage\ndescription: d\ntools: {tools}\n---\n"
    return ToolGate(ConfigRegistry.fixed({"triage.md": text}).pin())


def test_the_prompt_is_the_system_and_the_rest_is_passed_on() -> None:
    request = definition(agent_with(model="sonnet"), models=MODELS, max_tokens=9, temperature=0.0)
    assert request == {
        "model": "claude-sonnet-5-5",
        "max_tokens": 9,
        "system": "Sort alerts.\n",
        "temperature": 0.0,
    }


def test_the_prompt_can_be_cached() -> None:
    request = definition(agent_with(), models=MODELS, max_tokens=9, cache_control={"type": "ephemeral"})
    assert request["system"] == [
        {"type": "text", "text": "Sort alerts.\n", "cache_control": {"type": "ephemeral"}},
    ]


def test_an_empty_prompt_is_no_block_which_the_api_would_refuse() -> None:
    request = definition(agent_with(prompt="\n"), models=MODELS, max_tokens=9, cache_control={"type": "ephemeral"})
    assert "system" not in request


@pytest.mark.parametrize("model", ["claude-opus-5-5", "anthropic.claude-x", "arn:aws:bedrock:x"])
def test_an_id_passes_as_it_is(model: str) -> None:
    assert definition(agent_with(model=model), models={}, max_tokens=9)["model"] == model


@pytest.mark.parametrize("model", ["sonnet", "inherit", "fable", "sonnet[1m]", "claude-opus-5-5[1m]", "gpt"])
def test_an_alias_that_stands_for_nothing_is_an_error(model: str) -> None:
    with pytest.raises(ExportError, match="add models="):
        definition(agent_with(model=model), models={"opus": "claude-opus-5-5"}, max_tokens=9)


@pytest.mark.parametrize(
    ("tools", "disallowed", "kept"),
    [
        (None, (), ["Read", "Bash", "Write", "web_search", "bash"]),
        (None, ("Bash(rm *)", "web_*"), ["Read", "Write", "bash"]),
        (("Read", "Bash(git *)"), (), ["Read"]),
        ((), (), []),
    ],
)
def test_without_a_gate_only_tools_with_the_whole_right_are_offered(
    tools: tuple[str, ...] | None, disallowed: tuple[str, ...], kept: list[str]
) -> None:
    agent = agent_with(tools=tools, disallowed_tools=disallowed)
    assert names(definition(agent, models=MODELS, max_tokens=9, tools=TOOLS)) == kept


def test_with_a_gate_a_limited_tool_is_offered_unless_it_runs_where_nobody_asks() -> None:
    tools = "Bash(git *), web_search(x)"
    agent = agent_with(tools=("Bash(git *)", "web_search(x)"))
    assert names(definition(agent, models=MODELS, max_tokens=9, tools=TOOLS, gate=gate_of(tools))) == ["Bash"]


def test_the_callers_tools_are_not_changed() -> None:
    request = definition(agent_with(), models=MODELS, max_tokens=9, tools=TOOLS)
    request["tools"][0]["cache_control"] = {"type": "ephemeral"}
    assert "cache_control" not in TOOLS[0]


@pytest.mark.parametrize("as_object", [True, False])
def test_a_call_that_is_refused_has_its_answer(*, as_object: bool) -> None:
    gate, agent = gate_of("Bash(git *)"), agent_with()

    def use(command: str) -> Any:
        block = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": command}}
        return SimpleNamespace(**block) if as_object else block

    assert refusal(gate, agent, use("git log")) is None
    said = refusal(gate, agent, use("rm x"))
    assert said is not None
    assert said["content"].startswith('Refused: the agent "triage" may not use Bash')
    assert said | {"content": ""} == {
        "type": "tool_result",
        "tool_use_id": "toolu_1",
        "content": "",
        "is_error": True,
    }


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("hooks", {"hooks": {"PreToolUse": []}}),
        ("isolation", {"isolation": "worktree"}),
        ("permissionMode", {"permission_mode": "plan"}),
    ],
)
def test_a_limit_that_has_no_place_is_an_error_until_it_may_be_lost(key: str, fields: dict[str, Any]) -> None:
    agent = agent_with(path="triage.md", **fields)
    with pytest.raises(ExportError, match=f'triage.md: agent "triage": {key}: the Messages API has no place') as raised:
        definition(agent, models=MODELS, max_tokens=9)
    assert raised.value.key == key
    assert definition(agent, models=MODELS, max_tokens=9, drop=(key,))
