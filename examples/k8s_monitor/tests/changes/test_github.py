"""GitHub, asked over HTTP by its library: what is kept of its answers, and what each way to fail is told as."""

from __future__ import annotations

import builtins
import contextlib
import socketserver
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents_k8s_monitor.changes import ChangesError, GitHub
from hotagents_k8s_monitor.testing.github import FakeGitHub, rate_limited
from hotagents_k8s_monitor.testing.objects import NOW
from hotagents_k8s_monitor.testing.receiving import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY: Final = "example-org/checkout-api"
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
LIMIT: Final = "GitHub limits the rate until "
GONE: Final = "GitHub has no such repository or commit, or the token may not see it (HTTP 404): Not Found"


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


# --- where the token goes ---------------------------------------------------------------------------------------------


def test_the_token_is_sent_and_nothing_is_without_one(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    commits(github())
    commits(github(token=""))
    first, second = server.requests
    assert first.headers["authorization"] == "token ghp-test"
    assert "authorization" not in second.headers


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


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (
            Failure(status=401, body={"message": "Bad credentials"}),
            "GitHub refuses the token (HTTP 401): Bad credentials",
        ),
        (Failure(status=403, body={"message": "Not accessible"}), "GitHub forbids it (HTTP 403): Not accessible"),
        (Failure(status=404, body={"message": "Not Found"}), GONE),
        (Failure(status=409, body={"message": "Git Repository is empty."}), "the repository is empty (HTTP 409): Git"),
        (Failure(status=422, body={"message": ["odd"]}), "GitHub has no such commit (HTTP 422)"),
        (Failure(status=500, body="<html>"), "GitHub failed (HTTP 500)"),
        (Failure(status=502, body="[" * 100_000), "GitHub failed (HTTP 502)"),
        (Failure(status=204, body=[]), "GitHub answered with HTTP 204"),
        (
            Failure(status=200, body="<html>A proxy</html>"),
            "GitHub's answer is not JSON; is that the address of its API?",
        ),
        (Failure(status=200, body="[" * 100_000), "GitHub's answer is not JSON; is that the address of its API?"),
        (Failure(status=200, body=""), "GitHub's answer is not JSON; is that the address of its API?"),
        (Failure(status=200, body={"items": []}), "GitHub answered with something that is not a list"),
        (Failure(status=200, body="x" * (5 << 20)), "GitHub's answer is larger than 4 MiB"),
        (Failure(status=500, body="x" * (5 << 20)), "GitHub's answer is larger than 4 MiB"),
        (Failure(status=200, body="x", headers={"Content-Encoding": "gzip"}), "GitHub's answer is packed"),
        (Failure(cuts=True), "no connection to GitHub, or it was cut: RemoteProtocolError"),
    ],
)
def test_a_failure_is_one_sentence(
    server: FakeGitHub, github: Callable[..., GitHub], failure: Failure, said: str
) -> None:
    server.fail(failure)
    assert refusal(lambda: commits(github())).startswith(said)
    assert len(server.requests) == 1  # nothing is asked twice


@pytest.mark.parametrize("headers", [{"retry-after": "3600"}, {"retry-after": "soon"}, {"x-ratelimit-remaining": "0"}])
@pytest.mark.parametrize("status", [403, 429])
def test_a_rate_limit_is_told_at_once_and_not_waited_for(
    server: FakeGitHub, github: Callable[..., GitHub], status: int, headers: dict[str, str]
) -> None:
    server.fail(Failure(status=status, headers=headers, body={"message": 7}))
    client = github()
    assert refusal(lambda: commits(client)).startswith(LIMIT)
    assert refusal(lambda: commits(client)).startswith(LIMIT)
    assert len(server.requests) == 1  # whoever goes on asking is shut out for longer


@pytest.mark.parametrize("reset", ["99999999999999999999", "-1", "x"])
def test_a_rate_limit_lasts_no_longer_than_an_hour_whatever_is_said(
    server: FakeGitHub, github: Callable[..., GitHub], reset: str
) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    server.fail(Failure(status=403, headers=headers))
    client = github()
    assert refusal(lambda: commits(client)).startswith(LIMIT)
    assert client._limited_until is not None
    assert client._limited_until <= datetime.now(timezone.utc) + HOUR


def test_a_rate_limit_names_its_end_and_then_is_over(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    server.fail(rate_limited(datetime.now(timezone.utc) - MINUTE, times=1))
    client = github()
    assert refusal(lambda: commits(client)).endswith(" UTC")
    assert commits(client).items == ()


def test_a_server_that_never_answers_is_left(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    server.fail(Failure(hangs=True))
    assert refusal(lambda: commits(github(seconds=0.2))) == "GitHub did not answer in time"


@final
class Crumbs(socketserver.ThreadingTCPServer):
    """A server whose headers never end."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Crumbling)
        self.done = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@final
class Crumbling(socketserver.BaseRequestHandler):
    server: Crumbs

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.request.sendall(b"HTTP/1.1 200 OK\r\n")
            while not self.server.done.wait(0.02):
                self.request.sendall(b"X-Crumb: 1\r\n")


@pytest.fixture
def crumbs() -> Iterator[Crumbs]:
    with Crumbs() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.done.set()
        server.shutdown()
        thread.join()


def test_headers_that_come_in_crumbs_are_not_waited_for_nor_asked_for_again_and_again(crumbs: Crumbs) -> None:
    client = GitHub("", base_url=crumbs.url, seconds=0.2)
    said = [refusal(lambda: commits(client)) for _ in range(4)]
    late = "GitHub did not answer in time"
    assert said == [late, late, late, "GitHub is not asked: 3 earlier attempts still hang"]


def test_a_deadline_that_has_passed_asks_nothing(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    client = github()
    assert refusal(lambda: commits(client, within=client.deadline().within(0))) == "GitHub did not answer in time"
    assert not server.requests


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1", "http://[", "nonsense", "ftp://example.org"])
def test_an_address_that_is_none_is_told(github: Callable[..., GitHub], base_url: str) -> None:
    assert "GitHub" in refusal(lambda: commits(github(base_url=base_url)))


@pytest.mark.parametrize("token", ["line\nbreak", "\ud800"])
def test_a_token_that_cannot_be_sent_is_told_without_it(
    server: FakeGitHub, github: Callable[..., GitHub], token: str
) -> None:
    said = refusal(lambda: commits(github(token=token)))
    assert token not in said
    assert not server.requests


def test_text_of_a_server_in_an_error_cannot_write_lines_or_show_a_secret(
    server: FakeGitHub, github: Callable[..., GitHub]
) -> None:
    server.fail(Failure(status=403, body={"message": "no\n\x1b[2J token: ghp_" + "a1B2" * 9 + "x" * 1000}))
    said = refusal(lambda: commits(github()))
    assert said.isprintable()
    assert "a1B2" not in said
    assert len(said) < 300


def test_without_githubkit_it_is_said_what_to_install(
    github: Callable[..., GitHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = builtins.__import__

    def missing(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "githubkit":
            raise ImportError(name)
        return imported(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    said = refusal(lambda: commits(github()))
    assert said == 'githubkit is not installed; install "hotagents-k8s-monitor[github]"'
