"""`Function`: something narrow and read-only that a model may ask for, by a name that an agent's ``tools`` grant.

There is no function that writes, runs or sends anything. What one returns is data from a cluster or a repository, and
untrusted: it is bounded here, and redacted and marked as data before it goes to a model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MOST_CHARACTERS", "Answer", "Function", "FunctionError", "bounded"]

MOST_CHARACTERS: Final = 8_000
"""Of one answer; the rest is cut off, and the answer says so."""


class FunctionError(Exception):
    """A call cannot be answered; the message says to the model what was expected and what was found."""


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """What a function found.

    Attributes:
        text: For the model, bounded by `bounded`.
        evidence: Ids of what the text shows, ``pods/shop/cart-1`` or ``commit/8c1f``; only what was shown can be cited.
    """

    text: str
    evidence: frozenset[str] = field(default_factory=frozenset)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function as the Messages API takes it, and what answers it.

    Attributes:
        name: Also the name of the right to call it.
        description: For the model.
        parameters: JSON Schema of the argument, an object.
        call: Answers; on the thread of the analysis, within seconds. Raises FunctionError where it cannot. What it is
            given comes from a model and was checked by nobody.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    call: Callable[[Mapping[str, Any]], Answer]


def bounded(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return the text, cut to ``most`` characters with a word on what is missing."""
    if len(text) <= most:
        return text
    return f"{text[:most]}\n[truncated: {len(text) - most} more characters]"
