"""A generation's agents as subagents of the Claude Agent SDK, which runs Claude Code; extra ``[claude-agent-sdk]``.

::

    with registry.pin() as pin:
        gate = ToolGate(pin)
        async with ClaudeSDKClient(ClaudeAgentOptions(**options(pin.generation, gate=gate))) as client:
            ...

**Agents are sent once, when the client connects.** A later generation reaches only a new client; rights that shrink
meanwhile reach this one through the gate, a ``PreToolUse`` hook that is asked before each call, by whom and with what.
The SDK's own ``can_use_tool`` would not do: it is not told which agent calls, and not asked about what needs no prompt.

Without a gate a limit that the SDK cannot carry is an `ExportError`; `hotagents.adapters.claude_limits` says which
those are, `hotagents.adapters.claude_values` which values are left out. ``color`` is always lost; ``hooks`` and
``isolation`` only where ``drop`` says so.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from hotagents.adapters.carrying import refuse_what_is_lost
from hotagents.adapters.claude_limits import tool_lists
from hotagents.adapters.claude_values import optional_values, own_servers, server_references
from hotagents.adapters.errors import ExportError
from hotagents.adapters.models import model_of
from hotagents.diagnostics import escape

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from hotagents.adapters.gate import ToolGate
    from hotagents.adapters.models import Models
    from hotagents.generation import Generation
    from hotagents.spec import AgentSpec

__all__ = ["answer", "definition", "hooks", "options"]

_SDK: Final = "the Claude Agent SDK"
_UNUSABLE_NAME: Final = "__proto__"  # a key that JavaScript does not keep


def definition(
    agent: AgentSpec,
    *,
    models: Models[str] | None = None,
    gate: ToolGate | None = None,
    limits: Literal["refuse", "narrow"] = "refuse",
    drop: Collection[str] = (),
) -> dict[str, Any]:
    """Return the arguments of ``claude_agent_sdk.AgentDefinition``; the SDK itself is not imported.

    Args:
        agent: What is exported.
        models: Ids by model, where the SDK's own reading of ``sonnet`` and the like is not wanted.
        gate: Given where it is asked before each call (see `hooks`): limits that the SDK cannot carry are left to it.
        limits: Without a gate, whether such a limit is an error or the tool is left out.
        drop: Keys that may be lost: ``hooks``, ``isolation``.

    Raises:
        ExportError: If a limit would be lost, the description is empty or ``models`` lacks the model.
    """
    refuse_what_is_lost(agent, _SDK, drop, has_modes=True)
    if not agent.description:
        hint = "say when to use the agent"
        raise ExportError(agent, "description", "expected a description, got an empty one", hint=hint)
    if agent.name == _UNUSABLE_NAME:
        raise ExportError(agent, "name", f"{_SDK} drops an agent of this name", hint="choose another name")
    servers = own_servers(agent)
    lists = tool_lists(agent, tuple(servers), limits="gate" if gate is not None else limits)
    found: dict[str, Any] = {"description": agent.description, "prompt": agent.prompt}
    if lists.tools is not None:
        found["tools"] = list(lists.tools)
    if lists.disallowed:
        found["disallowedTools"] = list(lists.disallowed)
    if model := (model_of(agent, models) if models is not None else agent.model).strip():
        found["model"] = model
    if kept := [*server_references(agent), *({name: servers[name]} for name in lists.servers)]:
        found["mcpServers"] = kept
    return found | dict(optional_values(agent))


def options(
    generation: Generation[Any],
    *,
    models: Models[str] | None = None,
    gate: ToolGate | None = None,
    limits: Literal["refuse", "narrow"] = "refuse",
    drop: Collection[str] = (),
    main: str | None = None,
    permit: bool = False,
    others: bool = False,
) -> dict[str, Any]:
    """Return arguments of ``claude_agent_sdk.ClaudeAgentOptions``: all agents, and nothing that lies on the disk.

    ``setting_sources`` is always empty, or the SDK would read agents, hooks and permissions from the working directory
    and the home directory. With a gate, ``hooks`` holds it.

    Args:
        generation: Whose agents; of a pin, the pinned one.
        models: As for `definition`.
        gate: Asked before each call of an agent; its pin stays open as long as the client.
        limits: As for `definition`.
        drop: As for `definition`.
        main: The agent that the session itself is to be; otherwise its main thread has no agent's limits, and the gate
            lets it pass.
        permit: As for `hooks`.
        others: As for `hooks`.

    Raises:
        ExportError: As `definition` does, for the first agent that cannot be exported: none is left out.
        LookupError: If there is no agent ``main``.
        ModuleNotFoundError: If claude-agent-sdk is not installed.
    """
    from claude_agent_sdk import AgentDefinition  # noqa: PLC0415 - an extra, and slow to import

    if main is not None and main not in generation.agents:
        raise LookupError(f'no agent "{escape(main)}" in generation {generation.number}')
    one = partial(definition, models=models, gate=gate, limits=limits, drop=drop)
    agents = {name: AgentDefinition(**one(agent)) for name, agent in generation.agents.items()}
    found: dict[str, Any] = {"agents": agents, "setting_sources": []}
    if main is not None:
        found["extra_args"] = {"agent": main}
    if gate is not None:
        found["hooks"] = hooks(gate, generation.agents, main=main, permit=permit, others=others)
    return found


def hooks(
    gate: ToolGate, agents: Collection[str], *, main: str | None = None, permit: bool = False, others: bool = False
) -> dict[str, list[Any]]:
    """Return ``hooks`` for ``ClaudeAgentOptions``: the gate, which Claude Code asks before each call of a tool.

    A hook that fails, or a Claude Code that does not know how to fail closed, refuses. Hooks of the program's own may
    stand beside it in the same list.

    Args:
        gate: What is asked.
        agents: Names of those that were exported.
        main: The agent that the session itself is.
        permit: Whether what an agent may do is done without asking anybody else (permission mode, ``can_use_tool``).
        others: Whether agents that were not exported, such as Claude Code's own, may use tools. One that an exported
            agent starts has tools that this agent has not.

    Raises:
        ModuleNotFoundError: If claude-agent-sdk is not installed.
    """
    from claude_agent_sdk import HookMatcher  # noqa: PLC0415 - an extra, and slow to import

    known = frozenset(agents)

    async def before_a_call(call: Mapping[str, Any], _id: str | None, _context: Any) -> dict[str, Any]:
        return answer(gate, known, call, main=main, permit=permit, others=others)

    return {"PreToolUse": [HookMatcher(hooks=[before_a_call], on_failure="block")]}


def answer(
    gate: ToolGate,
    agents: Collection[str],
    call: Mapping[str, Any],
    *,
    main: str | None = None,
    permit: bool = False,
    others: bool = False,
) -> dict[str, Any]:
    """Return the answer to one ``PreToolUse``, for a hook of the program's own; the arguments are those of `hooks`."""
    caller = call.get("agent_type") or main
    if caller is None:
        return {} if call.get("agent_id") is None else _decided("deny", "Refused: the caller has no name.")
    if caller not in agents:
        known = "is none of the agents that were exported"
        return {} if others else _decided("deny", f'Refused: "{escape(str(caller))}" {known}.')
    if refusal := gate.refusal(caller, call["tool_name"], call["tool_input"]):
        return _decided("deny", refusal)
    return _decided("allow", "The agent has the right.") if permit else {}


def _decided(decision: str, reason: str) -> dict[str, Any]:
    said = {"hookEventName": "PreToolUse", "permissionDecision": decision, "permissionDecisionReason": reason}
    return {"hookSpecificOutput": said}
