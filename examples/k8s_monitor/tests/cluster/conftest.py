"""Clients of servers on the loopback, and servers that are not HTTP enough for a library."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hotagents_k8s_monitor.cluster.connection import connect, disconnect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hotagents_k8s_monitor.cluster.client import ApiClient


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Callable[[str], str]:
    """Write a kubeconfig for a server and return its path."""

    def write(url: str, **user: Any) -> str:
        config = {
            "current-context": "here",
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": user or {"token": "sesame-open-sesame"}}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        }
        path = tmp_path / "config"
        path.write_text(json.dumps(config), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def client_of(kubeconfig: Callable[[str], str]) -> Iterator[Callable[[str], ApiClient]]:
    """Return a client of a server; it is closed at the end."""
    clients: list[ApiClient] = []

    def make(url: str) -> ApiClient:
        clients.append(connect(kubeconfig=kubeconfig(url), context=None))
        return clients[-1]

    yield make
    for client in clients:
        disconnect(client)


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[socket.socket, threading.Event], None]], str]]:
    """Serve with a function that gets each connection, after its first request was read, and an event for the end."""
    over = threading.Event()
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []
    connections: list[socket.socket] = []

    def start(handler: Callable[[socket.socket, threading.Event], None]) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        thread = threading.Thread(target=_accept, args=(listener, handler, over, threads, connections), daemon=True)
        threads.append(thread)
        thread.start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    over.set()
    for opened in (*listeners, *connections):
        with contextlib.suppress(OSError):
            opened.shutdown(socket.SHUT_RDWR)
        opened.close()
    for thread in threads:
        thread.join(5.0)


def _accept(
    listener: socket.socket,
    handler: Callable[[socket.socket, threading.Event], None],
    over: threading.Event,
    threads: list[threading.Thread],
    connections: list[socket.socket],
) -> None:
    while not over.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connections.append(connection)
        thread = threading.Thread(target=_answer, args=(connection, handler, over), daemon=True)
        threads.append(thread)
        thread.start()


def _answer(
    connection: socket.socket, handler: Callable[[socket.socket, threading.Event], None], over: threading.Event
) -> None:
    with connection, contextlib.suppress(OSError):
        heard = b""
        while b"\r\n\r\n" not in heard:
            if not (piece := connection.recv(1 << 16)):
                return
            heard += piece
        handler(connection, over)
