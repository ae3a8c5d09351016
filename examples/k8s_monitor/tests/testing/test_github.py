"""A GitHub that does not exist answers as GitHub's own library expects, in pages, and fails as GitHub does."""

from __future__ import annotations

import http.client
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

import githubkit
import pytest
from githubkit.exception import PrimaryRateLimitExceeded

from hotagents_k8s_monitor.testing.github import FakeGitHub, rate_limited
from hotagents_k8s_monitor.testing.objects import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REPOSITORY: Final = "example-org/checkout-api"
WHERE: Final[dict[str, Any]] = {"owner": "example-org", "repo": "checkout-api"}
MINUTE: Final = timedelta(minutes=1)


@pytest.fixture
def server() -> Iterator[FakeGitHub]:
    with FakeGitHub(REPOSITORY) as server:
        yield server


@pytest.fixture
def library(server: FakeGitHub) -> githubkit.GitHub[Any]:
    return githubkit.GitHub("ghp-test", base_url=server.url, http_cache=False, auto_retry=False)


def said(server: FakeGitHub, where: str, *, token: str = "", **query: str) -> tuple[int, Mapping[str, str], Any]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10.0)
    try:
        headers = {"Authorization": f"token {token}"} if token else {}
        connection.request("GET", f"{where}?{urlencode(query)}", headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.headers), json.loads(response.read())
    finally:
        connection.close()


def test_a_commit_has_the_shape_that_the_library_knows_alone_and_in_a_list(
    server: FakeGitHub, library: githubkit.GitHub[Any]
) -> None:
    sha = server.commit(REPOSITORY, "Raise the limit\n\nwhy", at=NOW, files={"deploy/cart.yaml": "@@ -1 +1 @@\n-a\n+b"})
    rest = library.rest.repos
    alone = rest.get_commit(**WHERE, ref=sha).parsed_data
    (listed,) = rest.list_commits(**WHERE).parsed_data
    assert (alone.sha, listed.sha, listed.commit.message) == (sha, sha, "Raise the limit\n\nwhy")
    assert alone.files
    assert [(file.filename, file.additions, file.deletions) for file in alone.files] == [("deploy/cart.yaml", 1, 1)]


def test_a_commit_of_somebody_unknown_has_the_shape_too(server: FakeGitHub, library: githubkit.GitHub[Any]) -> None:
    server.commit(REPOSITORY, "By mail", at=NOW, author="")
    (listed,) = library.rest.repos.list_commits(**WHERE).parsed_data
    assert listed.author is None


def test_deployments_and_their_statuses_have_the_shape_that_the_library_knows(
    server: FakeGitHub, library: githubkit.GitHub[Any]
) -> None:
    sha = server.commit(REPOSITORY, "Raise the limit", at=NOW)
    number = server.deploy(REPOSITORY, sha, at=NOW, states=["in_progress", "success"])
    rest = library.rest.repos
    (deployment,) = rest.list_deployments(**WHERE).parsed_data
    statuses = rest.list_deployment_statuses(**WHERE, deployment_id=number).parsed_data
    assert (deployment.id, deployment.sha) == (number, sha)
    assert [status.state for status in statuses] == ["success", "in_progress"]


def test_pull_requests_are_those_of_the_commit_in_the_shape_that_the_library_knows(
    server: FakeGitHub, library: githubkit.GitHub[Any]
) -> None:
    first, second = (server.commit(REPOSITORY, title, at=NOW) for title in ("one", "two"))
    server.pull(REPOSITORY, "One", first, merged=NOW)
    server.pull(REPOSITORY, "Two", second, merged=NOW)
    rest = library.rest.repos
    (pull,) = rest.list_pull_requests_associated_with_commit(**WHERE, commit_sha=second).parsed_data
    assert (pull.title, pull.base.sha, pull.base.repo.full_name) == ("Two", second, REPOSITORY)


def test_lists_come_in_pages_the_newest_first_and_say_where_the_next_is(server: FakeGitHub) -> None:
    for n in range(5):
        server.commit(REPOSITORY, f"change {n}", at=NOW + n * MINUTE)
    path = f"/repos/{REPOSITORY}/commits"
    _, headers, first = said(server, path, per_page="2")
    assert [item["commit"]["message"] for item in first] == ["change 4", "change 3"]
    assert headers["Link"] == f'<{server.url}{path}?per_page=2&page=2>; rel="next"'
    _, headers, last = said(server, path, per_page="2", page="3")
    assert [item["commit"]["message"] for item in last] == ["change 0"]
    assert "Link" not in headers


def test_commits_are_those_of_a_time_and_a_path(server: FakeGitHub) -> None:
    for n in range(5):
        server.commit(REPOSITORY, f"change {n}", at=NOW + n * MINUTE, files={f"src/{n % 2}/a.py": ""})
    between = {"since": f"{NOW + MINUTE:%Y-%m-%dT%H:%M:%SZ}", "until": f"{NOW + 3 * MINUTE:%Y-%m-%dT%H:%M:%SZ}"}
    _, _, found = said(server, f"/repos/{REPOSITORY}/commits", path="src/1", **between)
    assert [item["commit"]["message"] for item in found] == ["change 3", "change 1"]


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        (f"/repos/{REPOSITORY}/commits", "", 200),
        (f"/repos/{REPOSITORY}/commits", "another", 401),
        ("/repos/example-org/other/commits", "", 404),
        (f"/repos/{REPOSITORY}/commits/{'0' * 40}", "", 422),
        (f"/repos/{REPOSITORY}/deployments/7/statuses", "", 404),
        ("/user", "", 404),
    ],
)
def test_what_is_not_there_and_who_is_not_known_is_refused(
    server: FakeGitHub, path: str, token: str, status: int
) -> None:
    assert said(server, path, token=token)[0] == status


def test_a_rate_limit_is_what_the_library_takes_for_one(server: FakeGitHub, library: githubkit.GitHub[Any]) -> None:
    server.fail(rate_limited(datetime.now(timezone.utc) + timedelta(hours=1)))
    with pytest.raises(PrimaryRateLimitExceeded) as caught:
        library.rest.repos.list_commits(**WHERE)
    assert caught.value.retry_after > timedelta(minutes=30)


def test_it_remembers_what_was_asked(server: FakeGitHub) -> None:
    said(server, f"/repos/{REPOSITORY}/commits", token="ghp-test", page="1")  # noqa: S106 - of no server that exists
    (request,) = server.requests
    assert (request.path, request.body) == (f"/repos/{REPOSITORY}/commits", {"page": "1"})
    assert request.headers["authorization"] == "token ghp-test"
