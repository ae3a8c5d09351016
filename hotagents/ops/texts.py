"""`unified`: two texts as a unified diff, whatever they are and however long.

A text ends a line with a newline and with nothing else that some take for the end of one, so that a carriage return or
a line separator is seen. Comparing costs the product of both lengths at worst; of texts that are long it is only shown
which lines, from the first to the last that differ, were replaced by which.
"""

from __future__ import annotations

import difflib
from itertools import takewhile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["NO_END", "text_of", "unified"]

NO_END: Final = "\\ no line end at the end of the text"
_CONTEXT: Final = 2
_MOST: Final = 2000  # lines that are compared each with each
_SIDES: Final = ("before", "after")


def unified(before: str, after: str) -> Iterator[str]:
    """Yield the lines of a unified diff, the two that name the sides first; nothing where the texts are equal."""
    if before == after:
        return
    old, new = _lines(before), _lines(after)
    is_long = max(len(old), len(new)) > _MOST
    found = _replaced(old, new) if is_long else difflib.unified_diff(old, new, *_SIDES, n=_CONTEXT, lineterm="")
    for number, line in enumerate(found):
        yield line.removesuffix("\n")
        if number >= len(_SIDES) and not line.startswith("@@") and not line.endswith("\n"):
            yield NO_END


def text_of(content: bytes) -> str | None:
    """Return what bytes say if they are a text, else None."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [*(f"{line}\n" for line in lines), *([last] if last else [])]


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yield one hunk, from the first line that differs to the last."""
    head = _common(old, new)
    tail = _common(old[: head - 1 if head else None : -1], new[: head - 1 if head else None : -1])
    first, more = max(0, head - _CONTEXT), min(_CONTEXT, tail)
    ends = len(old) - tail, len(new) - tail
    yield f"--- {_SIDES[0]}"
    yield f"+++ {_SIDES[1]}"
    yield f"@@ -{first + 1},{ends[0] + more - first} +{first + 1},{ends[1] + more - first} @@"
    yield from (f" {line}" for line in old[first:head])
    yield from (f"-{line}" for line in old[head : ends[0]])
    yield from (f"+{line}" for line in new[head : ends[1]])
    yield from (f" {line}" for line in old[ends[0] : ends[0] + more])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
