"""`Models`: which model of an SDK an agent's ``model`` stands for.

Files say ``sonnet`` or ``opus`` and leave open which of them; the program says it, in one place::

    models = {"sonnet": "claude-sonnet-5-5", "inherit": "claude-sonnet-5-5"}

The library has no table of its own, which would age. ``"*"`` in the mapping stands for every model that it does not
name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from hotagents.adapters.errors import ExportError

if TYPE_CHECKING:
    from hotagents.spec import AgentSpec

__all__ = ["Models", "model_of"]

M = TypeVar("M")
Models: TypeAlias = Mapping[str, M]
"""By an agent's ``model``, as written: the SDK's id or object."""


def model_of(agent: AgentSpec, models: Models[M]) -> M:
    """Return what ``models`` has for the agent's model.

    Raises:
        ExportError: If it has neither that model nor ``"*"``; says what to add.
    """
    if agent.model in models:
        return models[agent.model]
    if "*" in models:
        return models["*"]
    known = ", ".join(map(repr, sorted(models))) or "none"
    message = f"expected a model that models= names ({known}), got {agent.model!r}"
    raise ExportError(agent, "model", message, hint=f"add models={{{agent.model!r}: ...}}")
