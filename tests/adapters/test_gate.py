"""Before each call the gate says whether the agent may make it, by what its pin allows at that moment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotagents import AgentSpec, ConfigRegistry, Memory
from hotagents.adapters import ToolGate, ToolRefusedError
from hotagents.adapters.arguments import text
from hotagents.adapters.gate import may, offered
from hotagents.authority import Rights

AGENT = "---\nname: triage\ndescription: Sorts alerts.\ntools: {}\ndisallowedTools: {}\n---\nSort alerts.\n"


class Fixed:
    """Answers for one agent by its rights."""

    def __init__(self, agent: AgentSpec) -> None:
        self.agent = agent

    def allows(self, agent: str, tool: str, argument: str | None = None) -> bool:
        return agent == self.agent.name and self.agent.allows(tool, argument)


def agent_with(*tools: str, disallowed: tuple[str, ...] = ()) -> AgentSpec:
    return AgentSpec(name="triage", description="Sorts alerts.", tools=tools, disallowed_tools=disallowed)


def gate_of(agent: AgentSpec) -> ToolGate:
    return ToolGate(Fixed(agent))


@pytest.fixture
def source() -> Memory:
    return Memory({"triage.md": AGENT.format("Bash(git *), Read", "[]")})


@pytest.mark.parametrize(
    ("command", "is_allowed"),
    [
        ("git log", True),
        ("git log | git show", True),
        ("git log; rm -rf /", False),
        ("git $(rm -rf /)", False),
        ("rm -rf /", False),
        ("", False),
    ],
)
def test_each_command_of_a_line_must_be_allowed(command: str, *, is_allowed: bool) -> None:
    gate = gate_of(agent_with("Bash(git *)"))
    assert gate.allows("triage", "Bash", {"command": command}) is is_allowed


def test_a_tool_that_is_allowed_whole_is_allowed_whatever_it_is_called_with() -> None:
    gate = gate_of(agent_with("Bash", "query"))
    assert gate.allows("triage", "Bash", {"command": "git $(ls)"})
    assert gate.allows("triage", "query", {})


def test_a_tool_that_nobody_can_read_is_allowed_whole_or_not_at_all() -> None:
    agent = agent_with("query(select *)")
    call = {"sql": "select 1"}
    assert not gate_of(agent).allows("triage", "query", call)
    assert not gate_of(agent).may(agent, "query")
    reading = ToolGate(Fixed(agent), readers={"query": text("sql")})
    assert reading.allows("triage", "query", call)
    assert reading.may(agent, "query")
    assert not reading.allows("triage", "query", {"sql": "drop table x"})


def test_a_right_that_is_taken_away_is_refused_at_the_next_call(source: Memory) -> None:
    with ConfigRegistry(source) as registry, registry.pin() as pin:
        gate, agent = ToolGate(pin), pin.generation.agents["triage"]
        gate.check("triage", "Bash", {"command": "git log"})
        source.write({"triage.md": AGENT.format("Read", "[]")})
        assert pin.revoked.wait(5)
        with pytest.raises(ToolRefusedError, match='"triage" may not use Bash') as refused:
            gate.check("triage", "Bash", {"command": "git log"})
        assert (refused.value.agent, refused.value.tool) == ("triage", "Bash")
        assert not gate.may(agent, "Bash")
        assert gate.may(agent, "Read")


def test_an_agent_that_is_gone_may_do_nothing(source: Memory) -> None:
    with ConfigRegistry(source) as registry, registry.pin() as pin:
        source.write({"other.md": AGENT.replace("triage", "other").format("Read", "[]")})
        assert pin.revoked.wait(5)
        assert not ToolGate(pin).allows("triage", "Read", {"file_path": "/x"})


def test_a_refusal_shows_nothing_that_a_terminal_obeys() -> None:
    said = gate_of(agent_with()).refusal("triage", "\x1b[2J\n", {})
    assert said
    assert said.isprintable()


def test_a_tool_is_offered_without_a_gate_only_where_it_is_allowed_whole() -> None:
    agent = agent_with("Bash(git *)", "Read", disallowed=("Write",))
    names = ("Bash", "Read", "Write", "Edit")
    assert [name for name in names if offered(agent, name, None)] == ["Read"]
    assert [name for name in names if offered(agent, name, gate_of(agent))] == ["Bash", "Read"]


@pytest.mark.parametrize(
    ("rights", "tool", "expected"),
    [
        (Rights(("Bash(git *)",)), "Bash", True),
        (Rights(("Bash(git:*)",)), "Bash", True),
        (Rights(("Bash(git *)",)), "Read", False),
        (Rights(("Bash(git *)",), ("Bash(git push *)",)), "Bash", True),
        (Rights(("Bash(git *)",), ("Bash",)), "Bash", False),
        (Rights(None, ("Bash(rm *)",)), "Bash", True),
        (Rights(("Agent(a, b)",)), "Agent", True),
        (Rights(("Bash(git *)",)).meet(Rights(("Bash(git log *)",))), "Bash", True),
        (Rights(("Bash(git *)",)).meet(Rights(("Bash(ls *)",))), "Bash", False),
        (Rights((")(", "", "Bash(")), "Bash", False),
    ],
)
def test_some_call_is_allowed_where_the_lists_leave_room_for_one(rights: Rights, tool: str, *, expected: bool) -> None:
    class Met(AgentSpec):
        @property
        def rights(self) -> Rights:
            return rights

    agent = Met(name="triage", description="d")
    assert may(agent, tool) is expected
    assert gate_of(agent).may(agent, tool) is expected


@given(
    st.lists(st.sampled_from(["Bash(git *)", "Bash", "Bash(ls)", "Read", "*", "Ba*"]), max_size=3),
    st.lists(st.sampled_from(["Bash(git push*)", "Bash", "Read"]), max_size=2),
    st.sampled_from(["git log", "git push", "ls", "ls; git push", "rm x", "git `x`"]),
)
def test_no_call_is_allowed_of_which_a_command_is_not(tools: list[str], denied: list[str], line: str) -> None:
    agent = agent_with(*tools, disallowed=tuple(denied))
    if gate_of(agent).allows("triage", "Bash", {"command": line}):
        assert all(agent.allows("Bash", command.strip()) for command in line.split(";"))
        assert gate_of(agent).may(agent, "Bash")
