"""One analysis asks GitHub nothing twice, and a GitHub that does not answer costs it little time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents.testing import FakeClock
from hotagents_k8s_monitor.changes import Changes, ChangesError, GitHub, Page
from hotagents_k8s_monitor.changes.remembering import Remembering
from hotagents_k8s_monitor.cluster.deadline import Deadline
from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.testing.objects import NOW, deployment
from hotagents_k8s_monitor.testing.receiving import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.changes import Candidates
    from hotagents_k8s_monitor.cluster import Snapshot
    from hotagents_k8s_monitor.testing.github import FakeGitHub

REPOSITORY: Final = "example-org/checkout-api"
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
OWNERS: Final = [Owner("Deployment", "shop", f"cart-{n}") for n in range(10)]
EACH_ITS_OWN: Final = {owner.name: f"example-org/{owner.name}" for owner in OWNERS}


@pytest.fixture
def of_ten(seen: Callable[..., Snapshot]) -> Callable[[Changes], list[Candidates]]:
    """What is known of ten incidents before a model is asked about them."""
    snapshot = seen([deployment(owner.name, namespace="shop") for owner in OWNERS])
    return lambda changes: [changes.candidates_for(snapshot, owner, NOW) for owner in OWNERS]


def refusal(changes: Changes, service: str) -> str:
    with pytest.raises(ChangesError) as caught:
        changes.call("commits", {"service": service}, began=NOW)
    return str(caught.value)


def test_ten_incidents_of_one_repository_ask_each_question_once(
    server: FakeGitHub, github: Callable[..., GitHub], of_ten: Any
) -> None:
    for n in range(3):
        server.commit(REPOSITORY, f"change {n}", at=NOW - MINUTE)
    changes = Changes({"*": REPOSITORY}, window=HOUR, source=github())
    assert [len(found.items) for found in of_ten(changes)] == [3] * 10
    assert len(server.requests) == 1 + 3


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Failure(hangs=True, times=None), "GitHub did not answer in time"),
        (Failure(status=401, times=None), "GitHub refuses the token (HTTP 401)"),
        (Failure(status=429, times=None), "GitHub limits the rate until "),
    ],
)
def test_a_github_that_answers_nobody_is_asked_once_for_ten_incidents_and_all_that_agents_ask(
    server: FakeGitHub, github: Callable[..., GitHub], of_ten: Any, failure: Failure, said: str
) -> None:
    server.fail(failure)
    changes = Changes(EACH_ITS_OWN, window=HOUR, source=github(seconds=0.3))
    assert all(found.lacking.startswith(said) for found in of_ten(changes))
    assert refusal(changes, "cart-7").startswith(said)
    assert len(server.requests) == 1


def test_the_next_analysis_asks_again(server: FakeGitHub, github: Callable[..., GitHub], of_ten: Any) -> None:
    server.fail(Failure(status=401))
    source = github()
    first, second = (Changes({"*": REPOSITORY}, window=HOUR, source=source) for _ in range(2))
    assert all(found.lacking for found in of_ten(first))
    assert not any(found.lacking for found in of_ten(second))


def test_a_question_that_failed_is_asked_again_and_one_of_what_is_not_there_is_not(
    server: FakeGitHub, github: Callable[..., GitHub]
) -> None:
    changes = Changes({"cart": REPOSITORY, "gone": "example-org/gone"}, window=HOUR, source=github())
    server.fail(Failure(status=502))
    assert refusal(changes, "cart") == "GitHub failed (HTTP 502)"
    assert '"commits": []' in changes.call("commits", {"service": "cart"}, began=NOW)
    assert refusal(changes, "gone") == refusal(changes, "gone")
    assert len(server.requests) == 3


@final
class Slow:
    """A source that takes its time, by a clock of its own, and answers in the end."""

    def __init__(self, takes: float) -> None:
        self.clock = FakeClock()
        self._takes = takes

    def deadline(self) -> Deadline:
        return Deadline.after(10, clock=self.clock)

    def commits(self, *_: Any, within: Deadline, **__: Any) -> Page:
        self.clock.advance(min(self._takes, within.left()))
        if not within.left():
            raise ChangesError("GitHub did not answer in time", reason="late")
        return Page(())

    deployments = pulls = commits

    def commit(self, *_: Any, **__: Any) -> dict[str, Any]:
        raise ChangesError("there is none", reason="missing")


@pytest.mark.parametrize(("takes", "at_most"), [(60.0, 10.0), (4.0, 20.0), (1.0, 10.0)])
def test_all_candidates_of_an_analysis_take_no_longer_than_two_questions(
    of_ten: Any, takes: float, at_most: float
) -> None:
    source = Slow(takes)
    began = source.clock.monotonic()
    found = of_ten(Changes(EACH_ITS_OWN, window=HOUR, source=source))
    assert source.clock.monotonic() - began == at_most
    assert len(found) == 10
    assert any(candidates.lacking for candidates in found) == (takes > 1)


def test_a_slow_source_is_still_asked_when_agents_ask(of_ten: Any) -> None:
    source = Slow(4.0)
    changes = Changes(EACH_ITS_OWN, window=HOUR, source=source)
    of_ten(changes)
    assert '"commits": []' in changes.call("commits", {"service": "cart-9"}, began=NOW)


def test_no_question_outlasts_the_whole() -> None:
    clock = FakeClock(NOW)
    source = Remembering(GitHub("", base_url="http://127.0.0.1:9", seconds=10.0), Deadline.after(3.0, clock=clock))
    assert 2.9 < source.deadline().left() <= 3.0
    clock.advance(5.0)
    with pytest.raises(ChangesError, match="did not answer in time"):
        source.commit("example-org/cart", "0" * 40, within=source.deadline())
