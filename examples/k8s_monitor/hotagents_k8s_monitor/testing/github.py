"""`FakeGitHub`: a GitHub that does not exist: repositories with commits, pull requests and deployments, read by HTTP.

What it answers has the shape of GitHub's own answers; only what says nothing about a change is short. It fails as
every `Receiver` does, see `Failure`, and `rate_limited` is GitHub's own way.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from hashlib import sha1
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import parse_qsl, urlencode, urlsplit

from hotagents_k8s_monitor.testing.github_shapes import commit_of, deployment_of, pull_of, status_of
from hotagents_k8s_monitor.testing.receiving import Failure, Handler, Received, Receiver

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["FakeGitHub", "rate_limited"]

_PATH: Final = re.compile(
    r"/repos/(?P<repository>[^/]+/[^/]+)/(?P<what>commits|deployments)(?:/(?P<id>[^/]+)(?P<of>/.*)?)?"
)
_NOT_FOUND: Final = (
    404,
    {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"},
)
_NO_COMMIT: Final = 422
_MOST_A_PAGE: Final = 100
_A_PAGE: Final = 30
_OK: Final = 200


def rate_limited(reset: datetime, *, path: str = "", times: int | None = None) -> Failure:
    """Return how GitHub refuses whoever has asked too often: nothing is left until ``reset``."""
    headers = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": f"{reset.timestamp():.0f}"}
    body = {"message": "API rate limit exceeded for 192.0.2.1.", "documentation_url": "https://docs.github.com/rest"}
    return Failure(path=path, status=403, body=body, headers=headers, times=times)


@final
class _Repository:
    """What one repository has, the newest last."""

    def __init__(self) -> None:
        self.commits: list[dict[str, Any]] = []
        self.pulls: list[tuple[frozenset[str], dict[str, Any]]] = []
        self.deployments: list[dict[str, Any]] = []
        self.statuses: dict[int, list[dict[str, Any]]] = {}


@final
class FakeGitHub(Receiver):
    """A server with a part of GitHub's REST API.

    Args:
        repositories: The repositories that there are, ``owner/name``.
        token: The token that is accepted; whoever sends none is let in, too, as to public repositories.
    """

    def __init__(self, *repositories: str, token: str = "ghp-test") -> None:  # noqa: S107
        super().__init__()
        self._token = token
        self._repositories = {name: _Repository() for name in repositories}

    @property
    def handler(self) -> type[Handler]:
        """What takes its requests."""
        return _Handler

    def commit(
        self,
        repository: str,
        message: str,
        *,
        at: datetime,
        files: Mapping[str, str] | None = None,
        author: str = "octocat",
        sha: str = "",
    ) -> str:
        """Add a commit; return its 40 digits.

        Args:
            repository: Where.
            message: Whole, the title first.
            at: When, aware.
            files: Patches by path.
            author: A user's name; empty for somebody whom GitHub does not know.
            sha: Its digits; empty for any.
        """
        with self._lock:
            there = self._repositories[repository]
            sha = sha or sha1(ascii((repository, message, len(there.commits))).encode()).hexdigest()  # noqa: S324 - as Git
            parent = there.commits[-1]["sha"] if there.commits else ""
            there.commits.append(commit_of(repository, sha, message, at, author, parent=parent, files=files or {}))
            return sha

    def pull(self, repository: str, title: str, *commits: str, merged: datetime, body: str = "") -> int:
        """Add a pull request that brought some commits; return its number."""
        with self._lock:
            there = self._repositories[repository]
            number = len(there.pulls) + 1
            there.pulls.append((frozenset(commits), pull_of(repository, number, title, body, merged, commits[-1])))
            return number

    def deploy(
        self, repository: str, sha: str, *, at: datetime, environment: str = "production", states: Iterable[str] = ()
    ) -> int:
        """Add a deployment that came through some states; return its id."""
        with self._lock:
            there = self._repositories[repository]
            number = 1 + len(there.deployments)
            there.deployments.append(deployment_of(repository, number, sha, environment, at))
            there.statuses[number] = [
                status_of(repository, number, n, state, environment, at) for n, state in enumerate(states, 1)
            ]
            return number

    def answer(self, request: Received) -> tuple[int, Any]:
        """Answer what is asked; lists are whole, the server cuts them into pages."""
        said = request.headers.get("authorization", "").partition(" ")[2]
        if said and said != self._token:
            return 401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}
        match = _PATH.fullmatch(request.path)
        there = self._repositories.get(match["repository"]) if match is not None else None
        if match is None or there is None:
            return _NOT_FOUND
        if match["what"] == "commits":
            return _commits(there, match["id"] or "", match["of"] or "", request.body)
        return _deployments(there, match["id"] or "", match["of"] or "", request.body)


def _commits(there: _Repository, name: str, of: str, query: Mapping[str, str]) -> tuple[int, Any]:
    if not name:
        return _OK, [_short(item) for item in reversed(there.commits) if _is_wanted(item, query)]
    found = [item for item in there.commits if item["sha"].startswith(name)]
    if len(found) != 1:
        return _NO_COMMIT, {"message": f"No commit found for SHA: {name}", "status": "422"}
    if of == "/pulls":
        return _OK, [pull for commits, pull in there.pulls if found[0]["sha"] in commits]
    return (_OK, found[0]) if not of else _NOT_FOUND


def _short(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in {"files", "stats"}}


def _is_wanted(item: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    when = datetime.fromisoformat(item["commit"]["committer"]["date"])
    since, until = (_time(query.get(key)) for key in ("since", "until"))
    if (since is not None and when < since) or (until is not None and when > until):
        return False
    path = query.get("path", "")
    return not path or any(f"{file['filename']}/".startswith(f"{path}/") for file in item["files"])


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(timezone.utc) if text else None


def _deployments(there: _Repository, name: str, of: str, query: Mapping[str, str]) -> tuple[int, Any]:
    if not name:
        wanted = query.get("environment", "")
        return _OK, [item for item in reversed(there.deployments) if wanted in {"", item["environment"]}]
    statuses = there.statuses.get(int(name)) if name.isdecimal() else None
    if statuses is None or of != "/statuses":
        return _NOT_FOUND
    return _OK, list(reversed(statuses))


@final
class _Handler(Handler):
    text_type = "text/html"

    def do_GET(self) -> None:  # noqa: N802 - as the server calls it
        """Answer a question, whose query stands in for a body."""
        url = urlsplit(self.path)
        self.respond(Received(url.path, self.names, dict(parse_qsl(url.query, keep_blank_values=True))))

    def shaped(self, request: Received, body: Any) -> tuple[Any, Mapping[str, str]]:
        """Return one page of a list."""
        return _paged(body, request, self.server.receiver.url) if isinstance(body, list) else (body, {})


def _paged(items: list[Any], request: Received, url: str) -> tuple[list[Any], dict[str, str]]:
    """Return one page of a list, and the header that says where the next one is."""
    size = min(int(request.body.get("per_page", _A_PAGE)), _MOST_A_PAGE)
    number = int(request.body.get("page", 1))
    page = items[(number - 1) * size : number * size]
    if number * size >= len(items):
        return page, {}
    query = urlencode({**request.body, "page": number + 1})
    return page, {"Link": f'<{url}{request.path}?{query}>; rel="next"'}
