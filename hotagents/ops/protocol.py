"""The words of the control socket: one JSON object a line, one request and one answer a connection.

::

    {"schema": 1, "command": "rollback", "to": 3}
    {"schema": 1, "ok": true, "result": "held", "report": {...}}
    {"schema": 1, "ok": false, "error": "UnknownGenerationError", "message": "7 is not in the history, ..."}

`hotagents.ops.control` serves it, `hotagents.ops.asking` asks.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

__all__ = ["COMMANDS", "LONGEST_ANSWER", "LONGEST_REQUEST", "SCHEMA", "Command", "decoded", "line_of", "send"]

Command = Literal["status", "rollback", "resume", "run-now", "reload"]
COMMANDS: Final[tuple[str, ...]] = get_args(Command)
SCHEMA: Final = 1
LONGEST_REQUEST: Final = 4096
"""Bytes of a request, newline included."""
LONGEST_ANSWER: Final = 16 * 1024 * 1024
_CHUNK: Final = 65_536


def line_of(connection: socket.socket, *, limit: int, timeout: float) -> bytes:
    """Return the first line that comes, without its newline; what follows it is ignored.

    Args:
        connection: Whose time-out is changed.
        limit: Bytes.
        timeout: Seconds for all of it, however slowly it comes.

    Raises:
        OSError: If the other side ends before the newline, sends more, or takes longer.
    """
    deadline = time.monotonic() + timeout
    received = bytearray()
    while b"\n" not in received:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"expected a line within {timeout:g} s, got {len(received)} bytes of one")
        connection.settimeout(left)
        chunk = connection.recv(_CHUNK)
        if not chunk:
            raise ConnectionError(f"expected a line, got {len(received)} bytes and the connection's end")
        received += chunk
        if len(received) > limit:
            raise ConnectionError(f"expected a line of at most {limit} bytes, got more")
    return bytes(received.partition(b"\n")[0])


def decoded(line: bytes) -> dict[str, Any]:
    """Return the object that a line holds.

    Raises:
        ValueError: If it holds something else, or words of another version.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("expected one JSON object in a line") from None
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")  # noqa: TRY004 - it is the line that is wrong
    if value.get("schema") != SCHEMA:
        raise ValueError(f"expected schema {SCHEMA}, got {str(value.get('schema'))[:20]}")
    return value


def send(connection: socket.socket, value: Mapping[str, Any], *, timeout: float) -> None:
    """Send one object as a line.

    Raises:
        OSError: If the other side is gone, or does not take it in time.
    """
    connection.settimeout(timeout)
    connection.sendall(json.dumps({"schema": SCHEMA, **value}).encode("ascii") + b"\n")
