"""`Model`: the one way to a model; `hotagents_k8s_monitor.analysis.gate` is what all that leaves for it passes.

Each attempt is counted before it is made, and what it took when it was answered. A request runs in a thread of its own,
which is left behind when its time is over (`Bounded`): a server may send its headers in crumbs, and a name server may
not answer at all.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import urlsplit

from hotagents_k8s_monitor.analysis.errors import AnalysisError, BudgetError, NothingSentError
from hotagents_k8s_monitor.analysis.failing import error_of, of_status
from hotagents_k8s_monitor.analysis.gate import Gate
from hotagents_k8s_monitor.analysis.replies import reply_of, usage_in
from hotagents_k8s_monitor.analysis.usage import Usage
from hotagents_k8s_monitor.cluster.bounded import Bounded
from hotagents_k8s_monitor.redaction import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hotagents_k8s_monitor.analysis.budget import Budget
    from hotagents_k8s_monitor.analysis.gate import Answer
    from hotagents_k8s_monitor.analysis.replies import Reply

__all__ = ["Access", "Model", "access"]

_DEFAULT: Final = "https://api.anthropic.com"
_ATTEMPT: Final = 60.0  # seconds for one attempt at the least, where there are as many; half of what is left, if more
_PAUSES: Final = (0.5, 2.0)  # between attempts, where the server names none
_FORMAT: Final = "output_config"
_OF_CONNECTIONS: Final = "one of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR"
_SHORTEST: Final = 8  # of what is a secret; what is shorter may stand in any answer


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
        """The server's name, for people; an address may have a password in it, so never more than that."""
        try:
            return urlsplit(self.base_url).hostname or "no host"
        except ValueError:  # half an IPv6 address
            return "no host"

    def hidden_in(self, content: bytes) -> bytes:
        """Return what a server said without the key, of which some of them tell in their errors."""
        for secret in (self.api_key, self.auth_token):
            if len(secret) >= _SHORTEST:
                content = content.replace(secret.encode(), HIDDEN.encode())
        return content


def access() -> Access | None:
    """Return what the environment says, by the names that every client knows; None where it names no model.

    ``ANTHROPIC_API_KEY``, else ``ANTHROPIC_AUTH_TOKEN``; ``ANTHROPIC_BASE_URL``, for which a server of one's own may
    need no key. Blanks around them are no part of them: a Secret that was made of a file ends with a newline.
    """
    names = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL")
    key, token, url = (os.environ.get(name, "").strip() for name in names)
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
        self._gate: Final = Gate(budget.deadline, emails=emails, shown=shown, sends=sends)
        self._bounded: Final = Bounded()
        self._client: Any = None
        self._takes_formats = True

    @property
    def turns_left(self) -> int:
        """Requests that may still be made."""
        return self._budget.turns_left

    def ask(self, request: Mapping[str, Any], *, leaving: int = 0) -> Reply:
        """Return the answer to one request.

        What fails and may pass is tried three times, each of which counts. A server that does not know
        ``output_config`` is asked again without it, and not with it any more.

        Args:
            request: The body, as the Messages API takes it.
            leaving: Requests that the budget must still have after this one.

        Raises:
            BudgetError: If it may not be made, or was not answered in time.
            AnalysisError: If there is no answer that can be used.
        """
        without = {key: value for key, value in request.items() if key != _FORMAT}
        if _FORMAT not in request or not self._takes_formats:
            return self._ask(without, leaving)
        try:
            return self._ask(request, leaving)
        except AnalysisError as error:
            if error.reason != "rejected" or self.turns_left <= leaving:
                raise
            reply = self._ask(without, leaving)
            self._takes_formats = False
            return reply

    def check(self, *, leaving: int = 0) -> None:
        """Raise what `ask` would raise now without asking."""
        self._budget.check(leaving=leaving)

    def close(self) -> None:
        """Give connections back; a request that still runs ends with them."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):  # one that is in use in another thread may object
                client.close()

    def _ask(self, request: Mapping[str, Any], leaving: int) -> Reply:
        self._budget.take(leaving=leaving)
        for pause in _PAUSES:
            try:
                return self._reply(request)
            except AnalysisError as error:
                if not error.passes or not self._budget.take_after(error.retry_after or pause, leaving=leaving):
                    raise
        return self._reply(request)

    def _reply(self, request: Mapping[str, Any]) -> Reply:
        model = str(request["model"])
        try:
            answer = self._answer(request)
        except AnalysisError as error:
            if error.reason == "malformed":  # there was one, and no more is known of it
                self._budget.spend(model, Usage(requests=1))
            raise
        self._budget.spend(model, usage_in(answer.content))
        if not answer.is_success:
            raise of_status(answer.status, answer.headers, answer.content)
        return reply_of(answer.content)

    def _answer(self, request: Mapping[str, Any]) -> Answer:
        answers: list[Answer] = []
        deadline = self._budget.deadline
        try:
            is_over = self._bounded.run(lambda: answers.append(self._sent(request)), deadline)
        except Exception as error:  # also that no thread can be had
            if deadline.left() or isinstance(error, NothingSentError):
                raise error_of(error) from error
            is_over = False
        if not is_over:
            self.close()
            raise BudgetError(f"{self._where.host} did not answer within the time of an analysis")
        return answers[0]

    def _sent(self, request: Mapping[str, Any]) -> Answer:
        """Send a request; in the thread of that request alone."""
        try:
            return self._created(request)
        except Exception as error:
            raise error_of(error) from error

    def _created(self, request: Mapping[str, Any]) -> Answer:
        if self._client is None:
            self._client = _client(self._where, self._gate)
        left = self._budget.deadline.left()
        seconds = min(left, max(_ATTEMPT, left / 2))
        self._gate.deadline = self._budget.deadline.within(seconds)
        # Of its ways to an answer, the one that leaves reading it to others.
        with self._client.messages.with_streaming_response.create(**request, timeout=seconds) as answer:
            read: Answer = answer
        return replace(read, content=self._where.hidden_in(read.content))


def _client(where: Access, gate: Gate) -> Any:
    import anthropic  # noqa: PLC0415 - heavy, and not needed where nobody is asked

    for name in ("anthropic", "httpx", "httpx2", "httpcore", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)  # at debug they log whole bodies
    _refuse_what_cannot_be_asked(where)
    credentials = {"auth_token": where.auth_token} if where.auth_token else {"api_key": where.api_key or "none"}
    return anthropic.Anthropic(
        base_url=where.base_url,
        max_retries=0,  # each attempt is counted here
        open_telemetry=False,
        middleware=[gate],
        http_client=_connections(where.host),
        **credentials,
    )


def _connections(host: str) -> Any:
    import anthropic  # noqa: PLC0415 - heavy, and not needed where nobody is asked

    try:  # redirects: prompts and key go where the settings say
        return anthropic.DefaultHttpxClient(follow_redirects=False, mounts=_past_proxies(host))
    except Exception as error:
        said = f"{_OF_CONNECTIONS} cannot be used: {type(error).__name__}: {error}"
        raise AnalysisError("failed", said) from error


def _refuse_what_cannot_be_asked(where: Access) -> None:
    """Raise what is wrong with the settings, of which a client would say nothing that helps."""
    scheme = where.base_url.partition("://")[0].lower()
    if scheme not in {"http", "https"} or where.host == "no host":
        raise AnalysisError("unreachable", "ANTHROPIC_BASE_URL is no address of a server")
    secret = where.api_key or where.auth_token
    if not (secret.isascii() and secret.isprintable()):
        raise AnalysisError("unauthorized", "the key or token has characters that none can have")


def _past_proxies(host: str) -> dict[str, None]:
    """Return where no proxy is asked, whatever the environment says: a server on this machine."""
    try:
        address = ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return {}
    named = f"[{host}]" if address.version == 6 else host  # noqa: PLR2004 - as addresses are written
    return {f"all://{named}": None} if address.is_loopback else {}
