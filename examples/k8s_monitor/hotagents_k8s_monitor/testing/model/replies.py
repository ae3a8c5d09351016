"""`Reply`: what a model server answers, and those that a real one gives when all is well; `trouble` has the others."""

from __future__ import annotations

import dataclasses
import itertools
import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["USAGE", "Reply", "cut", "message", "overflowed", "paused", "refused", "structured", "text", "tool_use"]

USAGE: Final[Mapping[str, int]] = MappingProxyType(
    {"input_tokens": 10, "output_tokens": 5, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
)
_SENT_ALONG: Final[Mapping[str, int]] = MappingProxyType({})
_numbers: Final = itertools.count(1)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer and how it is delivered.

    Attributes:
        status: The HTTP status.
        body: A JSON value; or bytes, which are sent as they are.
        kind: The content type.
        headers: Further headers.
        is_message: Whether the body gets an id of its own and the model that was asked for.
        after: How many seconds pass before anything is sent.
        over: How many seconds the body takes, byte by byte; zero for all at once.
        is_dropped: Whether the connection is closed in place of an answer.
    """

    status: int = 200
    body: Any = None
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_message: bool = False
    after: float = 0.0
    over: float = 0.0
    is_dropped: bool = False

    @property
    def content(self) -> bytes:
        """The body as it is sent."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    def made_for(self, model: str, number: int) -> Reply:
        """Return the reply to the request of this number, which asked for this model."""
        if not self.is_message:
            return self
        return dataclasses.replace(self, body={**self.body, "id": f"msg_{number:024}", "model": model})


def message(*blocks: Mapping[str, Any], stop: Any, usage: Mapping[str, Any] = _SENT_ALONG, **others: Any) -> Reply:
    """Return a message of these blocks that stopped for this reason.

    Args:
        blocks: Its content.
        stop: Its ``stop_reason``.
        usage: Numbers of tokens by their names in the API, where they are not those of `USAGE`.
        others: Further fields, or others in the place of those that it has.
    """
    body = {
        "id": "msg_0",
        "type": "message",
        "role": "assistant",
        "model": "claude-scripted",
        "content": [dict(block) for block in blocks],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {**USAGE, **usage},
    }
    return Reply(body={**body, **others}, is_message=True)


def text(said: str, *, usage: Mapping[str, int] = _SENT_ALONG) -> Reply:
    """Return an answer in words that ends the turn."""
    return message(_said(said), stop="end_turn", usage=usage)


def structured(value: Any, *, usage: Mapping[str, int] = _SENT_ALONG) -> Reply:
    """Return an answer whose text is this value as JSON, which ends the turn."""
    return text(json.dumps(value, ensure_ascii=False), usage=usage)


def tool_use(*calls: tuple[str, Mapping[str, Any]], said: str = "", usage: Mapping[str, int] = _SENT_ALONG) -> Reply:
    """Return calls of tools, side by side, each with an id that no other has.

    Args:
        calls: The name of each tool and its input.
        said: What the model says before them; empty for nothing.
        usage: As for `message`.
    """
    before = [_said(said)] if said else []
    return message(*before, *(_call(name, given) for name, given in calls), stop="tool_use", usage=usage)


def paused(said: str, *, query: str = "", usage: Mapping[str, int] = _SENT_ALONG) -> Reply:
    """Return a turn that is to be sent back as it is to go on, with a search of the server's if there is a query."""
    searched = {
        "type": "server_tool_use",
        "id": f"srvtoolu_{next(_numbers):024}",
        "name": "web_search",
        "input": {"query": query},
    }
    return message(_said(said), *([searched] if query else []), stop="pause_turn", usage=usage)


def refused(*, usage: Mapping[str, int] = _SENT_ALONG) -> Reply:
    """Return a message without content: the model does not answer that."""
    return message(stop="refusal", usage=usage)


def cut(said: str, *, usage: Mapping[str, int] = _SENT_ALONG) -> Reply:
    """Return an answer that reached ``max_tokens`` here."""
    return message(_said(said), stop="max_tokens", usage=usage)


def overflowed(said: str = "", *, usage: Mapping[str, int] = _SENT_ALONG) -> Reply:
    """Return an answer that ends, after what was said, where the model's window does."""
    return message(*([_said(said)] if said else []), stop="model_context_window_exceeded", usage=usage)


def _said(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def _call(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{next(_numbers):024}", "name": name, "input": dict(given)}
