"""`Usage`: what answers of a model took, in tokens; those of its cache apart, since they cost otherwise."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Prices", "Usage"]

_MOST: Final = 10**9  # a server may claim anything
_MILLION: Final = 1_000_000
_WRITING: Final = 1.25  # of the price of input, for what a cache keeps for five minutes
_READING: Final = 0.1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """US dollars a million tokens, of input and of output."""

    of_input: float
    of_output: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens.

    Attributes:
        input: Read anew.
        output: Written.
        cache_read: Read from the server's cache.
        cache_write: Read, and kept in it.
        requests: How many answers that is of.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    requests: int = 0

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Usage:
        """Return what one answer says of itself; nothing where it says nothing that can be believed."""
        return cls(
            input=_count(said.get("input_tokens")),
            output=_count(said.get("output_tokens")),
            cache_read=_count(said.get("cache_read_input_tokens")),
            cache_write=_count(said.get("cache_creation_input_tokens")),
            requests=1,
        )

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.input + self.output + self.cache_read + self.cache_write

    def dollars(self, prices: Prices) -> float:
        """Return what they cost."""
        read = self.input + _WRITING * self.cache_write + _READING * self.cache_read
        return (read * prices.of_input + self.output * prices.of_output) / _MILLION

    def to_dict(self) -> dict[str, int]:
        """Return JSON-ready values."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def _count(value: Any) -> int:
    """Return a number of tokens, also where a server writes it as 12.0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return 0
    return int(min(value, _MOST))
