"""`Reader`: the class of every agent here, which lets a file give an agent less than this runner has, and never more.

Claude Code is offered nothing else either (`hotagents_agent_sdk_runner.asking`). Refusing it in the file as well tells
whoever edits, with line and column, rather than leaving an agent without the tool that its file grants.
"""

from __future__ import annotations

from typing import Any, Final, Literal, final

from pydantic import field_validator

from hotagents import AgentSpec

__all__ = ["READING", "Reader"]

READING: Final = ("Glob", "Grep", "Read")
_LISTED: Final = ", ".join(READING)


@final
class Reader(AgentSpec):
    """An agent that reads files below the working directory."""

    known_tools = frozenset(READING)

    # Without a list an agent would have all that there is.
    tools: tuple[str, ...]
    # The other modes let calls pass that nobody was asked about.
    permission_mode: Literal["default", "dontAsk", "plan"] | None = None

    @field_validator("tools")
    @classmethod
    def _only_reading(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if others := [entry for entry in value if entry.partition("(")[0].strip() not in READING]:
            raise ValueError(f'expected none but {_LISTED}, got "{others[0]}"')
        return value

    @field_validator("mcp_servers", "memory")
    @classmethod
    def _nothing_beside(cls, value: Any) -> Any:
        if value:
            raise ValueError("expected none: an agent here reads files, and keeps and starts nothing")
        return value
