"""`ChangesError`: why nothing can be said of a change."""

from __future__ import annotations

from typing import final

__all__ = ["ChangesError"]


@final
class ChangesError(Exception):
    """What was asked for cannot be had; the message is one sentence for people and holds no credential.

    What GitHub says itself is in it, bounded and escaped.
    """
