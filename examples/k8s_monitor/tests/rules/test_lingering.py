"""What lingers: a container between two falls of a crash loop, which looks well and is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from hotagents_k8s_monitor.findings import Owner
from hotagents_k8s_monitor.rules import detect
from hotagents_k8s_monitor.testing.objects import NOW, deployment, pod, replica_set

RULE: Final = "container-waiting"
WHOLE: Final = deployment("cart", namespace="shop", replicas=3)
OF: Final = replica_set("cart-5d4f7", owner=WHOLE)
LATELY: Final = NOW - timedelta(minutes=20)
MINUTE: Final = timedelta(minutes=1)
LINGERING: Final = frozenset({(Owner("Deployment", "shop", "cart"), RULE)})


def running(waited: timedelta, lasts: timedelta, *, field: str = "containerStatuses", **changes: Any) -> dict[str, Any]:
    """A pod with a container that runs again, after it waited since its last fall, and for how long by now."""
    found = pod("cart-5d4f7-x", **({"owner": OF, "init": "done"} | changes))
    begun = NOW - lasts
    found["status"][field][0] |= {
        "state": {"running": {"startedAt": begun.isoformat()}},
        "lastState": {"terminated": {"finishedAt": (begun - waited).isoformat(), "exitCode": 1}},
    }
    return found


@pytest.mark.parametrize("field", ["containerStatuses", "initContainerStatuses"])
@pytest.mark.parametrize(
    ("waited", "lasts"),
    [
        (timedelta(seconds=20), MINUTE),
        (5 * MINUTE, 0 * MINUTE),
        (5 * MINUTE, timedelta(seconds=599)),
        (5 * MINUTE, -MINUTE),  # the node's clock is ahead
    ],
)
def test_a_container_that_runs_again_after_a_back_off_lingers(
    seen: Any, field: str, waited: timedelta, lasts: timedelta
) -> None:
    detection = detect(seen([WHOLE, OF, running(waited, lasts, field=field)]))
    assert (detection.signals, detection.lingering) == ((), LINGERING)


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(running(timedelta(seconds=19), MINUTE), id="no back-off"),
        pytest.param(running(5 * MINUTE, 10 * MINUTE), id="it runs for long"),
        pytest.param(running(5 * MINUTE, MINUTE, deleted=LATELY), id="a pod that is being deleted"),
        pytest.param(running(5 * MINUTE, MINUTE, finished="Failed"), id="a pod that failed"),
        pytest.param(pod("cart-5d4f7-x", owner=OF, restarts=400), id="many restarts, long ago"),
        pytest.param(pod("cart-5d4f7-x", owner=OF, waiting="ContainerCreating"), id="a pod that starts"),
    ],
)
def test_nothing_else_lingers(seen: Any, item: Any) -> None:
    assert detect(seen([WHOLE, OF, item])).lingering == frozenset()


def test_what_falls_counts_beside_what_runs_again(seen: Any) -> None:
    other = pod("cart-5d4f7-y", owner=OF, waiting="CrashLoopBackOff", since=LATELY)
    detection = detect(seen([WHOLE, OF, running(5 * MINUTE, MINUTE), other]))
    assert [signal.objects for signal in detection.signals] == [("pod/cart-5d4f7-y",)]
    assert detection.lingering >= LINGERING
