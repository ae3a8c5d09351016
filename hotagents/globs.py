"""Path patterns: ``*`` and ``?`` within one name, ``**`` across directories."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["matches", "matches_any"]


def matches(pattern: str, path: str) -> bool:
    """Say whether the whole of a ``/``-separated relative path fits the pattern.

    Patterns come from the program's own configuration, never from mounted files.
    """
    return _fits(pattern.split("/"), path.split("/"))


def matches_any(patterns: Iterable[str], path: str) -> bool:
    """Say whether the path fits at least one of the patterns."""
    return any(matches(pattern, path) for pattern in patterns)


def _fits(patterns: Sequence[str], names: Sequence[str]) -> bool:
    if not patterns:
        return not names
    if patterns[0] == "**":
        return any(_fits(patterns[1:], names[i:]) for i in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], patterns[0]) and _fits(patterns[1:], names[1:])
