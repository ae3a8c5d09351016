"""`Endpoint`: a URL that takes JSON, asked once with a time limit; what it answers is an outcome, not a surprise."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, final

from hotagents import escape
from hotagents_k8s_monitor.notify import NotSentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3 import BaseHTTPResponse, PoolManager

__all__ = ["Endpoint", "retry_after"]

_SECONDS: Final = 10.0
_MOST_ANSWER: Final = 300
_OK: Final = range(200, 300)
_LATER: Final = frozenset({408, 425, 429})
_SERVER: Final = range(500, 600)
_TIMED_OUT: Final = 408


@final
class Endpoint:
    """Used by one thread at a time.

    Args:
        url: Where; its user and password, if it has any, are never shown.
        token: Sent as ``Authorization: Bearer``; empty for none.
        seconds: Longest wait for the whole answer.
    """

    def __init__(self, url: str, *, token: str = "", seconds: float = _SECONDS) -> None:
        self._url = url
        self._headers = {"Content-Type": "application/json", "User-Agent": "k8s-monitor"}
        self._headers |= {"Authorization": f"Bearer {token}"} if token else {}
        self._seconds = seconds
        self._pool: PoolManager | None = None

    def post(self, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """Send a value as JSON.

        Raises:
            NotSentError: If that is not answered with success. An answer of the 4xx, but for 408, 425 and 429, is said
            to
                be this message's alone.
        """
        import urllib3  # noqa: PLC0415 - heavy

        if self._pool is None:
            self._pool = urllib3.PoolManager(num_pools=1, retries=False)
        timeout = urllib3.Timeout(total=self._seconds)
        all_headers = {**self._headers, **(headers or {})}
        try:
            answer = self._pool.request(
                "POST", self._url, body=json.dumps(body).encode(), headers=all_headers, timeout=timeout, redirect=False
            )
        except urllib3.exceptions.NewConnectionError:
            raise NotSentError("no connection") from None
        except urllib3.exceptions.HTTPError as error:
            raise NotSentError(f"{type(error).__name__}: no answer", perhaps=True) from None
        _refuse(answer)


def _refuse(answer: BaseHTTPResponse) -> None:
    """Do nothing for an answer that says yes.

    Raises:
        NotSentError: For any other.
    """
    code = answer.status
    if code in _OK:
        return
    said = escape(answer.data[:_MOST_ANSWER].decode("utf-8", "replace").strip(), limit=_MOST_ANSWER)
    is_later = code in _LATER or code in _SERVER
    raise NotSentError(
        f"HTTP {code}{': ' if said else ''}{said}",
        retry_after=retry_after(answer.headers.get("Retry-After")) if is_later else None,
        alone=not is_later,
        perhaps=code in _SERVER or code == _TIMED_OUT,
    )


def retry_after(value: str | None) -> timedelta | None:
    """Return what a header ``Retry-After`` says, in seconds or as a date; None where that cannot be read."""
    if value is None:
        return None
    try:
        return timedelta(seconds=max(0, int(value)))
    except (ValueError, OverflowError):
        pass
    try:
        return max(timedelta(0), parsedate_to_datetime(value) - datetime.now(timezone.utc))
    except (TypeError, ValueError):
        return None
