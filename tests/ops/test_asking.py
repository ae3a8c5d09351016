from __future__ import annotations

import io
import socket
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from hotagents.ops.asking import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers one request after the other with bytes, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    asked.append(connection.recv(65_536))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        thread.join(10.0)
        assert not thread.is_alive()


@pytest.mark.parametrize(("path", "asked_for"), [("", "/status"), ("/", "/status"), ("/of/mine?x=1", "/of/mine?x=1")])
def test_a_host_alone_is_asked_for_its_status(path: str, asked_for: str) -> None:
    with answering(HEAD + b"\r\n{}") as (url, asked):
        assert fetch(url + path) == b"{}"
    assert asked[0].startswith(f"GET {asked_for} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 404 Not\x1b[2J Found\r\n\r\n", r"answered 404 Not\\x1b\[2J Found"),
        (b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n", "answered 302 Found"),
        (b"HTTP/1.1 302 Found\r\nlocation: file:///etc/passwd\r\n\r\n", "answered 302 Found"),
        (b"", "Remote end closed connection"),
        (b"nonsense\r\n\r\n", "nonsense"),
        (HEAD + b"content-length: 10\r\n\r\n{}", "expected 8 bytes more"),
    ],
)
def test_an_answer_that_is_none_is_told_in_one_line(answer: bytes, said: str) -> None:
    with answering(answer) as (url, _), pytest.raises(OSError, match=said) as caught:
        fetch(url)
    assert str(caught.value).startswith(f"{url}/status: ")
    assert "\n" not in str(caught.value)


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotagents.ops.asking._MOST_BYTES", 1000)
    with answering(HEAD + b"\r\n" + b"x" * 2000) as (url, _), pytest.raises(OSError, match="at most 1000 bytes"):
        fetch(url)


def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(OSError, match="timed out"):
        fetch(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.1)


def test_a_server_that_goes_on_and_on_is_given_up() -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as slow:

        def serve() -> None:
            connection, _ = slow.accept()
            with connection:
                connection.sendall(HEAD + b"\r\n")
                try:
                    while not stop.wait(0.01):
                        connection.sendall(b"x")
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(OSError, match="expected a report in time"):
            fetch(f"http://127.0.0.1:{slow.getsockname()[1]}", timeout=0.3)
        stop.set()
        thread.join(10.0)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "http://", "://x"])
def test_only_http_is_asked(url: str) -> None:
    with pytest.raises(OSError, match="expected http:// or https:// and a host"):
        fetch(url)


def test_a_file_and_standard_input_are_read_as_far_as_a_report_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotagents.ops.asking._MOST_BYTES", 10)
    path = tmp_path / "status.json"
    path.write_bytes(b"{}")
    assert fetch(str(path)) == b"{}"
    path.write_bytes(b"x" * 11)
    with pytest.raises(OSError, match="at most 10 bytes, got more"):
        fetch(str(path))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{ }")))
    assert fetch("-") == b"{ }"
    with pytest.raises(OSError, match="No such file"):
        fetch(str(tmp_path / "nowhere"))
