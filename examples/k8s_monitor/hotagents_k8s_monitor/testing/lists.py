"""Lists in pages: what a list holds, and the token with which the next page goes on at the same moment."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, final

from hotagents_k8s_monitor.testing.answers import Answer, document, refusal
from hotagents_k8s_monitor.testing.selecting import field_selector, label_selector

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.testing.routes import Route
    from hotagents_k8s_monitor.testing.store import State, Store

__all__ = ["Token", "listed", "page_of", "too_old"]

_MAY_GO_ON: Final = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
_MUST_START_ANEW: Final = (
    "The provided continue parameter is too old to display a consistent list result. You must start a new list without "
    "the continue parameter."
)


@final
@dataclass(frozen=True, slots=True)
class Token:
    """Where the next page begins.

    Attributes:
        version: The moment of the first page; 0 for the present one, whichever that is.
        after: The key of the last object that was sent.
        page: Which page comes next, from 2.
    """

    version: int
    after: str
    page: int

    def __str__(self) -> str:
        """Return it as clients see it."""
        fields = {"v": "meta.k8s.io/v1", "rv": self.version, "start": f"{self.after}\0", "page": self.page}
        return base64.urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Token:
        """Return the token that a client sent back.

        Raises:
            ValueError: If it is none of ours.
        """
        try:
            fields = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return cls(int(fields["rv"]), str(fields["start"]).removesuffix("\0"), int(fields["page"]))
        except (binascii.Error, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"continue key is not valid: {error}") from error


def page_of(query: Mapping[str, str]) -> int:
    """Return which page of a list is asked for, from 1."""
    try:
        return Token.read(query["continue"]).page if query.get("continue") else 1
    except ValueError:
        return 1


def listed(store: Store, route: Route, query: Mapping[str, str]) -> Answer:
    """Return a page of a list, or why there is none."""
    try:
        limit = _limit(query)
        token = _token(query)
        wanted = _filter(route, query)
    except ValueError as error:
        return refusal(400, str(error))
    state = store.state(token.version) if token.version else store.now
    if state is None:
        return too_old(query["continue"], may_go_on=True)
    found = [item for item in state.of(route.kind).items() if item[0] > token.after and wanted(item[1])]
    return document(_page(state, route, found, limit=limit, token=token, is_selected=_selects(query)))


def too_old(text: str, *, may_go_on: bool) -> Answer:
    """Return 410 for a token: the moment of its first page is forgotten.

    Args:
        text: The token.
        may_go_on: Whether the answer has a fresh token, which goes on with what is there now.
    """
    if not may_go_on:
        return refusal(410, _MUST_START_ANEW)
    token = Token.read(text)
    return refusal(410, _MAY_GO_ON, metadata={"continue": str(Token(0, token.after, token.page))})


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", "")
    try:
        limit = int(text) if text else 0
    except ValueError:
        raise ValueError(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
    if limit < 0:
        raise ValueError(f"limit: expected at least 0, got {limit}")
    return limit


def _token(query: Mapping[str, str]) -> Token:
    version = query.get("resourceVersion", "")
    if not query.get("continue"):
        if version and not version.isdecimal():
            raise ValueError(f"resourceVersion: Invalid value: {version!r}: expected a number")
        return Token(0, "", 1)
    # Real ones let 0 pass, though it is documented as invalid; this one is strict, so that nobody comes to need it.
    if version:
        raise ValueError("specifying resource version is not allowed when using continue")
    return Token.read(query["continue"])


def _filter(route: Route, query: Mapping[str, str]) -> Callable[[Mapping[str, Any]], bool]:
    has_labels = label_selector(query.get("labelSelector", ""))
    has_fields = field_selector(query.get("fieldSelector", ""), route.kind.resource)

    def wanted(item: Mapping[str, Any]) -> bool:
        is_there = not route.namespace or item["metadata"].get("namespace") == route.namespace
        return is_there and has_labels(item) and has_fields(item)

    return wanted


def _selects(query: Mapping[str, str]) -> bool:
    return bool(query.get("labelSelector") or query.get("fieldSelector"))


def _page(
    state: State,
    route: Route,
    found: list[tuple[str, dict[str, Any]]],
    *,
    limit: int,
    token: Token,
    is_selected: bool,
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"resourceVersion": str(state.version)}
    shown = found[:limit] if limit else found
    if len(shown) < len(found):
        metadata["continue"] = str(Token(state.version, shown[-1][0], token.page + 1))
        if not is_selected:  # a server does not count what it would have to filter
            metadata["remainingItemCount"] = len(found) - len(shown)
    return {
        "kind": f"{route.kind.name}List",
        "apiVersion": route.kind.api_version,
        "metadata": metadata,
        "items": [item for _, item in shown],
    }
