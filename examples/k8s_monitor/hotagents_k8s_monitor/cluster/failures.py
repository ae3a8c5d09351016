"""`Failure`: why there is no answer, or none that can be used; it becomes a `Gap` and never leaves this package.

What a library raises is looked at here and nowhere else. None of its texts is passed on whole: an ``ApiException`` has
the headers and the body of an answer in it, and a connection's error the address of an object.
"""

from __future__ import annotations

import ssl
from http.client import HTTPException, ImproperConnectionState, IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING, Final, final

from hotagents.diagnostics import escape
from hotagents_k8s_monitor.cluster.details import detail
from hotagents_k8s_monitor.cluster.objects import text_at
from hotagents_k8s_monitor.cluster.snapshot import Gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from hotagents_k8s_monitor.cluster.snapshot import GapReason, Resource

__all__ = ["Failure", "failure_of", "refused"]

_REASONS: Final[Mapping[int, GapReason]] = {401: "unauthorized", 403: "forbidden", 404: "missing", 429: "throttled"}
_TOO_MANY_REQUESTS: Final = 429
_SERVER_ERRORS: Final = 500
_CUT: Final = (ImproperConnectionState, IncompleteRead, RemoteDisconnected)  # no answer, or half of one
_REDIRECTS: Final = range(300, 400)
_LONGEST: Final = 1000


@final
class Failure(Exception):  # noqa: N818 - named for what it becomes, not for how it travels
    """An answer that did not come, or not as asked.

    Attributes:
        reason: Why.
        detail: The same for people; safe to show.
        is_passing: Whether it may help to ask again.
        status: The HTTP status code, 0 where none came.
        retry_after: How long the server asks to wait, in seconds; None where it does not say.
    """

    def __init__(
        self,
        reason: GapReason,
        text: str,
        *,
        is_passing: bool = False,
        status: int = 0,
        retry_after: float | None = None,
        is_safe: bool = False,
    ) -> None:
        """``is_safe`` says of a text of our own that nothing has to be hidden in it: a path may look like a token."""
        self.reason: Final[GapReason] = reason
        self.detail: Final = escape(text, limit=_LONGEST) if is_safe else detail(text)
        self.is_passing: Final = is_passing
        self.status: Final = status
        self.retry_after: Final = retry_after
        super().__init__(f"{reason}: {self.detail}")

    def gap(self, resource: Resource | None) -> Gap:
        """Return it as what could not be seen; None for the API server itself."""
        return Gap(resource or "version", self.reason, self.detail)


def refused(
    status: int, phrase: str, body: Any, *, retry_after: float | None = None, secrets: Iterable[str] = ()
) -> Failure:
    """Return what a status other than success means.

    Args:
        status: The HTTP status code.
        phrase: What stands beside it.
        body: The decoded body, of which only a ``Status``'s message is shown.
        retry_after: How long the server asks to wait, in seconds.
        secrets: What must not be shown.
    """
    said = "redirects are not followed" if status in _REDIRECTS else text_at(body, "message")
    text = f"HTTP {status} {phrase}".rstrip() + (f": {said}" if said and said != phrase else "")
    return Failure(
        _REASONS.get(status, "failed"),
        detail(text, secrets=secrets),
        is_passing=status == _TOO_MANY_REQUESTS or status >= _SERVER_ERRORS,
        status=status,
        retry_after=retry_after,
    )


def failure_of(error: Exception) -> Failure:
    """Return what an exception of the network's, of urllib3's, or of the client's own means."""
    from urllib3 import exceptions as http  # noqa: PLC0415 - heavy, and not needed where nothing is asked

    if isinstance(error, Failure):
        return error
    chain = tuple(_chain(error))
    if any(
        isinstance(e, ssl.SSLCertVerificationError | http.ProxySchemeUnknown | http.LocationValueError) for e in chain
    ):
        return Failure("unreachable", f"no connection: {_cause(chain)}")
    if isinstance(error, http.ReadTimeoutError):
        return Failure("slow", "no answer in time")
    if isinstance(error, http.DecodeError | http.InvalidHeader) or _is_not_http(chain):
        return Failure("malformed", f"no HTTP answer that can be read: {type(chain[-1]).__name__}")
    if isinstance(error, http.HTTPError):
        return Failure("unreachable", f"no connection, or it was cut: {_cause(chain)}", is_passing=True)
    return Failure("failed", f"unexpected {type(error).__name__}")


def _is_not_http(chain: Iterable[BaseException]) -> bool:
    return any(isinstance(e, HTTPException) and not isinstance(e, _CUT) for e in chain)


def _cause(chain: tuple[BaseException, ...]) -> str:
    said = [e.strerror for e in chain if isinstance(e, OSError) and e.strerror]
    return said[-1] if said else type(chain[-1]).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
