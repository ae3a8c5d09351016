"""`Model`: the one way to a model, and the one choke point of all that leaves for it.

Every request passes `_Gate`, a middleware of the client's, once for each attempt: there the body is redacted, shown to
whoever wants to see it, and the deadline kept; there what the answer took is counted. Nothing else of the package sends
anything. A request runs in a thread of its own, which is left behind when its time is over (`Bounded`): a server may
send its headers in crumbs, and a name server may not answer at all.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import urlsplit

from hotagents_k8s_monitor.analysis.bodies import redacted_body
from hotagents_k8s_monitor.analysis.errors import AnalysisError, NothingSentError
from hotagents_k8s_monitor.analysis.failing import error_of, retry_after, too_long
from hotagents_k8s_monitor.analysis.replies import reply_of, usage_in
from hotagents_k8s_monitor.cluster.bounded import Bounded
from hotagents_k8s_monitor.cluster.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.analysis.budget import Budget
    from hotagents_k8s_monitor.analysis.replies import Reply

__all__ = ["Access", "Model", "access"]

_DEFAULT: Final = "https://api.anthropic.com"
_LONGEST_ATTEMPT: Final = 60.0
_ATTEMPTS: Final = 3
_LEAST: Final = 1.0  # seconds, within which no model answers
_FORMAT: Final = "output_config"


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Access:
    """Where the model is, and with what one asks it.

    Attributes:
        base_url: Of a server that speaks the Messages API.
        api_key: Sent as the client sends a key; empty for none.
        auth_token: Sent where there is no key; empty for none.
    """

    base_url: str
    api_key: str
    auth_token: str

    @property
    def host(self) -> str:
        """The server's name, for people."""
        return urlsplit(self.base_url).hostname or self.base_url


def access() -> Access | None:
    """Return what the environment says, by the names that every client knows; None where it names no model.

    ``ANTHROPIC_API_KEY``, else ``ANTHROPIC_AUTH_TOKEN``; ``ANTHROPIC_BASE_URL``, for which a server of one's own may
    need no key.
    """
    key, token = os.environ.get("ANTHROPIC_API_KEY", ""), os.environ.get("ANTHROPIC_AUTH_TOKEN", "")
    url = os.environ.get("ANTHROPIC_BASE_URL", "")
    if not (key or token or url):
        return None
    return Access(base_url=url or _DEFAULT, api_key=key, auth_token="" if key else token)


@final
class Model:
    """Asks a model, one request after the other; used by the one thread that does an analysis.

    Args:
        where: The server.
        budget: Counts what is asked, and what that took.
        emails: Whether e-mail addresses are taken out of what is sent.
        shown: Called with each body as it is sent, before it is.
        sends: Whether anything is sent at all; where not, each request raises `NothingSentError` once it was shown.
    """

    def __init__(
        self,
        where: Access,
        budget: Budget,
        *,
        emails: bool = True,
        shown: Callable[[Any], None] | None = None,
        sends: bool = True,
    ) -> None:
        self._where: Final = where
        self._budget: Final = budget
        self._gate: Final = _Gate(budget, emails=emails, shown=shown, sends=sends)
        self._bounded: Final = Bounded()
        self._client: Any = None
        self._takes_formats = True

    def ask(self, request: Mapping[str, Any], *, leaving: int = 0) -> Reply:
        """Return the answer to one request.

        A server that does not know ``output_config`` is asked again without it, and not with it any more.

        Args:
            request: Arguments of ``messages.create``.
            leaving: Requests that the budget must still have after this one.

        Raises:
            BudgetError: If it may not be made.
            AnalysisError: If there is no answer that can be used.
        """
        without = {key: value for key, value in request.items() if key != _FORMAT}
        if _FORMAT not in request or not self._takes_formats:
            return self._ask(without, leaving)
        try:
            return self._ask(request, leaving)
        except AnalysisError as error:
            if error.reason != "rejected":
                raise
            reply = self._ask(without, leaving)
            self._takes_formats = False
            return reply

    def close(self) -> None:
        """Give connections back; a request that still runs ends with them."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _ask(self, request: Mapping[str, Any], leaving: int) -> Reply:
        self._budget.take(leaving=leaving)
        answers: list[bytes] = []

        def work() -> None:
            answers.append(self._sent(request))

        try:
            is_over = self._bounded.run(work, self._budget.deadline)
        except (AnalysisError, Failure) as error:
            raise error_of(error) from error
        if not is_over:
            self.close()
            raise AnalysisError("budget", f"{self._where.host} did not answer within the time of an analysis")
        return reply_of(answers[0])

    def _sent(self, request: Mapping[str, Any]) -> bytes:
        try:
            answer = self._connected().messages.with_raw_response.create(**request)
            content: bytes = answer.http_response.content
        except Exception as error:
            raise error_of(error) from error
        return content

    def _connected(self) -> Any:
        if self._client is None:
            self._client = _client(self._where, self._gate)
        return self._client


@final
class _Gate:
    """The middleware; called by the client in the thread of a request, once an attempt."""

    def __init__(self, budget: Budget, *, emails: bool, shown: Callable[[Any], None] | None, sends: bool) -> None:
        self._budget = budget
        self._emails = emails
        self._shown = shown
        self._sends = sends

    def __call__(self, request: Any, call_next: Callable[[Any], Any]) -> Any:
        body = redacted_body(request.json, emails=self._emails)
        if self._shown is not None:
            self._shown(body)
        if not self._sends:
            raise NothingSentError
        left = self._budget.deadline.left()
        if left < _LEAST:
            raise AnalysisError("budget", "the time that an analysis may take is over")
        response = call_next(request.copy(body=body, timeout=min(left, _LONGEST_ATTEMPT)))
        answer = response.http_response
        if answer.is_success:
            self._budget.spend(str(body["model"]), usage_in(answer.content))
        elif (wait := retry_after(answer.headers)) > self._budget.deadline.left():
            raise too_long(answer.status_code, wait)
        return response


def _client(where: Access, gate: _Gate) -> Any:
    import anthropic  # noqa: PLC0415 - heavy, and not needed where nobody is asked

    for name in ("anthropic", "httpx", "httpx2", "httpcore", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)  # at debug they log whole bodies
    credentials = {"auth_token": where.auth_token} if where.auth_token else {"api_key": where.api_key or "none"}
    return anthropic.Anthropic(
        base_url=where.base_url,
        max_retries=_ATTEMPTS - 1,
        middleware=[gate],
        http_client=anthropic.DefaultHttpxClient(
            follow_redirects=False,  # prompts and key go where the settings say
            trust_env=not _is_loopback(where.host),  # no proxy is asked for a server on this machine
        ),
        **credentials,
    )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
