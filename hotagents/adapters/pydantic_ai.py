"""An agent as the arguments of ``pydantic_ai.Agent``; extra ``[pydantic-ai]``.

::

    pydantic_ai.Agent(**definition(agent, models=MODELS, tools=[read_logs], gate=gate), output_type=Verdict)

The prompt becomes the instructions, and the agent's tools a toolset that holds what it may use (`limited`), around
plain functions and any toolset alike, MCP servers too. With a gate each call is asked about, and a tool that is taken
away vanishes at the next step. ``description`` only reaches traces: this SDK has no delegation of its own. ``maxTurns``
is a limit of a run (`run_options`). ``skills``, ``memory``, ``mcpServers``, ``effort``, ``background``,
``initialPrompt`` and ``color`` have no place and are lost; a limit is lost only where ``drop`` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from hotagents.adapters.carrying import refuse_what_is_lost
from hotagents.adapters.gate import offered
from hotagents.adapters.models import model_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from hotagents.adapters.gate import ToolGate
    from hotagents.adapters.models import Models
    from hotagents.spec import AgentSpec

__all__ = ["definition", "limited", "run_options"]


def definition(
    agent: AgentSpec,
    *,
    models: Models[Any],
    tools: Sequence[Any] = (),
    toolsets: Sequence[Any] = (),
    gate: ToolGate | None = None,
    drop: Collection[str] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return ``name``, ``description``, ``instructions``, ``model`` and ``toolsets``.

    Args:
        agent: What is exported.
        models: By the file's model, a model's name or object, such as ``"anthropic:claude-sonnet-5-5"``.
        tools: The program's tools, plain functions or ``Tool``; rights go by the tool's name.
        toolsets: The program's toolsets, likewise.
        gate: Asked before each call: then tools are offered too that the agent may use with some arguments only.
        drop: Keys that may be lost: ``hooks``, ``isolation``, ``permissionMode`` (of plan mode).
        more: Passed on. Tools that are given this way are not limited, nor are those that run at the provider.

    Raises:
        ExportError: If a limit would be lost or ``models`` lacks the model.
        ModuleNotFoundError: If there are tools and pydantic-ai is not installed.
    """
    refuse_what_is_lost(agent, "pydantic-ai", drop, has_modes=False)
    found: dict[str, Any] = {
        "name": agent.name,
        "description": agent.description,
        "instructions": agent.prompt,
        "model": model_of(agent, models),
    }
    given = [*([_toolset_of(tools)] if tools else ()), *toolsets]
    if given:
        found["toolsets"] = [limited(agent, toolset, gate=gate) for toolset in given]
    return found | more


def limited(agent: AgentSpec, toolset: Any, *, gate: ToolGate | None = None) -> Any:
    """Return a toolset with those of another's tools that the agent may use.

    Raises:
        ModuleNotFoundError: If pydantic-ai is not installed.
    """
    return _limited_toolset()(toolset, agent, gate)


def run_options(agent: AgentSpec) -> dict[str, Any]:
    """Return the arguments of ``Agent.run`` that hold the agent to its ``maxTurns``, if it has any.

    Raises:
        ModuleNotFoundError: If it has and pydantic-ai is not installed.
    """
    if agent.max_turns is None:
        return {}
    from pydantic_ai.usage import UsageLimits  # noqa: PLC0415 - an extra, and slow to import

    return {"usage_limits": UsageLimits(request_limit=agent.max_turns)}


def _toolset_of(tools: Sequence[Any]) -> Any:
    from pydantic_ai.toolsets import FunctionToolset  # noqa: PLC0415 - an extra, and slow to import

    return FunctionToolset(list(tools))


@cache
def _limited_toolset() -> Any:
    from pydantic_ai.toolsets import WrapperToolset  # noqa: PLC0415 - an extra, and slow to import

    @dataclass
    class LimitedToolset(WrapperToolset):  # type: ignore[misc]  # the base is Any: an extra that may not be installed
        agent: AgentSpec
        gate: ToolGate | None

        async def get_tools(self, ctx: Any) -> dict[str, Any]:
            tools = await super().get_tools(ctx)
            return {name: tool for name, tool in tools.items() if offered(self.agent, name, self.gate)}

        async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: Any, tool: Any) -> Any:
            if self.gate is not None and (refusal := self.gate.refusal(self.agent.name, name, tool_args)):
                return refusal
            return await super().call_tool(name, tool_args, ctx, tool)

    return LimitedToolset
