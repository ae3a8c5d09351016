"""A monitor that kills itself, for `test_killed`: run as a program, it forks one process for each line it reads.

A line is JSON: where records are, where Slack is, at which look to begin, and at which effect to die: before or after
any write, sync or rename, before a request is sent, once it was acted on and not answered, and once it was answered.
"""

from __future__ import annotations

import gc
import http.client
import importlib
import json
import os
import select
import signal
import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hotagents_k8s_monitor.notifiers import SlackNotifier
from hotagents_k8s_monitor.notifiers.slack_client import SlackClient
from hotagents_k8s_monitor.post import Post
from hotagents_k8s_monitor.records import Recorder
from hotagents_k8s_monitor.testing.objects import NOW, deployment

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
Bench: Any = importlib.import_module("conftest").Bench  # of the tests' own directory
MINUTE: Final = timedelta(minutes=1)
SINCE: Final = NOW - 20 * MINUTE
WHOLE: Final = [deployment(n, namespace=s, replicas=3) for n, s in (("checkout-api", "payments"), ("cart", "shop"))]
PARTLY: Final = deployment("checkout-api", namespace="payments", replicas=3, available=2, since=SINCE)
DOWN: Final = deployment("checkout-api", namespace="payments", replicas=3, available=0, since=SINCE)
CART: Final = deployment("cart", namespace="shop", replicas=3, available=0, since=SINCE)
LOOKS: Final = (WHOLE, [CART, PARTLY], [CART, DOWN], WHOLE, WHOLE)


class _Effects:
    """Counts effects from a given moment on, and ends the process at one of them."""

    def __init__(self, die_at: int) -> None:
        self.left = die_at
        self.counting = False

    def step(self) -> None:
        if self.counting:
            self.left -= 1
            if self.left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str) -> None:
        act: Callable[..., Any] = getattr(owner, name)

        def wrapped(*arguments: Any, **options: Any) -> Any:
            self.step()
            found = act(*arguments, **options)
            self.step()
            return found

        setattr(owner, name, wrapped)

    def around_answers(self) -> None:
        answer = http.client.HTTPConnection.getresponse

        def wrapped(connection: http.client.HTTPConnection) -> Any:
            if self.counting:
                select.select([connection.sock], [], [], 10)  # it was acted on, and nobody here knows
            self.step()
            found = answer(connection)
            self.step()
            return found

        http.client.HTTPConnection.getresponse = wrapped  # type: ignore[method-assign, assignment]  # as it is used


def _live(order: Any) -> None:
    effects = _Effects(order["die_at"])
    directory = Path(order["directory"])
    with ExitStack() as stack:
        bench = Bench(
            stack,
            recorder=Recorder(directory, keep=timedelta(days=30), most_bytes=1 << 24),
            post=lambda: Post([SlackNotifier(SlackClient("xoxb-test", base_url=order["api"]))], directory / "outbox"),
        )
        for owner, name in ((os, "write"), (os, "fsync"), (os, "replace"), (http.client.HTTPConnection, "request")):
            effects.around(owner, name)
        effects.around_answers()
        for number, objects in enumerate(LOOKS):
            if number < order["begin"]:
                continue
            Path(order["progress"]).write_text(str(number))
            effects.counting = number == order["die_in"]
            bench.set_clock(NOW + number * MINUTE + order["late"] * timedelta(seconds=10))
            bench.look(*objects)
    effects.counting = False


def _warm() -> None:
    """Import and compile what every life needs, once for all that are forked."""
    with ExitStack() as stack:
        Bench(stack).look(*LOOKS[1])
    for name in ("slack_sdk", "slack_sdk.http_retry.builtin_handlers"):
        importlib.import_module(name)
    gc.freeze()  # a collection would copy the pages of what is shared


def main() -> None:
    """Obey lines until there are no more; answer each with how the process ended."""
    _warm()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                _live(json.loads(line))
            except BaseException as error:  # noqa: BLE001 - said to the test
                sys.stderr.write(f"{error!r}\n")
                sys.stderr.flush()
                os._exit(3)
            os._exit(0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
