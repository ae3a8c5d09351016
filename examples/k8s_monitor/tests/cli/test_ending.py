"""How a process ends around a look that was left behind, in the middle of a line that never ends."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, final

import pytest

from hotagents_k8s_monitor.cli.ending import end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Start = Callable[..., Any]


@final
class Dripping(ThreadingHTTPServer):
    """Answers with a header that comes in crumbs and never ends."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Drip)
        self.over = threading.Event()


@final
class Drip(BaseHTTPRequestHandler):
    server: Dripping

    def do_GET(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        try:
            while not self.server.over.wait(0.02):
                self.wfile.write(b"X")
        except OSError:
            return  # the client is gone

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    """A kubeconfig of the dripping server, with a credential that the client keeps in a temporary file."""
    with Dripping() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        user = {"client-key-data": base64.b64encode(b"a key").decode(), "token": "not-a-secret"}
        config = {
            "current-context": "here",
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        }
        path = tmp_path / "config"
        path.write_text(json.dumps(config), encoding="utf-8")
        yield path
        server.over.set()
        server.shutdown()
        thread.join(10.0)


@pytest.mark.parametrize(("command", "code"), [("once", 2), ("preflight", 1)])
def test_a_look_that_was_left_behind_changes_no_exit_code_and_leaves_no_key(
    command: str, code: int, start: Start, kubeconfig: Path, home: Path
) -> None:
    process = start(command, kubeconfig=kubeconfig, look_timeout=5)  # on a slow machine the client alone takes one
    assert (process.ended(), process.log) == (code, [])
    assert any("no answer in time" in line for line in process.out)
    assert list((home / "tmp").iterdir()) == []


def test_without_such_a_look_the_interpreter_ends_the_process_in_its_own_way() -> None:
    end(SystemExit(3))
