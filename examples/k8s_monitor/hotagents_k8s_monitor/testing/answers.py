"""`Answer`: what the fake API server says to one request, and the refusals in a real one's words."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["USER", "Answer", "document", "page_not_found", "refusal", "text"]

USER: Final = "system:serviceaccount:k8s-monitor:k8s-monitor"
"""Who every request comes from."""

_REASONS: Final[Mapping[int, str]] = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    410: "Expired",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """A status code, a body, and headers beside ``Content-Length``."""

    code: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def document(value: Any, code: int = 200) -> Answer:
    """Return an answer in JSON; a lone surrogate, which is no text in UTF-8, is escaped as JSON does."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
    return Answer(code, body, {"Content-Type": "application/json"})


def text(value: str, code: int = 200, content_type: str = "text/plain; charset=utf-8") -> Answer:
    """Return an answer in plain text, with a lone surrogate escaped."""
    return Answer(code, value.encode("utf-8", "backslashreplace"), {"Content-Type": content_type})


def page_not_found() -> Answer:
    """Return what a server says of a path, a group or a resource that it does not have."""
    return text("404 page not found\n", 404)


def refusal(
    code: int, message: str, *, details: Mapping[str, Any] | None = None, metadata: Mapping[str, Any] | None = None
) -> Answer:
    """Return a ``Status`` that says why not."""
    status: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": dict(metadata or {}),
        "status": "Failure",
        "message": message,
        "reason": _REASONS.get(code, "Unknown"),
    }
    if details:
        status["details"] = dict(details)
    return document(status | {"code": code}, code)
