"""`ClusterError`: no connection to a cluster can even be tried."""

from __future__ import annotations

from typing import final

__all__ = ["ClusterError"]


@final
class ClusterError(Exception):
    """Nobody says which cluster, or what says so cannot be used.

    The message tells what was tried and what to do; it is on one line and has no credential in it.
    """
