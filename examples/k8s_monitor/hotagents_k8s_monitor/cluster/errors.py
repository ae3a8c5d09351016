"""`ClusterError`: no connection to a cluster can be tried, or what was asked of it cannot be had."""

from __future__ import annotations

from typing import final

__all__ = ["ClusterError"]


@final
class ClusterError(Exception):
    """Nobody says which cluster, what says so cannot be used, or something that was asked for cannot be had.

    The message tells what was tried and what to do; it is on one line and has no credential in it.
    """
