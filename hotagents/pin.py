"""`Pin`: one generation for the length of a piece of work, with rights that can only shrink meanwhile.

Whoever pins a generation keeps reading it, whatever is published. Rights are the exception: a tool that is taken away
while the work runs is taken away from the pin too, for as long as it is held, and one that is given is not given to it.
A later edit, a revert or a rollback gives nothing back: it speaks for the work that begins after it.
"""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, final

from hotagents.authority import Rights, narrowed
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from hotagents.generation import Generation

__all__ = ["Pin"]

S_co = TypeVar("S_co", bound=AgentSpec, covariant=True)
_NOTHING: Final = Rights(tools=())
_NONE_LOST: Final[Mapping[str, Rights]] = MappingProxyType({})


@final
class Pin(Generic[S_co]):
    """A generation held; a context manager, to be closed by whoever pinned.

    Safe to use from any thread: the pinned generation never changes, the current one is one reference read, and what
    publications took away is a mapping that only the publishing thread replaces, whole.

    Attributes:
        generation: What is pinned.
        revoked: Set, from the publishing thread, once a publication has taken away a right that the pin has. It is set
            after the new generation is current, so whoever sees it set gets the narrowed answers.
    """

    __slots__ = ("__weakref__", "_current", "_duplicate", "_left", "_release", "generation", "revoked")

    def __init__(
        self,
        generation: Generation[S_co],
        current: Callable[[], Generation[S_co]],
        release: Callable[[Pin[S_co]], None] = lambda _: None,
        duplicate: Callable[[Pin[S_co]], Pin[S_co]] | None = None,
        *,
        left: Mapping[str, Rights] = _NONE_LOST,
    ) -> None:
        """Hold ``generation``.

        Args:
            generation: What is held.
            current: Tells what is published now.
            release: Hears of the close.
            duplicate: Makes the pins that `duplicate` returns; None for ones that only ``current`` narrows.
            left: What was left of the rights of agents that lost any before.
        """
        self.generation = generation
        self.revoked = threading.Event()
        if left:
            self.revoked.set()
        self._current = current
        self._release = release
        self._duplicate = duplicate
        self._left = left  # of agents that lost any right: what every publication since has left

    def allows(self, agent: str, tool: str, argument: str | None = None) -> bool:
        """Say whether the agent may use the tool: by the pinned generation AND by each one published since.

        False for an agent that one of them does not have.
        """
        pinned, current = self.generation.agents.get(agent), self._current().agents.get(agent)
        if pinned is None or current is None or not pinned.allows(tool, argument):
            return False
        left = self._left.get(agent)
        return (left is None or left.allows(tool, argument)) and current.allows(tool, argument)

    def narrowed(self) -> tuple[str, ...]:
        """Return the names of pinned agents that lost rights since, also where those are back, or that were gone."""
        current, left = self._current(), self._left
        if current is self.generation and not left:
            return ()
        return tuple(
            name
            for name, agent in self.generation.agents.items()
            if name in left or _narrowed(agent.rights, current.agents.get(name))
        )

    @property
    def left(self) -> Mapping[str, Rights]:
        """What is left of the rights of agents that lost any, by name; replaced whole by the publishing thread."""
        return self._left

    def follow(self, generation: Generation[Any]) -> None:
        """Take over what a publication takes away, and set `revoked` if that is anything.

        Called by the publishing thread for each publication in turn, after it has become current.
        """
        left = dict(self._left)
        for name, agent in self.generation.agents.items():
            rights, after = left.get(name, agent.rights), generation.agents.get(name)
            if _narrowed(rights, after):
                left[name] = _NOTHING if after is None else rights.meet(after.rights)
        if left != self._left:
            self._left = left
            self.revoked.set()

    def duplicate(self) -> Pin[S_co]:
        """Return another pin of the same generation, with what is left of its rights; the caller closes it.

        For work that outlives the one that it belongs to, such as a cycle: what that lost, this has lost too.

        Raises:
            ValueError: If this pin is closed, since nobody told it what was taken away meanwhile.
        """
        if self._duplicate is not None:
            return self._duplicate(self)
        return Pin(self.generation, self._current, left=self._left)

    def close(self) -> None:
        """Let go; the generation stays readable for whoever still holds it. Any number of times."""
        self._release(self)

    def __enter__(self) -> Pin[S_co]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _narrowed(rights: Rights, after: AgentSpec | None) -> bool:
    if after is None:
        return True
    return rights != after.rights and bool(narrowed(rights, after.rights))
