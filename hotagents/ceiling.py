"""`Ceiling`: the most that any mounted agent may have, said in code that was reviewed.

Whoever may edit a ConfigMap can otherwise give a production agent ``Bash``. With a ceiling such an edit is refused like
any other error, with file and line, and what was served goes on. As everywhere a doubt narrows: what cannot be shown to
lie below the ceiling lies above it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final, get_args

from hotagents.authority import Rights, ToolRule, narrowed
from hotagents.diagnostics import did_you_mean, escape
from hotagents.spec import PermissionMode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hotagents.spec import AgentSpec

__all__ = ["Ceiling", "Excess"]

_LISTS: Final = ("tools", "permission_modes", "models", "mcp_servers")
_MOST_NAMES: Final = 10


class Excess(NamedTuple):
    """What an agent has beyond the ceiling: the frontmatter's key, what was expected and found, and what to do."""

    key: str
    message: str
    hint: str


@final
@dataclass(frozen=True, slots=True)
class Ceiling:
    """Limits for every agent of a registry; immutable.

    Args:
        tools: Entries as in an agent's ``tools``, such as ``Read`` or ``Bash(git log *)``; None for no limit. An agent
            that names no tools has all of them, and so lies above any limit.
        permission_modes: The modes that an agent may ask for, None for no limit. One that asks for none is always
            below: the program decides.
        models: Models, in which ``*`` stands for any characters, None for no limit. ``inherit`` is always below.
        hooks: Whether an agent may bring hooks, which are commands.
        mcp_servers: Names of the servers that an agent may ask for, None for no limit. With a limit no agent may
            define one of its own.

    Raises:
        TypeError: If a list is given as one string.
        ValueError: If an entry means nothing.
    """

    tools: Collection[str] | None = None
    permission_modes: Collection[str] | None = None
    models: Collection[str] | None = None
    hooks: bool = False
    mcp_servers: Collection[str] | None = None

    def __post_init__(self) -> None:
        """Keep copies that nobody else can change, and refuse what would limit nothing or everything by a slip."""
        for name in _LISTS:
            value = getattr(self, name)
            if isinstance(value, str):
                raise TypeError(f"Ceiling: {name}: expected a list of strings, got the string {value!r}")
            if value is not None:
                object.__setattr__(self, name, tuple(value))
        for entry in self.tools or ():
            if ToolRule.parse(entry) is None:
                raise ValueError(f"Ceiling: tools: expected an entry such as Read or Bash(git *), got {entry!r}")
        modes = get_args(PermissionMode)
        for mode in self.permission_modes or ():
            if mode not in modes:
                near = did_you_mean(mode, modes) or f"there are {', '.join(modes)}"
                raise ValueError(f"Ceiling: permission_modes: expected a mode that there is, got {mode!r}; {near}")

    def excesses(self, agent: AgentSpec) -> Iterator[Excess]:
        """Yield what an agent has beyond the ceiling, nothing where it lies below."""
        yield from self._tools(agent)
        mode = agent.permission_mode
        if mode is not None and self.permission_modes is not None and mode not in self.permission_modes:
            yield _beyond("permissionMode", self.permission_modes, mode)
        if self.models is not None and agent.model != "inherit" and not _fits(self.models, agent.model):
            yield _beyond("model", self.models, agent.model)
        if agent.hooks and not self.hooks:
            yield Excess("hooks", "expected no hooks, which the program's ceiling forbids", "remove hooks")
        if self.mcp_servers is not None:
            yield from _servers(self.mcp_servers, agent.mcp_servers)

    def _tools(self, agent: AgentSpec) -> Iterator[Excess]:
        if self.tools is None:
            return
        beyond = narrowed(agent.rights, Rights(tuple(self.tools)))
        if not beyond:
            return
        found = "every tool, since there is no tools key" if agent.tools is None else _listed(beyond)
        message = f"expected at most {_listed(self.tools)}, got {found}: the program's ceiling"
        yield Excess("tools", message, f"such as: tools: [{_listed(self.tools)}]")


def _beyond(key: str, allowed: Collection[str], found: str) -> Excess:
    message = f"expected {_listed(allowed, ' or ')}, got {escape(found, limit=100)}: the program's ceiling"
    return Excess(key, message, f"write one that the ceiling allows, or remove {key}")


def _servers(allowed: Collection[str], servers: Collection[Any]) -> Iterator[Excess]:
    for server in servers:
        if not isinstance(server, str):
            names = _listed([str(name) for name in server])
            message = f"expected names of servers, got a definition of {names}: the program's ceiling"
            yield Excess("mcpServers", message, f"name one of: {_listed(allowed)}")
        elif server not in allowed:
            yield _beyond("mcpServers", allowed, server)


def _fits(patterns: Collection[str], model: str) -> bool:
    return any(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), model, re.DOTALL) for pattern in patterns)


def _listed(names: Collection[str], between: str = ", ") -> str:
    shown = [escape(name, limit=100) for name in list(names)[:_MOST_NAMES]]
    if len(names) > _MOST_NAMES:
        shown.append(f"{len(names) - _MOST_NAMES} more")
    return between.join(shown) or "none"
