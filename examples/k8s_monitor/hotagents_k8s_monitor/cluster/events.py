"""`events_of`: the events that Kubernetes keeps of one object, for about an hour."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.cluster.answers import Call, ask
from hotagents_k8s_monitor.cluster.failures import Failure
from hotagents_k8s_monitor.cluster.objects import items_at, text_at, time_at

if TYPE_CHECKING:
    from hotagents_k8s_monitor.cluster.client import ApiClient
    from hotagents_k8s_monitor.cluster.deadline import Deadline
    from hotagents_k8s_monitor.cluster.snapshot import Object

__all__ = ["MOST_EVENTS", "WITHOUT_NAMESPACE", "events_of"]

MOST_EVENTS: Final = 50
"""How many events of an object are returned, the newest ones."""

WITHOUT_NAMESPACE: Final = "default"
"""Where Kubernetes keeps the events of what is in no namespace."""

_CALL: Final = Call("CoreV1Api", "list_namespaced_event")
_PAGE: Final = 500
_PAGES: Final = 4  # what one object has in an hour is far less
_MOST_BYTES: Final = 4 << 20  # of a page
_LONG_AGO: Final = datetime.min.replace(tzinfo=timezone.utc)
_TIMES: Final = (
    ("series", "lastObservedTime"),
    ("lastTimestamp",),
    ("eventTime",),
    ("firstTimestamp",),
    ("metadata", "creationTimestamp"),
)


def events_of(
    client: ApiClient, kind: str, namespace: str, name: str, uid: str, *, deadline: Deadline
) -> tuple[Object, ...]:
    """Return the events of an object, the newest last, at most `MOST_EVENTS`.

    Args:
        client: Made by `hotagents_k8s_monitor.cluster.connection.connect`.
        kind: Such as ``Pod``.
        namespace: Of the object; empty for what is in none.
        name: Of the object; nothing of this may be anything but a name, as it goes into a path and a selector.
        uid: Of the object; empty where it is not known.
        deadline: Longest wait, for all pages together.

    Raises:
        Failure: Whatever went wrong.
    """
    fields = {"kind": kind, "name": name} | ({"namespace": namespace} if namespace else {})
    selector = ",".join(f"involvedObject.{key}={value}" for key, value in fields.items())
    found = _listed(client, namespace or WITHOUT_NAMESPACE, selector, deadline)
    return tuple(sorted(_own(found, name, uid), key=_time)[-MOST_EVENTS:])


def _listed(client: ApiClient, namespace: str, selector: str, deadline: Deadline) -> list[Object]:
    """Return all pages, as they are in the order of names; what came is kept where a later one fails."""
    found: list[Object] = []
    place: dict[str, Any] = {"namespace": namespace, "field_selector": selector, "limit": _PAGE}
    for _ in range(_PAGES):
        try:
            body = ask(client, _CALL, deadline=deadline, most_bytes=_MOST_BYTES, **place).body
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
    times = (time_at(event, *keys) for keys in _TIMES)
    return next((time for time in times if time is not None), _LONG_AGO)
