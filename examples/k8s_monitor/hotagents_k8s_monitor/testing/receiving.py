"""`Receiver`: an HTTP server on the loopback that takes what is posted to it, answers as it is told, and remembers all.

`FakeWebhook` is one that takes anything; the fakes of Slack and Alertmanager are built on it.
"""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, NamedTuple, final
from urllib.parse import parse_qsl, urlsplit

from hotagents_k8s_monitor.testing.serving import Loopback

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

__all__ = ["Failure", "FakeWebhook", "Handler", "Received", "Receiver"]


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
    def handler(self) -> type[Handler]:
        """What takes its requests."""
        return Handler

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
class _Server(Loopback):
    def __init__(self, receiver: Receiver) -> None:
        super().__init__(receiver.handler, name="fake-receiver")
        self.receiver = receiver


class Handler(BaseHTTPRequestHandler):
    """Hands requests to its server's `Receiver`, and sends what that answers or how it fails."""

    protocol_version = "HTTP/1.1"
    server: _Server
    text_type = "text/plain"

    def log_message(self, *_arguments: object) -> None:
        """Stay silent: `Receiver.requests` tells."""

    @property
    def names(self) -> dict[str, str]:
        """The headers, with names in lower case."""
        return {name.lower(): value for name, value in self.headers.items()}

    def do_POST(self) -> None:
        """Answer what is posted."""
        raw, names = self.rfile.read(int(self.headers.get("Content-Length") or 0)), self.names
        self.respond(Received(urlsplit(self.path).path, names, _body(raw, names.get("content-type", ""))))

    def respond(self, request: Received) -> None:
        """Send what there is to send, or nothing."""
        failure, status, body = self.server.receiver.handle(request)
        if failure is not None and failure.hangs:
            self.server.closing.wait()
        if failure is not None and (failure.cuts or failure.hangs):
            self.close_connection = True
        elif failure is not None:
            self.send(status, body, failure.headers)
        else:
            self.send(status, *self.shaped(request, body))

    def shaped(self, request: Received, body: Any) -> tuple[Any, Mapping[str, str]]:
        """Return the body of an answer as it is sent, and what headers go with it."""
        del request
        return body, {}

    def send(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
        """Send an answer: a text as it is, everything else as JSON."""
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", self.text_type if isinstance(body, str) else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _body(raw: bytes, kind: str) -> Any:
    text = raw.decode("utf-8", "replace")
    if "json" in kind:
        with contextlib.suppress(ValueError):
            return json.loads(text)
    return dict(parse_qsl(text, keep_blank_values=True))
