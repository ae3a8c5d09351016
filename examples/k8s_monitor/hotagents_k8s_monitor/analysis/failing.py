"""What an answer that is none, an exception of the client's, or one of the network's means: an `AnalysisError`.

Of an error's body only the message that the API has for people is shown, redacted and cut.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from hotagents_k8s_monitor.analysis.errors import AnalysisError
from hotagents_k8s_monitor.cluster.failures import Failure
from hotagents_k8s_monitor.cluster.objects import text_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents_k8s_monitor.analysis.errors import Reason

__all__ = ["error_of", "of_status", "retry_after", "too_late"]

_REASONS: Final[Mapping[int, Reason]] = {
    400: "rejected", 422: "rejected", 401: "unauthorized", 403: "unauthorized", 429: "throttled", 529: "throttled",
}  # fmt: skip
_PASSING: Final = frozenset({408, 409, 429})  # as all from 500 on
_FAULTS: Final = 500
_REDIRECTS: Final = range(300, 400)
_LONGEST: Final = 200
_MOST_SECONDS: Final = 7 * 86_400.0


def error_of(error: Exception) -> AnalysisError:
    """Return what an exception means; one that is known already is returned as it is."""
    import anthropic  # noqa: PLC0415 - heavy, and not needed where nobody is asked
    import httpx2  # noqa: PLC0415 - what the client is made of

    if isinstance(error, AnalysisError):
        return error
    if isinstance(error, Failure):  # earlier requests still hang
        return AnalysisError("unreachable", f"not asked: {error.detail}")
    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
        return too_late()
    if isinstance(error, httpx2.DecodingError):
        return AnalysisError("malformed", "the model's answer is compressed, and not as it says")
    if isinstance(error, anthropic.APIConnectionError | httpx2.TransportError):
        said = f"no connection to the model's server, or it was cut{_cause(error)}"
        return AnalysisError("unreachable", said, passes=True)
    return AnalysisError("failed", f"the request could not be made: {type(error).__name__}")


def too_late() -> AnalysisError:
    """Return that one attempt had no answer in its time."""
    return AnalysisError("unreachable", "the model's server did not answer in time", passes=True)


def of_status(status: int, headers: Mapping[str, str], content: bytes) -> AnalysisError:
    """Return what an answer means whose status is not that of a success."""
    body, wait = None, retry_after(headers)
    with suppress(ValueError, RecursionError):
        body = json.loads(content)
    said = text_at(body, "error", "message") or text_at(body, "message")
    what = "redirects are not followed" if status in _REDIRECTS else said[:_LONGEST]
    asks = f" and asks to wait for {wait:.0f} s" if wait >= 1 else ""
    text = f"the model's server answered {status}{asks}{f': {what}' if what else ''}"
    passes = _passes(status, headers)
    reason = _REASONS.get(status, "throttled" if passes and wait else "failed")
    return AnalysisError(reason, text, retry_after=wait, passes=passes)


def _passes(status: int, headers: Mapping[str, str]) -> bool:
    says = headers.get("x-should-retry", "").lower()
    return says == "true" if says in {"true", "false"} else status in _PASSING or status >= _FAULTS


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds that a server asks to wait, at most a week; 0 where it says nothing that can be read."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        if seconds > 0:  # what is no number is not either
            return min(seconds, _MOST_SECONDS)
    return _until(headers.get("retry-after", ""), headers.get("date", ""))


def _until(then: str, now: str) -> float:
    """Return the seconds between two dates; the second is the server's own, in place of which ours will do."""
    try:
        seconds = (_moment(then) - (_moment(now) if now else datetime.now(timezone.utc))).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), _MOST_SECONDS)


def _moment(date: str) -> datetime:
    found = parsedate_to_datetime(date)
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)


def _cause(error: BaseException) -> str:
    found: list[str] = []
    cause: BaseException | None = error.__cause__
    while cause is not None and len(found) < 5:  # noqa: PLR2004 - chains are short
        found += [cause.strerror] if isinstance(cause, OSError) and cause.strerror else []
        cause = cause.__cause__ or cause.__context__
    return f": {found[-1]}" if found else ""
