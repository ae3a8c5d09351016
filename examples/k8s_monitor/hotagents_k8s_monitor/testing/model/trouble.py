"""Replies that a client must live through: errors, lateness, and bodies that are not what they should be."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.testing.model.replies import Reply, text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["dripping", "dropped", "failing", "html", "huge", "malformed", "redirect", "slow", "wrong_shape"]

_MALFORMED: Final = b'{"id": "msg_0", "type": "message", "content": [{"type": "te'
_PAGE: Final = b"<!DOCTYPE html><html><head><title>Sorry</title></head><body><h1>Something is wrong</h1></body></html>"


def failing(
    status: int,
    kind: str,
    message: str = "",
    *,
    retry_after: float | str | None = None,
    retry_after_ms: float | str | None = None,
    retry: bool | None = None,
) -> Reply:
    """Return an error as the API gives it.

    Args:
        status: The HTTP status, such as 529.
        kind: The type of the error, such as ``overloaded_error``.
        message: What it says; empty for its type.
        retry_after: The header ``Retry-After``: seconds, or a text as it is; None for no such header.
        retry_after_ms: The same for ``Retry-After-Ms``, in milliseconds.
        retry: What the header ``X-Should-Retry`` tells the client to do; None for no such header.
    """
    wanted: Mapping[str, float | str | None] = {
        "Retry-After": retry_after,
        "Retry-After-Ms": retry_after_ms,
        "X-Should-Retry": None if retry is None else str(retry).lower(),
    }
    return Reply(
        status=status,
        body={"type": "error", "error": {"type": kind, "message": message or kind}},
        headers={name: str(value) for name, value in wanted.items() if value is not None},
    )


def slow(reply: Reply, seconds: float) -> Reply:
    """Return a reply that comes only after so many seconds; not at all if the server closes before."""
    return dataclasses.replace(reply, after=seconds)


def dripping(reply: Reply, seconds: float) -> Reply:
    """Return a reply whose body comes byte by byte over so many seconds; less of it if the server closes before."""
    return dataclasses.replace(reply, over=seconds)


def malformed() -> Reply:
    """Return what says that it is JSON and is not."""
    return Reply(body=_MALFORMED)


def wrong_shape(body: Any) -> Reply:
    """Return a JSON value in the place of a message."""
    return Reply(body=body)


def dropped() -> Reply:
    """Return nothing: the connection is closed."""
    return Reply(is_dropped=True)


def huge(size: int) -> Reply:
    """Return a message with a text of so many bytes."""
    return text("x" * size)


def html(status: int = 502) -> Reply:
    """Return a page, as proxies do."""
    return Reply(status=status, body=_PAGE, kind="text/html; charset=utf-8")


def redirect(url: str, *, status: int = 307) -> Reply:
    """Return a redirect; by default one after which a client sends the same once more, to this URL."""
    return Reply(status=status, body=b"", kind="text/plain", headers={"Location": url})
