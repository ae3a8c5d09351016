"""`Fault`: one way in which an API server can fail; `Faults`: which requests it hits.

Some change the answer, the others the way it comes: late, in crumbs, cut off, or never.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Fault", "FaultKind", "Faults"]

FaultKind: TypeAlias = Literal[
    "forbidden",
    "unauthorized",
    "missing",
    "status",
    "gone",
    "slow",
    "drip",
    "cut",
    "hang",
    "garbage",
    "broken_json",
    "null_items",
    "wrong_shape",
    "huge",
]

_MEGABYTE: Final = 1 << 20


@final
@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail; make it with one of the class methods.

    Attributes:
        kind: Which.
        code: The HTTP status code, where that is free.
        body: The body of such a status: text as it is, a mapping as JSON, None for a ``Status`` that fits the code.
        headers: Further headers of such a status.
        seconds: How long it is silent: before it answers, or between two pieces.
        size: Bytes: of a piece, or of the whole body.
        variant: Whether it is the other form: ``gone`` without a fresh token, ``wrong_shape`` at the root.
        page: The first page of a list that it hits; later ones are hit too.
    """

    kind: FaultKind
    code: int = 0
    body: str | Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    size: int = 0
    variant: bool = False
    page: int = 1

    def from_page(self, page: int) -> Fault:
        """Return the same fault for the pages of a list from this one on; 1 is the first."""
        return replace(self, page=page)

    @classmethod
    def forbidden(cls) -> Fault:
        """403, as if the role did not grant it."""
        return cls("forbidden")

    @classmethod
    def unauthorized(cls) -> Fault:
        """401: the token is not accepted."""
        return cls("unauthorized")

    @classmethod
    def missing(cls) -> Fault:
        """404, as if the resource or its group were not installed."""
        return cls("missing")

    @classmethod
    def status(
        cls, code: int, body: str | Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Fault:
        """Any status code; see `body`."""
        return cls("status", code=code, body=body, headers=dict(headers or {}))

    @classmethod
    def throttled(cls, retry_after: float = 1) -> Fault:
        """429 with ``Retry-After`` in seconds."""
        return cls.status(429, headers={"Retry-After": f"{retry_after:g}"})

    @classmethod
    def gone(cls, *, has_fresh_token: bool = True) -> Fault:
        """410 for a request with ``continue``; the ``Status`` may have a token that goes on with what is there now."""
        return cls("gone", variant=not has_fresh_token)

    @classmethod
    def refuse_pages(cls, code: int = 500) -> Fault:
        """The first page comes, the later ones do not."""
        return cls.status(code).from_page(2)

    @classmethod
    def slow(cls, seconds: float) -> Fault:
        """The right answer, but late."""
        return cls("slow", seconds=seconds)

    @classmethod
    def drip(cls, *, size: int = 1, seconds: float = 0.05) -> Fault:
        """The body comes in at least 100,000 pieces of ``size`` bytes, with ``seconds`` between them."""
        return cls("drip", size=size, seconds=seconds)

    @classmethod
    def cut(cls) -> Fault:
        """The connection is closed after half of the body that ``Content-Length`` promised."""
        return cls("cut")

    @classmethod
    def hang(cls) -> Fault:
        """No answer before the server closes."""
        return cls("hang")

    @classmethod
    def garbage(cls) -> Fault:
        """200 with a page in HTML, as of a proxy that wants a log-in."""
        return cls("garbage")

    @classmethod
    def broken_json(cls) -> Fault:
        """200 with half of the document, and the length of that half."""
        return cls("broken_json")

    @classmethod
    def null_items(cls) -> Fault:
        """200 with ``"items": null``."""
        return cls("null_items")

    @classmethod
    def wrong_shape(cls, *, is_root: bool = False) -> Fault:
        """200 with numbers, null and text among the items; or, at the root, a list instead of an object."""
        return cls("wrong_shape", variant=is_root)

    @classmethod
    def huge(cls, size: int = 64 * _MEGABYTE) -> Fault:
        """200 with an empty list that white space makes as large as this, in bytes."""
        return cls("huge", size=size)


@final
class Faults:
    """The faults of a server. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []

    def add(self, resource: str, fault: Fault, times: int | None) -> None:
        """Let a fault hit a resource, after those that were added before; see `FakeCluster.fault`."""
        with self._lock:
            self._planned.append(_Planned(resource, fault, times))

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._planned.clear()

    def take(self, resource: str, page: int) -> Fault | None:
        """Return the fault that hits a request, and count it."""
        with self._lock:
            for planned in self._planned:
                if planned.hits(resource, page):
                    return planned.take()
        return None


@dataclass(slots=True)
class _Planned:
    resource: str
    fault: Fault
    times: int | None

    def hits(self, resource: str, page: int) -> bool:
        if self.times == 0 or self.resource not in {resource, "*"}:
            return False
        return page >= (2 if self.fault.kind == "gone" else self.fault.page)

    def take(self) -> Fault:
        if self.times is not None:
            self.times -= 1
        return self.fault
