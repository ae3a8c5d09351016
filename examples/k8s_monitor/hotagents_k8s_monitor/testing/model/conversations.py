"""What the API asks of the messages of a request and its types do not say: who speaks when, and what answers what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hotagents_k8s_monitor.testing.model.requests import blocks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["conversation_problems"]

_NAME: Final = re.compile("[a-zA-Z0-9_-]{1,128}")
_NAMED: Final = {"tool_use": ("id", "name"), "tool_result": ("tool_use_id",)}
_PREFILL: Final = (
    "This model does not support assistant message prefill. The conversation must end with a user message."
)


class _Turn(NamedTuple):
    """What one side said without a break: messages of one role in a row are one turn."""

    number: int
    role: str
    blocks: list[Mapping[str, Any]]

    def ids(self, kind: str, key: str) -> list[str]:
        return [str(block.get(key)) for block in self.blocks if block.get("type") == kind]


def conversation_problems(messages: Sequence[Mapping[str, Any]], *, is_paused: Callable[[Any], bool]) -> Iterator[str]:
    """Yield what is wrong with these messages.

    Args:
        messages: The messages, whose shape is right.
        is_paused: Whether this is the content of a turn that was paused, with which a conversation may end.
    """
    if not messages:
        yield "messages: at least one message is required"
        return
    if messages[0]["role"] != "user":
        yield 'messages: first message must use the "user" role'
    yield from _empty(messages)
    yield from _misnamed(messages)
    yield from _unpaired(_turns(messages))
    if messages[-1]["role"] == "assistant" and not is_paused(messages[-1]["content"]):
        yield _PREFILL


def _turns(messages: Sequence[Mapping[str, Any]]) -> list[_Turn]:
    found: list[_Turn] = []
    for number, message in enumerate(messages):
        blocks = list(blocks_of(message["content"]))
        if found and found[-1].role == message["role"]:
            found[-1].blocks.extend(blocks)
        else:
            found.append(_Turn(number, message["role"], blocks))
    return found


def _empty(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for number, message in enumerate(messages):
        if not message["content"]:
            yield f"messages.{number}: {message['role']} messages must have non-empty content"
        for block in blocks_of(message["content"]):
            inner = blocks_of(block.get("content")) if block["type"] == "tool_result" and block.get("content") else []
            if any(part.get("type") == "text" and not part["text"].strip() for part in (block, *inner)):
                yield f"messages.{number}: text content blocks must be non-empty"


def _misnamed(messages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for number, message in enumerate(messages):
        for place, block in enumerate(blocks_of(message["content"])):
            for key in _NAMED.get(block["type"], ()):
                if not _NAME.fullmatch(block[key]):
                    where = f"messages.{number}.content.{place}.{block['type']}.{key}"
                    yield f"{where}: String should match pattern '^{_NAME.pattern}$'"


def _unpaired(turns: list[_Turn]) -> Iterator[str]:
    seen: set[str] = set()
    for before, turn in zip([None, *turns], turns, strict=False):
        asked = before.ids("tool_use", "id") if before is not None and before.role == "assistant" else []
        yield from _unasked(turn, asked)
        if before is not None:
            yield from _unanswered(before.number, turn, asked)
        yield from _repeated(turn, seen)
    last = turns[-1].ids("tool_use", "id")
    if last:
        yield _missing(turns[-1].number, last)


def _unasked(turn: _Turn, asked: Sequence[str]) -> Iterator[str]:
    answered = turn.ids("tool_result", "tool_use_id")
    for wrong in [name for name in answered if name not in asked]:
        yield (
            f"messages.{turn.number}: unexpected `tool_use_id` found in `tool_result` blocks: {wrong}. Each "
            "`tool_result` block must have a corresponding `tool_use` block in the previous message."
        )
    for name in sorted({name for name in answered if answered.count(name) > 1}):
        yield (
            f"messages.{turn.number}: each tool_use must have a single result. "
            f"Found multiple `tool_result` blocks with id: {name}"
        )


def _unanswered(number: int, turn: _Turn, asked: Sequence[str]) -> Iterator[str]:
    kinds = [block.get("type") for block in turn.blocks]
    first = kinds[: kinds.count("tool_result")]
    answered = turn.ids("tool_result", "tool_use_id") if set(first) <= {"tool_result"} else []
    left = [name for name in asked if name not in answered]
    if left:
        yield _missing(number, left)


def _missing(number: int, names: Sequence[str]) -> str:
    return (
        f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately after: "
        f"{', '.join(names)}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    )


def _repeated(turn: _Turn, seen: set[str]) -> Iterator[str]:
    for name in turn.ids("tool_use", "id"):
        if name in seen:
            yield f"messages.{turn.number}: `tool_use` ids must be unique: {name}"
        seen.add(name)
