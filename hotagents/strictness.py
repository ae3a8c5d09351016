"""Strictness: warnings that a program, or whoever runs it, wants to be errors, by their codes.

The most that an agent's file can do without a word is to drop a limit, so of all warnings `limit-misspelt` and
`null-tools` are those that some want to stop a release. Only warnings change, and only to errors.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hotagents.diagnostics import CODES, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from hotagents.diagnostics import Diagnostic

__all__ = ["ALL", "strict_codes", "strictly"]

ALL: Final = "all"
"""What stands for the code of every warning."""

# What a registry says of its own doings: to refuse it would be to refuse what was done about an error.
_OF_THE_REGISTRY: Final = frozenset({"file-held", "volume-held", "last-good-from-disk"})


def strict_codes(codes: Collection[str]) -> frozenset[str]:
    """Return codes, checked; `ALL` gives those of everything that a set of files can be warned of.

    Raises:
        TypeError: If it is one text, or anything else than texts.
        ValueError: If a code does not exist, or is none of a set of files.
    """
    if isinstance(codes, str) or not all(isinstance(code, str) for code in codes):
        raise TypeError(f"strict: expected a collection of codes, got {codes!r}")
    known = CODES.keys() - _OF_THE_REGISTRY
    for code in sorted(set(codes) - known - {ALL}):
        if code in _OF_THE_REGISTRY:
            raise ValueError(f'strict: "{code}" says what the registry does about an error, and cannot be one')
        hint = did_you_mean(code, [*known, ALL]) or f'expected codes such as "limit-misspelt", or "{ALL}"'
        raise ValueError(f'strict: there is no code "{code}"; {hint}')
    return frozenset(known if ALL in codes else codes)


def strictly(diagnostics: Iterable[Diagnostic], codes: Collection[str]) -> Iterator[Diagnostic]:
    """Yield diagnostics, those of warnings with one of these codes as errors."""
    for said in diagnostics:
        yield replace(said, severity="error") if said.severity == "warning" and said.code in codes else said
