"""`Reading`: the two things that a snapshot lacks, events of one object and the end of a pod's log.

Both are asked for when somebody wants to know, once, and always end in time. Nothing else can be read here, and nothing
written: the two calls below are all there are, and names go into them that can be no path.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from hotagents.diagnostics import escape
from hotagents_k8s_monitor.cluster.answers import Call, ask, ask_bytes
from hotagents_k8s_monitor.cluster.bounded import Bounded
from hotagents_k8s_monitor.cluster.connection import disconnect
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.errors import ClusterError
from hotagents_k8s_monitor.cluster.failures import Failure, failure_of
from hotagents_k8s_monitor.cluster.objects import items_at, text_at, time_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.snapshot import GapReason, Object

__all__ = ["LOG_BYTES", "LOG_LINES", "MOST_EVENTS", "Reading", "ReadingError"]

MOST_EVENTS: Final = 50
"""How many events of an object are returned, the newest ones."""

LOG_LINES: Final = 500
"""The most lines of a log that may be asked for."""

LOG_BYTES: Final = 64 << 10
"""The most of a log that is returned, in bytes as it was sent."""

_EVENTS: Final = Call("CoreV1Api", "list_namespaced_event")
_LOG: Final = Call("CoreV1Api", "read_namespaced_pod_log")
_PAGE: Final = 500
_PAGES: Final = 4  # the API server keeps an hour of events: what one object has is far less
_EVENTS_BYTES: Final = 4 << 20
_MORE_THAN_ASKED: Final = 1 << 20  # bytes of a log that are read from a server that knows no limit
_ATTEMPTS: Final = 3  # to find how many lines fit
_GRACE: Final = 0.5  # seconds for work to notice by itself that its time is over
_WITHOUT_NAMESPACE: Final = "default"  # where Kubernetes keeps the events of what is in none
_RENEWING: Final = frozenset({"unauthorized", "unreachable"})
_CUT: Final = "\n[truncated: what is newer is too long to be read]\n"
_LONG_AGO: Final = datetime.min.replace(tzinfo=timezone.utc)
_TIMES: Final = (("series", "lastObservedTime"), ("lastTimestamp",), ("eventTime",), ("firstTimestamp",))

_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_SUBDOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)
_KIND: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,62}", re.ASCII)

_T = TypeVar("_T")


@final
class ReadingError(Exception):
    """It could not be read; the message says why on one line, and what right is missing where one is.

    Attributes:
        reason: Why, in one word.
    """

    def __init__(self, reason: GapReason, message: str) -> None:
        self.reason: Final[GapReason] = reason
        super().__init__(message)


@final
class Reading:
    """Reads from one cluster. All methods are called by one thread at a time; it need not be the same one.

    The connection is made when first needed and kept; one that fails, or hangs, is made anew the next time. All that is
    returned is untrusted text of the cluster's.

    Args:
        connect: Makes the client; it may raise `ClusterError`. It is called in a thread of its own.
        seconds: Longest wait for one answer, the connection included; it may take half a second more.
    """

    def __init__(self, connect: Callable[[], ApiClient], *, seconds: float = 10) -> None:
        self._connection = _Connection(connect)
        self._seconds = seconds
        self._bounded = Bounded()

    def events(self, kind: str, namespace: str, name: str, uid: str = "") -> tuple[Object, ...]:
        """Return the events of an object, the newest last, at most `MOST_EVENTS`.

        Args:
            kind: Such as ``Pod``.
            namespace: Of the object; empty for what is in none.
            name: Of the object.
            uid: Of the object, where it is known: events of another one that had the same name are left out, unless
                there are no others. Each says whose it is in ``involvedObject.uid``.

        Raises:
            ReadingError: If they cannot be read, or this can be no object.
        """
        what = f"events of {escape(kind, limit=100)} {_place(namespace, name)}"
        _check(what, "kind", kind, _KIND)
        _check(what, "name", name, _SUBDOMAIN)
        if namespace:
            _check(what, "namespace", namespace, _LABEL)
        fields = {"kind": kind, "name": name} | ({"namespace": namespace} if namespace else {})
        selector = ",".join(f"involvedObject.{key}={value}" for key, value in fields.items())
        where = namespace or _WITHOUT_NAMESPACE
        right = f"the account may not list events in {where}; k8s/model gives that right"
        found = self._run(lambda client, deadline: _events(client, where, selector, deadline), what, right)
        return tuple(sorted(_own(found, name, uid), key=_time)[-MOST_EVENTS:])

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False, lines: int = 100) -> str:
        """Return the last lines of what a container wrote, at most `LOG_BYTES`; fewer lines where those are long.

        Args:
            namespace: Of the pod.
            pod: Its name.
            container: Which; empty for the only one.
            previous: Whether to read what the one that ran before it wrote.
            lines: How many, from 1 to `LOG_LINES`; others are taken for the nearest of them.

        Raises:
            ReadingError: If they cannot be read, or this can be no container.
        """
        what = f"log of {_place(namespace, pod)}" + (f" {escape(container, limit=100)}" if container else "")
        _check(what, "namespace", namespace, _LABEL)
        _check(what, "pod", pod, _SUBDOMAIN)
        if container:
            _check(what, "container", container, _LABEL)
        given = {"container": container} if container else {}
        options: dict[str, Any] = {
            "namespace": namespace,
            "name": pod,
            **given,
            **({"previous": True} if previous else {}),
        }
        most = min(max(lines, 1), LOG_LINES)
        right = f"the account may not get pods/log in {namespace}; k8s/logs gives that right"
        return self._run(lambda client, deadline: _log(client, options, most, deadline), what, right)

    def close(self) -> None:
        """Close the connection; a later call makes a new one."""
        self._connection.close()

    def _run(self, work: Callable[[ApiClient, Deadline], _T], what: str, right: str) -> _T:
        deadline, connection, found = Deadline.after(self._seconds), self._connection, list[_T]()
        grace = Deadline(deadline.moment + _GRACE, deadline.clock)
        try:
            if self._bounded.run(lambda: found.append(work(connection.client(), deadline)), grace):
                return found[0]
            self._connection = connection.renewed()
            failure = Failure("slow", "no answer in time")
        except ClusterError as error:
            raise ReadingError("unreachable", f"{what}: {error}") from None
        except Exception as error:  # noqa: BLE001 - nothing that a cluster says may end the program
            failure = failure_of(error)
        if failure.reason in _RENEWING:
            connection.close()
        missing = f"; {right}" if failure.reason == "forbidden" else ""
        raise ReadingError(failure.reason, f"{what}: {failure.reason}: {failure.detail}{missing}")


@final
class _Connection:
    """A client, made when first needed; one that hangs is replaced by another, and nobody waits for it."""

    def __init__(self, connect: Callable[[], ApiClient]) -> None:
        self._connect = connect
        self._client: ApiClient | None = None

    def client(self) -> ApiClient:
        if self._client is None:
            self._client = self._connect()
        return self._client

    def renewed(self) -> _Connection:
        return _Connection(self._connect)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            disconnect(client)


def _place(namespace: str, name: str) -> str:
    shown = escape(name, limit=300)
    return f"{escape(namespace, limit=100)}/{shown}" if namespace else shown


def _check(what: str, part: str, text: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(text):
        raise ReadingError("malformed", f"{what}: no {part} can be called that")


def _events(client: ApiClient, namespace: str, selector: str, deadline: Deadline) -> list[Object]:
    """Return all pages, as they are in the order of names; what came is kept where a later one fails."""
    found: list[Object] = []
    place: dict[str, Any] = {"namespace": namespace, "field_selector": selector, "limit": _PAGE}
    for _ in range(_PAGES):
        try:
            body = ask(client, _EVENTS, deadline=deadline, most_bytes=_EVENTS_BYTES, **place).body
        except Failure:
            if found:
                break
            raise
        if text_at(body, "kind") != "EventList":
            raise Failure("malformed", "expected an EventList")
        found += items_at(body, "items")
        if not (token := text_at(body, "metadata", "continue")):
            break
        place["_continue"] = token
    return found


def _own(events: list[Object], name: str, uid: str) -> list[Object]:
    """Return the events of an object; some who write them leave its uid out, or write its name there."""
    own = [event for event in events if text_at(event, "involvedObject", "uid") in {"", name, uid}]
    return own if uid and own else events


def _time(event: Object) -> datetime:
    times = (time_at(event, *keys) for keys in (*_TIMES, ("metadata", "creationTimestamp")))
    return next((time for time in times if time is not None), _LONG_AGO)


def _log(client: ApiClient, options: Mapping[str, Any], lines: int, deadline: Deadline) -> str:
    """Return the last lines; a node cuts off what is newest, so where they are too long fewer are asked for."""
    body = b""
    for _ in range(_ATTEMPTS):
        limits = {"tail_lines": lines, "limit_bytes": LOG_BYTES}
        body = ask_bytes(client, _LOG, deadline=deadline, most_bytes=_MORE_THAN_ASKED, **limits, **options)
        if len(body) != LOG_BYTES or lines == 1:
            break
        lines = max(1, min(lines, body.count(b"\n")) // 2)
    found = body.split(b"\n")[-lines - body.endswith(b"\n") :]  # of a server that knows no limits
    kept = b"\n".join(found)[-LOG_BYTES:]
    return kept.decode("utf-8", "replace") + (_CUT if len(body) == LOG_BYTES else "")
