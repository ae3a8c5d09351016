"""`asked`: one question to GitHub, by its library, and what each way to fail means."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, final

from hotagents import escape
from hotagents_k8s_monitor.changes.errors import ChangesError
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.cluster.objects import text_at
from hotagents_k8s_monitor.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import githubkit
    import httpx
    from githubkit.exception import RequestFailed

    from hotagents import Clock

__all__ = ["Asker", "RateLimitedError", "asked", "checked_repository", "checked_sha"]

Asker: TypeAlias = "Callable[[str, Mapping[str, str]], tuple[Any, bool]]"
"""Takes a path and a query; returns the answer's JSON, and whether there is a further page."""

T = TypeVar("T")

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_SHA: Final = re.compile(r"[0-9a-f]{7,40}")
_SECONDS: Final = 10.0
_MOST_BYTES: Final = 4 << 20
_SAID: Final = 200
_LONGEST_LIMIT: Final = timedelta(hours=1)  # GitHub counts by the hour; a header may say anything
_OK: Final = 200
_REDIRECTS: Final = range(300, 400)
_LATE: Final = "GitHub did not answer in time"
_REFUSALS: Final = {
    401: "GitHub refuses the token",
    403: "GitHub forbids it",
    404: "GitHub has no such repository or commit, or the token may not see it",
    409: "the repository is empty",
    422: "GitHub has no such commit",
    451: "GitHub may not show the repository",
}
_MISSING: Final = frozenset({404, 409, 422})
_LIMITED: Final = 429
_SHORT_LIMIT: Final = timedelta(minutes=1)  # where GitHub says that there is one, and not until when


@final
class RateLimitedError(Exception):
    """GitHub answers nothing for a time.

    Attributes:
        end: When that is over, by a clock that nobody can set back.
    """

    def __init__(self, wait: timedelta, clock: Clock) -> None:
        wait = max(timedelta(0), min(wait, _LONGEST_LIMIT))
        self.end: Final = Deadline.after(wait.total_seconds(), clock=clock)
        super().__init__(f"GitHub limits the rate until {clock.now() + wait:%Y-%m-%d %H:%M:%S} UTC")


def checked_repository(repository: str) -> str:
    """Return a repository that may be a part of a path.

    Raises:
        ChangesError: For any other.
    """
    if not _REPOSITORY.fullmatch(repository) or {".", ".."} & set(repository.split("/")):
        raise ChangesError(f'"{escape(repository, limit=_SAID)}" is no repository; expected owner/name')
    return repository


def checked_sha(sha: str) -> str:
    """Return what may name a commit.

    Raises:
        ChangesError: For anything else.
    """
    if not _SHA.fullmatch(sha):
        raise ChangesError(f'"{escape(sha, limit=50)}" is no commit; expected 7 to 40 of the digits 0-9 and a-f')
    return sha


def asked(work: Callable[[Asker], T], token: str, base_url: str, within: Deadline) -> T:
    """Return what some work makes of GitHub's answers; everything is connected for it, and closed after it.

    Raises:
        ChangesError: If GitHub cannot be asked, or does not answer as it should.
        RateLimitedError: If it answers nothing for a while.
    """
    try:
        import githubkit  # noqa: PLC0415 - heavy, and an extra
    except ImportError as error:
        raise _not_installed(error) from None
    try:
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)  # they log each address that is asked
        client: githubkit.GitHub[Any] = githubkit.GitHub(
            token or None,
            base_url=base_url,
            user_agent="k8s-monitor",
            follow_redirects=False,
            timeout=min(_SECONDS, max(within.left(), 0.001)),
            http_cache=False,
            auto_retry=False,
        )
        with client, client.get_sync_client() as connected:
            connected.event_hooks = {"response": [_reader(within)]}
            return work(lambda path, query: _answer(client, path, query, within))
    except (ChangesError, RateLimitedError):
        raise
    except Exception as error:  # noqa: BLE001 - a token with a line break, an address that is none
        raise ChangesError(f"GitHub cannot be asked: {type(error).__name__}", reason="down") from None


def _not_installed(error: ImportError) -> ChangesError:
    is_missing = isinstance(error, ModuleNotFoundError) and error.name == "githubkit"
    fault = "is not installed" if is_missing else f"cannot be loaded ({escape(str(error), limit=_SAID)})"
    return ChangesError(f'githubkit {fault}; install "hotagents-k8s-monitor[github]"', reason="down")


def _reader(within: Deadline) -> Callable[[httpx.Response], None]:
    """Return a hook that reads an answer's body before anybody else does, and no more of it than is borne."""

    def read(response: httpx.Response) -> None:
        import httpx  # noqa: PLC0415 - heavy, and an extra's

        if response.headers.get("content-encoding", "identity") != "identity":
            raise ChangesError("GitHub's answer is packed, which was not asked for")  # nobody knows how large it is
        content = bytearray()
        for piece in response.stream:  # type: ignore[union-attr]  # of a client that is not asynchronous
            content += piece
            if len(content) > _MOST_BYTES:
                raise ChangesError(f"GitHub's answer is larger than {_MOST_BYTES >> 20} MiB")
            if not within.left():
                raise ChangesError(_LATE, reason="late")
        response.stream.close()  # type: ignore[union-attr]  # the same
        response.stream = httpx.ByteStream(bytes(content))

    return read


def _answer(client: githubkit.GitHub[Any], path: str, query: Mapping[str, str], within: Deadline) -> tuple[Any, bool]:
    from githubkit.exception import RateLimitExceeded, RequestError, RequestFailed  # noqa: PLC0415 - an extra

    if not within.left():
        raise ChangesError(_LATE, reason="late")
    try:
        response = client.request("GET", path, params=dict(query), headers={"Accept-Encoding": "identity"})
    except RateLimitExceeded as error:
        raise RateLimitedError(error.retry_after, within.clock) from None
    except RequestFailed as error:
        raise _refused(error, within) from None
    except RequestError as error:
        raise _unanswered(error.exc) from None
    except (ValueError, TypeError, OverflowError, OSError):  # the library reads headers of a limit as numbers
        raise RateLimitedError(_LONGEST_LIMIT, within.clock) from None
    return _content(response)


def _content(response: githubkit.Response[Any]) -> tuple[Any, bool]:
    if response.status_code in _REDIRECTS:
        said = "GitHub redirects elsewhere, which is not followed; was the repository renamed?"
        raise ChangesError(said, reason="missing")
    if response.status_code != _OK:
        raise ChangesError(f"GitHub answered with HTTP {response.status_code}")
    try:
        return response.json(), 'rel="next"' in response.headers.get("link", "")
    except (ValueError, RecursionError):
        raise ChangesError("GitHub's answer is not JSON; is that the address of its API?") from None


def _refused(error: RequestFailed, within: Deadline) -> ChangesError | RateLimitedError:
    status = error.response.status_code
    try:
        said = text_at(error.response.json(), "message")
    except (ValueError, RecursionError):
        said = ""
    if status == _LIMITED or (status == 403 and "rate limit" in said[:_SAID].lower()):  # noqa: PLR2004 - of HTTP
        return RateLimitedError(_SHORT_LIMIT, within.clock)
    text = f"{_REFUSALS.get(status, 'GitHub failed')} (HTTP {status})"
    text = f"{text}: {escape(redacted(said[:_SAID]), limit=_SAID)}" if said else text
    return ChangesError(text, reason="down" if status == 401 else "missing" if status in _MISSING else "failed")  # noqa: PLR2004 - the same


def _unanswered(error: Exception) -> ChangesError:
    import httpx  # noqa: PLC0415 - heavy, and an extra's

    if isinstance(error, ChangesError):
        return error
    if isinstance(error, httpx.TimeoutException):
        return ChangesError(_LATE, reason="late")
    if isinstance(error, httpx.TransportError):
        is_there = isinstance(error, (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError))
        said = f"no connection to GitHub, or it was cut: {type(error).__name__}"
        return ChangesError(said, reason="failed" if is_there else "down")
    return ChangesError(f"GitHub cannot be asked: {type(error).__name__}", reason="down")
