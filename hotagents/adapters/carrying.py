"""What an SDK has no place for: a limit that would be lost is refused unless the caller says that it may go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotagents.adapters.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Collection

    from hotagents.spec import AgentSpec

__all__ = ["refuse_what_is_lost"]


def refuse_what_is_lost(agent: AgentSpec, sdk: str, drop: Collection[str], *, has_modes: bool) -> None:
    """Raise for the first limit of the agent that the SDK has no place for and ``drop`` does not name.

    Hooks may forbid calls, a worktree keeps files apart, plan mode changes nothing: without them an agent may do more.
    What is missed for the worse only (a colour, skills, memory) is no limit.

    Args:
        agent: What is exported.
        sdk: Its name, for the message.
        drop: Keys of the frontmatter that may be lost.
        has_modes: Whether the SDK has permission modes.

    Raises:
        ExportError: Names agent, file and key.
    """
    limits = {
        "hooks": bool(agent.hooks),
        "isolation": agent.isolation is not None,
        "permissionMode": not has_modes and agent.permission_mode == "plan",
    }
    for key, is_set in limits.items():
        if is_set and key not in drop:
            hint = f"take it out of the file, or accept the loss with drop=({key!r},)"
            raise ExportError(agent, key, f"{sdk} has no place for it", hint=hint)
