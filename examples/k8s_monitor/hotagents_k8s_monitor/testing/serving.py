"""`Loopback`: a server of the test kit: connections, their threads, and an end that waits for none of them."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

__all__ = ["Loopback"]

_POLL: Final = 0.02
_CLOSING: Final = 0.8  # seconds for all threads together


class Loopback(ThreadingHTTPServer):
    """Listens on a free port of the loopback, with a thread a connection.

    Args:
        handler: Answers.
        name: Of its threads.

    Attributes:
        closing: Set when it closes; whoever waits in a handler waits for this.
    """

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler], *, name: str) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.closing = threading.Event()
        self._name = name
        self._open: dict[threading.Thread, socket.socket] = {}
        self._open_lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(_POLL,), name=name, daemon=True)

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
            target=self.process_request_thread, args=(request, client_address), name=f"{self._name}-answer", daemon=True
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
