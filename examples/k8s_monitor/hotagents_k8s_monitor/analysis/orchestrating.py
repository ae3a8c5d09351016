"""`Orchestrator`: one analysis. CLAUDE.md's prose leads it; each agent of the generation is a tool that it may call.

An agent has a conversation of its own, with the functions that its ``tools`` allow and nothing else. Each call is asked
about when it is made: what an edit took away meanwhile is refused, and stays so for the rest of the analysis.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents.adapters.anthropic import definition, refusal
from hotagents.adapters.errors import ExportError, place_of
from hotagents.adapters.gate import ToolGate
from hotagents_k8s_monitor.analysis.conversation import converse
from hotagents_k8s_monitor.analysis.errors import AnalysisError
from hotagents_k8s_monitor.analysis.functions import FunctionError, bounded, delimited
from hotagents_k8s_monitor.analysis.prompts import agent_system, agent_task, orchestrator_system, orchestrator_task
from hotagents_k8s_monitor.cluster.errors import ClusterError
from hotagents_k8s_monitor.policy import CONTEXT

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Mapping

    from hotagents import AgentSpec, Pin
    from hotagents_k8s_monitor.analysis.conversation import Asks
    from hotagents_k8s_monitor.analysis.functions import Function
    from hotagents_k8s_monitor.analysis.replies import ToolUse
    from hotagents_k8s_monitor.analysis.results import Form

__all__ = ["Orchestrator", "model_of"]

_MAX_TOKENS: Final = 4096
_AGENT_TOKENS: Final = 2048
_AGENT_TURNS: Final = 8
_OF_ALL: Final = frozenset({"cancelled", "throttled", "unreachable"})  # else it is the one agent, or its model
_LEAVING: Final = 1  # for the orchestrator's last word
_TOOL: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}", re.ASCII)
_MOST_AGENTS: Final = 20
_LONGEST_DESCRIPTION: Final = 1000


@final
class Orchestrator:
    """Does one analysis, in the thread of its caller.

    Args:
        model: Is asked.
        pin: The generation, and what may still be done with it; the caller closes it.
        models: Ids of models, by alias.
        functions: Returns what agents may call, for the incident of an id.
        logger: Hears of calls and refusals, never of their texts.
    """

    def __init__(
        self,
        model: Asks,
        pin: Pin[Any],
        *,
        models: Mapping[str, str],
        functions: Callable[[str], Iterable[Function]],
        logger: logging.LoggerAdapter[Any] | logging.Logger,
    ) -> None:
        self._model: Final = model
        self._pin: Final = pin
        self._models: Final = models
        self._functions: Final = functions
        self._gate: Final = ToolGate(pin, readers={})
        self._logger: Final = logger

    def analyse(self, incidents: Mapping[str, Mapping[str, Any]], form: Form, *, turns: int) -> str:
        """Return the model's answer about some incidents.

        Args:
            incidents: As a model is told of them, by id.
            form: In which form it is to answer.
            turns: Requests at most, of the orchestrator's own.

        Raises:
            AnalysisError: If there is none.
        """
        schema = form.schema
        request = {
            "model": self._models["inherit"],
            "max_tokens": _MAX_TOKENS,
            "system": orchestrator_system(self._pin.generation.documents[CONTEXT].body),
            "output_config": {"format": {"type": "json_schema", "schema": schema}},
        }
        if tools := [_tool(agent, list(incidents)) for agent in self._agents() if turns > 1]:
            request["tools"] = tools
        question = orchestrator_task(list(incidents.values()), schema)
        return converse(self._model, request, question, answer=lambda use: self._asked(use, incidents), turns=turns)

    def _agents(self) -> list[AgentSpec]:
        """Return the agents that can be asked, in the order of their names; who cannot be is in the log."""
        known = self._pin.generation.agents
        agents = [agent for name, agent in known.items() if _TOOL.fullmatch(name)][:_MOST_AGENTS]
        if left_out := sorted(known.keys() - {agent.name for agent in agents}):
            said = "agents that cannot be asked, for there are too many, or their names are no names of tools: %s"
            self._logger.warning(said, escape(", ".join(left_out), limit=400))
        return agents

    def _asked(self, use: ToolUse, incidents: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
        """Ask an agent, and return its answer as the result of the orchestrator's call."""
        agent = self._pin.generation.agents.get(use.name)
        task, incident = use.input.get("task"), incidents.get(str(use.input.get("incident")))
        if agent is None or not _TOOL.fullmatch(use.name) or self._is_withdrawn(agent):
            return _failed(use, "there is no such agent, or no more")
        if not isinstance(task, str) or not task.strip() or incident is None:
            return _failed(use, f"say a task, and one of these as incident: {', '.join(incidents)}")
        try:
            return _done(use, self._answer_of(agent, task, incident))
        except ExportError as error:
            why = _why_not(agent, error)
            self._logger.warning("an agent cannot be asked: %s", escape(why, limit=400))
            return _failed(use, f"it cannot be asked: {bounded(why, 300)}")
        except AnalysisError as error:
            if error.reason in _OF_ALL:
                raise
            self._logger.warning("%s gave no answer: %s", escape(agent.name, limit=100), error.said)
            return _failed(use, f"it gave no answer: {error.said}")

    def _is_withdrawn(self, agent: AgentSpec) -> bool:
        left = self._pin.left.get(agent.name)
        return left is not None and left.tools == ()

    def _answer_of(self, agent: AgentSpec, task: str, incident: Mapping[str, Any]) -> str:
        self._logger.debug("asked %s about %s", escape(agent.name, limit=100), incident["incident"])
        turns = max(1, min(agent.max_turns or _AGENT_TURNS, _AGENT_TURNS, self._model.turns_left - _LEAVING))
        # Who is asked once has no turn in which a call could be answered.
        functions = {f.name: f for f in self._functions(incident["incident"])} if turns > 1 else {}
        tools = [function.definition for name, function in functions.items() if self._pin.allows(agent.name, name)]
        request = definition(agent, models=self._models, max_tokens=_AGENT_TOKENS, tools=tools)
        answer = converse(
            self._model,
            {**request, "system": agent_system(agent.prompt, has_functions=bool(tools))},
            agent_task(bounded(task), incident),
            answer=lambda use: self._called(agent, functions, use),
            turns=turns,
            leaving=_LEAVING,
        )
        return bounded(answer)

    def _called(self, agent: AgentSpec, functions: Mapping[str, Function], use: ToolUse) -> Mapping[str, Any]:
        """Call a function for an agent, where it may, and return the result."""
        refused = refusal(self._gate, agent, {"id": use.id, "name": use.name, "input": use.input})
        if refused is not None:
            name, tool = escape(agent.name, limit=100), escape(use.name, limit=100)
            self._logger.warning("refused: %s may not use %s", name, tool)
            return refused
        function = functions.get(use.name)
        if function is None:
            return _failed(use, "there is no such function here")
        try:
            return _done(use, function(use.input))
        except (FunctionError, ClusterError) as error:
            return _failed(use, str(error))


def model_of(agent: AgentSpec, models: Mapping[str, str]) -> tuple[str, str]:
    """Return the id of an agent's model; where it cannot be asked none, and why, for whoever edits its file."""
    try:
        return str(definition(agent, models=models, max_tokens=1)["model"]), ""
    except ExportError as error:
        return "", _why_not(agent, error)


def _why_not(agent: AgentSpec, error: ExportError) -> str:
    """Return why an agent cannot be asked and what to write in its file, for whoever edits that."""
    if error.key == "model":
        expected = "expected haiku, sonnet, opus, inherit or the id of a model"
        return f'{place_of(agent)}: model: {expected}, got "{escape(agent.model, limit=100)}"'
    what, _, _ = str(error).rpartition("; ")  # what follows is for programs that are written with the adapters
    return f"{what}; take it out of the file"


def _tool(agent: AgentSpec, incidents: list[str]) -> dict[str, Any]:
    return {
        "name": agent.name,
        "description": agent.description[:_LONGEST_DESCRIPTION],
        "input_schema": {
            "type": "object",
            "properties": {
                "incident": {"type": "string", "enum": incidents},
                "task": {"type": "string", "description": "What it is to find out or to word"},
            },
            "required": ["incident", "task"],
            "additionalProperties": False,
        },
    }


def _done(use: ToolUse, text: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": use.id, "content": delimited(text)}


def _failed(use: ToolUse, text: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": use.id, "content": delimited(text), "is_error": True}
