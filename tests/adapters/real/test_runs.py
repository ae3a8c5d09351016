"""With the real packages: what is offered, what is refused, and that a right which is taken away is gone at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hotagents import AgentSpec, ConfigRegistry, Memory, Pin
from hotagents.adapters import ToolGate, anthropic, openai_agents, pydantic_ai
from hotagents.adapters.arguments import commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AGENT = "---\nname: triage\ndescription: Sorts alerts.\ntools: {}\n---\nSort alerts.\n"
BEFORE = AGENT.format("kubectl(get *), fetch, note")
AFTER = AGENT.format("kubectl(get *), note")
REFUSED = 'Refused: the agent "triage" may not use '


class World:
    """A registry, a pin of it, and tools that keep what was done."""

    def __init__(self, source: Memory, pin: Pin[AgentSpec]) -> None:
        self.source = source
        self.pin = pin
        self.agent = pin.generation.agents["triage"]
        self.gate = ToolGate(pin, readers={"kubectl": commands("command")})
        self.done: list[str] = []

    def edit(self) -> None:
        self.source.write({"triage.md": AFTER})
        assert self.pin.revoked.wait(5)

    def tools(self) -> list[Callable[..., str]]:
        def kubectl(command: str) -> str:
            """Run kubectl."""
            self.done.append(command)
            return "done"

        def fetch() -> str:
            """Fetch."""
            self.done.append("fetch")
            return "fetched"

        def note() -> str:
            """Edit the agent's file, as somebody else might meanwhile."""
            self.edit()
            return "noted"

        def wipe() -> str:
            """Wipe."""
            self.done.append("wipe")
            return "wiped"

        return [kubectl, fetch, note, wipe]


@pytest.fixture
def world() -> Iterator[World]:
    source = Memory({"triage.md": BEFORE})
    with ConfigRegistry(source) as registry, registry.pin() as pin:
        yield World(source, pin)


CALLS: list[tuple[str, dict[str, str]]] = [
    ("kubectl", {"command": "get pods"}),
    ("kubectl", {"command": "get pods; delete pod web"}),
    ("fetch", {}),
    ("note", {}),
]


def test_pydantic_ai_offers_what_may_be_used_and_refuses_the_rest(world: World) -> None:
    sdk = pytest.importorskip("pydantic_ai", reason="nox -s adapters installs it")
    messages = pytest.importorskip("pydantic_ai.messages")
    function = pytest.importorskip("pydantic_ai.models.function")
    offered, calls = [], list(CALLS)

    def script(_: Any, info: Any) -> Any:
        offered.append([tool.name for tool in info.function_tools])
        if not calls:
            return messages.ModelResponse(parts=[messages.TextPart("done")])
        return messages.ModelResponse(parts=[messages.ToolCallPart(*calls.pop(0))])

    models = {"inherit": function.FunctionModel(script)}
    agent = sdk.Agent(**pydantic_ai.definition(world.agent, models=models, tools=world.tools(), gate=world.gate))
    result = agent.run_sync("go")
    parts = [part for message in result.all_messages() for part in message.parts]
    returned = [part.content for part in parts if part.part_kind == "tool-return"]
    assert returned[0] == "done"
    assert returned[1].startswith(f"{REFUSED}kubectl")
    assert returned[2:] == ["fetched", "noted"]
    assert world.done == ["get pods", "fetch"]
    assert offered == [["kubectl", "fetch", "note"]] * 4 + [["kubectl", "note"]]
    assert result.all_messages()[0].instructions.strip() == "Sort alerts."


def test_pydantic_ai_without_a_gate_offers_only_what_may_be_used_whole(world: World) -> None:
    sdk = pytest.importorskip("pydantic_ai", reason="nox -s adapters installs it")
    test = pytest.importorskip("pydantic_ai.models.test")
    model = test.TestModel(call_tools=[])
    exported = pydantic_ai.definition(world.agent, models={"*": model}, tools=world.tools())
    sdk.Agent(**exported).run_sync("go")
    offered = [tool.name for tool in model.last_model_request_parameters.function_tools]
    assert offered == ["fetch", "note"]


def test_pydantic_ai_holds_a_run_to_its_turns(world: World) -> None:
    sdk = pytest.importorskip("pydantic_ai", reason="nox -s adapters installs it")
    test = pytest.importorskip("pydantic_ai.models.test")
    spec = world.agent.model_copy(update={"max_turns": 1})
    agent = sdk.Agent(**pydantic_ai.definition(spec, models={"*": test.TestModel()}, tools=world.tools()))
    with pytest.raises(sdk.UsageLimitExceeded):
        agent.run_sync("go", **pydantic_ai.run_options(spec))


def test_the_openai_agents_sdk_offers_what_may_be_used_and_refuses_the_rest(world: World) -> None:
    sdk = pytest.importorskip("agents", reason="nox -s adapters installs it")
    scripted = pytest.importorskip("agents.testing.model")
    sdk.set_tracing_disabled(disabled=True)
    steps = [[scripted.function_call(name, given, call_id=str(at))] for at, (name, given) in enumerate(CALLS)]
    model = scripted.ScriptedModel([*steps, [scripted.assistant_message("done")]])
    tools = [*map(sdk.function_tool, world.tools()), sdk.WebSearchTool()]
    agent = sdk.Agent(
        **openai_agents.definition(world.agent, models={"*": model}, tools=tools, gate=world.gate),
    )
    result = sdk.Runner.run_sync(agent, "go")
    returned = [item.output for item in result.new_items if item.type == "tool_call_output_item"]
    assert returned[0] == "done"
    assert returned[1].startswith(f"{REFUSED}kubectl")
    assert returned[2:] == ["fetched", "noted"]
    assert world.done == ["get pods", "fetch"]
    assert [[tool.name for tool in call.tools] for call in model.calls] == [
        *[["kubectl", "fetch", "note"]] * 4,
        ["kubectl", "note"],
    ]
    assert model.calls[0].system_instructions == "Sort alerts.\n"


def test_the_openai_agents_sdk_keeps_guards_and_switches_that_a_tool_had(world: World) -> None:
    sdk = pytest.importorskip("agents", reason="nox -s adapters installs it")
    scripted = pytest.importorskip("agents.testing.model")
    sdk.set_tracing_disabled(disabled=True)
    asked: list[str] = []

    def guard(data: Any) -> Any:
        asked.append(data.context.tool_name)
        return sdk.ToolGuardrailFunctionOutput.allow()

    kubectl, fetch, note, _ = map(sdk.function_tool, world.tools())
    kubectl.tool_input_guardrails = [sdk.ToolInputGuardrail(guardrail_function=guard)]
    fetch.is_enabled = False
    step = [scripted.function_call("kubectl", {"command": "get pods"}, call_id="1")]
    model = scripted.ScriptedModel([step, [scripted.assistant_message("done")]])
    tools = [kubectl, fetch, note]
    agent = sdk.Agent(**openai_agents.definition(world.agent, models={"*": model}, tools=tools, gate=world.gate))
    sdk.Runner.run_sync(agent, "go")
    assert asked == ["kubectl"]
    assert [tool.name for tool in model.calls[0].tools] == ["kubectl", "note"]
    assert fetch.is_enabled is False


def test_the_openai_agents_sdk_without_a_gate_gets_only_what_may_be_used_whole(world: World) -> None:
    sdk = pytest.importorskip("agents", reason="nox -s adapters installs it")
    tools = [*map(sdk.function_tool, world.tools()), sdk.WebSearchTool()]
    exported = openai_agents.definition(world.agent, models={"*": "x"}, tools=tools)
    assert [tool.name for tool in exported["tools"]] == ["fetch", "note"]


def test_anthropic_sends_the_request_and_its_calls_are_asked_about(world: World, messages_api: Any) -> None:
    sdk = pytest.importorskip("anthropic", reason="nox -s adapters installs it")
    uses = [{"type": "tool_use", "id": str(at), "name": name, "input": use} for at, (name, use) in enumerate(CALLS)]
    messages_api.script = lambda _: uses
    tools = [{"name": tool.__name__, "input_schema": {"type": "object"}} for tool in world.tools()]
    request = anthropic.definition(
        world.agent,
        models={"inherit": "claude-haiku-5-5"},
        max_tokens=9,
        tools=tools,
        gate=world.gate,
        cache_control={"type": "ephemeral"},
    )
    with sdk.Anthropic(base_url=messages_api.url) as client:
        message = client.messages.create(messages=[{"role": "user", "content": "go"}], **request)
    world.edit()
    answers = [anthropic.refusal(world.gate, world.agent, block) for block in message.content]
    assert [answer and answer["tool_use_id"] for answer in answers] == [None, "1", "2", None]
    (sent,) = messages_api.requests
    assert [tool["name"] for tool in sent["tools"]] == ["kubectl", "fetch", "note"]
    assert sent["model"] == "claude-haiku-5-5"
    assert sent["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert anthropic.refusal(world.gate, world.agent, SimpleNamespace(id="x", name="note", input={})) is None
