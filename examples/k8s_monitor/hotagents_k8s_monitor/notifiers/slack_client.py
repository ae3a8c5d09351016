"""`SlackClient`: the Slack calls that are needed, each with an outcome that `NotSentError` tells.

A call that posts is made once: the SDK's retry after a server error could post twice, and whether the first attempt
arrived is looked up instead. All other calls may be repeated. A rate limit is waited for only where that takes a
moment; the outbox waits for the rest.
"""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, Final, final
from urllib.error import URLError

from hotagents import escape
from hotagents_k8s_monitor.notifiers.http import retry_after
from hotagents_k8s_monitor.notify import NotSentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError
    from slack_sdk.http_retry.handler import RetryHandler

__all__ = ["SlackClient", "handlers", "quiet_logger"]

_SECONDS: Final = 10
_A_MOMENT: Final = 3
_LIMITED: Final = 429
_SERVER: Final = range(500, 600)
_OF_THE_TOKEN: Final = frozenset(
    {"account_inactive", "invalid_auth", "missing_scope", "not_authed", "token_expired", "token_revoked"}
)
_PERHAPS: Final = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
_CODE: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_A_WHILE: Final = timedelta(minutes=5)


@final
class SlackClient:
    """Used by one thread at a time.

    Args:
        token: A bot's.
        base_url: Of Slack's API, with a slash at its end.
    """

    def __init__(self, token: str, *, base_url: str) -> None:
        self._token = token
        self._base_url = base_url if base_url.endswith("/") else f"{base_url}/"
        self._once: WebClient | None = None
        self._again: WebClient | None = None

    def post(self, **arguments: Any) -> tuple[str, str]:
        """Post a message; return the channel's id and the message's time stamp.

        Raises:
            NotSentError: If it was not posted, or nobody knows.
        """
        self._make()
        assert self._once is not None  # noqa: S101 - just made
        client = self._once
        answer = _called(lambda: client.chat_postMessage(parse="none", **_no_previews(arguments)))
        return str(answer["channel"]), str(answer["ts"])

    def call(self, method: str, **arguments: Any) -> Any:
        """Make a call that may be made twice, by its name in the SDK; return the answer's data.

        Raises:
            NotSentError: If it fails.
        """
        self._make()
        client = self._again
        return _called(lambda: getattr(client, method)(**arguments))

    def _make(self) -> None:
        if self._once is not None:
            return
        from slack_sdk import WebClient  # noqa: PLC0415 - heavy, and an extra

        common: dict[str, Any] = {"base_url": self._base_url, "timeout": _SECONDS, "logger": quiet_logger()}
        self._again = WebClient(self._token, retry_handlers=handlers(also_after_errors=True), **common)
        self._once = WebClient(self._token, retry_handlers=handlers(also_after_errors=False), **common)


def quiet_logger() -> logging.Logger:
    """Return a logger that says nothing: the SDK's would log what is in a message, and errors that are told anyway."""
    logger = logging.Logger("slack", level=logging.CRITICAL + 1)  # noqa: LOG001 - not to be found by anybody
    logger.addHandler(logging.NullHandler())
    return logger


def handlers(*, also_after_errors: bool) -> list[RetryHandler]:
    """Return the SDK's handlers of retries: for a rate limit of a moment, and for server errors where wanted."""
    from slack_sdk.http_retry.builtin_handlers import (  # noqa: PLC0415 - an extra
        RateLimitErrorRetryHandler,
        ServerErrorRetryHandler,
    )

    class OfAMoment(RateLimitErrorRetryHandler):
        """Leaves what takes longer to the outbox, since an hour's wait would be spent in a sleep."""

        def _can_retry(self, *, response: Any = None, **others: Any) -> bool:
            if not super()._can_retry(response=response, **others):
                return False
            values = [v for name, v in response.headers.items() if name.lower() == "retry-after"]
            said = values[0][0] if values and isinstance(values[0], list) else values[0] if values else None
            wait = retry_after(said)
            return wait is not None and str(said).isdecimal() and wait <= timedelta(seconds=_A_MOMENT)

    found: list[RetryHandler] = [OfAMoment(max_retry_count=1)]
    return [*found, ServerErrorRetryHandler(max_retry_count=1)] if also_after_errors else found


def _no_previews(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"unfurl_links": False, "unfurl_media": False, "link_names": False, **arguments}


def _called(call: Callable[[], Any]) -> Any:
    from slack_sdk.errors import SlackApiError, SlackClientError  # noqa: PLC0415 - an extra

    try:
        return call().data
    except SlackApiError as error:
        raise _refused(error) from None
    except URLError as error:
        refused = isinstance(error.reason, (ConnectionRefusedError, OSError)) and not isinstance(
            error.reason, (TimeoutError, ConnectionResetError)
        )
        raise NotSentError(f"no connection to Slack: {_short(error.reason)}", perhaps=not refused) from None
    except (HTTPException, OSError, SlackClientError, ValueError, AttributeError) as error:
        raise NotSentError(f"no answer from Slack: {type(error).__name__}", perhaps=True) from None


def _refused(error: SlackApiError) -> NotSentError:
    answer = error.response
    status = getattr(answer, "status_code", 0)
    data = getattr(answer, "data", {})
    code = _short(data.get("error") if isinstance(data, dict) else "") or f"HTTP {status}"
    if status == _LIMITED or code == "ratelimited":
        said = {name.lower(): value for name, value in getattr(answer, "headers", {}).items()}.get("retry-after")
        wait = retry_after(str(said) if said is not None else None)
        return NotSentError(f"Slack limits the rate, for {said or 'some'} seconds", retry_after=wait or _A_WHILE)
    if status in _SERVER or code in _PERHAPS or not _CODE.fullmatch(code):  # what is no code is a proxy's page
        return NotSentError(f"Slack failed: HTTP {status}", perhaps=True)
    if code in _OF_THE_TOKEN:
        needed = f" ({_short(data.get('needed'))})" if isinstance(data, dict) and data.get("needed") else ""
        return NotSentError(f"Slack refuses the token: {code}{needed}", retry_after=_A_WHILE)
    return NotSentError(f"Slack refuses the message: {code}", alone=True)


def _short(value: object) -> str:
    return escape(str(value), limit=100) if value else ""
