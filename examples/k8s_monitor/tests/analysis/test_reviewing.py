"""The reviewer of changes, through the whole loop: the cluster first, then GitHub, and a score that code computes."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.changes import GitHub
from hotagents_k8s_monitor.testing import Failure, FakeGitHub
from hotagents_k8s_monitor.testing.model import HOSTILE, ModelServer, formed, text, tool_use
from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod, replica_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotagents_k8s_monitor.testing.model import Reply, Request

REPOSITORY: Final = "example-org/checkout-api"
BEGAN: Final = NOW - timedelta(minutes=30)
PATCH: Final = "@@ -1 +1 @@\n-pool: 20\n+pool: 2"


def objects() -> list[dict[str, Any]]:
    """A Deployment that is short since ten minutes after its roll-out."""
    owner = deployment("checkout-api", namespace="payments", replicas=3, available=1, since=BEGAN)
    sets = [
        replica_set(
            f"checkout-api-{name}", owner=owner, revision=number, image=f"checkout-api:1.{number}",
            created=BEGAN - timedelta(minutes=minutes),
        )
        for number, (name, minutes) in enumerate((("aaaa", 3000), ("bbbb", 10)), 1)
    ]  # fmt: skip
    return [owner, *sets, pod("checkout-api-bbbb-x", owner=sets[1], waiting="CrashLoopBackOff", since=BEGAN)]


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub(REPOSITORY) as server:
        yield server


def asks(*calls: tuple[str, dict[str, Any]]) -> Callable[[Request], Reply]:
    """A model whose reviewer makes these calls."""

    def script(request: Request) -> Reply:
        first = len(request.messages) == 1
        if "github-reviewer" in request.tools:
            ask = ("github-reviewer", {"incident": "incident-1", "task": "Was it a change?"})
            return tool_use(ask) if first else formed(request)
        return tool_use(*calls) if first else text("It makes the pool smaller.")

    return script


def answers(server: ModelServer) -> list[Any]:
    """What the reviewer's calls returned."""
    results = [
        block for request in server.requests if "github-reviewer" not in request.tools for block in request.results
    ]
    return [block["content"] for block in results]


def test_what_was_rolled_out_and_committed_before_is_told_with_its_score(
    github: FakeGitHub, asking: Callable[..., Any]
) -> None:
    sha = github.commit(
        REPOSITORY, "Smaller pool", at=BEGAN - timedelta(minutes=20), files={"checkout-api/pool.yaml": PATCH}
    )
    github.commit(REPOSITORY, "Long ago", at=BEGAN - timedelta(days=2), files={"README.md": "@@"})
    source = GitHub("ghp-test", base_url=github.url, seconds=20.0)
    with ModelServer(asks(("commits", {"service": "checkout-api", "commit": sha}))) as server:
        result = asking(server, github=source).look(*objects())
        assert server.surprises == ()
        said = server.requests[0].messages[0]["content"]
        (diff,) = answers(server)
    assert result.data["analysis"]["state"] == "ok"
    incident = json.loads(re.sub("&lt;", "<", said.split("<data>\n")[1].split("\n</data>")[0]))[0]
    rollout, first = incident["changes"]
    assert (rollout["title"], rollout["evidence"]) == (
        "Deployment payments/checkout-api: revision 2", "replicasets.apps/payments/checkout-api-bbbb",
    )  # fmt: skip
    assert (first["title"], first["commit"]) == ("Smaller pool", sha)
    assert first["score"] > 0.5
    assert not any("Long ago" in str(change) for change in incident["changes"])
    assert "+pool: 2" in diff
    assert {request.path.split("/")[3] for request in github.requests} == {"checkout-api"}


def test_what_is_told_of_changes_is_bounded_however_long_they_are(
    github: FakeGitHub, asking: Callable[..., Any]
) -> None:
    for n in range(10):
        files = {f"checkout-api/{n}/{m}/" + "x" * 260: PATCH for m in range(20)}
        github.commit(REPOSITORY, f"{n} " + "word " * 100, at=BEGAN - timedelta(minutes=n + 1), files=files)
    source = GitHub("ghp-test", base_url=github.url, seconds=20.0)
    with ModelServer(asks()) as server:
        asking(server, github=source).look(*objects())
        said = server.requests[0].messages[0]["content"]
    incident = json.loads(re.sub("&lt;", "<", said.split("<data>\n")[1].split("\n</data>")[0]))[0]
    *told, not_known = incident["changes"]
    assert len(told) > 1
    assert len(json.dumps(told)) < 7_000
    assert not_known == {"not_known": f"{10 - len(told)} that fit less are left out here"}


def test_without_a_token_and_an_address_nobody_asks_github_and_roll_outs_are_told_all_the_same(
    asking: Callable[..., Any],
) -> None:
    with ModelServer(asks(("commits", {"service": "checkout-api"}))) as server:
        asking(server).look(*objects())
        reviewer = next(request for request in server.requests if "github-reviewer" not in request.tools)
        assert reviewer.tools == ()
        assert "replicasets.apps/payments/checkout-api-bbbb" in server.requests[0].text
        assert "may not use" not in answers(server)[0]
        assert "there is no such function here" in answers(server)[0]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (("commits", {"service": "other-org/secrets"}), "service should be one of"),
        (("commits", {"service": "checkout-api", "commit": "HEAD; id"}), "commit"),
        (("pulls", {"service": "checkout-api"}), "commit is missing"),
        (("commits", {"service": "checkout-api", "repository": "x/y"}), "no such argument: repository"),
        (("diff", {"service": "checkout-api"}), "may not use diff"),
    ],
)
def test_a_model_cannot_name_a_repository_of_its_own(
    call: tuple[str, dict[str, Any]], expected: str, github: FakeGitHub, asking: Callable[..., Any]
) -> None:
    source = GitHub("ghp-test", base_url=github.url, seconds=20.0)
    with ModelServer(asks(call)) as server:
        asking(server, github=source).look(*objects())
        assert expected in answers(server)[0]
    assert all(request.path.startswith(f"/repos/{REPOSITORY}/commits") for request in github.requests)


def test_a_github_that_is_down_costs_its_changes_and_nothing_else(
    github: FakeGitHub, asking: Callable[..., Any], make_bench: Callable[..., Any]
) -> None:
    github.fail(Failure(status=500, times=None))
    source = GitHub("ghp-test", base_url=github.url, seconds=5.0)
    with ModelServer(asks(("commits", {"service": "checkout-api"}))) as server:
        result = asking(server, github=source).look(*objects())
        assert "not_known" in server.requests[0].text
    assert result.data["analysis"]["state"] == "ok"
    assert result.data["told"] == make_bench().look(*objects()).data["told"]


def test_a_github_that_hangs_is_waited_for_once_in_an_analysis_of_ten_incidents(
    github: FakeGitHub, asking: Callable[..., Any]
) -> None:
    github.fail(Failure(hangs=True, times=None))
    source = GitHub("ghp-test", base_url=github.url, seconds=0.5)
    short = [
        deployment(f"checkout-api-{n}", namespace="payments", replicas=3, available=0, since=BEGAN) for n in range(10)
    ]
    edit = ("  checkout-api: example-org/checkout-api", "  '*': example-org/checkout-api")
    with ModelServer(asks(("commits", {"service": "checkout-api-3"}))) as server:
        bench = asking(server, github=source)
        bench.edit("agents/github-reviewer.md", edit)
        result = bench.look(*short)
        assert server.surprises == ()
        assert server.requests[0].text.count('"not_known": "GitHub did not answer in time"') >= 10
        assert "GitHub did not answer in time" in answers(server)[0]
    assert result.data["analysis"]["state"] == "ok"
    assert len(github.requests) == 1


@pytest.mark.parametrize("said", HOSTILE[::3], ids=range(len(HOSTILE[::3])))
def test_what_a_commit_says_to_a_model_changes_no_delivery(
    said: str, github: FakeGitHub, asking: Callable[..., Any], make_bench: Callable[..., Any]
) -> None:
    sha = github.commit(
        REPOSITORY, said, at=BEGAN - timedelta(minutes=5), files={"a.yaml": f"@@ -1 +1 @@\n+{said}"}, author=""
    )
    source = GitHub("ghp-test", base_url=github.url, seconds=20.0)
    calls = (("commits", {"service": "checkout-api"}), ("commits", {"service": "checkout-api", "commit": sha}))
    with ModelServer(asks(*calls)) as server:
        result = asking(server, github=source).look(*objects())
        assert server.surprises == ()
        told = answers(server)
    assert result.data["told"] == make_bench().look(*objects()).data["told"]
    assert all(block.count("<data>") == block.count("</data>") == 1 for block in told)
