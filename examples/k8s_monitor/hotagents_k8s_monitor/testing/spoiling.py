"""What a fault makes of an answer, for those faults that change what is said and not how it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.testing.answers import Answer, document, page_not_found, refusal, text
from hotagents_k8s_monitor.testing.api import forbidden
from hotagents_k8s_monitor.testing.lists import too_old
from hotagents_k8s_monitor.testing.rbac import Access
from hotagents_k8s_monitor.testing.routes import PODS_LOG

if TYPE_CHECKING:
    from hotagents_k8s_monitor.testing.faults import Fault, FaultKind
    from hotagents_k8s_monitor.testing.routes import Request, Route

__all__ = ["spoiled"]

_PAGE: Final = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Please sign in</h1></body></html>\n"
_SCRAPS: Final[tuple[Any, ...]] = (7, None, "a pod", [], True)
_DRIPPING_PIECES: Final = 100_000
_LONGEST_NUMBER: Final = 9  # digits that fit into the 32 bits of a Status


@final
@dataclass(frozen=True, slots=True)
class _Case:
    answer: Answer
    fault: Fault
    request: Request
    route: Route | None


def spoiled(answer: Answer, fault: Fault, request: Request, route: Route | None) -> Answer:
    """Return what is said instead of a right answer."""
    spoil = _WAYS.get(fault.kind)
    return spoil(_Case(answer, fault, request, route)) if spoil is not None else answer


def _forbidden(case: _Case) -> Answer:
    return forbidden(case.route.access if case.route is not None else Access("get", "", case.request.path))


def _broken(case: _Case) -> Answer:
    return replace(case.answer, body=case.answer.body[: len(case.answer.body) // 2])


def _dripping(case: _Case) -> Answer:
    # White space after a document is still JSON, so only time can tell that this one is not worth waiting for.
    return replace(case.answer, body=case.answer.body.ljust(_DRIPPING_PIECES * case.fault.size))


def _huge(case: _Case) -> Answer:
    if case.route is not None and case.route.resource == PODS_LOG:
        return replace(case.answer, body=case.answer.body.ljust(case.fault.size, b"."))
    answer = document(_opened(case.answer) | {"items": []})
    return replace(answer, body=answer.body.ljust(case.fault.size))


def _misshapen(case: _Case) -> Answer:
    found = _opened(case.answer)
    items = [*_SCRAPS, *(found.get("items") or ()), *_SCRAPS]
    return document(items if case.fault.variant else found | {"items": items})


def _status(case: _Case) -> Answer:
    fault = case.fault
    if isinstance(fault.body, str):
        answer = text(fault.body, fault.code)
    elif isinstance(fault.body, Mapping):
        answer = document(dict(fault.body), fault.code)
    else:
        answer = refusal(fault.code, _phrase(fault.code), details=_details(fault))
    return replace(answer, headers={**answer.headers, **fault.headers})


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return f"status {code}"


def _details(fault: Fault) -> dict[str, Any]:
    wait = fault.headers.get("Retry-After", "")
    is_number = wait.isdecimal() and len(wait) <= _LONGEST_NUMBER
    return {"retryAfterSeconds": int(wait)} if is_number else {}


def _opened(answer: Answer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:  # a log, or a page that was not found
        return {}
    return found if isinstance(found, dict) else {}


_WAYS: Final[Mapping[FaultKind, Callable[[_Case], Answer]]] = {
    "forbidden": _forbidden,
    "unauthorized": lambda _: refusal(401, "Unauthorized"),
    "missing": lambda _: page_not_found(),
    "status": _status,
    "gone": lambda case: too_old(case.request.query["continue"], may_go_on=not case.fault.variant),
    "drip": _dripping,
    "garbage": lambda _: text(_PAGE, content_type="text/html; charset=utf-8"),
    "broken_json": _broken,
    "null_items": lambda case: document(_opened(case.answer) | {"items": None}),
    "wrong_shape": _misshapen,
    "huge": _huge,
}
