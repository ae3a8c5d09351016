"""`log_of`: the end of what a container wrote, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.cluster.answers import Call, ask_bytes

if TYPE_CHECKING:
    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.deadline import Deadline

__all__ = ["LOG_BYTES", "LOG_LINES", "log_of"]

LOG_LINES: Final = 500
"""The most lines that may be asked for."""

LOG_BYTES: Final = 64 << 10
"""The most that is returned, in bytes as it was sent."""

_CALL: Final = Call("CoreV1Api", "read_namespaced_pod_log")
_MOST_BYTES: Final = 1 << 20  # that are read from a server that knows no limit
_ATTEMPTS: Final = 3  # to find how many lines fit
_CUT: Final = "\n[truncated: what is newer is too long to be read]\n"


def log_of(
    client: ApiClient, namespace: str, pod: str, container: str, *, previous: bool, lines: int, deadline: Deadline
) -> str:
    """Return the last lines of a log; fewer than asked for where they are long, and what is no UTF-8 replaced.

    A node begins with the oldest of these lines and cuts off what is newest, so where they are too long fewer are asked
    for.

    Args:
        client: Made by `hotagents_k8s_monitor.cluster.connection.connect`.
        namespace: Of the pod.
        pod: Its name; nothing of this may be anything but a name, as it goes into a path.
        container: Which; empty for the only one.
        previous: Whether to read what the one that ran before it wrote.
        lines: How many; others than from 1 to `LOG_LINES` are taken for the nearest of them.
        deadline: Longest wait.

    Raises:
        Failure: Whatever went wrong.
    """
    options: dict[str, Any] = {"namespace": namespace, "name": pod, "limit_bytes": LOG_BYTES}
    options |= {"container": container} if container else {}
    options |= {"previous": True} if previous else {}
    lines = min(max(lines, 1), LOG_LINES)
    body = b""
    for _ in range(_ATTEMPTS):
        body = ask_bytes(client, _CALL, deadline=deadline, most_bytes=_MOST_BYTES, tail_lines=lines, **options)
        if len(body) != LOG_BYTES or lines == 1:
            break
        lines = max(1, min(lines, body.count(b"\n")) // 2)
    return _end(body, lines).decode("utf-8", "replace") + (_CUT if len(body) == LOG_BYTES else "")


def _end(body: bytes, lines: int) -> bytes:
    """Return the last of what came; it is all, but from a server that knows no limits."""
    found = body.split(b"\n")[-lines - body.endswith(b"\n") :]
    return b"\n".join(found)[-LOG_BYTES:]
