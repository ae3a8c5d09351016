"""What the Claude Agent SDK makes of an agent's tool lists, and lists for it that never give more than the agent has.

Measured with claude-agent-sdk 0.2.188 and the Claude Code 2.1.331 that it brings; ``tests/adapters/real`` measures
anew:

- an entry of ``tools`` loses its pattern: ``Bash(git *)`` gives all of ``Bash``;
- an entry of ``disallowedTools`` with a pattern takes the whole tool away;
- ``*`` stands for something only alone in ``tools``, and in ``mcp__server__*``; elsewhere such an entry does nothing,
  in ``disallowedTools`` too, and neither does one that is quoted or whose parenthesis stays open;
- ``memory`` adds Read, Write and Edit, and a server in ``mcpServers`` with its configuration adds all its tools,
  whatever ``tools`` says; ``disallowedTools`` takes those away.

So entries are exported as bare names, and what names cannot say is refused, left out, or left to a gate.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from hotagents.adapters.errors import ExportError
from hotagents.adapters.gate import may, terms
from hotagents.authority import Rights, ToolRule, narrowed, split_tools, widened
from hotagents.spec import KNOWN_TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hotagents.spec import AgentSpec

__all__ = ["Limits", "ToolLists", "tool_lists"]

Limits: TypeAlias = Literal["refuse", "narrow", "gate"]
"""What becomes of a limit that the SDK cannot carry: an error, less than the agent has, or a gate's business."""

_NOTHING: Final = Rights(tools=())
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]+")
_OF_SERVERS: Final = "mcp__"
_SERVER: Final = re.compile(r"(mcp__[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*)(?:__\*)?")
_TOOL_OF_SERVER: Final = re.compile(r"mcp__[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*__[A-Za-z0-9_.-]+")
_ALL_SERVERS: Final = "mcp__*"
_UNNAMED: Final = re.compile(r"[^A-Za-z0-9_-]")
_OF_MEMORY: Final = ("Read", "Write", "Edit")
_MOST_ENTRIES: Final = 500  # each is compared with all; 64 KiB of frontmatter hold 30,000, which would take hours


class ToolLists(NamedTuple):
    """An agent's lists for the SDK.

    Attributes:
        tools: Bare names; None for every tool.
        disallowed: Bare names.
        servers: Names of the servers with a configuration that the agent may have.
    """

    tools: tuple[str, ...] | None
    disallowed: tuple[str, ...]
    servers: tuple[str, ...]


def tool_lists(agent: AgentSpec, servers: Sequence[str], *, limits: Limits) -> ToolLists:
    """Return lists by which the SDK gives the agent nothing that its own do not allow.

    With ``gate`` they may give more: a gate must ask before each call.

    Args:
        agent: What is exported.
        servers: Names of the servers that it brings along.
        limits: What becomes of a limit that names cannot say.

    Raises:
        ExportError: If there is one, and ``limits`` is ``refuse``; or if there are more than 500 entries.
    """
    if (number := sum(len(term.tools or ()) + len(term.disallowed) for term in terms(agent.rights))) > _MOST_ENTRIES:
        message = f"expected at most {_MOST_ENTRIES} entries here and in disallowedTools, got {number}"
        raise ExportError(agent, "tools", message, hint="name servers instead of their tools, or nothing for all")
    disallowed = tuple(dict.fromkeys((*_denied(agent.rights), *_of_memory(agent, limits))))
    kept = tuple(server for server in servers if _keeps_server(agent, server, disallowed, limits))
    return ToolLists(_tools(agent, disallowed, limits), disallowed, kept)


def _tools(agent: AgentSpec, disallowed: tuple[str, ...], limits: Limits) -> tuple[str, ...] | None:
    if not narrowed(agent.rights, _NOTHING):
        return ()
    if (names := _granted(agent.rights)) is not None:
        return tuple(name for name in names if _keeps(agent, name, disallowed, limits))
    beyond = widened(agent.rights, Rights(None, disallowed))
    if not beyond or limits == "gate":
        return None
    if limits == "narrow":
        return tuple(sorted(name for name in agent.known_tools or KNOWN_TOOLS if agent.allows(name)))
    message = f"the SDK cannot deny {', '.join(beyond)}, and the agent has every other tool"
    raise ExportError(agent, "disallowedTools", message, hint=f"list what it needs under tools:, or {_OTHERWISE}")


_OTHERWISE: Final = "give gate= to ask at each call, or limits='narrow' to go without"


def _keeps(agent: AgentSpec, name: str, disallowed: tuple[str, ...], limits: Limits) -> bool:
    is_server = _SERVER.fullmatch(name) is not None
    if not Rights(None, disallowed).allows(name) or not (is_server or may(agent, name)):
        return False
    if limits == "gate" or (_is_server_granted(agent, name, disallowed) if is_server else agent.allows(name)):
        return True
    if limits == "narrow":
        return False
    entries = ", ".join(entry for entry in agent.tools or () if _bare(entry) == name) or name
    message = f"expected tools by name alone, got {entries}, of which the SDK would make all of {name}"
    raise ExportError(agent, "tools", message, hint=f"{_instead(agent, name)}, or {_OTHERWISE}")


def _instead(agent: AgentSpec, name: str) -> str:
    others = [entry for entry in agent.tools or () if _bare(entry) != name]
    return f"write tools: {', '.join(others) or '[]'}"


def _is_server_granted(agent: AgentSpec, name: str, disallowed: tuple[str, ...]) -> bool:
    return not widened(agent.rights, Rights((f"{name}__*",), disallowed))


def _granted(rights: Rights) -> tuple[str, ...] | None:
    """Return the names that could be granted; None where no list bounds them."""
    lists = [term.tools for term in terms(rights) if term.tools is not None and not _has_all(term.tools)]
    if not lists:
        return None
    return tuple(dict.fromkeys(name for entries in lists for entry in entries if (name := _bare(entry))))


def _has_all(entries: Sequence[str]) -> bool:
    rules = map(ToolRule.parse, entries)
    return any(rule is not None and not rule.name.strip("*") and not (rule.pattern or "").strip("*") for rule in rules)


def _bare(entry: str) -> str:
    """Return the name that an entry that grants is exported by, or nothing where the SDK would not understand it."""
    rule = ToolRule.parse(entry)
    return "" if rule is None else _understood(rule.name)


def _understood(name: str) -> str:
    if name == _ALL_SERVERS:
        return ""
    if server := _SERVER.fullmatch(name):
        return server[1]
    form = _TOOL_OF_SERVER if name.startswith(_OF_SERVERS) else _PLAIN
    return name if form.fullmatch(name) else ""


def _denied(rights: Rights) -> Iterator[str]:
    for term in terms(rights):
        for entry in term.disallowed:
            for part in split_tools(entry):
                name = _widest(part)
                if exported := name if name == _ALL_SERVERS else _understood(name):
                    yield exported


def _widest(part: str) -> str:
    # As `hotagents.authority` reads a prohibition that it cannot read: it denies its whole tool.
    rule = ToolRule.parse(part)
    return rule.name if rule is not None else part.replace(")", "(").partition("(")[0].strip("\"'`")


def _of_memory(agent: AgentSpec, limits: Limits) -> Iterator[str]:
    if agent.memory is not None:
        for name in _OF_MEMORY:
            if not (may(agent, name) if limits == "gate" else agent.allows(name)):
                yield name


def _keeps_server(agent: AgentSpec, server: str, disallowed: tuple[str, ...], limits: Limits) -> bool:
    name = f"mcp__{_UNNAMED.sub('_', server)}"
    if limits == "gate" or _is_server_granted(agent, name, disallowed):
        return True
    if limits == "narrow":
        return False
    message = (
        f"the SDK gives an agent every tool of the server {server!r} that it brings, and tools does not grant them"
    )
    tools = ", ".join((*(agent.tools or ()), name))
    raise ExportError(agent, "mcpServers", message, hint=f"write tools: {tools}, or {_OTHERWISE}")
