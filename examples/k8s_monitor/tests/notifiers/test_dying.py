"""A process that dies at any step, between any two writes and calls: the next one sends what is missing, and once."""

from __future__ import annotations

import errno
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, final

import pytest

from hotagents_k8s_monitor.notifiers import SlackNotifier
from hotagents_k8s_monitor.notifiers.slack_client import SlackClient
from hotagents_k8s_monitor.records import files, outbox, state
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotagents_k8s_monitor.testing import FakeSlack

MINUTE: Final = timedelta(minutes=1)
CHECKOUT: Final = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=NOW - 20 * MINUTE)
CART: Final = deployment("cart", namespace="shop", replicas=3, available=0, since=NOW - 20 * MINUTE)
WHOLE: Final = [deployment(n, namespace=s, replicas=3) for n, s in (("checkout-api", "payments"), ("cart", "shop"))]
STEPS: Final = 20  # more than there are


class DiedError(Exception):
    """The process is no more; what it would still do has no effect."""


@final
class Life:
    """Counts what has an effect outside the process, and ends at one of these."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.ended = False

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            self.ended = self.ended or self.left < 0
        if self.ended:
            raise DiedError


@final
class Mortal:
    """A client whose process may die before a call, or after it and before the answer is known."""

    def __init__(self, client: SlackClient, life: Life) -> None:
        self._client = client
        self._life = life

    def post(self, **arguments: Any) -> tuple[str, str]:
        self._life.step()
        found = self._client.post(**arguments)
        self._life.step()
        return found

    def call(self, method: str, **arguments: Any) -> Any:
        self._life.step()
        return self._client.call(method, **arguments)


@pytest.fixture
def life(monkeypatch: pytest.MonkeyPatch) -> Life:
    life = Life()

    def mortal(write: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            try:
                life.step()
            except DiedError:
                raise OSError(errno.EIO, "the process is no more") from None
            return write(*arguments)

        return wrapped

    for module, name in ((outbox, "append_line"), (outbox, "write_lines"), (state, "write_object")):
        monkeypatch.setattr(module, name, mortal(getattr(files, name)))
    return life


@pytest.mark.parametrize("step", range(STEPS))
@pytest.mark.parametrize("at", ["beginning", "end"])
def test_a_death_at_any_step_loses_nothing_and_sends_nothing_twice(
    slack: FakeSlack, bench_with: Callable[..., Any], life: Life, step: int, at: str
) -> None:
    def client() -> SlackNotifier:
        return SlackNotifier(Mortal(SlackClient("xoxb-test", base_url=slack.api), life))  # type: ignore[arg-type]  # as one

    bench = bench_with(client)
    bench.look(*WHOLE)
    if at == "end":
        bench.look(CHECKOUT, CART, after=MINUTE)
        bench.look(*WHOLE, after=MINUTE)
    life.left = step
    bench.look(*([CHECKOUT, CART] if at == "beginning" else WHOLE), after=MINUTE)
    died = life.ended
    life.left, life.ended = None, False
    bench.restart()
    bench.look(*([CHECKOUT, CART] if at == "beginning" else WHOLE), after=MINUTE)
    for _ in range(2):
        bench.look(*WHOLE, after=MINUTE)
    by_root = {root.ts: root.text for root in slack.roots}
    replies = [item.thread_ts for item in slack.posted if item.thread_ts]
    assert sorted("checkout-api" in text for text in by_root.values()) == [False, True]
    assert all("resolved" in text for text in by_root.values())
    assert sorted(replies) == sorted(by_root)
    assert died == (step < STEPS - 1) or step in range(10, STEPS - 1), "STEPS: the last should be beyond all there are"
