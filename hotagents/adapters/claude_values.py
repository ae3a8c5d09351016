"""The values of an agent that the Claude Agent SDK takes, and nothing that it would refuse.

It checks all agents at once: one value that it does not like and none of them is there, while it still reports success.
A spec that was made from a file has good values; one that was made by hand, or a server's configuration, which is not
read here, may not. Those are left out. Bounds are those of Claude Code 2.1.331.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard, get_args

from hotagents.adapters.errors import place_of
from hotagents.diagnostics import escape
from hotagents.spec import Effort, Memory, PermissionMode, thaw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents.spec import AgentSpec

__all__ = ["optional_values", "own_servers", "server_references"]

logger: Final = logging.getLogger(__name__)

Check: TypeAlias = "Callable[[Any], bool]"

_GREATEST: Final = 2**53 - 1  # the greatest whole number of JavaScript
_EFFORTS: Final = frozenset(get_args(Effort))
_MEMORIES: Final = frozenset(get_args(Memory))
_MODES: Final = frozenset(get_args(PermissionMode))


def optional_values(agent: AgentSpec) -> Iterator[tuple[str, Any]]:
    """Yield name and value of the optional fields that the agent sets and the SDK takes."""
    if agent.skills and (skills := [name for name in agent.skills if _is_text(name)]):
        yield "skills", skills
    if agent.memory in _MEMORIES:
        yield "memory", agent.memory
    if _is_text(agent.initial_prompt):
        yield "initialPrompt", agent.initial_prompt
    if _is_whole(agent.max_turns) and agent.max_turns > 0:
        yield "maxTurns", min(agent.max_turns, _GREATEST)
    if agent.background is True:
        yield "background", True
    if agent.effort in _EFFORTS or (_is_whole(agent.effort) and abs(agent.effort) <= _GREATEST):
        yield "effort", agent.effort
    if agent.permission_mode in _MODES:
        yield "permissionMode", agent.permission_mode


def server_references(agent: AgentSpec) -> list[str]:
    """Return the names of servers that the agent takes from the session."""
    return [entry for entry in agent.mcp_servers if isinstance(entry, str) and entry.strip()]


def own_servers(agent: AgentSpec) -> dict[str, dict[str, Any]]:
    """Return the servers that the agent brings along, by name; one that the SDK might refuse is left out and logged."""
    entries = [entry for entry in agent.mcp_servers if isinstance(entry, Mapping)]
    found = {name: thaw(config) for entry in entries for name, config in entry.items()}
    for name in [name for name, config in found.items() if not _is_server(config)]:
        logger.warning('%s: the server "%s" is left out: its form is unknown', place_of(agent), escape(str(name)))
        del found[name]
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_mapping_of_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for pair in value.items() for item in pair)


def _is_time(value: object) -> bool:
    return _is_whole(value) and 0 < value <= _GREATEST


_COMMON: Final[Mapping[str, Check]] = {"alwaysLoad": lambda v: isinstance(v, bool), "timeout": _is_time}
_LOCAL: Final[Mapping[str, Check]] = {"command": _is_text, "args": _is_texts, "env": _is_mapping_of_texts, **_COMMON}
_REMOTE: Final[Mapping[str, Check]] = {"url": _is_text, "headers": _is_mapping_of_texts, **_COMMON}
_FORMS: Final[Mapping[object, tuple[str, Mapping[str, Check]]]] = {
    "stdio": ("command", _LOCAL),
    "sse": ("url", _REMOTE),
    "http": ("url", _REMOTE),
}


def _is_server(config: object) -> bool:
    if not isinstance(config, dict):
        return False
    kind = config.get("type", "stdio")
    if not isinstance(kind, str) or kind not in _FORMS:
        return False
    required, checks = _FORMS[kind]
    rest = {key: value for key, value in config.items() if key != "type"}
    return required in rest and all(key in checks and checks[key](value) for key, value in rest.items())
