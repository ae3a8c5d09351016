"""The contract of the Messages API: what a request must be like, and how one that is not is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hotagents_k8s_monitor.testing.model.conversations import conversation_problems
from hotagents_k8s_monitor.testing.model.requests import blocks_of
from hotagents_k8s_monitor.testing.model.schemas import schema_problems
from hotagents_k8s_monitor.testing.model.shapes import misshapen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from hotagents_k8s_monitor.testing.model.requests import Request

__all__ = ["Contract", "Refusal"]

_PATH: Final = "/v1/messages"
_TOOL_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_ALIASES: Final = re.compile(r"(haiku|sonnet|opus|inherit|default)?(\[.*\])?")
_SAMPLING: Final = ("temperature", "top_p", "top_k")
_MOST_BREAKPOINTS: Final = 4


class Refusal(NamedTuple):
    """Why a request is not answered: the status, the type of the error and what it says."""

    status: int
    kind: str
    message: str
    is_surprise: bool = True


@final
class Contract:
    """What requests are held to.

    Args:
        without: Fields that this server does not know.
        api_key: The key that it accepts; None for any, and empty if it asks for none.
        is_paused: Whether this is the content of a turn that the server paused.
    """

    def __init__(self, *, without: Collection[str], api_key: str | None, is_paused: Callable[[Any], bool]) -> None:
        self._without = without
        self._api_key = api_key
        self._is_paused = is_paused

    def refusal(self, request: Request) -> Refusal | None:
        """Return why a request is refused; None if it is right."""
        if (request.method, request.path) != ("POST", _PATH):
            return Refusal(404, "not_found_error", f"{request.method} {request.path}: not found")
        found = self._of_headers(request.headers)
        if found is None and not request.body:
            found = _invalid("The request body is not valid JSON, or no object")
        return found or self._unknown(request.body) or self._of_body(request)

    def _of_headers(self, headers: Mapping[str, str]) -> Refusal | None:
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if not key and self._api_key != "":
            return Refusal(401, "authentication_error", "x-api-key header is required")
        if self._api_key and key != self._api_key:
            return Refusal(401, "authentication_error", "invalid x-api-key", is_surprise=False)
        return None if headers.get("anthropic-version") else _invalid("anthropic-version: header is required")

    def _unknown(self, body: Mapping[str, Any]) -> Refusal | None:
        found = next((name for name in self._without if name in body), None)
        return None if found is None else _invalid(f"{found}: Extra inputs are not permitted", is_surprise=False)

    def _of_body(self, request: Request) -> Refusal | None:
        wrong = next((f"{name}: Extra inputs are not permitted" for name in _SAMPLING if name in request.body), "")
        wrong = wrong or misshapen(request.body)
        if wrong:
            return _invalid(wrong)
        if _ALIASES.fullmatch(request.model):
            return Refusal(404, "not_found_error", f"model: {request.model}")
        return next((_invalid(problem) for problem in self._problems(request)), None)

    def _problems(self, request: Request) -> Iterator[str]:
        if request.body["max_tokens"] < 1:
            yield "max_tokens: Input should be greater than or equal to 1"
        if any(not block["text"].strip() for block in blocks_of(request.body.get("system", []))):
            yield "system: text content blocks must be non-empty"
        yield from _of_tools(request.body.get("tools", []))
        yield from _of_output(request.output_config)
        yield from conversation_problems(request.messages, is_paused=self._is_paused)
        breakpoints = _breakpoints(request.body)
        if breakpoints > _MOST_BREAKPOINTS:
            yield f"A maximum of 4 blocks with cache_control may be provided. Found {breakpoints}."


def _invalid(message: str, *, is_surprise: bool = True) -> Refusal:
    return Refusal(400, "invalid_request_error", message, is_surprise)


def _of_tools(tools: list[Any]) -> Iterator[str]:
    for number, tool in enumerate(tools):
        if not _TOOL_NAME.fullmatch(tool["name"]):
            yield f"tools.{number}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
        if tool.get("input_schema", {"type": "object"}).get("type") != "object":
            yield f"tools.{number}.input_schema.type: Input should be 'object'"
        if tool.get("strict"):
            yield from schema_problems(tool.get("input_schema", {}), f"tools.{number}.input_schema")
    if len({tool["name"] for tool in tools}) < len(tools):
        yield "tools: Tool names must be unique."


def _of_output(config: Mapping[str, Any]) -> Iterator[str]:
    wanted = config.get("format")
    if wanted is not None:
        yield from schema_problems(wanted["schema"], "output_config.format.schema")


def _breakpoints(value: Any) -> int:
    if isinstance(value, list):
        return sum(_breakpoints(item) for item in value)
    if not isinstance(value, dict):
        return 0
    inner = (item for key, item in value.items() if key not in {"input", "input_schema", "schema"})
    return bool(value.get("cache_control")) + sum(_breakpoints(item) for item in inner)
