"""Agents from files for the OpenAI Agents SDK, one handing over to another; a scripted model: no network, no key."""

from __future__ import annotations

from typing import Any, Final

from agents import Agent, Runner, function_tool, set_tracing_disabled
from agents.testing import ScriptedModel
from agents.testing.model import assistant_message, function_call

from hotagents import AgentSpec, ConfigRegistry, Generation, Memory
from hotagents.adapters import ToolGate
from hotagents.adapters.arguments import commands
from hotagents.adapters.openai_agents import definition, run_options

FRONT: Final = """---
name: front
description: Hears what people want.
model: haiku
tools: Agent(triage)
---
Hand over to whoever knows.
"""
TRIAGE: Final = """---
name: triage
description: Looks at what is wrong in the cluster.
model: sonnet
tools: kubectl(get *)
maxTurns: 5
---
Say what is wrong. Change nothing.
"""


class Spec(AgentSpec):
    """Agents here use the program's own tools, which the reader cannot know."""

    known_tools = frozenset({"Agent", "delete", "kubectl"})


def kubectl(command: str) -> str:
    """Run a command of kubectl."""
    return f"kubectl {command}: done"


def delete(name: str) -> str:
    """Delete something; no agent has the right to it."""
    return f"deleted {name}"


def team(generation: Generation[Any], gate: ToolGate, model: Any) -> dict[str, Any]:
    """Return all agents, each able to hand over to those that it has the right to start."""
    tools = [function_tool(kubectl), function_tool(delete)]
    specs = generation.agents
    built = {name: Agent(**definition(s, models={"*": model}, tools=tools, gate=gate)) for name, s in specs.items()}
    for name, agent in built.items():
        agent.handoffs = [other for to, other in built.items() if to != name and specs[name].allows("Agent", to)]
    return built


def main() -> None:
    """Run the front agent, which hands over."""
    model = ScriptedModel(
        [
            [function_call("transfer_to_triage", {}, call_id="1")],
            [function_call("kubectl", {"command": "get pods"}, call_id="2")],
            [function_call("kubectl", {"command": "delete pod web"}, call_id="3")],
            [assistant_message("Nothing is wrong.")],
        ]
    )
    set_tracing_disabled(disabled=True)
    with ConfigRegistry(Memory({"front.md": FRONT, "triage.md": TRIAGE}), spec=Spec) as registry, registry.pin() as pin:
        gate = ToolGate(pin, readers={"kubectl": commands("command")})
        agents = team(pin.generation, gate, model)
        result = Runner.run_sync(agents["front"], "What is wrong?", **run_options(pin.generation.agents["triage"]))
    for call in model.calls:
        print("offered:", [tool.name for tool in call.tools])
    print(*(item.output for item in result.new_items if item.type == "tool_call_output_item"), sep="\n")
    print(result.final_output)


if __name__ == "__main__":
    main()
