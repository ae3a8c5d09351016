"""`Api`: what the fake API server answers when nothing is wrong with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.testing.answers import USER, Answer, document, page_not_found, refusal
from hotagents_k8s_monitor.testing.discovery import discovered
from hotagents_k8s_monitor.testing.lists import listed
from hotagents_k8s_monitor.testing.rbac import Access, grants
from hotagents_k8s_monitor.testing.routes import PODS_LOG, Request, Route, route

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hotagents_k8s_monitor.testing.kinds import Kind
    from hotagents_k8s_monitor.testing.logs import Logs
    from hotagents_k8s_monitor.testing.store import Store

__all__ = ["Api", "forbidden"]

_REVIEWS: Final = "selfsubjectaccessreviews"
_READS: Final = frozenset({"get", "list"})


@final
class Api:
    """Answers requests from a store. May be called from any thread.

    Args:
        store: The objects.
        role: The rules of a ClusterRole; None allows every read.
        logs: Of the pods.
    """

    def __init__(self, store: Store, role: Sequence[Mapping[str, Any]] | None, logs: Logs) -> None:
        self._store = store
        self._logs = logs
        self._role = role

    def answer(self, request: Request, body: bytes = b"") -> Answer:
        """Return the answer to a request."""
        wanted = route(request)
        if wanted is None:
            return self._of_itself(request)
        if wanted.kind.plural == _REVIEWS:
            return self._review(wanted, body)
        # Rights come first, as in a real server: nobody learns by a 404 what is not there.
        if not grants(self._role, wanted.access) or wanted.verb not in _READS:
            return forbidden(wanted.access)
        if wanted.resource == PODS_LOG:
            return self._log(wanted, request)
        if not self._has(wanted.kind) or wanted.subresource not in {"", "status"}:
            return page_not_found()
        return self._one(wanted) if wanted.name else listed(self._store, wanted, request.query)

    def _of_itself(self, request: Request) -> Answer:
        found = discovered(request.path, self._store.installed) if request.method == "GET" else None
        return found or page_not_found()

    def _has(self, kind: Kind) -> bool:
        return kind.name != "" and (not kind.is_optional or kind.group in self._store.installed)

    def _item(self, wanted: Route) -> dict[str, Any] | None:
        key = f"{wanted.namespace}/{wanted.name}" if wanted.namespace else wanted.name
        return self._store.now.of(wanted.kind).get(key)

    def _log(self, wanted: Route, request: Request) -> Answer:
        pod = self._item(wanted)
        return _absent(wanted) if pod is None else self._logs.answer(pod, request.query)

    def _one(self, wanted: Route) -> Answer:
        item = self._item(wanted)
        if item is None:
            return _absent(wanted)
        return document({"kind": wanted.kind.name, "apiVersion": wanted.kind.api_version, **item})

    def _review(self, wanted: Route, body: bytes) -> Answer:
        if wanted.verb != "create":
            return refusal(405, "the server does not allow this method on the requested resource")
        try:
            spec = json.loads(body)["spec"]
            access = _asked(spec)
        except (AttributeError, KeyError, TypeError, ValueError):
            return refusal(415, "the body of the request was in an unknown format - accepted: application/json")
        status = {"allowed": True, "reason": "RBAC: allowed"} if self._allows(access) else {"allowed": False}
        return document(
            {
                "kind": "SelfSubjectAccessReview",
                "apiVersion": "authorization.k8s.io/v1",
                "metadata": {},
                "spec": spec,
                "status": status,
            },
            201,
        )

    def _allows(self, access: Access | None) -> bool:
        return access is None or grants(self._role, access)


def forbidden(access: Access) -> Answer:
    """Return the refusal of what a role does not grant."""
    resource = f"{access.resource}.{access.group}" if access.group else access.resource
    where = f'in the namespace "{access.namespace}"' if access.namespace else "at the cluster scope"
    named = f'{resource} "{access.name}"' if access.name else resource
    message = (
        f'{named} is forbidden: User "{USER}" cannot {access.verb} resource "{access.resource}" '
        f'in API group "{access.group}" {where}'
    )
    details = {"name": access.name, "group": access.group, "kind": access.resource}
    return refusal(403, message, details={key: value for key, value in details.items() if value})


def _absent(wanted: Route) -> Answer:
    kind = wanted.kind
    details = {"name": wanted.name, "group": kind.group, "kind": kind.plural}
    message = f'{kind.resource} "{wanted.name}" not found'
    return refusal(404, message, details={key: value for key, value in details.items() if value})


def _asked(spec: Mapping[str, Any]) -> Access | None:
    asked = spec.get("resourceAttributes")
    if asked is None:  # paths such as /version, which everybody may read
        return None
    subresource = asked.get("subresource", "")
    resource = f"{asked['resource']}/{subresource}" if subresource else asked["resource"]
    return Access(asked["verb"], asked.get("group", ""), resource, asked.get("namespace", ""), asked.get("name", ""))
