"""`options_of`: what one query is given: agents of the pinned generation, and nothing of the machine that it runs on.

Four fences, so that a gap in one is none yet:

- Claude Code has no tool but those that read, and `Agent` (``tools``).
- The session itself may do nothing but start agents of the generation (`main_thread`); they do the reading.
- Before each call of an agent the pin is asked (`hotagents.adapters`): what was taken away meanwhile is refused.
- What Claude Code would ask a person about, such as a file outside of the working directory, is refused (``dontAsk``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hotagents.adapters import ToolGate
from hotagents.adapters.claude_agent_sdk import options
from hotagents_agent_sdk_runner.context import CONTEXT, ReadingContext
from hotagents_agent_sdk_runner.reader import READING, Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from hotagents import Pin
    from hotagents_agent_sdk_runner.settings import Settings

__all__ = ["main_thread", "options_of", "task_of"]

_STARTING: Final = ("Agent", "Task")  # its name in a request, and an older one
_ENVIRONMENT: Final = {
    "CLAUDE_AGENT_SDK_DISABLE_BUILTIN_AGENTS": "1",  # they would be refused, after they were paid for
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",  # what is started has ended when the answer is there
    "CLAUDE_CODE_DISABLE_CLAUDE_MDS": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
}


def task_of(pin: Pin[Any]) -> str:
    """Return what is asked.

    Raises:
        LookupError, TypeError: If the set was not validated for this runner.
    """
    return pin.generation.document(CONTEXT, ReadingContext).task


def options_of(pin: Pin[Any], *, settings: Settings, room: Path, stderr: Callable[[str], None]) -> Any:
    """Return ``ClaudeAgentOptions`` for one query.

    Args:
        pin: Asked before each call; stays open as long as the query.
        settings: The limits of the deployment.
        room: An empty directory, removed by the caller afterwards, in place of ``~/.claude``.
        stderr: Given the lines that Claude Code writes there, from the query's own thread.

    Raises:
        ExportError: If the SDK cannot carry an agent as its file has it.
        LookupError, TypeError: If the set was not validated for this runner.
        OSError: If ``room`` cannot be written.
    """
    from claude_agent_sdk import ClaudeAgentOptions, HookMatcher  # noqa: PLC0415 - slow to import

    for name in pin.generation.agents:
        pin.generation.agent(name, Reader)  # of another class it was refused nothing
    given = options(pin.generation, gate=ToolGate(pin))
    given["hooks"]["PreToolUse"].append(HookMatcher(hooks=[_session_hook(pin.generation.agents)], on_failure="block"))
    return ClaudeAgentOptions(
        **given,
        tools=[*READING, "Agent"],
        system_prompt={"type": "file", "path": str(_system_prompt(pin, room))},
        model=pin.generation.document(CONTEXT, ReadingContext).model,
        permission_mode="dontAsk",
        strict_mcp_config=True,
        verbatim_prompts=True,
        max_turns=settings.max_turns,
        max_budget_usd=settings.max_budget_usd,
        cwd=settings.directory,
        cli_path=settings.program,
        env={**_ENVIRONMENT, "CLAUDE_CONFIG_DIR": str(room / "settings")},
        extra_args={"no-session-persistence": None},
        stderr=stderr,
    )


def main_thread(call: Mapping[str, Any], agents: Collection[str]) -> dict[str, Any]:
    """Return the answer to one ``PreToolUse`` of the session itself, and nothing to those of agents.

    It is no agent of the generation, so no file says what it may do: it may start those that are, and nothing else.
    """
    if call.get("agent_type") or call.get("agent_id"):
        return {}
    if call.get("tool_name") in _STARTING and (call.get("tool_input") or {}).get("subagent_type") in agents:
        return _decided("allow", "The agent is one of the generation.")
    return _decided("deny", f"Refused: start one of these agents instead: {', '.join(sorted(agents))}.")


def _session_hook(agents: Collection[str]) -> Any:
    known = frozenset(agents)

    async def before_a_call(call: Mapping[str, Any], _id: str | None, _context: Any) -> dict[str, Any]:
        return main_thread(call, known)

    return before_a_call


def _decided(decision: str, reason: str) -> dict[str, Any]:
    said = {"hookEventName": "PreToolUse", "permissionDecision": decision, "permissionDecisionReason": reason}
    return {"hookSpecificOutput": said}


def _system_prompt(pin: Pin[Any], room: Path) -> Path:
    # A file: a document may be longer than an argument of a program, and arguments are seen by every user.
    path = room / "context.md"
    path.write_text(pin.generation.documents[CONTEXT].body, encoding="utf-8")
    return path
