"""An agent as the arguments of ``agents.Agent`` of the OpenAI Agents SDK; extra ``[openai-agents]``.

::

    triage = agents.Agent(**definition(agent, models=MODELS, tools=[read_logs], gate=gate))

The prompt becomes the instructions, the description what other agents read before they hand over. Handing over is the
program's to wire, by the right to start agents:
``handoffs=[other for other in ... if agent.allows("Agent", other.name)]``; ``triage.as_tool(...)`` makes a tool of it.
With a gate, function tools are asked about at each call, and one that is taken away is not offered in the next turn.
``maxTurns`` is a limit of a run (`run_options`). ``skills``, ``memory``, ``mcpServers``, ``effort``, ``background``,
``initialPrompt`` and ``color`` have no place and are lost; a limit is lost only where ``drop`` says so.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hotagents.adapters.carrying import refuse_what_is_lost
from hotagents.adapters.models import model_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from hotagents.adapters.gate import ToolGate
    from hotagents.adapters.models import Models
    from hotagents.spec import AgentSpec

__all__ = ["definition", "run_options"]


def definition(
    agent: AgentSpec,
    *,
    models: Models[Any],
    tools: Sequence[Any] = (),
    gate: ToolGate | None = None,
    drop: Collection[str] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return ``name``, ``handoff_description``, ``instructions``, ``model`` and ``tools``.

    Args:
        agent: What is exported.
        models: By the file's model, a model's name or object.
        tools: The program's tools, of any kind that the SDK has; rights go by the tool's name.
        gate: Asked before each call of a function tool: then such tools are offered too that the agent may use with
            some arguments only. Nobody is asked about the SDK's other tools: they need the right to any argument.
        drop: Keys that may be lost: ``hooks``, ``isolation``, ``permissionMode`` (of plan mode).
        more: Passed on. ``mcp_servers`` and ``handoffs`` that are given this way are not limited.

    Raises:
        ExportError: If a limit would be lost or ``models`` lacks the model.
        ModuleNotFoundError: If there are tools and openai-agents is not installed.
    """
    refuse_what_is_lost(agent, "the OpenAI Agents SDK", drop, has_modes=False)
    found: dict[str, Any] = {
        "name": agent.name,
        "handoff_description": agent.description,
        "instructions": agent.prompt,
        "model": model_of(agent, models),
    }
    if tools:
        found["tools"] = [kept for tool in tools if (kept := _limited(agent, tool, gate)) is not None]
    return found | more


def run_options(agent: AgentSpec) -> dict[str, Any]:
    """Return the arguments of ``Runner.run`` that hold the agent to its ``maxTurns``, if it has any."""
    return {} if agent.max_turns is None else {"max_turns": agent.max_turns}


def _limited(agent: AgentSpec, tool: Any, gate: ToolGate | None) -> Any:
    from agents import FunctionTool  # noqa: PLC0415 - an extra, and slow to import

    if gate is None or not isinstance(tool, FunctionTool):
        return tool if agent.allows(tool.name) else None
    return _asked_about(agent, tool, gate) if gate.may(agent, tool.name) else None


def _asked_about(agent: AgentSpec, tool: Any, gate: ToolGate) -> Any:
    from agents import ToolGuardrailFunctionOutput, ToolInputGuardrail  # noqa: PLC0415 - an extra

    was_enabled = tool.is_enabled

    def guard(data: Any) -> Any:
        refusal = gate.refusal(agent.name, tool.name, _input(data.context.tool_arguments))
        output = ToolGuardrailFunctionOutput
        return output.reject_content(refusal) if refusal else output.allow()

    async def is_enabled(context: Any, owner: Any) -> bool:
        if not gate.may(agent, tool.name):
            return False
        answer = was_enabled(context, owner) if callable(was_enabled) else was_enabled
        return bool(await answer if hasattr(answer, "__await__") else answer)

    guards = [ToolInputGuardrail(guardrail_function=guard, name="hotagents"), *(tool.tool_input_guardrails or ())]
    return replace(tool, tool_input_guardrails=guards, is_enabled=is_enabled)


def _input(arguments: str) -> dict[str, Any]:
    try:
        found = json.loads(arguments)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
