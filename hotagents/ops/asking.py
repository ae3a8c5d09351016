"""`ask` and `fetch`: what a process says of itself, asked at its control socket, over HTTP, or read from a file."""

from __future__ import annotations

import http.client
import stat
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit, urlunsplit

from hotagents.diagnostics import escape
from hotagents.ops.protocol import LONGEST_ANSWER, Command, decoded, line_of, send
from hotagents.ops.sockets import connected

__all__ = ["RefusedError", "ask", "fetch"]

_MOST_BYTES: Final = LONGEST_ANSWER
_CHUNK: Final = 65_536


class RefusedError(Exception):
    """A process that was asked for something did not do it; the message says why."""


def ask(path: str, command: Command, *, to: int | str | None = None, timeout: float = 30.0) -> dict[str, Any]:
    """Return what the process at a control socket answers: ``result`` and ``report``.

    Args:
        path: The socket.
        command: What is asked for.
        to: A generation's number, or its digest or the beginning of it, for ``rollback``.
        timeout: Seconds for the answer.

    Raises:
        RefusedError: If the process did not do it.
        OSError: If nobody listens there, or does not answer in time or in words that are understood.
    """
    request: dict[str, Any] = {"command": command} | ({} if to is None else {"to": to})
    with connected(path, timeout=timeout) as connection:
        try:
            send(connection, request, timeout=timeout)
            answer = decoded(line_of(connection, limit=LONGEST_ANSWER, timeout=timeout))
        except ValueError as error:
            raise OSError(f"{escape(path)}: {error}") from error
        except OSError as error:
            raise OSError(f"{escape(path)}: no answer, and what was asked for may be done yet: {error}") from error
    if answer.get("ok") is not True:
        raise RefusedError(escape(str(answer.get("message", "no reason was given")), limit=4000))
    return answer


def fetch(place: str, *, timeout: float = 5.0) -> bytes | dict[str, Any]:
    """Return the report at a place: a file's or an answer's bytes; from a control socket the report itself.

    Args:
        place: A file, ``-`` for standard input, a control socket, or a URL: ``http://`` or ``https://``, to which
            ``/status`` is added where it names a host alone.
        timeout: Seconds; for HTTP and sockets.

    Raises:
        OSError: If there is nothing to be had, or more than a report can be.
        RefusedError: If the process at a control socket did not answer.
    """
    if "://" in place:
        return _over_http(place, timeout)
    if place == "-":
        return _bounded(sys.stdin.buffer, "standard input")
    if stat.S_ISSOCK(Path(place).stat().st_mode):
        found: dict[str, Any] = ask(place, "status", timeout=timeout).get("report", {})
        return found
    with Path(place).open("rb") as file:
        return _bounded(file, place)


def _bounded(file: IO[bytes], name: str) -> bytes:
    content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise OSError(f"{escape(name)}: expected a report of at most {_MOST_BYTES} bytes, got more")
    return content


def _over_http(url: str, timeout: float) -> bytes:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise OSError(f"{escape(url)}: expected a URL: {escape(str(error))}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise OSError(f"{escape(url)}: expected http:// or https:// and a host")
    url = urlunsplit(parts._replace(path="/status")) if parts.path in {"", "/"} else url
    deadline = time.monotonic() + timeout
    try:
        with _opener().open(url, timeout=timeout) as answer:
            return _read(answer, deadline)
    except urllib.error.HTTPError as error:
        error.close()
        raise OSError(f"{escape(url)}: answered {error.code} {escape(str(error.reason), limit=80)}") from error
    except urllib.error.URLError as error:
        raise OSError(f"{escape(url)}: {escape(str(error.reason))}") from error
    except (OSError, http.client.HTTPException) as error:
        raise OSError(f"{escape(url)}: {escape(str(error) or type(error).__name__)}") from error


def _read(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    received = bytearray()
    while chunk := answer.read1(_CHUNK):
        received += chunk
        if len(received) > _MOST_BYTES:
            raise OSError(f"expected a report of at most {_MOST_BYTES} bytes, got more")
        if time.monotonic() > deadline:
            raise TimeoutError(f"expected a report in time, got {len(received)} bytes of one")
    if answer.length:
        raise ConnectionError(f"expected {answer.length} bytes more, got the connection's end")
    return bytes(received)


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener for HTTP alone: no files, no FTP, and nobody is sent elsewhere."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
