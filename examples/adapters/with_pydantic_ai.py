"""An agent from a file as a ``pydantic_ai.Agent``, with a model that is a function: no network, no key."""

from __future__ import annotations

from typing import Any, Final

from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel

from hotagents import AgentSpec, ConfigRegistry, Memory
from hotagents.adapters import ToolGate
from hotagents.adapters.arguments import commands
from hotagents.adapters.pydantic_ai import definition, run_options

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
    """Delete something; the agent has no right to it and is never offered it."""
    return f"deleted {name}"


def script(messages: list[Any], info: Any) -> Any:
    """Stand in for a model: look, then try more than is allowed, then tell what came of it."""
    results = [part.content for message in messages for part in message.parts if part.part_kind == "tool-return"]
    if len(results) == 0:
        print("offered:", [tool.name for tool in info.function_tools])
        return ModelResponse(parts=[ToolCallPart("kubectl", {"command": "get pods"})])
    if len(results) == 1:
        return ModelResponse(parts=[ToolCallPart("kubectl", {"command": "delete pod web"})])
    return ModelResponse(parts=[TextPart("\n".join(results))])


def main() -> None:
    """Run the agent once."""
    models = {"sonnet": FunctionModel(script)}  # in earnest: {"sonnet": "anthropic:claude-sonnet-5-5"}
    with ConfigRegistry(Memory({"triage.md": TRIAGE}), spec=Spec) as registry, registry.pin() as pin:
        spec = pin.generation.agents["triage"]
        gate = ToolGate(pin, readers={"kubectl": commands("command")})
        agent = Agent(**definition(spec, models=models, tools=[kubectl, delete], gate=gate))
        print(agent.run_sync("What is wrong?", **run_options(spec)).output)


if __name__ == "__main__":
    main()
