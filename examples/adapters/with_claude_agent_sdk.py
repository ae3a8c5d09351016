"""Agents from files as subagents of the Claude Agent SDK, each call asked about by a hook.

``python with_claude_agent_sdk.py`` shows what would be sent and what the hook answers; ``... QUESTION`` asks Claude.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient

from hotagents import ConfigRegistry, Memory
from hotagents.adapters import ToolGate
from hotagents.adapters.claude_agent_sdk import options

TRIAGE: Final = """---
name: triage
description: Looks at what is wrong in the cluster.
model: sonnet
tools: Read, Bash(kubectl get *)
---
Say what is wrong. Change nothing.
"""


async def ask(chosen: Any, question: str) -> None:
    """Print what Claude says; a later generation needs a client of its own."""
    async with ClaudeSDKClient(chosen) as client:
        await client.query(question)
        async for message in client.receive_response():
            print(message)


async def show(chosen: Any) -> None:
    """Print what would be sent, and what the hook says to two calls."""
    print(chosen.agents)
    (matcher,) = chosen.hooks["PreToolUse"]
    for command in ("kubectl get pods", "kubectl delete pod web"):
        call = {"agent_type": "triage", "agent_id": "1", "tool_name": "Bash", "tool_input": {"command": command}}
        answer = await matcher.hooks[0](call, None, {"signal": None})
        print(command, "->", answer["hookSpecificOutput"]["permissionDecision"])


def main() -> None:
    """Show, or ask."""
    with ConfigRegistry(Memory({"triage.md": TRIAGE})) as registry, registry.pin() as pin:
        # In earnest a client lives as long as one pin: leave it, pin anew and connect again to take up an edit.
        chosen = ClaudeAgentOptions(**options(pin.generation, gate=ToolGate(pin), main="triage", permit=True))
        asyncio.run(ask(chosen, " ".join(sys.argv[1:])) if len(sys.argv) > 1 else show(chosen))


if __name__ == "__main__":
    main()
