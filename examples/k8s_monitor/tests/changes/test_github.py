"""GitHub, asked over HTTP by its library: what is kept of its answers, and what each way to fail is told as."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.changes import ChangesError, GitHub
from hotagents_k8s_monitor.testing.github import FakeGitHub
from hotagents_k8s_monitor.testing.objects import NOW
from hotagents_k8s_monitor.testing.receiving import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY: Final = "example-org/checkout-api"
TOKEN: Final = "ghp-test"  # noqa: S105 - of a server that does not exist
HOUR: Final = timedelta(hours=1)


def commits(github: GitHub, **options: Any) -> Any:
    return github.commits(REPOSITORY, **{"since": NOW - 2 * HOUR, "until": NOW, "within": github.deadline(), **options})


def refusal(ask: Callable[[], Any]) -> str:
    with pytest.raises(ChangesError) as caught:
        ask()
    return str(caught.value)


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_commits_are_those_of_the_time_with_title_and_user_and_no_address(
    server: FakeGitHub, github: Callable[..., GitHub]
) -> None:
    server.commit(REPOSITORY, "too early", at=NOW - 3 * HOUR)
    sha = server.commit(REPOSITORY, "Raise the limit\n\nSigned-off-by: a@example.org", at=NOW - HOUR)
    server.commit(REPOSITORY, "too late", at=NOW + HOUR)
    page = commits(github())
    assert page.items == (
        {"sha": sha, "at": (NOW - HOUR).isoformat(), "author": "octocat", "title": "Raise the limit"},
    )
    assert not page.is_cut


def test_pages_are_counted_up_to_a_limit_and_what_is_left_out_is_said(
    server: FakeGitHub, github: Callable[..., GitHub]
) -> None:
    for n in range(120):
        server.commit(REPOSITORY, f"change {n}", at=NOW - HOUR + timedelta(seconds=n))
    whole = commits(github())
    assert [item["title"] for item in whole.items] == [f"change {n}" for n in reversed(range(120))]
    assert not whole.is_cut
    for n in range(120, 200):
        server.commit(REPOSITORY, f"change {n}", at=NOW - HOUR + timedelta(seconds=n))
    cut = commits(github())
    assert (len(cut.items), cut.is_cut) == (150, True)


def test_a_commit_alone_has_its_message_and_its_patches(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    sha = server.commit(REPOSITORY, "Raise\n\nby a@example.org", at=NOW, files={"a.py": "@@ -1 +1 @@\n-a\n+b"})
    client = github()
    found = client.commit(REPOSITORY, sha[:7], within=client.deadline())
    assert (found["sha"], found["message"]) == (sha, "Raise\n\nby [redacted]")
    (file,) = found["files"]
    assert (file["path"], file["patch"], file["truncated"]) == ("a.py", "@@ -1 +1 @@\n-a\n+b", False)


def test_a_long_patch_is_cut_and_says_so(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    sha = server.commit(REPOSITORY, "Much", at=NOW, files={f"{n}.py": "+line\n" * 2_000 for n in range(120)})
    client = github()
    found = client.commit(REPOSITORY, sha, within=client.deadline())
    assert found["truncated"]
    assert all(file["truncated"] for file in found["files"])
    assert sum(len(file["patch"]) for file in found["files"]) <= 20_000


def test_secrets_in_a_patch_are_left_out_also_where_it_is_cut(
    server: FakeGitHub, github: Callable[..., GitHub]
) -> None:
    secret = "ghp_" + "a1B2" * 9
    for padding in range(10_950, 11_000, 3):  # all before it becomes one word, so that what is left would be seen
        sha = server.commit(REPOSITORY, "x", at=NOW, files={"a": "Bearer " + "x" * padding + f"\n{secret}\n" * 99})
        client = github()
        assert "a1B2" not in str(client.commit(REPOSITORY, sha, within=client.deadline()))
    sha = server.commit(REPOSITORY, f"Token {secret}", at=NOW, files={"b": f"+password = '{secret}'"})
    client = github()
    assert secret not in str(client.commit(REPOSITORY, sha, within=client.deadline()))


def test_odd_fields_read_as_empty_and_spoil_no_list(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    odd: list[Any] = [None, 7, {}, {"sha": 7, "commit": [], "author": "x"}, {"sha": "a" * 40, "commit": {"message": 7}}]
    server.fail(Failure(status=200, body=odd))
    page = commits(github())
    assert [item["sha"] for item in page.items] == ["", "", "a" * 40]
    assert {item["title"] for item in page.items} == {""}


def test_half_a_character_becomes_one_that_can_be_sent_on(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    server.fail(Failure(status=200, body=[{"sha": "a" * 40, "commit": {"message": "\ud800"}}]))
    (item,) = commits(github()).items
    assert item["title"].encode() == b"?"


def test_pull_requests_and_deployments_come_with_what_says_something(
    server: FakeGitHub, github: Callable[..., GitHub]
) -> None:
    sha = server.commit(REPOSITORY, "Raise", at=NOW - HOUR)
    server.pull(REPOSITORY, "Raise the limit", sha, merged=NOW - HOUR, body="as asked for")
    for n in range(3):
        server.deploy(REPOSITORY, sha, at=NOW - (6 - n) * HOUR, states=["queued", "success"])
    server.deploy(REPOSITORY, sha, at=NOW - HOUR, states=["queued", "failure"])
    client = github()
    (pull,) = client.pulls(REPOSITORY, sha, within=client.deadline()).items
    assert (pull["number"], pull["title"], pull["author"], pull["body"]) == (
        1,
        "Raise the limit",
        "octocat",
        "as asked for",
    )
    page = client.deployments(REPOSITORY, since=NOW - 2 * HOUR, until=NOW, within=client.deadline())
    (deployment,) = page.items
    assert (deployment["commit"], deployment["environment"]) == (sha, "production")
    assert [status["state"] for status in deployment["statuses"]] == ["failure", "queued"]
    assert not page.is_cut


def test_a_deployment_whose_statuses_do_not_come_is_one_all_the_same(
    server: FakeGitHub, github: Callable[..., GitHub]
) -> None:
    sha = server.commit(REPOSITORY, "Raise", at=NOW - HOUR)
    for n in range(2):
        server.deploy(REPOSITORY, sha, at=NOW - HOUR, environment=f"e{n}", states=["success"])
    server.fail(Failure(path="/statuses", status=502))
    client = github()
    page = client.deployments(REPOSITORY, since=NOW - 2 * HOUR, until=NOW, within=client.deadline())
    assert [(item["environment"], "statuses" in item) for item in page.items] == [("e1", False), ("e0", True)]
    assert page.is_cut


def test_deployments_are_ten_at_most_and_none_after_the_time(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    sha = server.commit(REPOSITORY, "Raise", at=NOW - HOUR)
    for n in range(12):
        server.deploy(REPOSITORY, sha, at=NOW - HOUR + timedelta(seconds=n), environment=f"e{n}")
    server.deploy(REPOSITORY, sha, at=NOW + HOUR)
    client = github()
    page = client.deployments(REPOSITORY, since=NOW - 2 * HOUR, until=NOW, within=client.deadline())
    assert [item["environment"] for item in page.items] == [f"e{n}" for n in range(11, 1, -1)]
    assert page.is_cut


def test_deployments_are_read_no_further_back_than_the_time(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    sha = server.commit(REPOSITORY, "Raise", at=NOW - HOUR)
    for n in range(130):
        server.deploy(REPOSITORY, sha, at=NOW - (130 - n) * HOUR)
    client = github()
    page = client.deployments(REPOSITORY, since=NOW - 2 * HOUR, until=NOW, within=client.deadline())
    assert (len(page.items), page.is_cut) == (2, False)
    assert len([request for request in server.requests if request.path.endswith("/deployments")]) == 1


@pytest.mark.parametrize("end", ["", "/"])
def test_an_address_may_have_a_path_as_that_of_a_server_of_ones_own_has(
    server: FakeGitHub, github: Callable[..., GitHub], end: str
) -> None:
    refusal(lambda: commits(github(base_url=f"{server.url}/api/v3{end}")))
    assert [request.path for request in server.requests] == [f"/api/v3/repos/{REPOSITORY}/commits"]


def test_without_an_address_it_is_the_public_one() -> None:
    assert GitHub("", base_url="", seconds=1)._base_url == "https://api.github.com"


# --- where the token goes ---------------------------------------------------------------------------------------------


def test_the_token_is_sent_and_nothing_is_without_one(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    commits(github())
    commits(github(token=""))
    first, second = server.requests
    assert first.headers["authorization"] == "token ghp-test"
    assert "authorization" not in second.headers


def test_a_token_from_a_file_that_ends_with_a_line_break_is_one(
    server: FakeGitHub, github: Callable[..., GitHub]
) -> None:
    assert commits(github(token=f"{TOKEN}\n")).items == ()
    assert [request.headers["authorization"] for request in server.requests] == [f"token {TOKEN}"]


def test_the_token_is_in_no_log_whatever_is_logged(
    server: FakeGitHub, github: Callable[..., GitHub], caplog: pytest.LogCaptureFixture
) -> None:
    token = "ghp_" + "a1B2" * 9
    for name in ("", "githubkit", "httpcore.connection", "httpcore.http11", "httpx"):
        caplog.set_level(logging.DEBUG, logger=name)
    said = refusal(lambda: commits(github(token=token)))
    assert [request.headers["authorization"] for request in server.requests] == [f"token {token}"]
    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}
    assert token not in caplog.text
    assert token not in said


def test_a_redirect_is_followed_to_no_other_host(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    with FakeGitHub(REPOSITORY) as other:
        server.fail(Failure(status=301, headers={"Location": f"{other.url}/repos/{REPOSITORY}/commits"}))
        said = refusal(lambda: commits(github()))
        assert said == "GitHub redirects elsewhere, which is not followed; was the repository renamed?"
        assert not other.requests


def test_the_link_to_the_next_page_is_followed_to_no_other_host(
    server: FakeGitHub, github: Callable[..., GitHub]
) -> None:
    with FakeGitHub(REPOSITORY) as other:
        link = {"Link": f'<{other.url}/repos/{REPOSITORY}/commits?page=2>; rel="next"'}
        server.fail(Failure(status=200, body=[], headers=link))
        commits(github())
        assert not other.requests
    assert [request.body["page"] for request in server.requests] == ["1", "2"]


@pytest.mark.parametrize("repository", ["a/../b", "../..", "./x", "a/..", "a", "a/b/c", "a/b?x", "a/b%2e", ""])
def test_what_is_no_repository_is_no_part_of_an_address(
    server: FakeGitHub, github: Callable[..., GitHub], repository: str
) -> None:
    client = github()
    assert "is no repository" in refusal(lambda: client.pulls(repository, "a" * 40, within=client.deadline()))
    assert not server.requests


@pytest.mark.parametrize("sha", ["", "main", "../../user", "ABCDEF1", "a" * 41, "abcdef1\n", "abc123"])
def test_what_is_no_commit_is_no_part_of_an_address(
    server: FakeGitHub, github: Callable[..., GitHub], sha: str
) -> None:
    client = github()
    assert "is no commit" in refusal(lambda: client.commit(REPOSITORY, sha, within=client.deadline()))
    assert not server.requests
