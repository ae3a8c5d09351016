"""The most that any mounted agent may have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents import AgentSpec, Ceiling, ConfigRegistry, InvalidConfigError, Memory
from hotagents.authority import Rights

Lines = tuple[str, ...]


def registry(*lines: str, ceiling: Ceiling) -> ConfigRegistry[Any]:
    text = "\n".join(["---", "name: a", "description: d", *lines, "---", "prompt"])
    registry = ConfigRegistry(Memory({"a.md": text}), ceiling=ceiling)
    registry.start()
    registry.close()
    return registry


@pytest.mark.parametrize(
    ("ceiling", "lines"),
    [
        (Ceiling(), ()),
        (Ceiling(), ("tools: Bash", "permissionMode: bypassPermissions", "model: opus", "mcpServers: [x]")),
        (Ceiling(tools=["Read", "Grep"]), ("tools: Read",)),
        (Ceiling(tools=["Read", "Grep"]), ("tools: []",)),
        (Ceiling(tools=["*"]), ()),
        (Ceiling(tools=["Read", "Bash(git *)"]), ("tools: Bash(git log *), Read",)),
        (Ceiling(tools=["mcp__github"]), ("tools: mcp__github__get_issue",)),
        (Ceiling(permission_modes=["plan"]), ()),
        (Ceiling(permission_modes=["plan"]), ("permissionMode: plan",)),
        (Ceiling(models=["haiku", "claude-haiku-*"]), ("model: claude-haiku-4-5",)),
        (Ceiling(models=["haiku"]), ("model: inherit",)),
        (Ceiling(models=["haiku"]), ()),
        (Ceiling(hooks=True), ("hooks: {Stop: [{hooks: [{type: command, command: x}]}]}",)),
        (Ceiling(hooks=False), ()),
        (Ceiling(mcp_servers=["github"]), ("mcpServers: [github]",)),
    ],
)
def test_what_lies_below_is_published(ceiling: Ceiling, lines: Lines) -> None:
    assert registry(*lines, ceiling=ceiling).current.number == 1


@pytest.mark.parametrize(
    ("ceiling", "lines", "place", "said"),
    [
        (Ceiling(tools=["Read"]), ("tools: Read, Bash",), "a.md:4:8", "expected at most Read, got Bash"),
        (Ceiling(tools=["Read"]), (), "a.md:1:1", "got every tool, since there is no tools key"),
        (Ceiling(tools=["Read"]), ('tools: "*"',), "a.md:4:8", "expected at most Read, got"),
        (Ceiling(tools=["Bash(git *)"]), ("tools: Bash",), "a.md:4:8", "got Bash"),
        (Ceiling(tools=["Bash(git log *)"]), ("tools: Bash(git *)",), "a.md:4:8", "got Bash(git *)"),
        (Ceiling(tools=[]), ("tools: Read",), "a.md:4:8", "expected at most none, got Read"),
        (Ceiling(permission_modes=["plan"]), ("permissionMode: acceptEdits",), "a.md:4:17", "expected plan, got"),
        (Ceiling(models=["haiku"]), ("model: opus",), "a.md:4:8", "expected haiku, got opus"),
        (Ceiling(models=["sonnet"]), ("model: sonnet[1m]",), "a.md:4:8", "expected sonnet, got sonnet[1m]"),
        (Ceiling(), ("hooks: {Stop: [{hooks: []}]}",), "a.md:4:8", "expected no hooks"),
        (Ceiling(mcp_servers=["github"]), ("mcpServers: [jira]",), "a.md:4:13", "expected github, got jira"),
        (Ceiling(mcp_servers=["x"]), ("mcpServers: [{x: {command: rm}}]",), "a.md:4:13", "got a definition of x"),
    ],
)
def test_what_lies_above_is_an_error_with_file_and_line(ceiling: Ceiling, lines: Lines, place: str, said: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        registry(*lines, ceiling=ceiling)
    found = [str(d) for d in caught.value.diagnostics if d.code == "beyond-ceiling"]
    assert len(found) == 1
    assert found[0].startswith(f"{place}: beyond-ceiling: ")
    assert said in found[0]


def test_a_tool_that_is_denied_needs_no_ceiling() -> None:
    ceiling = Ceiling(tools=["Read", "Grep"])
    lines = ("tools: Read, Bash", "disallowedTools: Bash")
    assert registry(*lines, ceiling=ceiling).current.number == 1


def test_an_edit_beyond_it_is_refused_and_what_was_served_goes_on() -> None:
    source = Memory({"a.md": "---\nname: a\ndescription: d\ntools: Read\n---\n"})
    with ConfigRegistry(source, ceiling=Ceiling(tools=["Read"])) as running:
        source.write({"a.md": "---\nname: a\ndescription: d\ntools: Read, Bash\n---\n"})
        assert running.reload() == "rejected"
        assert not running.current.agents["a"].allows("Bash")
        assert running.status.condition("Current").message.startswith("a.md:4:8: beyond-ceiling: tools:")


def test_a_class_with_rights_of_its_own_is_judged_by_those() -> None:
    class Reader(AgentSpec):
        @property
        def rights(self) -> Rights:
            return Rights(("Read",))

    source = Memory({"a.md": "---\nname: a\ndescription: d\n---\n"})
    with ConfigRegistry(source, spec=Reader, ceiling=Ceiling(tools=["Read"])) as running:
        assert running.current.number == 1


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"tools": "Read"}, TypeError, "tools: expected a list of strings"),
        ({"tools": ["Bash("]}, ValueError, "tools: expected an entry"),
        ({"models": "haiku"}, TypeError, "models: expected a list"),
        ({"permission_modes": ["bypasspermissions"]}, ValueError, 'did you mean "bypassPermissions"'),
        ({"permission_modes": ["x"]}, ValueError, "there are default"),
        ({"mcp_servers": "github"}, TypeError, "mcp_servers: expected a list"),
    ],
)
def test_a_ceiling_that_says_nothing_is_refused_by_the_program(
    options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        Ceiling(**options)


def test_a_ceiling_keeps_a_copy() -> None:
    tools = ["Read"]
    ceiling = Ceiling(tools=tools)
    tools.append("Bash")
    assert ceiling.tools == ("Read",)


_ENTRIES = st.sampled_from(
    ["Read", "Bash", "Bash(git *)", "Bash(git log *)", "Bash(rm *)", "mcp__github", "mcp__github__get", "*", "Agent(x)"]
)
_LISTS = st.lists(_ENTRIES, max_size=4).map(tuple)
_QUESTIONS = st.tuples(
    st.sampled_from(["Read", "Bash", "mcp__github__get", "Agent", "Write"]),
    st.sampled_from([None, "git log -1", "git push", "rm -rf /", "x"]),
)


@given(tools=st.none() | _LISTS, denied=_LISTS, above=_LISTS, question=_QUESTIONS)
def test_no_agent_that_passes_may_do_what_the_ceiling_may_not(
    tools: Lines | None, denied: Lines, above: Lines, question: tuple[str, str | None]
) -> None:
    agent = AgentSpec(name="a", description="d", tools=tools, disallowed_tools=denied)
    if not list(Ceiling(tools=above).excesses(agent)):
        assert not agent.allows(*question) or Rights(above).allows(*question)
