"""`Collector`: looks at a cluster, as often as it is asked to, and always ends in time.

A look lists all resources one after the other. What fails leaves a `Gap`; nothing is raised, and nothing is empty that
was not seen empty.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, final

from hotagents_k8s_monitor.cluster.answers import Call
from hotagents_k8s_monitor.cluster.bounded import Bounded
from hotagents_k8s_monitor.cluster.connection import Connection
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.details import detail
from hotagents_k8s_monitor.cluster.doubts import Doubts
from hotagents_k8s_monitor.cluster.errors import ClusterError
from hotagents_k8s_monitor.cluster.failures import Failure, failure_of
from hotagents_k8s_monitor.cluster.kinds import KINDS
from hotagents_k8s_monitor.cluster.narrowing import list_in
from hotagents_k8s_monitor.cluster.objects import text_at
from hotagents_k8s_monitor.cluster.retrying import ATTEMPTS, ask_again
from hotagents_k8s_monitor.cluster.snapshot import RESOURCES, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from hotagents.clock import Clock
    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.snapshot import Gap, Object, Resource

__all__ = ["Collector"]

_GRACE: Final = 0.5  # seconds for work to notice by itself that its time is over
_NEVER_EMPTY: Final = frozenset({"nodes", "pods"})
_EVERYWHERE: Final = tuple(resource for resource in RESOURCES if not KINDS[resource].optional)
_VERSION: Final = Call("VersionApi", "get_code")


@final
class Collector:
    """Looks at one cluster. All methods are called by one thread at a time; it need not be the same one.

    The connection is made when first needed and kept between looks; one that cannot be made is tried again at the next
    look, and so is one over which no list came whole, whatever the reasons: the kubeconfig, or the credential that a
    plugin gave, may have been renewed, and an old one is answered in many ways. A look that hangs is left behind with
    its connection.

    Args:
        connect: Makes the client; it may raise `ClusterError`. It is called in a thread of the collector's.
        clock: Measures the time, and says when a look began.
        total: Longest look, in seconds; it may take half a second more.
        namespaces: Which are looked into; none for all of them, which needs rights on the whole cluster.
    """

    def __init__(
        self,
        connect: Callable[[], ApiClient],
        *,
        clock: Clock,
        total: float = 60.0,
        namespaces: tuple[str, ...] = (),
    ) -> None:
        self._namespaces = namespaces
        self._clock = clock
        self._total = total
        self._bounded = Bounded()
        self._doubts = Doubts()
        self._connection = Connection(connect)

    def collect(self) -> Snapshot:
        """Look at everything once and return what was seen."""
        taken_at = self._clock.now()
        had = self._doubts.had(taken_at)
        look = _Look(self._connection, Deadline.after(self._total, clock=self._clock), self._namespaces, had)
        failure = self._run(look.run, look.deadline)
        snapshot = look.snapshot(taken_at, failure)
        if all(resource in snapshot.gaps for resource in _EVERYWHERE):
            self._connection.close()
        return self._doubts.on(snapshot)

    def server_version(self) -> str | Gap:
        """Return the API server's version, such as ``v1.34.2``, or why it is not known."""
        deadline = Deadline.after(self._total, clock=self._clock)
        connection, found = self._connection, list[str]()
        failure = self._run(lambda: found.append(_version(connection.client(), deadline)), deadline)
        return failure.gap(None) if failure is not None else found[0]

    def close(self) -> None:
        """Close the connection; a later look makes a new one."""
        self._connection.close()

    def _run(self, work: Callable[[], None], deadline: Deadline) -> Failure | None:
        try:
            has_ended = self._bounded.run(work, Deadline(deadline.moment + _GRACE, deadline.clock))
        except ClusterError as error:
            return Failure("unreachable", str(error), is_safe=True)
        except Exception as error:  # noqa: BLE001 - nothing that a look can meet may end the program
            return failure_of(error)
        if has_ended:
            return None
        self._connection = self._connection.renewed()
        return Failure("slow", "no answer in time")


@final
class _Look:
    """One look; `run` works in a thread of its own, and `snapshot` may be asked for before that has ended."""

    def __init__(
        self,
        connection: Connection,
        deadline: Deadline,
        namespaces: tuple[str, ...],
        had: Collection[Resource] = (),
    ) -> None:
        self.deadline = deadline
        self._had = had
        self._namespaces = namespaces
        self._connection = connection
        self._seen: dict[Resource, tuple[tuple[Object, ...], Gap | None]] = {}

    def run(self) -> None:
        """List one resource after the other."""
        client = self._connection.client()
        attempts = ATTEMPTS
        for resource in RESOURCES:
            share = self._share(resource)
            there = resource in self._had
            objects, gap = list_in(
                client, resource, self._namespaces, deadline=share, attempts=attempts, was_there=there
            )
            self._seen[resource] = objects, gap
            # Whoever did not listen just now will hardly do so for the next list; one attempt is enough to see.
            attempts = 1 if gap is not None and gap.reason == "unreachable" else ATTEMPTS

    def _share(self, resource: Resource) -> Deadline:
        if resource == RESOURCES[-1]:
            return self.deadline
        return self.deadline.within(self.deadline.left() / 2)  # one list that hangs must not hide all others

    def snapshot(self, taken_at: datetime, failure: Failure | None) -> Snapshot:
        """Return what was seen so far; the failure is why there is no more."""
        seen = dict(self._seen)
        unseen = failure or Failure("slow", "not looked at")
        gaps: dict[Resource, Gap] = {}
        for resource in RESOURCES:
            gap = self._doubt(resource, *seen[resource]) if resource in seen else unseen.gap(resource)
            if gap is not None:
                gaps[resource] = gap
        objects = {resource: found for resource, (found, _) in seen.items()}
        if all(resource in gaps for resource in _EVERYWHERE):  # then nobody believes that something is not installed
            gaps = {resource: gaps.get(resource) or replace(gaps["nodes"], resource=resource) for resource in RESOURCES}
        return Snapshot(taken_at, MappingProxyType(objects), MappingProxyType(gaps))

    def _doubt(self, resource: Resource, objects: tuple[Object, ...], gap: Gap | None) -> Gap | None:
        """Return why a list cannot be believed: it failed, or it says that there is none of what every cluster has."""
        if gap is None and resource in _NEVER_EMPTY and not objects and (resource == "nodes" or not self._namespaces):
            return Failure("empty", "the API server lists none at all, and no cluster is without any").gap(resource)
        return gap


def _version(client: ApiClient, deadline: Deadline) -> str:
    body = ask_again(client, _VERSION, deadline=deadline).body
    if not (version := text_at(body, "gitVersion")):
        raise Failure("malformed", "no gitVersion in the answer")
    return detail(version)
