"""`ToolGate`: asked before each call whether an agent may make it, by what its pin allows at that moment.

The tools that a model is offered are settled when a conversation begins, and by name alone. Rights are finer
(``Bash(git *)``) and may shrink meanwhile. So a call is asked about when it is made: a `hotagents.Pin` answers for the
pinned generation and for each one published since, and `hotagents.adapters.arguments` says what of the call is
compared.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from hotagents.adapters.arguments import CLAUDE_CODE, Reader
from hotagents.adapters.errors import ToolRefusedError
from hotagents.authority import Rights, ToolRule
from hotagents.diagnostics import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotagents.spec import AgentSpec

__all__ = ["Allows", "ToolGate", "may", "offered", "terms"]

_NEUTRAL: Final = "\0"  # an argument that no pattern spells
_LONGEST: Final = 200
_MOST_TRIALS: Final = 200  # a list of thousands must not cost its square


class Allows(Protocol):
    """What answers; `hotagents.Pin` is one."""

    def allows(self, agent: str, tool: str, argument: str | None = None) -> bool:
        """Say whether the agent may use the tool with the argument (None: with any)."""
        ...


@final
class ToolGate:
    """Says of each call whether an agent may make it. Safe to use from any thread, and never blocks.

    Attributes:
        readers: By a tool's name, what of a call is compared. A tool that is not named is allowed with any argument or
            not at all.
    """

    __slots__ = ("_pin", "readers")

    def __init__(self, pin: Allows, *, readers: Mapping[str, Reader] = CLAUDE_CODE) -> None:
        """Ask ``pin``, which the caller closes, and not before the last call."""
        self._pin = pin
        self.readers = readers

    def allows(self, agent: str, tool: str, call: Mapping[str, Any]) -> bool:
        """Say whether the agent may make the call now.

        Args:
            agent: Its name.
            tool: The tool's name.
            call: The tool's input.
        """
        if self._pin.allows(agent, tool):
            return True
        reader = self.readers.get(tool)
        texts = reader(call) if reader is not None else None
        return bool(texts) and all(self._pin.allows(agent, tool, text) for text in texts or ())

    def refusal(self, agent: str, tool: str, call: Mapping[str, Any]) -> str:
        """Return what to tell the model instead of making the call, or nothing where it may be made."""
        if self.allows(agent, tool, call):
            return ""
        name, wanted = escape(agent, limit=_LONGEST), escape(tool, limit=_LONGEST)
        return f'Refused: the agent "{name}" may not use {wanted} in this way. Do not try to reach the same otherwise.'

    def check(self, agent: str, tool: str, call: Mapping[str, Any]) -> None:
        """Return where the call may be made.

        Raises:
            ToolRefusedError: Where it may not.
        """
        if message := self.refusal(agent, tool, call):
            raise ToolRefusedError(message, agent=agent, tool=tool)

    def may(self, agent: AgentSpec, tool: str) -> bool:
        """Say whether any call of the tool is allowed now: whether it is worth offering."""
        if self._pin.allows(agent.name, tool):
            return True
        texts = _trials(agent.rights, tool) if tool in self.readers else ()
        return any(self._pin.allows(agent.name, tool, text) for text in texts)


def offered(agent: AgentSpec, tool: str, gate: ToolGate | None) -> bool:
    """Say whether to offer the tool: without a gate only where the agent may use it with any argument."""
    return agent.allows(tool) if gate is None else gate.may(agent, tool)


def may(agent: AgentSpec, tool: str) -> bool:
    """Say whether the agent may use the tool with any argument or with some."""
    return agent.allows(tool) or any(agent.allows(tool, text) for text in _trials(agent.rights, tool))


def terms(rights: Rights) -> Iterator[Rights]:
    """Yield the rights and all that must agree with them."""
    yield rights
    for other in rights.also:
        yield from terms(other)


def _trials(rights: Rights, tool: str) -> Iterator[str]:
    yield _NEUTRAL
    # A pattern read as a text fits itself, and often the wider one of rights that must agree.
    rules = (ToolRule.parse(entry) for term in terms(rights) for entry in term.tools or ())
    texts = (text for rule in rules if rule is not None for text in _spelled(rule) if rule.grants(tool, text))
    yield from islice(texts, _MOST_TRIALS)


def _spelled(rule: ToolRule) -> Iterator[str]:
    for pattern in rule.alternatives():
        yield pattern.removesuffix(":*")
