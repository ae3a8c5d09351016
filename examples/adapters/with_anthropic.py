"""An agent from a file, a loop over ``client.messages.create``, and a gate before each call of a tool.

``python with_anthropic.py [BASE_URL]``, with ANTHROPIC_API_KEY set as the ``anthropic`` package wants it.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any, Final

from anthropic import Anthropic

from hotagents import AgentSpec, ConfigRegistry, Memory
from hotagents.adapters import ToolGate
from hotagents.adapters.anthropic import definition, refusal

TRIAGE: Final = """---
name: triage
description: Looks at what is wrong in the cluster.
model: sonnet
tools: Bash(kubectl get *)
---
Say what is wrong. Change nothing.
"""
# Which models the aliases stand for is the program's to say, in one place.
MODELS: Final = {"sonnet": "claude-sonnet-5-5", "inherit": "claude-sonnet-5-5"}
BASH: Final = {
    "name": "Bash",
    "description": "Runs a command.",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
}
MOST_TURNS: Final = 10


def run(command: str) -> str:
    """Run what the gate has let pass."""
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603 - asked about
    return done.stdout + done.stderr


def answered(gate: ToolGate, agent: AgentSpec, use: Any) -> dict[str, Any]:
    """Return the result of one call, or why it was not made."""
    if (refused := refusal(gate, agent, use)) is not None:
        print("refused:", use.input["command"])
        return refused
    print("run:", use.input["command"])
    return {"type": "tool_result", "tool_use_id": use.id, "content": run(use.input["command"]) or "(no output)"}


def ask(client: Any, gate: ToolGate, agent: AgentSpec, question: str) -> str:
    """Return the agent's answer."""
    request = definition(agent, models=MODELS, max_tokens=1024, tools=[BASH], gate=gate)
    messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
    for _ in range(agent.max_turns or MOST_TURNS):
        message = client.messages.create(messages=messages, **request)
        uses = [block for block in message.content if block.type == "tool_use"]
        if not uses:
            return "".join(block.text for block in message.content if block.type == "text")
        messages.append({"role": "assistant", "content": message.content})
        messages.append({"role": "user", "content": [answered(gate, agent, use) for use in uses]})
    return "(too many turns)"


def main() -> None:
    """Ask once."""
    client = Anthropic(base_url=sys.argv[1] if len(sys.argv) > 1 else None)
    with ConfigRegistry(Memory({"triage.md": TRIAGE})) as registry, registry.pin() as pin:
        print(ask(client, ToolGate(pin), pin.generation.agents["triage"], "What is wrong?"))


if __name__ == "__main__":
    main()
