"""`nonsense`: a model that is not well: whatever can come over the wire comes, and the same again for the same seed."""

from __future__ import annotations

import dataclasses
import itertools
import json
import random
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.testing.model import replies, trouble
from hotagents_k8s_monitor.testing.model.hostile import HOSTILE
from hotagents_k8s_monitor.testing.model.sensible import sensible

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing.model.replies import Reply
    from hotagents_k8s_monitor.testing.model.requests import Request

__all__ = ["nonsense"]

_NOWHERE: Final = "http://127.0.0.1:1/v1/messages"  # where nobody listens, so that nothing leaves the machine
_ERRORS: Final = (
    (400, "invalid_request_error"),
    (401, "authentication_error"),
    (403, "permission_error"),
    (404, "not_found_error"),
    (408, "timeout_error"),
    (409, "conflict_error"),
    (413, "request_too_large"),
    (418, "teapot_error"),
    (429, "rate_limit_error"),
    (500, "api_error"),
    (503, "api_error"),
    (529, "overloaded_error"),
)
_WAITS: Final = (None, None, 0, "soon", "-1", "nan", "", "Thu, 01 Jan 1970 00:00:00 GMT")
_WORDS: Final = ("", " ", "\x00", "\ud800", "\udfff\ud800 half", "ok", "ü", "\u202e", "null", "{", "[]", "1e999")
_NUMBERS: Final = (0, -1, 1e308, -0.0, 10**40, 10**400, float("inf"), float("nan"), 0.1)
_STOPS: Final[tuple[Any, ...]] = (
    "end_turn",
    "tool_use",
    "max_tokens",
    "stop_sequence",
    "sideways",
    "",
    None,
    7,
    [],
    {"type": "x"},
)
_KEYS: Final = ("", "verdict", "severity", "summary", "type", "__class__", "ü", "$ref", "name", "\ud800")
_DEPTHS: Final = (8, 30, 200)
_MOST: Final = 4


def nonsense(seed: int) -> Callable[[Request], Reply]:
    """Return a script that answers anything, for one server. It may be called from any thread.

    What it answers follows from the seed and from how many requests came before, so that a client which asks one after
    the other hears the same again, whatever it says of the time; only names of tools and the schema of an answer are
    taken from the request.
    """
    return _Nonsense(seed)


@final
class _Nonsense:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._numbers = itertools.count()  # its next is one step, in whatever thread

    def __call__(self, request: Request) -> Reply:
        chance = random.Random(f"{self._seed}:{next(self._numbers)}")  # noqa: S311 - it must come out the same again
        return _with_ids(chance.choice(_KINDS)(chance, request), chance)


def _with_ids(reply: Reply, chance: random.Random) -> Reply:
    """Return a reply whose ids follow from chance, not from how many were made before."""
    if not reply.is_message:
        return reply
    content = [
        {**block, "id": f"toolu_{chance.getrandbits(96):024x}"} if block["type"] == "tool_use" else block
        for block in reply.body["content"]
    ]
    return dataclasses.replace(reply, body={**reply.body, "content": content})


def _value(chance: random.Random, depth: int = 0) -> Any:
    """Return any JSON value."""
    kind = chance.randrange(8 if depth < _MOST else 5)
    match kind:
        case 0:
            return chance.choice((None, True, False))
        case 1:
            return chance.choice(_NUMBERS)
        case 2:
            return chance.choice(HOSTILE)
        case 3 | 4:
            return chance.choice(_WORDS)
        case 5:
            return [_value(chance, depth + 1) for _ in range(chance.randrange(_MOST))]
    return {chance.choice(_KEYS): _value(chance, depth + 1) for _ in range(chance.randrange(_MOST))}


def _nested(chance: random.Random) -> Any:
    found = _value(chance, _MOST)
    for _ in range(chance.choice(_DEPTHS)):
        found = [found] if chance.random() < 0.5 else {chance.choice(_KEYS): found}  # noqa: PLR2004 - half of them
    return found


def _tool(chance: random.Random, request: Request) -> str:
    return chance.choice([*request.tools, *request.tools, "delete_everything", "", "../x", "\ud800"])


def _words(chance: random.Random, _request: Request) -> Reply:
    return replies.text(chance.choice((*HOSTILE, *_WORDS)))


def _json(chance: random.Random, request: Request) -> Reply:
    """Return JSON in a text: what is asked for with something changed, or anything."""
    value = _value(chance)
    if request.output_config.get("format") and isinstance(value, dict):
        right = json.loads(sensible(_without_tools(request)).body["content"][0]["text"])
        value = {**right, **value} if isinstance(right, dict) else value
    shown = json.dumps(value)
    return replies.text(chance.choice((shown, f"```json\n{shown}\n```", shown[: len(shown) // 2], f"Here: {shown}")))


def _changed(chance: random.Random, request: Request) -> Reply:
    """Return what is asked for, but for one value."""
    right = sensible(_without_tools(request)).body["content"][0]["text"]
    try:
        value = json.loads(right)
    except ValueError:
        return replies.text(right)
    if isinstance(value, dict) and value:
        value[chance.choice(sorted(value))] = _value(chance)
    return replies.structured(value)


def _without_tools(request: Request) -> Request:
    body = {key: value for key, value in request.body.items() if key != "tools"}
    return dataclasses.replace(request, body=body)


def _calls(chance: random.Random, request: Request) -> Reply:
    """Return calls of tools, of which not all exist, with any inputs."""
    made = [(_tool(chance, request), {"x": _value(chance)}) for _ in range(chance.randrange(1, 2 * _MOST))]
    return replies.tool_use(*made, said=chance.choice(("", *HOSTILE[:5])))


def _deep_call(chance: random.Random, request: Request) -> Reply:
    return replies.tool_use((_tool(chance, request), {"x": _nested(chance)}))


def _odd_blocks(chance: random.Random, request: Request) -> Reply:
    """Return a message with wrong ids, blocks without what they need, and a stop that does not fit."""
    name = _tool(chance, request)
    blocks: tuple[dict[str, Any], ...] = (
        {"type": "tool_use", "id": chance.choice(("toolu_1", "", None, 7)), "name": name, "input": _value(chance)},
        {"type": "tool_use", "id": "toolu_1", "name": name},
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": chance.choice(HOSTILE)},
        {"type": "text"},
        {"type": "text", "text": chance.choice((None, 7, [], *_WORDS))},
        {"type": "from_the_future", "text": chance.choice(HOSTILE)},
        {"type": "thinking", "thinking": chance.choice(HOSTILE), "signature": ""},
        {},
    )
    content = [chance.choice(blocks) for _ in range(chance.randrange(2 * _MOST))]
    return trouble.wrong_shape({**replies.message(stop=chance.choice(_STOPS)).body, "content": content})


def _odd_message(chance: random.Random, _request: Request) -> Reply:
    """Return a message one of whose fields is anything."""
    body = replies.text(chance.choice(HOSTILE)).body
    field = chance.choice([*body, *(["content", "usage", "stop_reason"] * 2)])
    odd = {key: _value(chance, _MOST) for key in replies.USAGE} if field == "usage" else _value(chance)
    return trouble.wrong_shape({**body, field: chance.choice((odd, None))})


def _no_message(chance: random.Random, _request: Request) -> Reply:
    return trouble.wrong_shape(_value(chance))


def _ended(chance: random.Random, _request: Request) -> Reply:
    """Return a message that ended before its time."""
    said = chance.choice(HOSTILE)
    early = (replies.cut(said), replies.overflowed(said), replies.overflowed(), replies.refused())
    empty = (replies.message(stop="end_turn"), replies.message(stop="tool_use"), replies.paused("wait"))
    return chance.choice(early + empty)


def _failing(chance: random.Random, _request: Request) -> Reply:
    status, kind = chance.choice(_ERRORS)
    made = trouble.failing(status, kind, chance.choice(HOSTILE), retry_after=chance.choice(_WAITS))
    return made if chance.random() < 0.8 else dataclasses.replace(made, body=_value(chance))  # noqa: PLR2004 - a few


def _broken(chance: random.Random, _request: Request) -> Reply:
    """Return what is no answer of this API at all."""
    pages = (trouble.html(200), trouble.html(502), dataclasses.replace(trouble.html(200), body=b""))
    others = (trouble.malformed(), trouble.dropped(), trouble.redirect(_NOWHERE), trouble.huge(1 << 20))
    return chance.choice(pages + others)


def _late(chance: random.Random, request: Request) -> Reply:
    late = chance.choice((trouble.slow, trouble.dripping))
    return late(chance.choice((_ended, _calls, _json))(chance, request), 0.02)


_KINDS: Final[tuple[Callable[[random.Random, Request], Reply], ...]] = (
    *(_words, _json, _changed, _changed, _calls, _calls, _deep_call, _odd_blocks, _odd_blocks, _odd_message),
    *(_no_message, _ended, _failing, _broken, _late),
    *(lambda _chance, request: sensible(request),) * 2,  # so that conversations go on
)
