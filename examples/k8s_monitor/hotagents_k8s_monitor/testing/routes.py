"""`Route`: what a request asks for, read from its method, path and query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, final

from hotagents_k8s_monitor.testing.kinds import Kind, kind_at
from hotagents_k8s_monitor.testing.rbac import Access

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PODS_LOG", "Request", "Route", "route"]

PODS_LOG: Final = "pods/log"
"""The one subresource that is no object, and fails apart from the objects."""

_VERBS: Final[Mapping[str, str]] = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_OF_NAMESPACES: Final = frozenset({"finalize", "status"})  # of the objects, which other parts of a path hide behind
_CORE_PREFIX: Final = 2  # "api", version
_GROUP_PREFIX: Final = 3  # "apis", group, version


class Request(NamedTuple):
    """What was asked.

    Attributes:
        method: ``GET`` ...
        path: Without the query, decoded.
        query: The parameters; the last value of each.
    """

    method: str
    path: str
    query: dict[str, str]


@final
@dataclass(frozen=True, slots=True)
class Route:
    """A request for objects.

    Attributes:
        kind: Of the objects; one without a name of its own if the server does not have it.
        namespace: Empty for all, or for a kind that has none.
        name: Empty for a list.
        subresource: Such as ``log``, or empty.
        verb: As in a role: ``get``, ``list``, ``watch``, ``create`` ...
    """

    kind: Kind
    namespace: str
    name: str
    subresource: str
    verb: str

    @property
    def resource(self) -> str:
        """What a fault names it by."""
        resource = f"{self.kind.resource}/{self.subresource}"
        return resource if resource == PODS_LOG and self.name else self.kind.resource

    @property
    def access(self) -> Access:
        """What a role must grant."""
        resource = f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural
        return Access(self.verb, self.kind.group, resource, self.namespace, self.name)


def route(request: Request) -> Route | None:
    """Return what a request asks for, or None if its path is not one of objects."""
    parts = request.path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > _CORE_PREFIX:
        return _object_route(request, "", parts[1], parts[_CORE_PREFIX:])
    if parts[0] == "apis" and len(parts) > _GROUP_PREFIX:
        return _object_route(request, parts[1], parts[2], parts[_GROUP_PREFIX:])
    return None


def _object_route(request: Request, group: str, version: str, parts: list[str]) -> Route:
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2 and parts[2] not in _OF_NAMESPACES:  # noqa: PLR2004
        namespace, parts = parts[1], parts[2:]
    kind = kind_at(group, version, parts[0])
    name = parts[1] if len(parts) > 1 else ""
    if kind is None or (kind.is_namespaced and name and not namespace) or (namespace and not kind.is_namespaced):
        kind = Kind(group, version, parts[0], "")
    return Route(kind, namespace, name, "/".join(parts[2:]), _verb(request, name))


def _verb(request: Request, name: str) -> str:
    if request.method in {"GET", "HEAD"}:
        if request.query.get("watch") in {"1", "true"}:
            return "watch"
        return "get" if name else "list"
    if request.method == "DELETE":
        return "delete" if name else "deletecollection"
    return _VERBS.get(request.method, request.method.lower())
