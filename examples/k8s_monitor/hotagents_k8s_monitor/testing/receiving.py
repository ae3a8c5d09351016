"""`Receiver`: an HTTP server on the loopback that takes what is posted to it, answers as it is told, and remembers all.

`FakeWebhook` is one that takes anything; the fakes of Slack and Alertmanager are built on it.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

__all__ = ["Failure", "FakeWebhook", "Received", "Receiver"]

_POLL: Final = 0.02
_CLOSING: Final = 1.0


class Received(NamedTuple):
    """One request: its path, its headers in lower case, and its body as JSON or as a form."""

    path: str
    headers: Mapping[str, str]
    body: Any


@final
@dataclass(slots=True)
class Failure:
    """A way in which requests fail.

    Attributes:
        path: How the path of the requests ends; empty for all.
        status: What is answered.
        body: The body of the answer.
        headers: Further headers of it.
        times: How many requests; None for all.
        acts: Whether what was asked is done all the same, before the failure.
        hangs: Whether nothing is answered until the server closes.
        cuts: Whether the connection is closed in place of an answer.
    """

    path: str = ""
    status: int = 500
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int | None = 1
    acts: bool = False
    hangs: bool = False
    cuts: bool = False


class Receiver:
    """A server; use it as a context manager. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._requests: list[Received] = []
        self._failures: list[Failure] = []
        self._done: list[str] = []
        self._lock = threading.Condition()  # on a lock that its owner may take again
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    @property
    def url(self) -> str:
        """Where it listens: ``http://127.0.0.1:PORT``.

        Raises:
            RuntimeError: Outside the ``with`` block.
        """
        if self._server is None:
            raise RuntimeError("the receiver is not started; use it as a context manager")
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def requests(self) -> tuple[Received, ...]:
        """What was asked, in the order in which it came, whatever was answered."""
        with self._lock:
            return tuple(self._requests)

    def wait_for(self, path: str, *, times: int = 1, timeout: float = 30.0) -> None:
        """Wait until so many requests came whose path ends so, and what they asked was done.

        Raises:
            TimeoutError: If they did not come within ``timeout`` seconds.
        """
        with self._lock:
            if not self._lock.wait_for(lambda: self._done.count(path) >= times, timeout):
                raise TimeoutError(f"expected {times} requests of {path}, got {self._done.count(path)}")

    def fail(self, failure: Failure) -> None:
        """Let requests fail; the first failure that hits one acts."""
        with self._lock:
            self._failures.append(failure)

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._failures.clear()

    def answer(self, request: Received) -> tuple[int, Any]:
        """Do what is asked; return status and body."""
        del request
        return 200, {"ok": True}

    def handle(self, request: Received) -> tuple[Failure | None, int, Any]:
        """Remember a request and do it, unless it is to fail without; called by the server."""
        with self._lock:
            self._requests.append(request)
            failure = next((f for f in self._failures if f.times != 0 and request.path.endswith(f.path)), None)
            if failure is not None and failure.times is not None:
                failure.times -= 1
            if failure is not None and not failure.acts:
                return failure, failure.status, failure.body
            status, body = self.answer(request)
            self._done.append(request.path.rpartition("/")[2])
            self._lock.notify_all()
            return (failure, status, body) if failure is None else (failure, failure.status, failure.body)


@final
class FakeWebhook(Receiver):
    """A receiver of the JSON webhook."""

    @property
    def messages(self) -> tuple[Any, ...]:
        """The bodies that came, repetitions of an ``Idempotency-Key`` left out, as a receiver should do."""
        with self._lock:
            return tuple(
                {r.headers.get("idempotency-key", str(n)): r.body for n, r in enumerate(self._requests)}.values()
            )


@final
class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, receiver: Receiver) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.receiver = receiver
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(_POLL,), name="fake-receiver", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()
        self._thread.join(_CLOSING)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients leave."""


@final
class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_arguments: object) -> None:
        """Stay silent: `Receiver.requests` tells."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Received(urlsplit(self.path).path, headers, _body(raw, headers.get("content-type", "")))
        failure, status, body = self.server.receiver.handle(request)
        if failure is not None and failure.hangs:
            self.server.closing.wait()
        if failure is not None and (failure.cuts or failure.hangs):
            self.close_connection = True
            return
        self._send(status, body, failure.headers if failure is not None else {})

    def _send(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain" if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _body(raw: bytes, kind: str) -> Any:
    text = raw.decode("utf-8", "replace")
    if "json" in kind:
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return dict(parse_qsl(text, keep_blank_values=True))
