"""Each way in which GitHub, or the way to it, can fail, over HTTP and through its library: one sentence, no wait."""

from __future__ import annotations

import builtins
import contextlib
import socketserver
import threading
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents.clock import SystemClock
from hotagents_k8s_monitor.changes import ChangesError, GitHub
from hotagents_k8s_monitor.cluster.deadline import Deadline
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
    assert client._limit is not None
    assert client._limit.end.left() <= HOUR.total_seconds()


@pytest.mark.parametrize(
    ("status", "message"), [(429, 7), (429, "Slow down"), (403, "You have exceeded a secondary rate limit.")]
)
def test_a_rate_limit_without_an_end_lasts_for_a_minute(
    server: FakeGitHub, github: Callable[..., GitHub], status: int, message: object
) -> None:
    server.fail(Failure(status=status, body={"message": message}))
    client = github()
    said = refusal(lambda: commits(client))
    assert said.startswith(LIMIT)
    assert refusal(lambda: commits(client)) == said
    assert client._limit is not None
    assert 0 < client._limit.end.left() <= 60


@final
class Clock:
    """The machine's clocks, of which one can be set back."""

    def __init__(self) -> None:
        self.now = SystemClock().now
        self.monotonic = SystemClock().monotonic
        self.get = SystemClock().get


def test_a_rate_limit_ends_in_time_also_where_the_clock_is_set_back(
    server: FakeGitHub, github: Callable[..., GitHub]
) -> None:
    clock, client = Clock(), github()
    within = Deadline.after(20, clock=clock)
    server.fail(Failure(status=429, headers={"retry-after": "0"}))
    assert refusal(lambda: commits(client, within=within)).startswith(LIMIT)
    clock.now = lambda: SystemClock().now() - timedelta(days=1)
    assert commits(client, within=within).items == ()


def test_without_a_thread_to_be_had_it_is_said(
    server: FakeGitHub, github: Callable[..., GitHub], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    client = github()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        said = refusal(lambda: commits(client))
    assert said == "GitHub is not asked: no thread for it: can't start new thread"
    assert not server.requests


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
    """A server whose headers never end, or whose bodies do not."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Crumbling)
        self.begins = b"HTTP/1.1 200 OK\r\n"
        self.done = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@final
class Crumbling(socketserver.BaseRequestHandler):
    server: Crumbs

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.request.sendall(self.server.begins)
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


def test_a_body_that_comes_in_crumbs_is_not_waited_for(crumbs: Crumbs) -> None:
    crumbs.begins = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    client = GitHub("", base_url=crumbs.url, seconds=0.2)
    assert refusal(lambda: commits(client)) == "GitHub did not answer in time"


def test_a_deadline_that_has_passed_asks_nothing(server: FakeGitHub, github: Callable[..., GitHub]) -> None:
    client = github()
    assert refusal(lambda: commits(client, within=client.deadline().within(0))) == "GitHub did not answer in time"
    assert not server.requests


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1", "http://[", "http://\x00", "nonsense", "ftp://example.org"])
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


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("No module", name="githubkit"), "githubkit is not installed; install "),
        (ModuleNotFoundError("No module\n", name="hishel"), "githubkit cannot be loaded (No module\\n); install "),
        (ImportError("cannot import name"), "githubkit cannot be loaded (cannot import name); install "),
    ],
)
def test_without_githubkit_it_is_said_what_to_install(
    github: Callable[..., GitHub], monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    imported = builtins.__import__

    def missing(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "githubkit":
            raise error
        return imported(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    assert refusal(lambda: commits(github())) == f'{said}"hotagents-k8s-monitor[github]"'
