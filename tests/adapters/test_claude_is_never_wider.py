"""Whatever an agent says, the SDK takes its export and gives it nothing that the agent may not use.

`gives` is Claude Code's reading of an export, as `tests/adapters/real` measures it, written without a line of the
adapter.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, Literal

from hypothesis import given
from hypothesis import strategies as st

from hotagents import AgentSpec
from hotagents.adapters import ExportError, ToolGate
from hotagents.adapters.claude_agent_sdk import definition
from hotagents.adapters.gate import Allows
from hotagents.authority import Rights

_SERVED: Final = [f"mcp__{server}__{tool}" for server in ("git", "own", "o_w_n", "git2") for tool in ("log", "push")]
TOOLS: Final = ("Read", "Write", "Edit", "Bash", "Bosh", "Agent", "Task", "WebFetch", "Skill", *_SERVED)
_NAMES: Final = st.sampled_from(
    [*TOOLS, "*", "B*", "mcp__git", "mcp__*", "mcp__git__*", "mcp__git__l*", "mcp__own", "mcp__own__*", "mcp__", "**"]
)
_PATTERNS: Final = st.sampled_from(["git *", "git:*", "*", "", "a, b", "git log", ":*"])
_ENTRIES: Final = st.one_of(
    _NAMES, st.builds("{}({})".format, _NAMES, _PATTERNS), st.text("BRash(git *)\"',: _mcp", max_size=12)
)
_LISTS: Final = st.lists(_ENTRIES, max_size=5).map(tuple)
_CONFIGS: Final = st.one_of(
    st.just({"command": "serve"}),
    st.just({"type": "http", "url": "http://localhost"}),
    st.dictionaries(st.sampled_from(["type", "command", "url", "timeout"]), st.none() | st.text() | st.floats()),
)
_SERVERS: Final = st.lists(
    st.text(max_size=3) | st.dictionaries(st.sampled_from(["own", "git", "o.w n"]), _CONFIGS, max_size=2), max_size=2
).map(tuple)
_NUMBERS: Final = st.none() | st.integers(min_value=1) | st.sampled_from([2**53 - 1, 2**53, 2**80])


class Met(AgentSpec):
    """An agent whose class narrows what the file says."""

    tools_too: tuple[str, ...] | None = None

    @property
    def rights(self) -> Rights:
        return super().rights.meet(Rights(self.tools_too, ("Edit(x)",)))


_FIELDS: Final[dict[str, Any]] = {
    "name": st.just("triage"),
    "description": st.text(min_size=1, max_size=5),
    "prompt": st.text(max_size=5),
    "tools": st.none() | _LISTS,
    "disallowed_tools": _LISTS,
    "model": st.text(min_size=1, max_size=3) | st.just("opus"),
    "permission_mode": st.none() | st.sampled_from(["plan", "default", "bypassPermissions"]),
    "max_turns": _NUMBERS,
    "skills": st.lists(st.text(max_size=3), max_size=2).map(tuple),
    "mcp_servers": _SERVERS,
    "memory": st.none() | st.sampled_from(["user", "project", "local"]),
    "background": st.booleans(),
    "effort": _NUMBERS | st.sampled_from(["low", "max"]),
    "initial_prompt": st.none() | st.text(max_size=3),
}
AGENTS: Final = st.builds(AgentSpec, **_FIELDS) | st.builds(Met, tools_too=st.none() | _LISTS, **_FIELDS)


def entries(listed: list[str]) -> list[str]:
    """Split again, as Claude Code does, outside parentheses; drop the patterns."""
    parts = [part for entry in listed for part in re.split(r"[,\s]+(?![^(]*\))", entry) if part]
    return [part[: part.index("(")] if part.endswith(")") and "(" in part else part for part in parts]


def concerns(name: str, tool: str) -> bool:
    if {name, tool} <= {"Agent", "Task"}:
        return True
    server = name.removesuffix("__*")
    return name == tool or (re.fullmatch(r"mcp__[^*]+", server) is not None and tool.startswith(f"{server}__"))


def gives(exported: dict[str, Any], tool: str) -> bool:
    denied = entries(exported.get("disallowedTools", []))
    if any(concerns(name, tool) or (name == "mcp__*" and tool.startswith("mcp__")) for name in denied):
        return False
    own = [name for entry in exported.get("mcpServers", []) if isinstance(entry, dict) for name in entry]
    if any(tool.startswith(f"mcp__{re.sub('[^A-Za-z0-9_-]', '_', name)}__") for name in own):
        return True
    if "memory" in exported and tool in {"Read", "Write", "Edit"}:
        return True
    granted = entries(exported["tools"]) if "tools" in exported else ["*"]
    return "*" in granted or any(concerns(name, tool) for name in granted)


def check_form(exported: dict[str, Any]) -> None:
    """Every rule by which one entry takes all agents down."""
    json.dumps(exported, allow_nan=False)
    assert exported["description"]
    assert isinstance(exported["prompt"], str)
    assert exported.get("model", "x").strip()
    for key in ("tools", "disallowedTools", "skills"):
        value = exported.get(key, [])
        assert isinstance(value, list)
        assert all(isinstance(item, str) for item in value)
    assert 0 < exported.get("maxTurns", 1) < 2**53
    effort = exported.get("effort", 1)
    assert effort in {"low", "medium", "high", "xhigh", "max"} or (type(effort) is int and abs(effort) < 2**53)
    assert set(exported) <= {
        "description", "prompt", "tools", "disallowedTools", "model", "skills", "memory", "mcpServers", "initialPrompt",
        "maxTurns", "background", "effort", "permissionMode",
    }  # fmt: skip
    for entry in exported.get("mcpServers", []):
        for config in entry.values() if isinstance(entry, dict) else ():
            assert isinstance(config["url" if config.get("type") in {"sse", "http"} else "command"], str)


@given(AGENTS, st.sampled_from(["refuse", "narrow"]))
def test_an_export_is_taken_and_never_gives_more_than_the_agent_has(
    agent: AgentSpec, limits: Literal["refuse", "narrow"]
) -> None:
    try:
        exported = definition(agent, limits=limits)
    except ExportError:
        assert limits == "refuse"
        return
    check_form(exported)
    for tool in TOOLS:
        assert not gives(exported, tool) or agent.allows(tool), (tool, exported)


class Own(Allows):
    def __init__(self, agent: AgentSpec) -> None:
        self._agent = agent

    def allows(self, agent: str, tool: str, argument: str | None = None) -> bool:
        return agent == self._agent.name and self._agent.allows(tool, argument)


@given(AGENTS)
def test_with_a_gate_every_agent_is_exported_and_taken(agent: AgentSpec) -> None:
    check_form(definition(agent, gate=ToolGate(Own(agent))))


_CLEAN: Final = st.lists(st.sampled_from([*TOOLS, "mcp__git", "mcp__git__*", "mcp__own"]), max_size=5).map(tuple)


@given(st.none() | st.just(("*",)) | _CLEAN, _CLEAN)
def test_lists_of_names_are_exported_without_loss(tools: tuple[str, ...] | None, disallowed: tuple[str, ...]) -> None:
    agent = AgentSpec(name="triage", description="d", tools=tools, disallowed_tools=disallowed)
    exported = definition(agent)
    assert [tool for tool in TOOLS if gives(exported, tool)] == [tool for tool in TOOLS if agent.allows(tool)]
