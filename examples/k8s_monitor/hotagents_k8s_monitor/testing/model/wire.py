"""The HTTP side of a model server: connections, threads, and replies that come late, slowly or not at all."""

from __future__ import annotations

import contextlib
import json
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, final
from urllib.parse import urlsplit

from hotagents_k8s_monitor.testing.model.requests import Request
from hotagents_k8s_monitor.testing.serving import Loopback

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing.model.replies import Reply

__all__ = ["Wire"]


@final
class Wire(Loopback):
    """A `hotagents_k8s_monitor.testing.serving.Loopback` that answers as it is told.

    Args:
        respond: Called with each request, in the thread of its connection.
    """

    def __init__(self, respond: Callable[[Request], Reply]) -> None:
        super().__init__(_Handler, name="model-server")
        self.respond = respond


@final
class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Wire

    def __getattr__(self, name: str) -> Any:
        """Answer every method in the same way; the base class looks for ``do_GET`` and so on."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, *_args: object) -> None:
        """Stay silent: `ModelServer.requests` tells."""

    def _answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        request = Request(
            method=self.command,
            path=urlsplit(self.path).path,
            headers={name.lower(): value for name, value in self.headers.items()},
            raw=raw,
            body=_object(raw),
        )
        reply = self.server.respond(request)
        if reply.is_dropped or (reply.after and self.server.closing.wait(reply.after)):
            self.close_connection = True
        else:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        content = reply.content
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Type": reply.kind, "Content-Length": len(content)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self._write(content, reply.over)

    def _write(self, content: bytes, over: float) -> None:
        if not over:
            self.wfile.write(content)
            return
        for number in range(len(content)):
            if self.server.closing.wait(over / len(content)):
                self.close_connection = True
                return
            self.wfile.write(content[number : number + 1])


def _object(raw: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(raw)
        return found if isinstance(found, dict) else {}
    return {}
