"""`ChangesError`: why nothing can be said of a change."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, final

__all__ = ["ChangesError", "Reason"]

Reason: TypeAlias = Literal["down", "failed", "late", "missing"]


@final
class ChangesError(Exception):
    """What was asked for cannot be had; the message is one sentence for people and holds no credential.

    What GitHub says itself is in it, bounded and escaped.

    Attributes:
        reason: ``missing``: there is nothing of that name. ``late``: the time for it was over. ``down``: whatever is
            asked next fails as well, for now. ``failed``: this question did.
    """

    def __init__(self, message: str, *, reason: Reason = "failed") -> None:
        self.reason: Final[Reason] = reason
        super().__init__(message)
