"""An agent as the arguments of ``client.messages.create`` of the ``anthropic`` package; nothing of it is imported.

::

    request = definition(agent, models=MODELS, max_tokens=2048, tools=TOOLS, gate=gate)
    message = client.messages.create(messages=messages, **request)

The API calls no tools: the program does, in a loop of its own. Before each call it asks the gate (`refusal`), for a
tool was offered by name alone and rights may have shrunk. It counts ``agent.max_turns`` itself. ``skills``, ``memory``,
``mcpServers``, ``background``, ``initialPrompt`` and ``color`` have no place here and are lost; a limit is lost only
where ``drop`` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from hotagents.adapters.carrying import refuse_what_is_lost
from hotagents.adapters.gate import offered
from hotagents.adapters.models import model_of
from hotagents.spec import MODEL_ALIASES, is_model_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from hotagents.adapters.gate import ToolGate
    from hotagents.adapters.models import Models
    from hotagents.spec import AgentSpec

__all__ = ["definition", "refusal"]

# Tools of a type of the API's that the program runs all the same; those of any other type run on the server.
_RUN_BY_THE_PROGRAM: Final = ("bash_", "computer_", "custom", "memory_", "text_editor_")


def definition(
    agent: AgentSpec,
    *,
    models: Models[str],
    max_tokens: int,
    tools: Iterable[Mapping[str, Any]] = (),
    gate: ToolGate | None = None,
    cache_control: Mapping[str, Any] | None = None,
    drop: Collection[str] = (),
    **more: Any,
) -> dict[str, Any]:
    """Return ``model``, ``system``, ``max_tokens`` and ``tools``; everything but ``messages``.

    Args:
        agent: What is exported.
        models: Ids by model. An id in the file passes where this does not name it, an alias never.
        max_tokens: Passed on.
        tools: All the program's tools, as the API takes them: those that the agent may use are kept. One without a
            name, such as a toolset of a server, has no right of its own and is left out.
        gate: Asked before each call (see `refusal`): then tools are kept too that the agent may use with some arguments
            only. Not those that run on the server, where nobody is asked.
        cache_control: For the prompt, such as ``{"type": "ephemeral"}``.
        drop: Keys that may be lost: ``hooks``, ``isolation``, ``permissionMode`` (of plan mode).
        more: Passed on, such as ``temperature`` or ``thinking``. ``effort`` of the file is not sent, for some models
            refuse it: ``output_config={"effort": agent.effort}`` does it.

    Raises:
        ExportError: If a limit would be lost or ``models`` lacks the model.
    """
    refuse_what_is_lost(agent, "the Messages API", drop, has_modes=False)
    found: dict[str, Any] = {"model": _model(agent, models), "max_tokens": max_tokens}
    if agent.prompt.strip():
        found["system"] = _system(agent.prompt, cache_control)
    if kept := [dict(tool) for tool in tools if _keeps(agent, tool, gate)]:
        found["tools"] = kept
    return found | more


def refusal(gate: ToolGate, agent: AgentSpec, use: Any) -> dict[str, Any] | None:
    """Return the ``tool_result`` that answers a ``tool_use`` which the agent may not make, or None where it may.

    Args:
        gate: What is asked.
        agent: Who asks.
        use: The block, as the client returned it or as a mapping.
    """
    block = use if isinstance(use, Mapping) else {name: getattr(use, name) for name in ("id", "name", "input")}
    said = gate.refusal(agent.name, block["name"], block["input"])
    return {"type": "tool_result", "tool_use_id": block["id"], "content": said, "is_error": True} if said else None


def _model(agent: AgentSpec, models: Models[str]) -> str:
    model = agent.model
    is_alias = model.removesuffix("[1m]") in MODEL_ALIASES or "[" in model
    if model not in models and "*" not in models and not is_alias and is_model_id(model):
        return model
    return model_of(agent, models)


def _system(prompt: str, cache_control: Mapping[str, Any] | None) -> str | list[dict[str, Any]]:
    if cache_control is None:
        return prompt
    return [{"type": "text", "text": prompt, "cache_control": dict(cache_control)}]


def _keeps(agent: AgentSpec, tool: Mapping[str, Any], gate: ToolGate | None) -> bool:
    name, kind = tool.get("name"), tool.get("type") or "custom"
    if not isinstance(name, str):
        return False
    is_asked_about = str(kind).startswith(_RUN_BY_THE_PROGRAM)
    return offered(agent, name, gate) and (is_asked_about or agent.allows(name))
