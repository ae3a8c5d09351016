"""An agent as data for the Claude Agent SDK: only values that it takes, and no limit lost without a word."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from hotagents import AgentSpec, ConfigRegistry
from hotagents.adapters import ExportError, ToolGate
from hotagents.adapters.claude_agent_sdk import answer, definition

SERVER = {"command": "serve", "args": ["--quiet"], "env": {"A": "b"}}


def agent_with(**fields: Any) -> AgentSpec:
    known = {"name": "triage", "description": "Sorts alerts.", "prompt": "Sort.", "path": "agents/triage.md"}
    return AgentSpec(**(known | fields))


def gate_of(agent: str) -> ToolGate:
    return ToolGate(ConfigRegistry.fixed({"triage.md": f"---\nname: triage\ndescription: d\n{agent}---\n"}).pin())


GATE = gate_of("")


def test_an_agent_that_says_little_exports_little() -> None:
    assert definition(agent_with()) == {"description": "Sorts alerts.", "prompt": "Sort.", "model": "inherit"}


def test_every_field_that_the_sdk_has_is_exported_under_its_name() -> None:
    agent = agent_with(
        tools=("Read", "Write", "Edit", "mcp__git", "mcp__own"),
        disallowed_tools=("WebFetch",),
        model="opus",
        permission_mode="plan",
        max_turns=7,
        skills=("triage",),
        mcp_servers=("git", {"own": SERVER}),
        memory="project",
        background=True,
        effort="high",
        initial_prompt="Begin.",
        color="red",
    )
    exported = definition(agent)
    assert exported == {
        "description": "Sorts alerts.",
        "prompt": "Sort.",
        "tools": ["Read", "Write", "Edit", "mcp__git", "mcp__own"],
        "disallowedTools": ["WebFetch"],
        "model": "opus",
        "skills": ["triage"],
        "memory": "project",
        "mcpServers": ["git", {"own": SERVER}],
        "initialPrompt": "Begin.",
        "maxTurns": 7,
        "background": True,
        "effort": "high",
        "permissionMode": "plan",
    }
    json.dumps(exported, allow_nan=False)


def test_a_model_can_be_settled_by_the_program() -> None:
    assert definition(agent_with(model="opus"), models={"opus": "claude-opus-5-5"})["model"] == "claude-opus-5-5"
    with pytest.raises(ExportError, match="'sonnet'"):
        definition(agent_with(model="sonnet"), models={"opus": "claude-opus-5-5"})


@pytest.mark.parametrize(
    ("update", "key"),
    [
        ({"max_turns": 0}, "maxTurns"),
        ({"max_turns": True}, "maxTurns"),
        ({"max_turns": "7"}, "maxTurns"),
        ({"model": " "}, "model"),
        ({"model": ""}, "model"),
        ({"permission_mode": "manual"}, "permissionMode"),
        ({"effort": "huge"}, "effort"),
        ({"effort": 2**53}, "effort"),
        ({"effort": True}, "effort"),
        ({"memory": "all"}, "memory"),
        ({"background": "yes"}, "background"),
        ({"initial_prompt": " "}, "initialPrompt"),
        ({"skills": ("",)}, "skills"),
    ],
)
def test_a_value_that_the_sdk_would_refuse_is_left_out(update: dict[str, Any], key: str) -> None:
    assert key not in definition(agent_with().model_copy(update=update))


def test_a_limit_of_turns_beyond_javascript_is_its_greatest_number() -> None:
    assert definition(agent_with(max_turns=2**70))["maxTurns"] == 2**53 - 1


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"command": ""},
        {"command": 1},
        {"command": "x", "args": "y"},
        {"command": "x", "env": {"A": 1}},
        {"command": "x", "timeout": float("nan")},
        {"command": "x", "unheard": 1},
        {"type": "ws", "url": "ws://x"},
        {"type": ["http"], "url": "http://x"},
        {"type": "http"},
        {"type": "http", "url": "http://x", "headers": {"A": None}},
        None,
        "x",
    ],
)
def test_a_server_that_the_sdk_might_refuse_is_left_out_and_logged(
    config: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert definition(agent_with(mcp_servers=("git", {"own": config})))["mcpServers"] == ["git"]
    assert caplog.messages == ['agents/triage.md: agent "triage": the server "own" is left out: its form is unknown']


@pytest.mark.parametrize(
    "config", [{"type": "stdio"} | SERVER, {"type": "sse", "url": "http://x", "headers": {"A": "b"}, "timeout": 9}]
)
def test_a_server_of_a_known_form_is_exported_as_it_is(config: dict[str, Any]) -> None:
    assert definition(agent_with(mcp_servers=({"own": config},)))["mcpServers"] == [{"own": config}]


def test_an_empty_description_is_an_error() -> None:
    with pytest.raises(ExportError, match=r'agents/triage.md: agent "triage": description: expected a description'):
        definition(agent_with().model_copy(update={"description": ""}))


def test_a_name_that_the_sdk_drops_is_an_error() -> None:
    with pytest.raises(ExportError, match="drops an agent of this name"):
        definition(agent_with(name="__proto__"))


@pytest.mark.parametrize(
    ("key", "fields"), [("hooks", {"hooks": {"Stop": []}}), ("isolation", {"isolation": "worktree"})]
)
def test_a_limit_that_has_no_place_is_an_error_until_it_may_be_lost(key: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ExportError, match=f"{key}: the Claude Agent SDK has no place for it"):
        definition(agent_with(**fields))
    assert key not in definition(agent_with(**fields), drop=(key,))


@pytest.mark.parametrize(
    ("fields", "tools", "disallowed"),
    [
        ({}, None, None),
        ({"tools": ()}, [], None),
        ({"tools": ("*",)}, None, None),
        ({"tools": ("Read", "Bash(*)")}, ["Read", "Bash"], None),
        ({"tools": ("Bash", "Bash(git *)")}, ["Bash"], None),
        ({"tools": ("Read", "mcp__git__*", "mcp__git__log")}, ["Read", "mcp__git", "mcp__git__log"], None),
        ({"tools": ("Read", "Ba*", "mcp__*", "Bash(", "Rea d")}, ["Read"], None),
        ({"tools": ("Read", "Write"), "disallowed_tools": ("Write",)}, ["Read"], ["Write"]),
        ({"disallowed_tools": ("Write", "mcp__git", "mcp__*")}, None, ["Write", "mcp__git", "mcp__*"]),
        ({"disallowed_tools": ("*",)}, [], None),
        ({"tools": ("Read", "Bash"), "disallowed_tools": ("B*",)}, ["Read"], None),
    ],
)
def test_lists_become_names(fields: dict[str, Any], tools: list[str] | None, disallowed: list[str] | None) -> None:
    exported = definition(agent_with(**fields))
    assert exported.get("tools") == tools
    assert exported.get("disallowedTools") == disallowed


@pytest.mark.parametrize("entry", ["Bash(rm *)", '"Bash"', "Bash(rm", "`Bash`"])
def test_a_prohibition_that_the_sdk_would_not_understand_takes_the_whole_tool_away(entry: str) -> None:
    assert definition(agent_with(disallowed_tools=(entry,)))["disallowedTools"] == ["Bash"]
    listed = definition(agent_with(tools=("Bash", "Read"), disallowed_tools=(entry,)))
    assert listed["tools"] == ["Read"]


def test_a_limit_that_names_cannot_say_is_an_error_with_the_line_to_write() -> None:
    with pytest.raises(ExportError) as raised:
        definition(agent_with(tools=("Read", "Bash(git *)", "Bash(ls *)")))
    assert str(raised.value) == (
        'agents/triage.md: agent "triage": tools: expected tools by name alone, got Bash(git *), Bash(ls *), of which '
        "the SDK would make all of Bash; write tools: Read, or give gate= to ask at each call, or limits='narrow' to "
        "go without"
    )


@pytest.mark.parametrize(
    ("fields", "key", "narrowed"),
    [
        ({"tools": ("Read", "Bash(git *)")}, "tools", ["Read"]),
        ({"tools": ("Read", "Agent(a, b)")}, "tools", ["Read"]),
        ({"tools": ("Read", "mcp__git(x)")}, "tools", ["Read"]),
        ({"tools": ("Read", "mcp__git"), "disallowed_tools": ("mcp__git__l*",)}, "tools", ["Read"]),
        ({"tools": ("Read",), "mcp_servers": ({"own": SERVER},)}, "mcpServers", ["Read"]),
        ({"tools": (), "mcp_servers": ({"own": SERVER},)}, "mcpServers", []),
        ({"tools": ("mcp__own__look",), "mcp_servers": ({"own": SERVER},)}, "mcpServers", ["mcp__own__look"]),
    ],
)
def test_a_limit_that_names_cannot_say_is_refused_or_the_agent_goes_without(
    fields: dict[str, Any], key: str, narrowed: list[str]
) -> None:
    with pytest.raises(ExportError) as raised:
        definition(agent_with(**fields))
    assert raised.value.key == key
    exported = definition(agent_with(**fields), limits="narrow")
    assert exported["tools"] == narrowed
    assert "mcpServers" not in exported


def test_a_prohibition_by_pattern_of_names_narrows_to_the_tools_that_are_known() -> None:
    agent = agent_with(disallowed_tools=("Web*",))
    with pytest.raises(ExportError, match=r"disallowedTools: the SDK cannot deny Web\*"):
        definition(agent)
    tools = definition(agent, limits="narrow")["tools"]
    assert "Read" in tools
    assert "WebFetch" not in tools


def test_with_a_gate_what_names_cannot_say_is_left_to_it() -> None:
    agent = agent_with(
        tools=("Read", "Bash(git *)", "Write"), disallowed_tools=("Write",), mcp_servers=({"o": SERVER},)
    )
    exported = definition(agent, gate=GATE)
    assert exported["tools"] == ["Read", "Bash"]
    assert exported["mcpServers"] == [{"o": SERVER}]
    assert "tools" not in definition(agent_with(disallowed_tools=("Web*",)), gate=GATE)


def test_lists_that_would_take_hours_to_compare_are_an_error() -> None:
    tools = tuple(f"tool_{at}" for at in range(501))
    with pytest.raises(ExportError, match="expected at most 500 entries"):
        definition(agent_with(tools=tools), limits="narrow")
    assert definition(agent_with(tools=tools[:500]))["tools"] == list(tools[:500])


@pytest.mark.parametrize("limits", ["refuse", "narrow"])
def test_memory_brings_no_tool_that_the_agent_has_not(limits: Any) -> None:
    exported = definition(agent_with(tools=("Read",), memory="user"), limits=limits)
    assert (exported["tools"], exported["disallowedTools"]) == (["Read"], ["Write", "Edit"])
    assert definition(agent_with(memory="user")).get("disallowedTools") is None


def call(command: str, **caller: str) -> dict[str, Any]:
    return {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": {"command": command}, **caller}


def decision(given: dict[str, Any]) -> str:
    said = given.get("hookSpecificOutput", {})
    assert said == {} or said["hookEventName"] == "PreToolUse"
    return str(said.get("permissionDecision", ""))


@pytest.mark.parametrize(
    ("line", "caller", "more", "expected"),
    [
        ("git log", {"agent_type": "triage", "agent_id": "1"}, {}, ""),
        ("git log", {"agent_type": "triage", "agent_id": "1"}, {"permit": True}, "allow"),
        ("git log; rm x", {"agent_type": "triage", "agent_id": "1"}, {"permit": True}, "deny"),
        ("git log", {"agent_type": "Explore", "agent_id": "1"}, {"permit": True}, "deny"),
        ("git log", {"agent_type": "Explore", "agent_id": "1"}, {"others": True}, ""),
        ("git log", {"agent_id": "1"}, {"others": True}, "deny"),
        ("rm x", {}, {"permit": True}, ""),
        ("rm x", {}, {"main": "triage"}, "deny"),
        ("rm x", {"agent_type": "triage"}, {"main": "triage"}, "deny"),
        ("git log", {"agent_type": "triage"}, {"main": "triage"}, ""),
    ],
)
def test_before_a_call_the_gate_is_asked_for_the_agent_that_calls(
    line: str, caller: dict[str, str], more: dict[str, Any], expected: str
) -> None:
    gate = gate_of("tools: Bash(git *)\n")
    assert decision(answer(gate, ["triage"], call(line, **caller), **more)) == expected
