"""What hotagents finds: the runner `agent-sdk`, and what it refuses before that is published.

Cheap to import: the SDK is imported when a cycle needs it.
"""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hotagents import RunnerInfo, hookimpl
from hotagents_agent_sdk_runner.context import CONTEXT, ReadingContext
from hotagents_agent_sdk_runner.reader import Reader

if TYPE_CHECKING:
    from hotagents import Report, Runner, RunnerContext
    from hotagents.loading import Candidate

__all__ = ["DOCUMENTS", "INFO", "NAME", "hotagents_runners", "hotagents_validate"]

NAME: Final = "agent-sdk"
DOCUMENTS: Final = MappingProxyType({CONTEXT: ReadingContext})


def _create(_context: RunnerContext) -> Runner:
    from hotagents_agent_sdk_runner.runner import AgentSdkRunner  # noqa: PLC0415 - only where it runs
    from hotagents_agent_sdk_runner.settings import load_settings  # noqa: PLC0415 - the same

    return AgentSdkRunner(load_settings(os.environ))


INFO: Final = RunnerInfo(NAME, "asks Claude about a directory of notes", _create, spec=Reader, documents=DOCUMENTS)


@hookimpl
def hotagents_runners() -> list[RunnerInfo]:
    """Offer `agent-sdk`."""
    return [INFO]


@hookimpl
def hotagents_validate(candidate: Candidate[Any], report: Report) -> None:
    """Refuse an agent that the SDK cannot carry as its file has it; otherwise every cycle would fail on it."""
    from hotagents.adapters import ExportError, ToolGate  # noqa: PLC0415 - only where it is hosted
    from hotagents.adapters.claude_agent_sdk import definition  # noqa: PLC0415 - the same

    for agent in candidate.agents.values():
        try:
            definition(agent, gate=ToolGate(_Nobody()))
        except ExportError as error:
            message = str(error).removeprefix(f"{error.path}: ")
            report.error(message, path=error.path, key=error.key)


class _Nobody:
    """Allows nothing: what is exported does not depend on it."""

    def allows(self, agent: str, tool: str, argument: str | None = None) -> bool:  # noqa: ARG002 - a protocol's
        return False
