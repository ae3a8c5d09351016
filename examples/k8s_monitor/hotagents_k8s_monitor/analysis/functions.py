"""`Function`: something that an agent may ask to be done; it reads, and never writes.

What it answers is data for a model: redacted, bounded, and said to be cut where it is.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.analysis.bodies import redacted_value
from hotagents_k8s_monitor.cluster.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MOST_CHARACTERS", "Function", "FunctionError", "bounded", "data", "delimited"]

logger: Final = logging.getLogger("hotagents.runner.k8s-monitor")
MOST_CHARACTERS: Final = 8000
_CUT: Final = "\n[truncated: {} of {} characters]"


class FunctionError(Exception):
    """It could not be done; the message is told to the model, and is fit for that."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function.

    Attributes:
        name: As in an agent's ``tools``.
        description: What a model is told of it.
        properties: Its arguments, as JSON Schema has properties; texts, all of them.
        required: Those that must be given.
        call: Does it, with the arguments that the model gave and that were checked; returns a text.
    """

    name: str
    description: str
    properties: Mapping[str, Any]
    required: tuple[str, ...]
    call: Callable[[Mapping[str, Any]], str]

    @property
    def definition(self) -> dict[str, Any]:
        """What the Messages API is told of it."""
        schema = {
            "type": "object",
            "properties": dict(self.properties),
            "required": list(self.required),
            "additionalProperties": False,
        }
        return {"name": self.name, "description": self.description, "input_schema": schema}

    def __call__(self, given: Mapping[str, Any]) -> str:
        """Return what there is to say.

        Raises:
            FunctionError: If the arguments are not as they should be, or it could not be done.
            ClusterError: If the cluster does not say.
        """
        for name in self.required:
            if name not in given:
                raise FunctionError(f"{name} is missing")
        if strange := [name for name in given if name not in self.properties]:
            raise FunctionError(f"no such argument: {bounded(str(strange[0]), 100)}; there are {list(self.properties)}")
        for name, value in given.items():
            self._check(name, value)
        return self._called(given)

    def _called(self, given: Mapping[str, Any]) -> str:
        try:
            return self.call(given)
        except (FunctionError, ClusterError):
            raise
        except Exception as error:  # what a cluster holds may be of any shape, and an analysis goes on without it
            logger.warning("%s could not be done for a model: unexpected %s", self.name, type(error).__name__)
            raise FunctionError("it could not be done") from error

    def _check(self, name: str, value: Any) -> None:
        kinds = {"string": str, "integer": int, "boolean": bool}
        wanted = self.properties[name]
        kind = kinds[wanted["type"]]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise FunctionError(f"{name} should be of type {wanted['type']}")
        if "enum" in wanted and value not in wanted["enum"]:
            raise FunctionError(f"{name} should be one of {', '.join(wanted['enum'])}")


def bounded(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return a text of at most so many characters, and a line that says so where it was cut."""
    return text if len(text) <= most else text[:most] + _CUT.format(most, len(text))


def data(value: Any, *, emails: bool = True, most: int = MOST_CHARACTERS) -> str:
    """Return a value as JSON without secrets, bounded."""
    return bounded(json.dumps(redacted_value(value, emails=emails), default=str), most)


def delimited(text: str) -> str:
    """Return untrusted text between marks that say what it is; none of these marks can stand in it."""
    return f"<data>\n{text.replace('<', '&lt;').replace('>', '&gt;')}\n</data>"
