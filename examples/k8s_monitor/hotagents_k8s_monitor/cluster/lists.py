"""Lists of objects, page by page.

The first page comes from the API server's cache (``resourceVersion=0``), which costs it next to nothing and may ignore
the limit; the following ones are read with the token of the one before. Whatever fails, what was seen is returned
beside a `Gap`; so is an object with something of another type than Kubernetes would write where a rule reads.

A list of what may well not be installed, see `hotagents_k8s_monitor.cluster.kinds`, is empty where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from hotagents_k8s_monitor.cluster.answers import MOST_BYTES
from hotagents_k8s_monitor.cluster.failures import Failure, failure_of
from hotagents_k8s_monitor.cluster.kinds import GROUPS, KINDS, group_of, list_call
from hotagents_k8s_monitor.cluster.objects import at, items_at, text_at
from hotagents_k8s_monitor.cluster.retrying import ATTEMPTS, ask_again
from hotagents_k8s_monitor.cluster.shapes import flaw

if TYPE_CHECKING:
    from hotagents_k8s_monitor.cluster.answers import Call
    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.deadline import Deadline
    from hotagents_k8s_monitor.cluster.snapshot import Gap, Object, Resource

__all__ = ["has_group", "list_all"]

_LIMIT: Final = 500
_RESTARTS: Final = 2
_GONE: Final = 410
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404


def list_all(
    api_client: ApiClient,
    resource: Resource,
    *,
    deadline: Deadline,
    attempts: int = ATTEMPTS,
    most_bytes: int = MOST_BYTES,
    namespace: str = "",
    was_there: bool = False,
) -> tuple[tuple[Object, ...], Gap | None]:
    """Return all objects of a resource, of all namespaces or of one, and what is missing; raises nothing.

    Args:
        api_client: Made by `hotagents_k8s_monitor.cluster.connection.connect`.
        resource: What to list.
        deadline: Longest wait, for all pages together.
        attempts: How often a page is asked for.
        most_bytes: The largest list, all pages together; what a pod's memory must be for it, `MOST_BYTES` says.
        namespace: Whose; empty for those of all. What belongs to none is listed either way.
        was_there: Whether there were some a while ago, so that not every 404 means that it is not installed.
    """
    limits = _Limits(deadline, attempts, most_bytes)
    listing, failure = _of_any_version(api_client, resource, namespace, limits)
    if failure is not None and KINDS[resource].optional:
        is_absent = failure.status == _NOT_FOUND and not listing.pages
        is_sure = is_absent and not was_there
        asks = is_absent or failure.status == _FORBIDDEN
        if is_sure or (asks and not has_group(api_client, resource, deadline=deadline)):
            return (), None
    return tuple(listing.objects), listing.gap(failure)


class _Limits(NamedTuple):
    """How long a list may take, how often each page is asked for, and how large it may be."""

    deadline: Deadline
    attempts: int
    most_bytes: int


def _of_any_version(
    api_client: ApiClient, resource: Resource, namespace: str, limits: _Limits
) -> tuple[_Listing, Failure | None]:
    """Return a list of the first version that is there, else that of the last one, which is not."""
    *newer, oldest = KINDS[resource].versions or ("",)
    for version in newer:
        call = list_call(resource, namespace=namespace, version=version)
        listing, failure = _listed(api_client, resource, call, *limits)
        if failure is None or listing.pages or failure.status != _NOT_FOUND:
            return listing, failure
    return _listed(api_client, resource, list_call(resource, namespace=namespace, version=oldest), *limits)


def has_group(api_client: ApiClient, resource: Resource, *, deadline: Deadline) -> bool:
    """Say whether a resource can be there: false only where the API server says that it has no such group.

    What may not be listed is refused before it is looked for, so a refusal alone does not say that. Raises nothing.
    """
    if not KINDS[resource].optional:
        return True
    try:
        body = ask_again(api_client, GROUPS, deadline=deadline, attempts=1).body
    except Exception:  # noqa: BLE001 - then nobody knows, and the refusal stands
        return True
    names = {text_at(group, "name") for group in items_at(body, "groups")}
    return not names or group_of(resource) in names


def _listed(
    api_client: ApiClient,
    resource: Resource,
    call: tuple[Call, dict[str, Any]],
    deadline: Deadline,
    attempts: int,
    most_bytes: int,
) -> tuple[_Listing, Failure | None]:
    listing = _Listing(resource, most_bytes)
    failure: Failure | None = None
    for _ in range(1 + _RESTARTS):
        listing = _Listing(resource, most_bytes)
        failure = _fill(listing, api_client, call, deadline=deadline, attempts=attempts)
        if failure is None or failure.status != _GONE:
            break
    return listing, failure


def _fill(
    listing: _Listing, api_client: ApiClient, call: tuple[Call, dict[str, Any]], *, deadline: Deadline, attempts: int
) -> Failure | None:
    method, where = call
    try:
        while not listing.is_whole:
            answer = ask_again(
                api_client,
                method,
                deadline=deadline,
                attempts=attempts,
                most_bytes=listing.bytes_left,
                limit=_LIMIT,
                **where,
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
    _flaws: int = 0
    _first_flaw: str = ""

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
        for said in filter(None, (flaw(self.resource, item) for item in objects)):
            self._flaws += 1
            self._first_flaw = self._first_flaw or said
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
        if self._flaws:
            said = f"{self._flaws} of {len(self.objects)} objects cannot be read: {self._first_flaw}"
            return Failure("malformed", said).gap(self.resource)
        return None

    def _items(self, body: Any) -> list[Any]:
        kind = f"{KINDS[self.resource].name}List"
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
