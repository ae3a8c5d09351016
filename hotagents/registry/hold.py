"""`Hold`: an operator went back to an earlier generation, and newer content waits until it is let go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, final

from hotagents.diagnostics import escape
from hotagents.errors import UnknownGenerationError
from hotagents.generation import Generation
from hotagents.spec import AgentSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotagents.registry.judge import Verdict

__all__ = ["Hold", "generation_in"]

S = TypeVar("S", bound=AgentSpec)
_SHORTEST: Final = len("sha256:") + 6


@final
@dataclass(slots=True)
class Hold(Generic[S]):
    """A rollback in force.

    Attributes:
        newest: The newest content that could be published if nothing were held, None where that is unknown.
    """

    newest: Verdict[S] | None


def generation_in(history: Sequence[Generation[S]], to: Generation[Any] | int | str) -> Generation[S]:
    """Return the generation that is meant: itself, by number, or by digest (its beginning, where that is unambiguous).

    Args:
        history: Newest first; of several with one digest the newest is meant.
        to: What is asked for.

    Raises:
        TypeError: If it is none of the three.
        UnknownGenerationError: If it is not in the history, or if several are meant.
    """
    if isinstance(to, bool) or not isinstance(to, (Generation, int, str)):
        raise TypeError(f"expected a generation, its number or its digest, got {type(to).__name__}")
    if isinstance(to, Generation):
        found = [generation for generation in history if generation is to]
    elif isinstance(to, int):
        found = [generation for generation in history if generation.number == to]
    else:
        long_enough = to.startswith("sha256:") and len(to) >= _SHORTEST
        found = [generation for generation in history if long_enough and generation.digest.startswith(to)]
    kept = ", ".join(f"{generation.number} ({generation.digest[:19]})" for generation in history)
    if not found:
        asked = repr(to) if isinstance(to, Generation) else escape(str(to), limit=80)
        raise UnknownGenerationError(f"{asked} is not in the history, which holds {kept or 'nothing'}")
    if len({generation.digest for generation in found}) > 1:
        raise UnknownGenerationError(f"{escape(str(to), limit=80)} begins several digests of the history: {kept}")
    return found[0]
