"""What is held weakly, copied: a member may go, and another come, in another thread while the copy is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import weakref

__all__ = ["members"]

T = TypeVar("T")


def members(of: weakref.WeakSet[T]) -> list[T]:
    """Return the members of a moment; no lock keeps the garbage collector of another thread from taking one away."""
    while True:
        try:
            return list(of)
        except RuntimeError:  # "Set changed size during iteration"
            continue
