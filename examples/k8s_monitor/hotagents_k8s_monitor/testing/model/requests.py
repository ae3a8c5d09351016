"""`Request`: what a client asked of a model server, with the parts that tests look at."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Request", "blocks_of", "strings_in"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. What is missing in its body, or of another type than it should be, reads as empty.

    Attributes:
        method: The HTTP method.
        path: Its path, without the query.
        headers: Its headers, with names in lower case.
        raw: Its body as it came.
        body: Its body as an object; empty if it is none.
    """

    method: str = "POST"
    path: str = "/v1/messages"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The id of the model."""
        found = self.body.get("model")
        return found if isinstance(found, str) else ""

    @property
    def system(self) -> str:
        """The system prompt as one text; its blocks are joined by line ends."""
        return "\n".join(str(block.get("text", "")) for block in blocks_of(self.body.get("system")))

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """The messages."""
        return _mappings(self.body.get("messages"))

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools."""
        return tuple(str(tool.get("name", "")) for tool in _mappings(self.body.get("tools")))

    @property
    def output_config(self) -> Mapping[str, Any]:
        """How the answer is to be."""
        found = self.body.get("output_config")
        return found if isinstance(found, dict) else {}

    @property
    def results(self) -> tuple[Mapping[str, Any], ...]:
        """The tool results of the last message, if a user sent it."""
        last = self.messages[-1] if self.messages else {}
        blocks = blocks_of(last.get("content")) if last.get("role") == "user" else []
        return tuple(block for block in blocks if block.get("type") == "tool_result")

    @property
    def text(self) -> str:
        """All of the body, to look for what must not be there: as it came, then each string in it without escapes."""
        return "\n".join([self.raw, *strings_in(self.body)])


def blocks_of(content: Any) -> Sequence[Mapping[str, Any]]:
    """Return the blocks of a message, of a tool's result or of a system prompt; a text is one block."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else _mappings(content)


def strings_in(value: Any) -> Iterator[str]:
    """Yield each string in a JSON value, keys included, and those in JSON that a string holds."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)
    elif isinstance(value, str):
        yield value
        yield from strings_in(_parsed(value))


def _parsed(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _mappings(value: Any) -> Sequence[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
