"""What adapters raise: an agent that cannot be exported as it is, and a call that an agent may not make."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from hotagents.diagnostics import escape
from hotagents.errors import HotAgentsError

if TYPE_CHECKING:
    from hotagents.spec import AgentSpec

__all__ = ["ExportError", "ToolRefusedError", "place_of"]


def place_of(agent: AgentSpec) -> str:
    """Return the agent's file and name, to begin a message with."""
    path = f"{escape(agent.path)}: " if agent.path else ""
    return f'{path}agent "{escape(agent.name)}"'


@final
class ExportError(HotAgentsError):
    """An SDK cannot carry what an agent says, and would give it more than that.

    Attributes:
        agent: The agent's name.
        path: Its file, relative to the root; empty for a spec made by hand.
        key: The frontmatter's key that is concerned.
    """

    def __init__(self, agent: AgentSpec, key: str, message: str, *, hint: str) -> None:
        super().__init__(f"{place_of(agent)}: {key}: {escape(message)}; {escape(hint)}")
        self.agent = agent.name
        self.path = agent.path
        self.key = key


@final
class ToolRefusedError(HotAgentsError):
    """An agent asked for a call that it may not make; the text is fit for the model.

    Attributes:
        agent: The agent's name.
        tool: The tool's name.
    """

    def __init__(self, message: str, *, agent: str, tool: str) -> None:
        super().__init__(message)
        self.agent = agent
        self.tool = tool
