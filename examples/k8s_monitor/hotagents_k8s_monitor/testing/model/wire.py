"""The HTTP side of a model server: connections, threads, and replies that come late, slowly or not at all."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import urlsplit

from hotagents_k8s_monitor.testing.model.requests import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing.model.replies import Reply

__all__ = ["Wire"]

_POLL: Final = 0.02
_CLOSING: Final = 0.8  # seconds for all threads together


@final
class Wire(ThreadingHTTPServer):
    """Listens on a free port of the loopback, with a thread a connection.

    Args:
        respond: Called with each request, in the thread of its connection.
    """

    daemon_threads = True

    def __init__(self, respond: Callable[[Request], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond = respond
        self.closing = threading.Event()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._open_lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(_POLL,), name="model-server", daemon=True)

    def start(self) -> None:
        """Begin to answer, in threads of its own."""
        self._thread.start()

    def close(self) -> None:
        """Close every connection and wait for the threads to end, less than a second."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        self._thread.join(_CLOSING)
        with self._open_lock:
            left = dict(self._open)
        for connection in left.values():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + _CLOSING
        for thread in left:
            thread.join(max(0.0, deadline - time.monotonic()))

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a new thread, and remember both."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), name="model-server-answer", daemon=True
        )
        with self._open_lock:
            self._open[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection until it is closed."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._open_lock:
                self._open.pop(threading.current_thread(), None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless the client just left, as those do that wait no longer."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


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
