"""What agent SDKs take: a generation's agents as the arguments of theirs, with no right gained on the way.

=======================================  ==================================================
`hotagents.adapters.claude_agent_sdk`   subagents of the Claude Agent SDK, and a hook that asks
`hotagents.adapters.anthropic`          arguments of ``client.messages.create``
`hotagents.adapters.pydantic_ai`        arguments of ``pydantic_ai.Agent``
`hotagents.adapters.openai_agents`      arguments of ``agents.Agent``
=======================================  ==================================================

They share one shape. ``definition(agent, ...)`` returns keyword arguments: the prompt, the model by way of `Models`,
those of the caller's tools that the agent may use. A `ToolGate` asks before each call, with its argument, whether the
agent may make it at that moment. What an SDK cannot carry and would thereby widen is an `ExportError`, never a silence.

Leaves: nothing in the library imports them, and each imports its SDK when a function needs it.
"""

from __future__ import annotations

from hotagents.adapters.errors import ExportError, ToolRefusedError
from hotagents.adapters.gate import ToolGate
from hotagents.adapters.models import Models

__all__ = ["ExportError", "Models", "ToolGate", "ToolRefusedError"]
