"""Lists of objects, page by page.

The first page comes from the API server's cache (``resourceVersion=0``), which costs it next to nothing and may ignore
the limit; the following ones are read with the token of the one before. Whatever fails, what was seen is returned
beside a `Gap`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hotagents_k8s_monitor.cluster.answers import MOST_BYTES, Call
from hotagents_k8s_monitor.cluster.failures import Failure, failure_of
from hotagents_k8s_monitor.cluster.objects import at
from hotagents_k8s_monitor.cluster.retrying import ATTEMPTS, ask_again

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.deadline import Deadline
    from hotagents_k8s_monitor.cluster.snapshot import Gap, Object, Resource

__all__ = ["list_all"]

_LIMIT: Final = 500
_RESTARTS: Final = 2
_GONE: Final = 410


class _Kind(NamedTuple):
    call: Call
    answer: str


_KINDS: Final[Mapping[Resource, _Kind]] = MappingProxyType(
    {
        "nodes": _Kind(Call("CoreV1Api", "list_node"), "NodeList"),
        "pods": _Kind(Call("CoreV1Api", "list_pod_for_all_namespaces"), "PodList"),
        "deployments.apps": _Kind(Call("AppsV1Api", "list_deployment_for_all_namespaces"), "DeploymentList"),
        "replicasets.apps": _Kind(Call("AppsV1Api", "list_replica_set_for_all_namespaces"), "ReplicaSetList"),
        "jobs.batch": _Kind(Call("BatchV1Api", "list_job_for_all_namespaces"), "JobList"),
    }
)


def list_all(
    api_client: ApiClient,
    resource: Resource,
    *,
    deadline: Deadline,
    attempts: int = ATTEMPTS,
    most_bytes: int = MOST_BYTES,
) -> tuple[tuple[Object, ...], Gap | None]:
    """Return all objects of a resource, of all namespaces, and what is missing; raises nothing.

    Args:
        api_client: Made by `hotagents_k8s_monitor.cluster.connection.connect`.
        resource: What to list.
        deadline: Longest wait, for all pages together.
        attempts: How often a page is asked for.
        most_bytes: The largest list, all pages together; what a pod's memory must be for it, `MOST_BYTES` says.
    """
    listing = _Listing(resource, most_bytes)
    failure: Failure | None = None
    for _ in range(1 + _RESTARTS):
        listing = _Listing(resource, most_bytes)
        failure = _fill(listing, api_client, deadline=deadline, attempts=attempts)
        if failure is None or failure.status != _GONE:
            break
    return tuple(listing.objects), listing.gap(failure)


def _fill(listing: _Listing, api_client: ApiClient, *, deadline: Deadline, attempts: int) -> Failure | None:
    call = _KINDS[listing.resource].call
    try:
        while not listing.is_whole:
            answer = ask_again(
                api_client,
                call,
                deadline=deadline,
                attempts=attempts,
                most_bytes=listing.bytes_left,
                limit=_LIMIT,
                **listing.place(),
            )
            listing.add(answer.body, answer.size)
    except Exception as error:  # noqa: BLE001 - whatever it is, the objects that came are not to be lost
        return failure_of(error)
    return None


@final
@dataclass(slots=True)
class _Listing:
    """The pages of one list that came so far."""

    resource: Resource
    bytes_left: int
    objects: list[Object] = field(default_factory=list)
    pages: int = 0
    is_whole: bool = False
    _token: str = ""
    _tokens: set[str] = field(default_factory=set)
    _scraps: int = 0

    def place(self) -> dict[str, str]:
        """Return the parameters of the next page; a server answers 400 to both at once."""
        return {"_continue": self._token} if self._token else {"resource_version": "0"}

    def add(self, body: Any, size: int) -> None:
        """Take a page in.

        Raises:
            Failure: If it is none, or the server goes in circles; the objects before it are kept.
        """
        items = self._items(body)
        self.bytes_left -= size
        self.pages += 1
        objects = [item for item in items if isinstance(item, dict)]
        self.objects += objects
        self._scraps += len(items) - len(objects)
        self._go_on(at(body, "metadata", "continue"))

    def gap(self, failure: Failure | None) -> Gap | None:
        """Return what is missing of it."""
        if failure is not None and self.pages:
            text = f"only {len(self.objects)} came: {failure.reason}: {failure.detail}"
            return Failure("truncated", text).gap(self.resource)
        if failure is not None:
            return failure.gap(self.resource)
        if self._scraps:
            return Failure("malformed", f"{self._scraps} items of the list are no objects").gap(self.resource)
        return None

    def _items(self, body: Any) -> list[Any]:
        kind = _KINDS[self.resource].answer
        if not isinstance(body, dict) or body.get("kind") != kind or "items" not in body:
            raise Failure("malformed", f"expected a {kind}, found {_described(body)}")
        items = body["items"] if body["items"] is not None else []  # null is how Go writes an empty list
        if not isinstance(items, list):
            raise Failure("malformed", f"items: expected a list, found {type(items).__name__}")
        return items

    def _go_on(self, token: Any) -> None:
        if token is None or token == "":
            self.is_whole = True
            return
        if not isinstance(token, str):
            raise Failure("malformed", f"continue: expected a text, found {type(token).__name__}")
        if token in self._tokens:
            raise Failure("malformed", "the server goes in circles: a continue token came twice")
        self._tokens.add(token)
        self._token = token


def _described(body: Any) -> str:
    if not isinstance(body, dict):
        return type(body).__name__
    return f"kind {body['kind']!r}" if isinstance(body.get("kind"), str) else "a mapping without a kind"
