"""`score`: how well a change fits a fault, by code alone and never by a model.

A number to sort by, from 0 to 1, and no probability. What lies near in time, names what is failing, or is in the image
that came is worth reading first. None of it makes a change the reason of a fault, and no text here says so.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotagents_k8s_monitor.changes.rollout import Rollout

__all__ = ["IMAGE_WEIGHT", "PATH_WEIGHT", "STRONG", "TIME_WEIGHT", "nearness", "path_match", "rollout_match", "score"]

TIME_WEIGHT: Final = 0.5
"""Of how near in time it lies."""
IMAGE_WEIGHT: Final = 0.3
"""Of being in the image, or the source's revision, that was rolled out; or of being that roll-out itself."""
PATH_WEIGHT: Final = 0.2
"""Of changing files whose path names what is failing."""
STRONG: Final = timedelta(minutes=30)
"""Up to so long before the fault a change is as near as it can be."""

_SHORTEST: Final = 3
_SAY_NOTHING: Final = frozenset(  # names of namespaces and containers, and of directories, everywhere
    {"app", "default", "dev", "development", "main", "prod", "production", "qa", "stage", "staging", "test"}
)
_SHORTEST_SHA: Final = 7
_DIGIT: Final = re.compile(r"\d")


def score(before: timedelta, window: timedelta, *, path_matches: bool, image_matches: bool) -> float:
    """Return how well a change fits, from 0 to 1; 0 for one that lies outside the window.

    Args:
        before: How long before the fault it was; negative for after it.
        window: How far back a change may lie.
        path_matches: Whether its files name what is failing.
        image_matches: Whether it is in what was rolled out.
    """
    if not timedelta(0) <= before <= window:
        return 0.0
    found = TIME_WEIGHT * nearness(before, window) + PATH_WEIGHT * path_matches + IMAGE_WEIGHT * image_matches
    return round(min(1.0, found), 3)


def nearness(before: timedelta, window: timedelta) -> float:
    """Return 1 for up to `STRONG` before the fault, falling to 0 at the window's edge and after the fault."""
    if not timedelta(0) <= before <= window:
        return 0.0
    if before <= STRONG:
        return 1.0
    return (window - before) / (window - STRONG)


def path_match(paths: Iterable[str], names: Iterable[str]) -> tuple[str, str] | None:
    """Return the first path that names one of some things, and which; whole words count, capitals or not."""
    patterns = [(name, _pattern(name)) for name in dict.fromkeys(names) if _says_something(name)]
    for path in paths:
        for name, pattern in patterns:
            if pattern.search(path):
                return path, name
    return None


def rollout_match(sha: str, title: str, rollouts: Iterable[Rollout]) -> tuple[Rollout, str] | None:
    """Return the roll-out that a commit is in, and in words by what that is seen; None where it is in none."""
    for rollout in rollouts:
        if rollout.source_revision and rollout.source_revision == sha:
            return rollout, f"is the revision that {rollout.kind} {rollout.name} brought"
        for digits in rollout.commits:
            if len(digits) >= _SHORTEST_SHA and sha.startswith(digits):
                return rollout, f"{digits} is in the tag of the image that was rolled out"
        for tag in rollout.tags:
            if _says_a_version(tag) and _version(tag).search(title):
                return rollout, f"its title names {tag}, the tag of the image that was rolled out"
    return None


def _says_something(name: str) -> bool:
    return len(name) >= _SHORTEST and name.lower() not in _SAY_NOTHING


def _says_a_version(tag: str) -> bool:
    """Say whether a tag in a title means the image: one of digits alone may be the number of anything."""
    return _says_something(tag) and _DIGIT.search(tag) is not None and not tag.isdecimal()


def _version(tag: str) -> re.Pattern[str]:
    """Return what finds a tag, and not a longer one that it is a part of, such as 1.4.2 of 1.4.2-rc1 and of 0.1.4.2."""
    return re.compile(rf"(?<![^\W_])(?<!\.){re.escape(tag)}(?![^\W_])(?!-|\.[^\W_])", re.IGNORECASE)


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", re.IGNORECASE)
