"""The Claude Code that the SDK brings, against an API on the loopback interface: how it really reads an export."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents import AgentSpec, ConfigRegistry, Memory
from hotagents.adapters import ToolGate
from hotagents.adapters.claude_agent_sdk import definition, options

if TYPE_CHECKING:
    from collections.abc import Iterable

FOUND: Final = importlib.util.find_spec("claude_agent_sdk")
PROGRAM: Final = Path(FOUND.origin or "").parent / "_bundled" / "claude" if FOUND else Path()
PROMPT: Final = "SORT-ALERTS"
SERVER: Final = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        answers = {
            "initialize": {
                "protocolVersion": asked.get("params", {}).get("protocolVersion"),
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "own", "version": "1"},
            },
            "tools/list": {"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in ("look", "wipe")]},
        }
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": answers.get(asked["method"], {})}), flush=True)
"""

pytestmark = [
    pytest.mark.skipif(
        not PROGRAM.is_file(), reason="nox -s adapters installs it, where there is a program for the system"
    ),
    pytest.mark.timeout(120),
]


@dataclass
class Session:
    """One conversation: the main thread starts the agent ``triage``, which makes the calls that it is given."""

    calls: Iterable[tuple[str, dict[str, Any]]] = ()
    agents: list[str] = field(default_factory=list)
    offered: list[str] | None = None
    results: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = deque(self.calls)
        self._ids = count()

    def script(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        last = request["messages"][-1]["content"]
        answers = [block for block in last if block["type"] == "tool_result"] if isinstance(last, list) else []
        if PROMPT in json.dumps(request.get("system", "")):
            self.offered = self.offered or [tool["name"] for tool in request.get("tools", [])]
            self.results.extend(json.dumps(block["content"]) for block in answers)
            return [self._use(*self._left.popleft()) if self._left else {"type": "text", "text": "done"}]
        if answers or not any(tool["name"] == "Agent" for tool in request.get("tools", [])):
            return [{"type": "text", "text": "done"}]
        start = {"subagent_type": "triage", "description": "d", "prompt": "go", "run_in_background": False}
        return [self._use("Agent", start)]

    def _use(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        return {"type": "tool_use", "id": f"toolu_{next(self._ids)}", "name": name, "input": given}


class Claude:
    """Runs sessions in a home and a working directory of their own."""

    def __init__(self, api: Any, room: Path) -> None:
        self.api = api
        self.room = room
        self.server = room / "server.py"
        self.server.write_text(SERVER, encoding="utf-8")

    def run(self, session: Session, **given: Any) -> Session:
        asyncio.run(self._run(session, given))
        return session

    def start(self, *agents: dict[str, Any], calls: Iterable[tuple[str, dict[str, Any]]] = (), **given: Any) -> Session:
        """Run a session with exports as they are, the first one named ``triage``."""
        from claude_agent_sdk import AgentDefinition  # noqa: PLC0415 - only with the real package

        names = ["triage", *(f"other-{at}" for at in range(1, len(agents)))]
        built = {name: AgentDefinition(**agent) for name, agent in zip(names, agents, strict=True)}
        return self.run(Session(calls), agents=built, setting_sources=[], **given)

    async def _run(self, session: Session, given: dict[str, Any]) -> None:
        from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient  # noqa: PLC0415 - only with the real package

        self.api.script = session.script
        environment = {
            "ANTHROPIC_BASE_URL": self.api.url,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CONFIG_DIR": str(self.room / "settings"),
            "DISABLE_AUTOUPDATER": "1",
            "ENABLE_TOOL_SEARCH": "false",  # all tools are in the request
            "HOME": str(self.room),
        }
        async with ClaudeSDKClient(ClaudeAgentOptions(cwd=self.room, env=environment, **given)) as client:
            session.agents = [agent["name"] for agent in ((await client.get_server_info()) or {}).get("agents", [])]
            await client.query("go")
            async for _ in client.receive_response():
                pass


@pytest.fixture
def claude(messages_api: Any, tmp_path: Path) -> Claude:
    return Claude(messages_api, tmp_path)


def raw(**fields: Any) -> dict[str, Any]:
    return {"description": "Sorts alerts.", "prompt": PROMPT} | fields


def bash(command: str) -> tuple[str, dict[str, Any]]:
    return "Bash", {"command": command, "description": "d"}


@pytest.mark.parametrize(
    ("fields", "offered"),
    [
        ({"tools": ["Read"]}, ["Read"]),
        ({"tools": []}, []),
        ({"tools": ["Read", "Bash(git *)"]}, ["Read", "Bash"]),
        ({"tools": ["Read", "Ba*", "mcp__*", "bash"]}, ["Read"]),
        ({"tools": ["Read", "mcp__s__*"]}, ["Read", "mcp__s__look", "mcp__s__wipe"]),
        ({"tools": ["Read", "mcp__s__look(x)"]}, ["Read", "mcp__s__look"]),
        ({"tools": ["Read", "Bash"], "disallowedTools": ["Bash(rm *)"]}, ["Read"]),
        ({"tools": ["Read", "Bash"], "disallowedTools": ["*", "Ba*", '"Bash"', "Bash(rm"]}, ["Read", "Bash"]),
        ({"tools": ["Read", "mcp__s"], "disallowedTools": ["mcp__s__l*", "mcp__s__wipe"]}, ["Read", "mcp__s__look"]),
        ({"tools": ["Read", "mcp__s"], "disallowedTools": ["mcp__*"]}, ["Read"]),
        ({"tools": ["Read"], "memory": "project"}, ["Read", "Write", "Edit"]),
        ({"tools": ["Read"], "memory": "project", "disallowedTools": ["Write", "Edit"]}, ["Read"]),
        ({"tools": ["Read"], "mcpServers": ["s"]}, ["Read"]),
    ],
)
def test_lists_are_read_as_the_adapter_believes(claude: Claude, fields: dict[str, Any], offered: list[str]) -> None:
    servers = {"s": {"command": sys.executable, "args": [str(claude.server)]}}
    session = claude.start(raw(**fields), mcp_servers=servers)
    assert session.offered == offered


def test_a_server_that_an_agent_brings_gives_it_all_its_tools(claude: Claude) -> None:
    own = {"o.w n": {"command": sys.executable, "args": [str(claude.server)]}}
    session = claude.start(raw(tools=["Read"], mcpServers=[own]))
    assert session.offered == ["Read", "mcp__o_w_n__look", "mcp__o_w_n__wipe"]
    session = claude.start(raw(tools=["Read"], mcpServers=[own], disallowedTools=["mcp__o_w_n"]))
    assert session.offered == ["Read"]


@pytest.mark.parametrize(
    "fields",
    [{"description": ""}, {"model": " "}, {"maxTurns": 0}, {"maxTurns": 2**53}, {"effort": 2**53}, {"tools": "Read"}],
)
def test_one_bad_value_takes_all_agents_down_which_is_why_none_is_exported(
    claude: Claude, fields: dict[str, Any]
) -> None:
    session = claude.start(raw(), raw(**fields))
    assert "triage" not in session.agents
    assert "general-purpose" in session.agents


def test_what_is_exported_of_odd_agents_is_taken_whole(claude: Claude) -> None:
    odd: list[dict[str, Any]] = [
        {"max_turns": 2**80, "effort": 2**80, "model": " "},
        {"mcp_servers": ({"a": {"command": 1}, "b": {"type": "http", "url": "http://127.0.0.1:1"}}, "c", " ")},
        {"mcp_servers": ({"b": {"command": "true", "timeout": 5, "alwaysLoad": True, "env": {"A": "b"}}},)},
        {"memory": "local", "disallowed_tools": ("Bash(rm", "mcp__s__*")},
        {"skills": ("", "x"), "initial_prompt": "\n", "background": True, "effort": -1, "permission_mode": "plan"},
        {"description": "\u2028", "prompt": ""},
    ]
    specs = [AgentSpec(**({"name": "a", "description": "d"} | fields)) for fields in odd]
    session = claude.start(raw(), *(definition(spec) for spec in specs))
    assert [f"other-{at}" for at in range(1, len(odd) + 1)] == [n for n in session.agents if n.startswith("other-")]
    assert "triage" in session.agents


AGENT: Final = "---\nname: triage\ndescription: Sorts alerts.\ntools: {}\n---\n" + PROMPT
LINES: Final = [bash("echo a"), bash("echo a; touch b"), ("Write", {"file_path": "/tmp/x", "content": ""})]  # noqa: S108 - refused


@pytest.mark.parametrize("main", [None, "triage"])
def test_the_gate_is_asked_before_each_call(claude: Claude, main: str | None) -> None:
    source = Memory({"triage.md": AGENT.format("Bash(echo *), Write(/nowhere)")})
    with ConfigRegistry(source) as registry, registry.pin() as pin:
        given = options(pin.generation, gate=ToolGate(pin), main=main, permit=True)
        session = claude.run(Session(LINES), **given)
    assert session.offered == ["Bash", "Write"]
    assert "Refused" not in session.results[0]
    assert all('Refused: the agent \\"triage\\" may not use' in result for result in session.results[1:])
    assert len(session.results) == len(LINES)
    assert not (claude.room / "b").exists()


def test_a_right_that_is_taken_away_is_refused_at_the_next_call_of_a_client_that_runs(claude: Claude) -> None:
    source = Memory({"triage.md": AGENT.format("Bash(echo *)")})
    with ConfigRegistry(source) as registry, registry.pin() as pin:
        session = Session([bash("echo a"), bash("echo b")])
        script = session.script

        def editing(request: dict[str, Any]) -> list[dict[str, Any]]:
            answer = script(request)
            if session.results and not pin.revoked.is_set():
                source.write({"triage.md": AGENT.format("Read")})
                assert pin.revoked.wait(5)
            return answer

        session.script = editing  # type: ignore[method-assign]  # a test double edits meanwhile
        claude.run(session, **options(pin.generation, gate=ToolGate(pin), permit=True))
    assert ["Refused" in result for result in session.results] == [False, True]
