"""`Reading`: the two things that a snapshot lacks, events of one object and the end of a pod's log.

Each is asked for when somebody wants to know, once, and ends in time. Nothing else can be read here, and nothing
written. See `hotagents_k8s_monitor.cluster.events` and `hotagents_k8s_monitor.cluster.logs` for how it is asked.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, final

from hotagents.diagnostics import escape
from hotagents_k8s_monitor.cluster.access import allowed_by
from hotagents_k8s_monitor.cluster.answers import Call, ask
from hotagents_k8s_monitor.cluster.bounded import Bounded
from hotagents_k8s_monitor.cluster.connection import Connection
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.errors import ClusterError
from hotagents_k8s_monitor.cluster.events import WITHOUT_NAMESPACE, events_of
from hotagents_k8s_monitor.cluster.failures import Failure, failure_of
from hotagents_k8s_monitor.cluster.logs import log_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.snapshot import Object

__all__ = ["Reading", "Right"]

Right: TypeAlias = Literal["list events", "get pods/log"]
"""A right that reading needs, as RBAC names it."""

_ASKED: Final[Mapping[Right, Mapping[str, str]]] = MappingProxyType(
    {
        "list events": {"verb": "list", "resource": "events"},
        "get pods/log": {"verb": "get", "resource": "pods", "subresource": "log"},
    }
)
_GIVEN_BY: Final[Mapping[Right, str]] = MappingProxyType({"list events": "k8s/model", "get pods/log": "k8s/logs"})
_REVIEW: Final = Call("AuthorizationV1Api", "create_self_subject_access_review")
_GRACE: Final = 0.5  # seconds for work to notice by itself that its time is over
_RENEWING: Final = frozenset({"unauthorized", "unreachable"})

_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_SUBDOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)
_KIND: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,62}", re.ASCII)

_T = TypeVar("_T")


@final
class Reading:
    """Reads from one cluster. All methods are called by one thread at a time; it need not be the same one.

    The connection is made when first needed and kept; one that fails, or hangs, is made anew the next time. All that is
    returned is the cluster's own text: untrusted, and nothing is taken out of it. An error names the right that is
    missing, where one is.

    Args:
        connect: Makes the client; it may raise `ClusterError`. It is called in a thread of its own.
        seconds: Longest wait for one answer, the connection included; it may take half a second more.
    """

    def __init__(self, connect: Callable[[], ApiClient], *, seconds: float = 10) -> None:
        self._connection = Connection(connect)
        self._seconds = seconds
        self._bounded = Bounded()

    def events(self, kind: str, namespace: str, name: str, uid: str = "") -> tuple[Object, ...]:
        """Return the events of an object, the newest last, at most `hotagents_k8s_monitor.cluster.events.MOST_EVENTS`.

        Args:
            kind: Such as ``Pod``.
            namespace: Of the object; empty for what is in none.
            name: Of the object.
            uid: Of the object, where it is known: events of another one that had the same name are left out, unless
                there are no others. Each says whose it is in ``involvedObject.uid``.

        Raises:
            ClusterError: If they cannot be read, or this can be no object.
        """
        what = f"events of {escape(kind, limit=100)} {_place(namespace, name)}"
        _check(what, kind=(kind, _KIND), name=(name, _SUBDOMAIN), namespace=(namespace or "none", _LABEL))

        def work(client: ApiClient, deadline: Deadline) -> tuple[Object, ...]:
            return events_of(client, kind, namespace, name, uid, deadline=deadline)

        return self._run(work, what, _lacking("list events", namespace or WITHOUT_NAMESPACE))

    def logs(self, namespace: str, pod: str, container: str = "", *, previous: bool = False, lines: int = 100) -> str:
        """Return the last lines of what a container wrote, with ``truncated`` where not even one of them is short.

        Args:
            namespace: Of the pod.
            pod: Its name.
            container: Which; empty for the only one.
            previous: Whether to read what the one that ran before it wrote.
            lines: How many, from 1 to `hotagents_k8s_monitor.cluster.logs.LOG_LINES`; others are taken for the nearest
                of them. There are fewer where they are longer than `hotagents_k8s_monitor.cluster.logs.LOG_BYTES`.

        Raises:
            ClusterError: If they cannot be read, or this can be no container.
        """
        what = f"log of {_place(namespace, pod)}" + (f" {escape(container, limit=100)}" if container else "")
        named = container or "none"
        _check(what, namespace=(namespace, _LABEL), pod=(pod, _SUBDOMAIN), container=(named, _LABEL))

        def work(client: ApiClient, deadline: Deadline) -> str:
            return log_of(client, namespace, pod, container, previous=previous, lines=lines, deadline=deadline)

        return self._run(work, what, _lacking("get pods/log", namespace))

    def may(self, right: Right, *, namespace: str = "") -> bool:
        """Say whether the account has a right, in all namespaces or in one.

        Raises:
            ClusterError: If the API server does not say.
        """
        where = {"namespace": namespace} if namespace else {}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {"group": "", **_ASKED[right], **where}},
        }

        def work(client: ApiClient, deadline: Deadline) -> bool:
            return allowed_by(ask(client, _REVIEW, deadline=deadline, body=review).body)

        return self._run(work, f"right to {right}")

    def close(self) -> None:
        """Close the connection; a later call makes a new one."""
        self._connection.close()

    def _run(self, work: Callable[[ApiClient, Deadline], _T], what: str, lacking: str = "") -> _T:
        deadline, connection, found = Deadline.after(self._seconds), self._connection, list[_T]()
        grace = Deadline(deadline.moment + _GRACE, deadline.clock)
        try:
            if self._bounded.run(lambda: found.append(work(connection.client(), deadline)), grace):
                return found[0]
            self._connection = connection.renewed()
            failure = Failure("slow", "no answer in time")
        except ClusterError as error:
            raise ClusterError(f"{what}: {error}") from None
        except Exception as error:  # noqa: BLE001 - nothing that a cluster says may end the program
            failure = failure_of(error)
        if failure.reason in _RENEWING:
            connection.close()
        hint = lacking if failure.reason == "forbidden" else ""
        raise ClusterError(f"{what}: {failure.reason}: {failure.detail}{hint}")


def _place(namespace: str, name: str) -> str:
    shown = escape(name, limit=300)
    return f"{escape(namespace, limit=100)}/{shown}" if namespace else shown


def _lacking(right: Right, namespace: str) -> str:
    return f"; the account may not {right} in {namespace}: {_GIVEN_BY[right]} gives that right"


def _check(what: str, **parts: tuple[str, re.Pattern[str]]) -> None:
    """Refuse what would be a path, a parameter or a selector in place of a name."""
    for part, (text, pattern) in parts.items():
        if not pattern.fullmatch(text):
            raise ClusterError(f"{what}: no {part} can be called that")
