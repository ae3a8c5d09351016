"""The HTTP side of a fake API server: connections, threads, and all that can go wrong on the wire."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, final
from urllib.parse import parse_qsl, unquote, urlsplit

from hotagents_k8s_monitor.testing.lists import page_of
from hotagents_k8s_monitor.testing.routes import Request, route
from hotagents_k8s_monitor.testing.serving import Loopback
from hotagents_k8s_monitor.testing.spoiling import spoiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing.answers import Answer
    from hotagents_k8s_monitor.testing.api import Api
    from hotagents_k8s_monitor.testing.faults import Fault, Faults

__all__ = ["Server"]


@final
class Server(Loopback):
    """A `hotagents_k8s_monitor.testing.serving.Loopback` that answers as it is told.

    Args:
        api: Gives the right answers.
        faults: Say where they are not given.
        heard: Called with each request, in its thread, before it is answered.
    """

    def __init__(self, api: Api, faults: Faults, heard: Callable[[Request], None]) -> None:
        super().__init__(_Handler, name="fake-cluster")
        self.api = api
        self.faults = faults
        self.heard = heard


@final
class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def __getattr__(self, name: str) -> Any:
        """Answer every method in the same way; the base class looks for ``do_GET`` and so on."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, *_args: object) -> None:
        """Stay silent: `FakeCluster.requests` tells."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        request = Request(self.command, unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True)))
        self.server.heard(request)
        wanted = route(request)
        resource = wanted.resource if wanted is not None else request.path.rstrip("/")
        fault = self.server.faults.take(resource, page_of(request.query))
        answer = self.server.api.answer(request, body)
        if fault is None:
            self._send(answer)
        else:
            self._fail(fault, spoiled(answer, fault, request, wanted))

    def _fail(self, fault: Fault, answer: Answer) -> None:
        if fault.kind == "hang":
            self.server.closing.wait()
        elif fault.kind == "cut":
            self._send(answer, part=len(answer.body) // 2)
        elif fault.kind == "drip":
            self._drip(answer, fault)
        elif fault.kind != "slow" or not self.server.closing.wait(fault.seconds):
            self._send(answer)
        if fault.kind in {"hang", "cut", "drip"}:
            self.close_connection = True

    def _send(self, answer: Answer, *, part: int | None = None) -> None:
        self.send_response(answer.code)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[:part])

    def _drip(self, answer: Answer, fault: Fault) -> None:
        self._send(answer, part=0)
        for start in range(0, len(answer.body), fault.size):
            self.wfile.write(answer.body[start : start + fault.size])
            if self.server.closing.wait(fault.seconds):
                return
