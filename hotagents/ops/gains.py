"""`Gain`: a right that an agent gained, and what of it the agent still may not use.

`hotagents.generation.RightsDelta` names the entries that widen what an agent may do. An entry is not all of the truth:
``Bash(git *)`` may be granted while ``Bash(git push *)`` stays denied, and an entry of ``disallowedTools`` that is gone
frees only what ``tools`` grants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from hotagents.authority import Rights, ToolRule, narrowed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Gain", "gains"]

_MOST: Final = 100  # each is compared with all of the lists


@final
@dataclass(frozen=True, slots=True)
class Gain:
    """One entry that tells what an agent gained.

    Attributes:
        entry: As it stands in a tool list; ``*`` for every tool.
        granted: Whether all that it spells is granted, denials aside; False where that is not sure.
        denied: Entries that deny something of it, or may do so.
    """

    entry: str
    granted: bool
    denied: tuple[str, ...]


def gains(rights: Rights, gained: Sequence[str]) -> tuple[Gain, ...]:
    """Return what was gained by somebody who has these rights now.

    Of very long lists each entry is held against all denials, as text.
    """
    denials = tuple(dict.fromkeys(_denials(rights)))
    if len(gained) > _MOST:
        return tuple(Gain(entry, granted=False, denied=denials) for entry in gained)
    return tuple(_gain(rights, entry, denials) for entry in gained)


def _gain(rights: Rights, entry: str, denials: Sequence[str]) -> Gain:
    if entry != "*" and ToolRule.parse(entry) is None:  # as a denial it counts for more than it spells
        return Gain(entry, granted=False, denied=tuple(denials))
    alone = Rights(None) if entry == "*" else Rights((entry,))
    limits = narrowed(alone, rights)
    granted = not limits or not narrowed(alone, _undenied(rights))
    return Gain(entry, granted, tuple(denial for denial in denials if denial in limits))


def _denials(rights: Rights) -> Iterator[str]:
    yield from rights.disallowed
    for other in rights.also:
        yield from _denials(other)


def _undenied(rights: Rights) -> Rights:
    return Rights(rights.tools, also=tuple(_undenied(other) for other in rights.also))
