"""What may have to do with a fault: the cluster first, GitHub then, the best first, and never a word of a cause."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from hotagents_k8s_monitor.changes import Changes
from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.testing.building import text_of
from hotagents_k8s_monitor.testing.objects import NOW, application, deployment, pod, replica_set
from hotagents_k8s_monitor.testing.receiving import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.changes import Candidates
    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.testing.github import FakeGitHub

REPOSITORY: Final = "example-org/checkout-api"
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
CHECKOUT: Final = Owner("Deployment", "payments", "checkout-api")
DEPLOYMENT: Final = deployment("checkout-api", namespace="payments")


def of(name: str, revision: int, image: str, age: timedelta) -> Any:
    return replica_set(name, owner=DEPLOYMENT, revision=revision, image=image, created=NOW - age)


def rolled_out(image: str) -> list[Any]:
    """A roll-out ten minutes before."""
    old, new = of("checkout-api-1", 1, "checkout-api:old", 9 * HOUR), of("checkout-api-2", 2, image, 10 * MINUTE)
    return [DEPLOYMENT, old, new]


@pytest.fixture
def found(changes: Callable[..., Changes], seen: Callable[..., Snapshot]) -> Callable[..., Candidates]:
    def candidates(*objects: Any, owner: Owner = CHECKOUT, **options: Any) -> Candidates:
        return changes(**options).candidates_for(seen(objects), owner, NOW)

    return candidates


def test_a_commit_that_was_rolled_out_and_names_the_service_comes_first(server: FakeGitHub, found: Any) -> None:
    path = "deploy/checkout-api/values.yaml"
    sha = server.commit(REPOSITORY, "Raise the limit", at=NOW - 50 * MINUTE, files={path: "+limit: 2"})
    other = server.commit(REPOSITORY, "Words", at=NOW - 20 * MINUTE, files={"README.md": "+word"})
    candidates = found(*rolled_out(f"checkout-api:{sha[:10]}"))
    first, rollout, second = candidates.items
    assert (first.commit, first.score, first.at) == (sha, 1.0, NOW - 10 * MINUTE)
    assert (first.repository, first.author, first.files) == (REPOSITORY, "octocat", (path,))
    assert first.evidence == "replicasets.apps/payments/checkout-api-2"
    assert first.reasons == (
        "rolled out 10 minutes before the fault began",
        f"{sha[:10]} is in the tag of the image that was rolled out",
        f"changes {path}, which names checkout-api",
    )
    assert (rollout.commit, rollout.score) == ("", 0.8)
    assert (second.commit, second.score, second.evidence) == (other, 0.5, "")
    assert not candidates.lacking


def test_a_commit_of_last_week_that_was_rolled_out_now_is_found(server: FakeGitHub, found: Any) -> None:
    sha = server.commit(REPOSITORY, "Raise the limit", at=NOW - 200 * HOUR)
    first = found(*rolled_out(f"checkout-api:main-{sha[:7]}")).items[0]
    assert (first.commit, first.at) == (sha, NOW - 10 * MINUTE)


def test_the_revision_that_argo_cd_brought_is_found_by_name(server: FakeGitHub, found: Any) -> None:
    sha = server.commit(REPOSITORY, "Raise the limit", at=NOW - 200 * HOUR)
    shop = application("payments")
    shop["status"] |= {
        "resources": [{"kind": "Deployment", "namespace": "payments", "name": "checkout-api"}],
        "history": [{"deployedAt": text_of(NOW - 5 * MINUTE), "revision": sha}],
    }
    first = found(DEPLOYMENT, shop).items[0]
    assert (first.commit, first.evidence) == (sha, "applications.argoproj.io/argocd/payments")
    assert "is the revision that Application payments brought" in first.reasons


def test_a_rollout_of_the_workload_itself_counts_more_than_what_argo_cd_brought_and_than_a_commit_alone(
    server: FakeGitHub, found: Any
) -> None:
    server.commit(REPOSITORY, "Words", at=NOW - MINUTE)
    shop = application("payments")
    shop["status"] |= {
        "resources": [{"kind": "Deployment", "namespace": "payments", "name": "checkout-api"}],
        "history": [{"deployedAt": text_of(NOW - 5 * MINUTE), "revision": "f" * 40}],
    }
    first, *others = found(*rolled_out("checkout-api:old"), shop).items  # of the same image: a change of its settings
    assert (first.evidence, first.score) == ("replicasets.apps/payments/checkout-api-2", 0.8)
    assert first.reasons == ("rolled out 10 minutes before the fault began",)
    assert [item.score for item in others] == [0.5, 0.5]


def test_a_revision_of_another_repository_is_no_commit_and_nothing_lacks(server: FakeGitHub, found: Any) -> None:
    server.commit(REPOSITORY, "Words", at=NOW - MINUTE)
    candidates = found(*rolled_out(f"checkout-api:{'f' * 40}"))
    assert [item.title for item in candidates.items if item.commit] == ["Words"]
    assert not candidates.lacking


def test_a_revision_that_could_not_be_looked_up_lacks(server: FakeGitHub, found: Any) -> None:
    server.fail(Failure(path="f" * 40, status=502))
    assert found(*rolled_out(f"checkout-api:{'f' * 40}")).lacking == "GitHub failed (HTTP 502)"


def test_there_are_ten_at_most_and_that_there_are_more_is_said(server: FakeGitHub, found: Any) -> None:
    for n in range(200):
        server.commit(REPOSITORY, f"change {n}", at=NOW - HOUR + timedelta(seconds=n))
    candidates = found(DEPLOYMENT)
    assert [item.title for item in candidates.items] == [f"change {n}" for n in range(199, 189, -1)]
    assert candidates.lacking == "there are more commits than were looked at"
    assert len(server.requests) == 3 + 10


def test_what_lies_outside_of_the_window_is_none(server: FakeGitHub, found: Any) -> None:
    server.commit(REPOSITORY, "early", at=NOW - 3 * HOUR)
    server.commit(REPOSITORY, "late", at=NOW + MINUTE)
    assert found(DEPLOYMENT).items == ()


def test_the_same_changes_give_the_same_candidates(server: FakeGitHub, found: Any) -> None:
    for n in range(5):
        server.commit(REPOSITORY, f"change {n}", at=NOW - MINUTE)
    objects = rolled_out("checkout-api:new")
    assert found(*objects) == found(*reversed(objects))


@pytest.mark.parametrize(
    ("failure", "lacking"),
    [
        (Failure(hangs=True), "GitHub did not answer in time"),
        (Failure(status=401), "GitHub refuses the token (HTTP 401)"),
        (Failure(status=200, body="<html>"), "GitHub's answer is not JSON; is that the address of its API?"),
    ],
)
def test_without_github_the_cluster_still_tells_and_what_lacks_is_said(
    server: FakeGitHub, found: Any, failure: Failure, lacking: str
) -> None:
    server.fail(failure)
    candidates = found(*rolled_out("checkout-api:new"), seconds=0.5)
    (rollout,) = candidates.items
    assert (rollout.evidence, rollout.repository) == ("replicasets.apps/payments/checkout-api-2", "")
    assert rollout.reasons[1] == "checkout-api:new in place of checkout-api:old"
    assert candidates.lacking == lacking


def test_a_commit_whose_files_do_not_come_is_one_all_the_same(server: FakeGitHub, found: Any) -> None:
    sha = server.commit(REPOSITORY, "Raise", at=NOW - MINUTE, files={"checkout-api.yaml": ""})
    server.fail(Failure(path=sha, status=500))
    candidates = found(DEPLOYMENT)
    (item,) = candidates.items
    assert (item.commit, item.files, item.score) == (sha, (), 0.5)
    assert candidates.lacking == "GitHub failed (HTTP 500)"


def test_a_commit_without_a_time_is_none(server: FakeGitHub, found: Any) -> None:
    server.fail(Failure(status=200, body=[{"sha": "a" * 40}, {"sha": "odd"}]))
    assert found(DEPLOYMENT).items == ()


def test_a_template_that_is_taken_up_again_says_so(found: Any) -> None:
    again, bad = of("checkout-api-1", 3, "checkout-api:1", 9 * HOUR), of("checkout-api-2", 2, "checkout-api:2", HOUR)
    made = pod("checkout-api-1-x", owner=again, created=NOW - 10 * MINUTE)
    first, second = found(DEPLOYMENT, again, bad, made).items
    assert first.reasons[-1] == "takes an earlier template up again"
    assert second.evidence == "replicasets.apps/payments/checkout-api-2"


def test_of_a_service_without_a_repository_nothing_is_asked(server: FakeGitHub, found: Any) -> None:
    assert found(DEPLOYMENT, owner=Owner("Deployment", "shop", "cart")).items == ()
    assert not server.requests


def test_without_a_window_and_a_rollout_nothing_is_asked(
    server: FakeGitHub, github: Callable[..., Any], seen: Callable[..., Snapshot]
) -> None:
    none = Changes({"checkout-api": REPOSITORY}, window=timedelta(0), source=github())
    assert none.candidates_for(seen([DEPLOYMENT]), CHECKOUT, NOW).items == ()
    assert not server.requests


def test_no_words_of_ours_speak_of_a_cause(server: FakeGitHub, found: Any) -> None:
    sha = server.commit(REPOSITORY, "Raise", at=NOW - 50 * MINUTE, files={"checkout-api.yaml": ""})
    shown = [item.to_dict() for item in found(*rolled_out(f"checkout-api:{sha[:10]}")).items]
    assert len(shown) == 2
    assert "cause" not in str(shown).lower()
