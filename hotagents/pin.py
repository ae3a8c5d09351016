"""`Pin`: one generation for the length of a piece of work, with rights that can only shrink meanwhile.

Whoever pins a generation keeps reading it, whatever is published. Rights are the exception: a tool that is taken away
while the work runs is taken away from the pin too, and one that is given is not given to it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar, final

from hotagents.authority import narrowed
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from hotagents.generation import Generation

__all__ = ["Pin"]

S_co = TypeVar("S_co", bound=AgentSpec, covariant=True)


@final
class Pin(Generic[S_co]):
    """A generation held; a context manager, to be closed by whoever pinned.

    Safe to use from any thread: the pinned generation never changes, the current one is one reference read.

    Attributes:
        generation: What is pinned.
        revoked: Set, from the publishing thread, once a publication has taken away a right that the pin has. It is set
            after the new generation is current, so whoever sees it set gets the narrowed answers.
    """

    __slots__ = ("__weakref__", "_current", "_release", "generation", "revoked")

    def __init__(
        self,
        generation: Generation[S_co],
        current: Callable[[], Generation[S_co]],
        release: Callable[[Pin[S_co]], None] = lambda _: None,
    ) -> None:
        """Hold ``generation``; ``current`` tells what is published now, ``release`` hears of the close."""
        self.generation = generation
        self.revoked = threading.Event()
        self._current = current
        self._release = release

    def allows(self, agent: str, tool: str, argument: str | None = None) -> bool:
        """Say whether the agent may use the tool: by the pinned generation AND by the current one.

        False for an agent that either does not have.
        """
        pinned, current = self.generation.agents.get(agent), self._current().agents.get(agent)
        if pinned is None or current is None:
            return False
        return pinned.allows(tool, argument) and current.allows(tool, argument)

    def narrowed(self) -> tuple[str, ...]:
        """Return the names of pinned agents that have fewer rights now, or are gone."""
        current = self._current()
        if current is self.generation:
            return ()
        return tuple(
            name for name, agent in self.generation.agents.items() if _narrowed(agent, current.agents.get(name))
        )

    def close(self) -> None:
        """Let go; the generation stays readable for whoever still holds it. Any number of times."""
        self._release(self)

    def __enter__(self) -> Pin[S_co]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _narrowed(pinned: AgentSpec, current: AgentSpec | None) -> bool:
    if current is None:
        return True
    return pinned.rights != current.rights and bool(narrowed(pinned.rights, current.rights))
