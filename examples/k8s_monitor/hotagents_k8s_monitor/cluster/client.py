"""The official client, as far as it is used: its versions have no types, or different ones.

It takes seconds to import, so nothing here does that before something is to be asked.
"""

from __future__ import annotations

import importlib
from typing import Any, Protocol

__all__ = ["ApiClient", "official"]


class ApiClient(Protocol):
    """A ``kubernetes.client.ApiClient``.

    Attributes:
        configuration: The ``Configuration`` that it was made with.
        rest_client: Has the connection pool.
        user_agent: How it calls itself.
    """

    configuration: Any
    rest_client: Any
    user_agent: str

    def close(self) -> None:
        """End its threads, and in recent versions its idle connections."""
        ...


def official(module: str) -> Any:
    """Import and return a module of the package ``kubernetes``, such as ``client``."""
    return importlib.import_module(f"kubernetes.{module}")
