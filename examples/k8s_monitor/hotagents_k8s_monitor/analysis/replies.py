"""`Reply`: one answer of a model, read from JSON that may be anything.

The package's own models are not used for it: they take what is missing for None and what is new for what it is not, and
a server that only resembles the API's may leave out or add what it likes.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.analysis.errors import AnalysisError
from hotagents_k8s_monitor.analysis.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Reply", "ToolUse", "json_within", "reply_of", "usage_in", "with_ids_of_its_own"]

_MOST_BLOCKS: Final = 100
_DEEPEST: Final = 40
_LONGEST_NAME: Final = 128
_NAME: Final = re.compile(rf"[a-zA-Z0-9_-]{{1,{_LONGEST_NAME}}}", re.ASCII)  # what the API takes back
_DECODER: Final = json.JSONDecoder()
_MOST_BEGINNINGS: Final = 100  # of objects in a text, most of which may be none
_NOT_IN_NAMES: Final = re.compile(r"[^a-zA-Z0-9_-]", re.ASCII)
_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {  # that blocks must have to be sent back
    "text": ("text",),
    "thinking": ("thinking", "signature"),
    "redacted_thinking": ("data",),
    "server_tool_use": ("id", "name"),
}
_CUT: Final[Mapping[str, str]] = {
    "max_tokens": "its answer was cut at the tokens that one answer may have",
    "model_context_window_exceeded": "what it was told is more than it can read",
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """A function that a model asks to be called."""

    id: str
    name: str
    input: Mapping[str, Any]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer.

    Attributes:
        content: Those of its blocks that can be sent back.
        uses: What it asks to be called.
        text: What it says.
        paused: Whether it wants to be asked to go on.
    """

    content: tuple[Mapping[str, Any], ...]
    uses: tuple[ToolUse, ...]
    text: str
    paused: bool


def reply_of(content: bytes) -> Reply:
    """Return an answer.

    Raises:
        AnalysisError: If it is none, or was cut, or the model refused.
    """
    said = _decoded(content)
    _refuse_what_is_no_answer(said)
    blocks = _blocks(said.get("content"))
    uses = tuple(_use(block) for block in blocks if block.get("type") == "tool_use")
    texts = [block["text"] for block in blocks if block.get("type") == "text"]
    paused = said.get("stop_reason") == "pause_turn" and not uses
    kept = tuple(block for block in map(_sent_back, blocks) if block is not None)
    return Reply(content=kept, uses=uses, text="\n".join(texts), paused=paused)


def usage_in(content: bytes) -> Usage:
    """Return what an answer took, as far as it says so; also of one of which nothing else can be used."""
    try:
        usage = _decoded(content).get("usage")
    except AnalysisError:
        usage = None
    return Usage.of(usage if isinstance(usage, dict) else {})


def _blocks(content: Any) -> list[dict[str, Any]]:
    """Return the blocks that are any; a text of nothing may not be sent back, and is left out."""
    if not isinstance(content, list) or len(content) > _MOST_BLOCKS:
        raise AnalysisError("malformed", "the model's answer has no content that can be read")
    if not all(isinstance(block, dict) and isinstance(block.get("type"), str) for block in content):
        raise AnalysisError("malformed", "a part of the model's answer says nothing of what it is")
    return [block for block in content if block["type"] != "text" or _says_something(block.get("text"))]


def _says_something(text: Any) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _sent_back(block: dict[str, Any]) -> Mapping[str, Any] | None:
    """Return a block as the API takes it back; None for one that it does not."""
    kind = block["type"]
    if kind == "tool_use":
        use = _use(block)
        return {"type": kind, "id": use.id, "name": use.name, "input": use.input}
    if kind.endswith("_tool_result"):  # of a tool of the server's, which alone knows what is in it
        return block
    keys = _TEXTS.get(kind, ())
    if not keys or not all(isinstance(block.get(key), str) and block[key] for key in keys):
        return None
    more = {"input": block.get("input", {})} if kind == "server_tool_use" else {}
    return {"type": kind, **{key: block[key] for key in keys}, **more}


def _decoded(content: bytes) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or _is_deep(said):
        raise AnalysisError("malformed", "the model's answer is not the JSON that the Messages API sends")
    return said


def _is_deep(value: Any) -> bool:
    """Say whether it is nested more deeply than whoever walks through it can follow."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _within(outer)]
        if not level:
            return False
    return True


def _within(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _refuse_what_is_no_answer(said: Mapping[str, Any]) -> None:
    reason = said.get("stop_reason")
    if reason == "refusal":
        raise AnalysisError("refused", "the model refused to answer")
    if isinstance(reason, str) and reason in _CUT:
        raise AnalysisError("malformed", f"of no use: {_CUT[reason]}")
    if said.get("type") == "error":
        raise AnalysisError("failed", "the model's server answered with an error and no status that says so")


def _use(block: Mapping[str, Any]) -> ToolUse:
    """Return a call; a name that no tool can have is one that none has, and is made such that it can be sent back."""
    given, identity, name = (block.get(key) for key in ("input", "id", "name"))
    if not (isinstance(identity, str) and _NAME.fullmatch(identity) and isinstance(name, str) and name):
        raise AnalysisError("malformed", "a call of the model's has an id or a name that no call may have")
    named = _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME]
    return ToolUse(id=identity, name=named, input=given if isinstance(given, dict) else {})


def with_ids_of_its_own(reply: Reply, taken: set[str]) -> Reply:
    """Return a reply with a new id in place of each that is taken already; small servers give the same ones again.

    Args:
        reply: As it came.
        taken: All ids of a conversation; those of this reply are added.
    """
    uses = tuple(replace(use, id=_free(use.id, taken)) for use in reply.uses)
    ids = iter([use.id for use in uses])
    content = ({**block, "id": next(ids)} if block["type"] == "tool_use" else block for block in reply.content)
    return replace(reply, content=tuple(content), uses=uses)


def _free(identity: str, taken: set[str]) -> str:
    found = identity if identity not in taken else f"again_{len(taken)}"
    while found in taken:
        found += "_"
    taken.add(found)
    return found


def json_within(text: str) -> Any:
    """Return the value that a text is, or the largest object within it; None where there is none.

    Models that were asked for nothing but JSON still put a fence or a sentence around it, or think aloud before.
    """
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    found, size = None, 0
    begin = text.find("{")
    for _ in range(_MOST_BEGINNINGS):
        if begin < 0:
            break
        value, end = _object_at(text, begin)
        if end - begin >= size and value is not None:
            found, size = value, end - begin
        begin = text.find("{", end)
    return found


def _object_at(text: str, begin: int) -> tuple[Any, int]:
    """Return the object that begins here, and its end; None and the next place where none does."""
    try:
        return _DECODER.raw_decode(text, begin)
    except (ValueError, RecursionError):
        return None, begin + 1
