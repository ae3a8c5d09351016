"""What an exception of the client's, or of the network's, means: an `AnalysisError` in words for people.

Of an error's body only the message that the API has for people is shown, redacted and cut.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.analysis.errors import AnalysisError
from hotagents_k8s_monitor.cluster.failures import Failure
from hotagents_k8s_monitor.cluster.objects import text_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotagents_k8s_monitor.analysis.errors import Reason

__all__ = ["error_of", "retry_after", "too_long"]

_REASONS: Final[Mapping[int, Reason]] = {
    400: "rejected", 422: "rejected", 401: "unauthorized", 403: "unauthorized", 429: "throttled", 529: "throttled",
}  # fmt: skip
_REDIRECTS: Final = range(300, 400)
_LONGEST: Final = 200
_MOST_SECONDS: Final = 7 * 86_400.0


def error_of(error: Exception) -> AnalysisError:
    """Return what an exception means; one that is known already is returned as it is."""
    import anthropic  # noqa: PLC0415 - heavy, and not needed where nobody is asked

    if isinstance(error, AnalysisError):
        return error
    if isinstance(error, Failure):  # earlier requests still hang
        return AnalysisError("unreachable", f"not asked: {error.detail}")
    if isinstance(error, anthropic.APIStatusError):
        return _of_status(error.status_code, error.body, retry_after(error.response.headers))
    if isinstance(error, anthropic.APITimeoutError):
        return AnalysisError("unreachable", "the model's server did not answer in time")
    if isinstance(error, anthropic.APIConnectionError):
        return AnalysisError("unreachable", f"no connection to the model's server, or it was cut{_cause(error)}")
    return AnalysisError("failed", f"the request could not be made: {type(error).__name__}")


def too_long(status: int, wait: float) -> AnalysisError:
    """Return that a server asks for more patience than there is."""
    said = f"the model's server answered {status} and asks to wait for {wait:.0f} s"
    return AnalysisError("throttled", said, retry_after=wait)


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
    try:
        seconds = (parsedate_to_datetime(then) - parsedate_to_datetime(now)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), _MOST_SECONDS)


def _of_status(status: int, body: Any, wait: float) -> AnalysisError:
    said = text_at(body, "error", "message") or text_at(body, "message")
    what = "redirects are not followed" if status in _REDIRECTS else said[:_LONGEST]
    text = f"the model's server answered {status}{f': {what}' if what else ''}"
    return AnalysisError(_REASONS.get(status, "failed"), text, retry_after=wait)


def _cause(error: BaseException) -> str:
    found: list[str] = []
    cause: BaseException | None = error.__cause__
    while cause is not None and len(found) < 5:  # noqa: PLR2004 - chains are short
        found += [cause.strerror] if isinstance(cause, OSError) and cause.strerror else []
        cause = cause.__cause__ or cause.__context__
    return f": {found[-1]}" if found else ""
